#include "google/signed_url_v4.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/uri.h"
#include "google/client.h"

static enum err check(const struct buffer *out, struct error *e)
{
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

static void times(const struct signed_url_v4 *u, char date[9], char time[17])
{
    time_t t = (time_t)u->signed_s;
    struct tm tm;
    (void)gmtime_r(&t, &tm);
    (void)strftime(date, 9, "%Y%m%d", &tm);
    (void)strftime(time, 17, "%Y%m%dT%H%M%SZ", &tm);
}

static void append_path(const struct signed_url_v4 *u, struct buffer *out)
{
    buffer_printf(out, "/%s/", u->bucket);
    uri_escape_path(out, u->object);
}

/* In the order of their names, as the canonical request wants them. */
static void append_query(const struct signed_url_v4 *u, struct buffer *out)
{
    char date[9], time[17];
    times(u, date, time);
    buffer_puts(out, "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=");
    uri_escape(out, u->email);
    buffer_printf(out,
                  "%%2F%s%%2Fauto%%2Fstorage%%2Fgoog4_request&X-Goog-Date=%s&X-Goog-Expires=%lld&"
                  "X-Goog-SignedHeaders=%shost%s",
                  date, time, (long long)u->life_s,
                  u->content_type != NULL ? "content-type%3B" : "",
                  u->most_bytes > 0 ? "%3B" SIGNED_URL_V4_LIMIT : "");
}

/* The host without its port, which is not signed. */
static void append_host(const struct signed_url_v4 *u, struct buffer *out)
{
    const char *slashes = strstr(u->base, "://");
    const char *host = slashes != NULL ? slashes + 3 : u->base, *colon = strrchr(host, ':');
    bool port = colon != NULL && colon[1 + strspn(colon + 1, "0123456789")] == '\0';
    buffer_append(out, host, port ? (size_t)(colon - host) : strlen(host));
}

static void append_canonical_request(const struct signed_url_v4 *u, struct buffer *out)
{
    buffer_printf(out, "%s\n", u->method);
    append_path(u, out);
    buffer_puts(out, "\n");
    append_query(u, out);
    buffer_puts(out, "\n");
    if (u->content_type != NULL)
        buffer_printf(out, "content-type:%s\n", u->content_type);
    buffer_puts(out, "host:");
    append_host(u, out);
    buffer_puts(out, "\n");
    if (u->most_bytes > 0)
        buffer_printf(out, SIGNED_URL_V4_LIMIT ":0,%lld\n", (long long)u->most_bytes);
    buffer_printf(out, "\n%shost%s\nUNSIGNED-PAYLOAD",
                  u->content_type != NULL ? "content-type;" : "",
                  u->most_bytes > 0 ? ";" SIGNED_URL_V4_LIMIT : "");
}

enum err signed_url_v4_string_to_sign(const struct signed_url_v4 *u, struct buffer *out,
                                      struct error *e)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char date[9], time[17], hex[65];
    struct buffer request = BUFFER_INIT;
    append_canonical_request(u, &request);
    enum err err = check(&request, e);
    if (err == ERR_OK &&
        EVP_Digest(request.data, request.len, digest, NULL, EVP_sha256(), NULL) != 1)
        err = error_set(e, ERR_INTERNAL, "A link could not be signed.");
    buffer_free(&request);
    if (err != ERR_OK)
        return err;
    times(u, date, time);
    sodium_bin2hex(hex, sizeof hex, digest, 32);
    buffer_printf(out, "GOOG4-RSA-SHA256\n%s\n%s/auto/storage/goog4_request\n%s", time, date, hex);
    return check(out, e);
}

enum err signed_url_v4_finish(const struct signed_url_v4 *u, const unsigned char *signature,
                              size_t n, struct buffer *out, struct error *e)
{
    buffer_puts(out, u->base);
    append_path(u, out);
    buffer_puts(out, "?");
    append_query(u, out);
    buffer_puts(out, "&X-Goog-Signature=");
    for (size_t i = 0; i < n; i++)
        buffer_printf(out, "%02x", signature[i]);
    return check(out, e);
}
