/* Links to objects of the bucket that need no other credentials: V4 signed URLs, signed by the
 * local key or by IAM's signBlob. */
#ifndef PDF_OCR_GOOGLE_SIGNED_LINKS_H
#define PDF_OCR_GOOGLE_SIGNED_LINKS_H

#include "google/google.h"

struct signed_links;

/* The client is borrowed, and of the options the source and the credentials. */
enum err signed_links_open(struct google_client *client, const struct cloud_storage_options *o,
                           struct signed_links **out, struct error *e);
void signed_links_close(struct signed_links *l);

/* Appends a link that takes one PUT of content_type, of most_bytes where it is not 0, for life_s
 * seconds, or for as long as its signature holds: 7 days by the local key, 12 hours by signBlob. */
enum err signed_links_put(const struct signed_links *l, const char *name, const char *content_type,
                          int64_t life_s, int64_t most_bytes, struct buffer *out, struct error *e);

/* Appends a link that gives the object until *until_us, which is expires_us or, where the signature
 * does not hold for so long, before. One that was given before is given again: for the first half
 * of its life, or always where it holds until expires_us. ERR_GONE when that has passed. */
enum err signed_links_get(struct signed_links *l, const char *name, int64_t expires_us,
                          struct buffer *out, int64_t *until_us, struct error *e);

#endif
