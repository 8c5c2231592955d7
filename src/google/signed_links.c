#include "google/signed_links.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/uri.h"
#include "google/signed_url_v4.h"

#define LINKS      64 /* links kept, so that polls of a job need no signature */
#define LINK_MAX   2048
#define IAM_LIFE_S (12 * 3600) /* its key may be gone after that */

struct link {
    char name[BLOB_NAME_MAX + 1];
    int64_t expires_us; /* as asked for */
    int64_t fresh_us;   /* until when it is given again */
    int64_t good_us;    /* until when its signature holds */
    char url[LINK_MAX];
};

struct signed_links {
    struct google_client *client;
    struct google_credentials *credentials;
    const struct clock *clock;
    char *bucket, *base;
    struct link links[LINKS];
    size_t next;
};

/* IAM signs with a key that Google keeps: projects.serviceAccounts.signBlob. */
static enum err sign_by_iam(const struct signed_links *l, const char *email,
                            const struct buffer *text, struct buffer *out, struct error *e)
{
    struct buffer path = BUFFER_INIT, body = BUFFER_INIT;
    struct google_reply r = {0};
    unsigned char signature[1024];
    char base64[1024];
    size_t n = 0;
    if (text->len > 700)
        return error_set(e, ERR_INTERNAL, "A link could not be signed.");
    (void)sodium_bin2base64(base64, sizeof base64, (const unsigned char *)text->data, text->len,
                            sodium_base64_VARIANT_ORIGINAL);
    buffer_puts(&path, "/v1/projects/-/serviceAccounts/");
    uri_escape(&path, email);
    buffer_puts(&path, ":signBlob");
    buffer_printf(&body, "{\"payload\":\"%s\"}", base64);
    struct google_request q = {.api = GOOGLE_IAM,
                               .method = "POST",
                               .path = path.data,
                               .body = body.data,
                               .body_len = body.len,
                               .must_exist = true,
                               .idempotent = true};
    enum err err = buffer_failed(&path) || buffer_failed(&body) ? error_no_memory(e)
                                                                : google_call(l->client, &q, &r, e);
    const char *blob = json_string_value(json_object_get(r.json, "signedBlob"));
    if (err == ERR_OK &&
        (blob == NULL || sodium_base642bin(signature, sizeof signature, blob, strlen(blob), NULL,
                                           &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0))
        err = error_set(e, ERR_UNAVAILABLE, "IAM gave no signature; try again.");
    if (err == ERR_OK)
        buffer_append(out, signature, n);
    google_reply_clear(&r);
    buffer_free(&path);
    buffer_free(&body);
    return err;
}

/* https://cloud.google.com/storage/docs/authentication/creating-signatures */
static int64_t life_of(const struct signed_links *l, int64_t asked_s)
{
    int64_t most_s =
        google_credentials_can_sign(l->credentials) ? SIGNED_URL_V4_MOST_S : IAM_LIFE_S;
    return asked_s < most_s ? asked_s : most_s;
}

static enum err sign_url(const struct signed_links *l, const char *method, const char *name,
                         const char *content_type, int64_t life_s, int64_t most_bytes,
                         struct buffer *out, struct error *e)
{
    struct buffer text = BUFFER_INIT, signature = BUFFER_INIT;
    struct signed_url_v4 u = {.base = l->base,
                              .method = method,
                              .bucket = l->bucket,
                              .object = name,
                              .content_type = content_type,
                              .most_bytes = most_bytes,
                              .signed_s = clock_now_us(l->clock) / US_PER_S,
                              .life_s = life_of(l, life_s)};
    enum err err = google_credentials_email(l->credentials, &u.email, e);
    if (err == ERR_OK)
        err = signed_url_v4_string_to_sign(&u, &text, e);
    if (err == ERR_OK)
        err = google_credentials_can_sign(l->credentials)
                  ? google_credentials_sign(l->credentials, text.data, text.len, &signature, e)
                  : sign_by_iam(l, u.email, &text, &signature, e);
    if (err == ERR_OK)
        err =
            signed_url_v4_finish(&u, (const unsigned char *)signature.data, signature.len, out, e);
    buffer_free(&text);
    buffer_free(&signature);
    return err;
}

enum err signed_links_put(const struct signed_links *l, const char *name, const char *content_type,
                          int64_t life_s, int64_t most_bytes, struct buffer *out, struct error *e)
{
    return sign_url(l, "PUT", name, content_type, life_s, most_bytes, out, e);
}

static const struct link *find_link(const struct signed_links *l, const char *name,
                                    int64_t expires_us)
{
    int64_t now = clock_now_us(l->clock);
    for (size_t i = 0; i < LINKS; i++) {
        const struct link *k = &l->links[i];
        if (k->expires_us == expires_us && strcmp(k->name, name) == 0 &&
            (k->good_us >= expires_us - US_PER_S || now < k->fresh_us))
            return k;
    }
    return NULL;
}

static void keep_link(struct signed_links *l, const char *name, int64_t expires_us, int64_t now,
                      int64_t until_us, const char *url)
{
    struct link *k = &l->links[l->next++ % LINKS];
    (void)snprintf(k->name, sizeof k->name, "%s", name);
    (void)snprintf(k->url, sizeof k->url, "%s", url);
    k->expires_us = expires_us;
    k->good_us = until_us;
    k->fresh_us = now + (until_us - now) / 2;
}

enum err signed_links_get(struct signed_links *l, const char *name, int64_t expires_us,
                          struct buffer *out, int64_t *until_us, struct error *e)
{
    struct buffer url = BUFFER_INIT;
    int64_t now = clock_now_us(l->clock);
    int64_t life_s = life_of(l, (expires_us - now) / US_PER_S);
    const struct link *known = find_link(l, name, expires_us);
    enum err err = ERR_OK;
    *until_us = now + life_s * US_PER_S;
    if (life_s < 1)
        return error_set(e, ERR_GONE, "The result has expired.");
    if (known != NULL) {
        *until_us = known->good_us;
        buffer_puts(&url, known->url);
    } else if ((err = sign_url(l, "GET", name, NULL, life_s, 0, &url, e)) == ERR_OK &&
               url.len < LINK_MAX) {
        keep_link(l, name, expires_us, now, *until_us, url.data);
    }
    buffer_append(out, url.data, url.len);
    buffer_free(&url);
    return err == ERR_OK && buffer_failed(out) ? error_no_memory(e) : err;
}

enum err signed_links_open(struct google_client *client, const struct cloud_storage_options *o,
                           struct signed_links **out, struct error *e)
{
    struct signed_links *l = calloc(1, sizeof *l);
    *out = l;
    if (l == NULL)
        return error_no_memory(e);
    l->client = client;
    l->credentials = o->credentials;
    l->clock = o->clock;
    l->bucket = strdup(o->bucket);
    l->base = strdup(o->link_base);
    if (l->bucket != NULL && l->base != NULL)
        return ERR_OK;
    signed_links_close(l);
    *out = NULL;
    return error_no_memory(e);
}

void signed_links_close(struct signed_links *l)
{
    if (l == NULL)
        return;
    free(l->bucket);
    free(l->base);
    free(l);
}
