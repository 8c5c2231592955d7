#include "outbound/call.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "outbound/address.h"

/* CURLU_DISALLOW_USER: what a record or a log may show has no credentials. */
static enum err check_parts(const struct outbound_settings *s, CURLU *u, const char *url,
                            struct error *e)
{
    char *scheme = NULL, *host = NULL;
    enum err err = ERR_OK;
    CURLUcode code = curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER);
    if (code == CURLUE_USER_NOT_ALLOWED)
        return error_set(e, ERR_UNPROCESSABLE, "must not have a user or a password");
    if (code != CURLUE_OK || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        err = error_set(e, ERR_UNPROCESSABLE, "must be a URL such as https://www.example.com/a");
    else if (strcmp(scheme, "https") != 0 && (strcmp(scheme, "http") != 0 || !s->allow_http))
        err = error_set(e, ERR_UNPROCESSABLE, "must be an https URL");
    else if (!host_may_be_called(host, s->allowed_networks))
        err =
            error_set(e, ERR_UNPROCESSABLE, "must not be of a private, local or reserved address");
    curl_free(scheme);
    curl_free(host);
    return err;
}

enum err outbound_url_check(const struct outbound_settings *s, const char *url, struct error *e)
{
    if (strlen(url) > OUTBOUND_URL_MAX)
        return error_set(e, ERR_UNPROCESSABLE, "must be at most %d characters long",
                         OUTBOUND_URL_MAX);
    for (const char *p = url; *p != '\0'; p++)
        if (*p <= ' ' || *p >= 0x7F)
            return error_set(e, ERR_UNPROCESSABLE,
                             "must have printable ASCII characters only; encode others");
    CURLU *u = curl_url();
    enum err err = u != NULL ? check_parts(s, u, url, e) : error_no_memory(e);
    curl_url_cleanup(u);
    return err;
}

static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct outbound_call *c = self;
    if (purpose != CURLSOCKTYPE_IPCXN ||
        !address_may_be_called(&a->addr, a->addrlen, c->settings->allowed_networks)) {
        c->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

bool outbound_prepare(CURL *easy, struct outbound_call *c, const char *url)
{
    const struct outbound_settings *s = c->settings;
    const char *schemes = s->allow_http ? "https,http" : "https";
    struct error unused;
    c->refused = false;
    return easy != NULL && outbound_url_check(s, url, &unused) == ERR_OK &&
           curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, schemes) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)s->timeout_s) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "pdf-ocr-api") == CURLE_OK &&
           (s->ca_file == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file) == CURLE_OK);
}

enum err outbound_failure(const struct outbound_call *c, CURLcode code, struct error *e)
{
    if (c->refused)
        return error_set(e, ERR_UNPROCESSABLE,
                         "the host has a private, local or reserved address, which is not called");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return error_set(e, ERR_UNPROCESSABLE, "the host did not answer within %" PRId64 " s",
                         c->settings->timeout_s);
    return error_set(e, ERR_UNPROCESSABLE, "the host could not be called: %s",
                     curl_easy_strerror(code));
}
