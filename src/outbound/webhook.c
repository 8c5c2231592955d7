#include "outbound/webhook.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define FILE_MAX     4096
#define SECRET_LEAST 24
#define PREFIX       "whsec_"
#define ANSWER_MAX   65536 /* what is read of an answer, which is thrown away */

static bool read_secret(const char *line, size_t n, struct webhook_secrets *out)
{
    size_t prefix = sizeof PREFIX - 1, len = 0;
    if (out->n == WEBHOOK_SECRETS_MAX || n <= prefix || strncmp(line, PREFIX, prefix) != 0 ||
        sodium_base642bin(out->items[out->n].bytes, WEBHOOK_SECRET_MAX, line + prefix, n - prefix,
                          NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        len < SECRET_LEAST)
        return false;
    out->items[out->n++].len = len;
    return true;
}

enum err webhook_secrets_read(const char *path, struct webhook_secrets *out, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    enum err err = ERR_OK;
    int number = 0;
    out->n = 0;
    if (path == NULL)
        return ERR_OK;
    int code = file_read(path, FILE_MAX, &text);
    if (code != 0)
        err = error_set(e, ERR_UNAVAILABLE, "%s: cannot be read: %s", path, strerror(code));
    for (const char *at = text.data; err == ERR_OK && at != NULL && *at != '\0';) {
        size_t n = strcspn(at, "\n");
        number++;
        if (n > 0 && at[0] != '#' && !read_secret(at, n, out))
            err = error_set(e, ERR_UNPROCESSABLE,
                            "%s: line %d: expected whsec_ and base64 of %d to %d bytes, on at most "
                            "%d lines",
                            path, number, SECRET_LEAST, WEBHOOK_SECRET_MAX, WEBHOOK_SECRETS_MAX);
        at += n + (at[n] == '\n');
    }
    if (err == ERR_OK && out->n == 0)
        err = error_set(e, ERR_UNPROCESSABLE, "%s: has no secret", path);
    if (text.data != NULL)
        sodium_memzero(text.data, text.len);
    buffer_free(&text);
    if (err != ERR_OK)
        sodium_memzero(out, sizeof *out);
    return err;
}

void webhook_signature(const struct webhook_secrets *secrets, const struct webhook *w,
                       struct buffer *out)
{
    struct buffer head = BUFFER_INIT;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof mac, sodium_base64_VARIANT_ORIGINAL)];
    crypto_auth_hmacsha256_state state;
    buffer_printf(&head, "%s.%" PRId64 ".", w->id, w->time_s);
    out->failed = out->failed || buffer_failed(&head);
    for (size_t i = 0; !buffer_failed(&head) && i < secrets->n; i++) {
        (void)crypto_auth_hmacsha256_init(&state, secrets->items[i].bytes, secrets->items[i].len);
        (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)head.data, head.len);
        (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)w->body, w->body_len);
        (void)crypto_auth_hmacsha256_final(&state, mac);
        (void)sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
        buffer_printf(out, "%sv1,%s", i > 0 ? " " : "", text);
    }
    sodium_memzero(&state, sizeof state);
    buffer_free(&head);
}

static size_t ignore_answer(char *bytes, size_t size, size_t n, void *self)
{
    size_t *left = self;
    (void)bytes;
    (void)size;
    if (n > *left)
        return CURL_WRITEFUNC_ERROR;
    *left -= n;
    return n;
}

static struct curl_slist *make_headers(const struct webhook_secrets *secrets,
                                       const struct webhook *w)
{
    struct buffer lines[4] = {0};
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
    bool ok = list != NULL;
    buffer_puts(&lines[0], "Expect:");
    buffer_printf(&lines[1], "webhook-id: %s", w->id);
    buffer_printf(&lines[2], "webhook-timestamp: %" PRId64, w->time_s);
    buffer_puts(&lines[3], "webhook-signature: ");
    webhook_signature(secrets, w, &lines[3]);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct curl_slist *longer =
            ok && !buffer_failed(&lines[i]) ? curl_slist_append(list, lines[i].data) : NULL;
        ok = longer != NULL;
        list = ok ? longer : list;
        buffer_free(&lines[i]);
    }
    if (ok)
        return list;
    curl_slist_free_all(list);
    return NULL;
}

enum err webhook_send(const struct outbound_settings *s, const struct webhook_secrets *secrets,
                      const char *url, const struct webhook *w, long *status, struct error *e)
{
    struct outbound_call c = {.settings = s};
    size_t left = ANSWER_MAX;
    *status = 0;
    enum err err = outbound_url_check(s, url, e);
    if (err != ERR_OK)
        return err;
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = make_headers(secrets, w);
    if (headers != NULL && outbound_prepare(easy, &c, url) &&
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)w->body_len) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, w->body) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_answer) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &left) == CURLE_OK) {
        CURLcode code = curl_easy_perform(easy);
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
        err = *status != 0 ? ERR_OK : outbound_failure(&c, code, e);
    } else {
        err = error_no_memory(e);
    }
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    return err;
}
