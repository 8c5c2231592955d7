/* Messages to a URL that a client named, signed as Standard Webhooks has it
 * (https://github.com/standard-webhooks/standard-webhooks): the headers webhook-id,
 * webhook-timestamp and webhook-signature, which is HMAC-SHA-256 over "id.timestamp.body" by each
 * of the secrets.
 */
#ifndef PDF_OCR_OUTBOUND_WEBHOOK_H
#define PDF_OCR_OUTBOUND_WEBHOOK_H

#include "base/buffer.h"
#include "outbound/call.h"

#define WEBHOOK_SECRETS_MAX 4
#define WEBHOOK_SECRET_MAX  64 /* bytes; the least are 24 */

struct webhook_secrets {
    size_t n; /* 0: none, nothing is sent */
    struct {
        unsigned char bytes[WEBHOOK_SECRET_MAX];
        size_t len;
    } items[WEBHOOK_SECRETS_MAX];
};

/* Reads a file of secrets, one a line: whsec_ and base64 of 24 to 64 bytes; empty lines and those
 * that begin with # are passed over. path NULL: none. ERR_UNPROCESSABLE names the file and the
 * line, never its content; ERR_UNAVAILABLE: it cannot be read. */
enum err webhook_secrets_read(const char *path, struct webhook_secrets *out, struct error *e);

struct webhook {
    const char *id;   /* the same for all attempts; printable ASCII without dots */
    int64_t time_s;   /* since the epoch */
    const char *body; /* JSON */
    size_t body_len;
};

/* Appends the value of webhook-signature: "v1,BASE64", one a secret. */
void webhook_signature(const struct webhook_secrets *secrets, const struct webhook *w,
                       struct buffer *out);

/* Posts it to url. *status: what the host answered, 0: nothing. ERR_OK: it answered; else as
 * outbound_failure tells. */
enum err webhook_send(const struct outbound_settings *s, const struct webhook_secrets *secrets,
                      const char *url, const struct webhook *w, long *status, struct error *e);

#endif
