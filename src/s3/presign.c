#include "s3/presign.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/uri.h"

#define MAC_BYTES crypto_auth_hmacsha256_BYTES

struct times {
    char date[9], time[17];
};

static struct times times_of(const struct presign *p)
{
    struct times out;
    struct tm tm;
    time_t t = (time_t)p->signed_s;
    (void)gmtime_r(&t, &tm);
    (void)strftime(out.date, sizeof out.date, "%Y%m%d", &tm);
    (void)strftime(out.time, sizeof out.time, "%Y%m%dT%H%M%SZ", &tm);
    return out;
}

/* In the order of their names, as the canonical request wants them. */
static void append_query(const struct presign *p, const struct times *t, struct buffer *out)
{
    buffer_puts(out, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    uri_escape(out, p->keys->access);
    buffer_printf(out, "%%2F%s%%2F%s%%2Fs3%%2Faws4_request&X-Amz-Date=%s&X-Amz-Expires=%lld",
                  t->date, p->region, t->time, (long long)p->life_s);
    if (p->keys->token != NULL) {
        buffer_puts(out, "&X-Amz-Security-Token=");
        uri_escape(out, p->keys->token);
    }
    buffer_printf(out, "&X-Amz-SignedHeaders=%shost",
                  p->content_type != NULL ? "content-type%3B" : "");
}

static void append_request(const struct presign *p, const struct times *t, struct buffer *out)
{
    const char *slashes = strstr(p->base, "://");
    const char *host = slashes != NULL ? slashes + 3 : p->base;
    size_t n = strcspn(host, "/");
    buffer_printf(out, "%s\n%s/", p->method, host + n);
    uri_escape_path(out, p->name);
    buffer_puts(out, "\n");
    append_query(p, t, out);
    buffer_puts(out, "\n");
    if (p->content_type != NULL)
        buffer_printf(out, "content-type:%s\n", p->content_type);
    buffer_printf(out, "host:%.*s\n\n%shost\nUNSIGNED-PAYLOAD", (int)n, host,
                  p->content_type != NULL ? "content-type;" : "");
}

static void mac(const unsigned char *key, size_t n, const char *text, unsigned char out[MAC_BYTES])
{
    crypto_auth_hmacsha256_state s;
    (void)crypto_auth_hmacsha256_init(&s, key, n);
    (void)crypto_auth_hmacsha256_update(&s, (const unsigned char *)text, strlen(text));
    (void)crypto_auth_hmacsha256_final(&s, out);
    sodium_memzero(&s, sizeof s);
}

/* The key of a day, a region and the service: each is signed with what the one before gave. */
static enum err signing_key(const struct presign *p, const struct times *t,
                            unsigned char out[MAC_BYTES], struct error *e)
{
    const char *const steps[] = {t->date, p->region, "s3", "aws4_request"};
    struct buffer first = BUFFER_INIT;
    buffer_printf(&first, "AWS4%s", p->keys->secret);
    if (buffer_failed(&first)) {
        buffer_free(&first);
        return error_no_memory(e);
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        mac(i == 0 ? (const unsigned char *)first.data : out, i == 0 ? first.len : MAC_BYTES,
            steps[i], out);
    sodium_memzero(first.data, first.len);
    buffer_free(&first);
    return ERR_OK;
}

static enum err sign(const struct presign *p, const struct times *t, char hex[2 * MAC_BYTES + 1],
                     struct error *e)
{
    unsigned char key[MAC_BYTES], digest[crypto_hash_sha256_BYTES];
    char digest_hex[2 * sizeof digest + 1];
    struct buffer request = BUFFER_INIT, text = BUFFER_INIT;
    append_request(p, t, &request);
    enum err err = buffer_failed(&request) ? error_no_memory(e) : signing_key(p, t, key, e);
    if (err == ERR_OK) {
        (void)crypto_hash_sha256(digest, (const unsigned char *)request.data, request.len);
        (void)sodium_bin2hex(digest_hex, sizeof digest_hex, digest, sizeof digest);
        buffer_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s", t->time, t->date,
                      p->region, digest_hex);
        err = buffer_failed(&text) ? error_no_memory(e) : ERR_OK;
    }
    if (err == ERR_OK) {
        mac(key, sizeof key, text.data, digest);
        (void)sodium_bin2hex(hex, 2 * MAC_BYTES + 1, digest, sizeof digest);
    }
    sodium_memzero(key, sizeof key);
    buffer_free(&request);
    buffer_free(&text);
    return err;
}

enum err presign_url(const struct presign *p, struct buffer *out, struct error *e)
{
    char signature[2 * MAC_BYTES + 1];
    const struct times t = times_of(p);
    enum err err = sign(p, &t, signature, e);
    if (err != ERR_OK)
        return err;
    buffer_printf(out, "%s/", p->base);
    uri_escape_path(out, p->name);
    buffer_puts(out, "?");
    append_query(p, &t, out);
    buffer_printf(out, "&X-Amz-Signature=%s", signature);
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}
