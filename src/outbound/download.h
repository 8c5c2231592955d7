/* A file that a client names by its URL. */
#ifndef PDF_OCR_OUTBOUND_DOWNLOAD_H
#define PDF_OCR_OUTBOUND_DOWNLOAD_H

#include <stddef.h>

#include "outbound/call.h"

/* Writes what a GET of url answers to fd. ERR_UNPROCESSABLE: the URL may not be named, its host may
 * not or could not be called, took longer than OUTBOUND_TIMEOUT_S or did not answer 200;
 * ERR_TOO_LARGE; ERR_STORAGE_FULL, ERR_EXHAUSTED, ERR_UNAVAILABLE: here. No detail has the URL. */
enum err outbound_download(const struct outbound_settings *s, const char *url, int64_t max_bytes,
                           int fd, struct error *e);

/* The last part of the URL's path, decoded; "" where there is none or it does not fit. */
void outbound_file_name(const char *url, char *out, size_t size);

#endif
