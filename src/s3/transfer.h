/* Files to and from a bucket. */
#ifndef PDF_OCR_S3_TRANSFER_H
#define PDF_OCR_S3_TRANSFER_H

#include "s3/client.h"

#define ABOUT_MAX 3

/* Sends size bytes of fd: in one request, or above 8 MiB in parts, which are given up when one
 * fails. about: the object's headers, ABOUT_MAX at most, ended by NULL. create_only: ERR_CONFLICT
 * when the object is there already. */
enum err s3_upload(struct s3_client *c, const char *name, int fd, int64_t size,
                   const char *const *about, bool create_only, struct error *e);

/* Appends the object to the empty file fd. What broke off goes on from there, as long as the object
 * is the same. ERR_NOT_FOUND; ERR_GONE when it has not this version any more ("": any will do). */
enum err s3_download(struct s3_client *c, const char *name, const char *version, int fd,
                     struct error *e);

#endif
