/* Calls to URLs that clients name, by libcurl.
 *
 * Where a name leads is decided when it is resolved, and whoever runs its DNS may answer otherwise
 * each time. So the rule is not asked about the name but about the very address that a connection
 * is about to be made to (CURLOPT_OPENSOCKETFUNCTION): there is no second look that could differ.
 * Redirects are not followed, no proxy of the environment is used, no connection is used again.
 */
#ifndef PDF_OCR_OUTBOUND_CALL_H
#define PDF_OCR_OUTBOUND_CALL_H

#include <curl/curl.h>

#include "base/error.h"
#include "outbound/settings.h"

#define OUTBOUND_URL_MAX 2048

/* Whether a client may name url: https (or http, by OUTBOUND_ALLOW_HTTP), with a host, no user or
 * password, at most OUTBOUND_URL_MAX printable ASCII characters, and where the host is an address
 * one that may be called. ERR_UNPROCESSABLE tells what is wrong, without the URL. */
enum err outbound_url_check(const struct outbound_settings *s, const char *url, struct error *e);

struct outbound_call {
    const struct outbound_settings *settings;
    bool refused; /* the host has an address that may not be called */
};

/* Sets easy up for a call to url. *c lives as long as easy. False: memory is out, or url is none
 * that outbound_url_check lets pass. */
bool outbound_prepare(CURL *easy, struct outbound_call *c, const char *url);

/* Sets what a failed call is told as: ERR_UNPROCESSABLE and why, without the URL. */
enum err outbound_failure(const struct outbound_call *c, CURLcode code, struct error *e);

#endif
