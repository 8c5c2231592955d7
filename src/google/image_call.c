#include "google/image_call.h"

#include <png.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 120

/* Writes *png, owned by the caller. False when memory is out. */
static bool write_png(const struct raster *image, uint8_t **png, size_t *n)
{
    png_image head = {.version = PNG_IMAGE_VERSION,
                      .width = (png_uint_32)image->width,
                      .height = (png_uint_32)image->height,
                      .format = PNG_FORMAT_GRAY};
    *n = PNG_IMAGE_PNG_SIZE_MAX(head);
    *png = malloc(*n);
    bool ok = *png != NULL &&
              png_image_write_to_memory(&head, *png, n, 0, image->pixels, image->width, NULL) != 0;
    png_image_free(&head);
    return ok;
}

/* Each pixel becomes the mean of four; what is left over at an edge goes. */
static bool halve(const struct raster *image, struct raster *out)
{
    size_t width = (size_t)image->width, w = width / 2, h = (size_t)image->height / 2;
    *out = (struct raster){(int)w, (int)h, image->dpi / 2, malloc(w * h)};
    for (size_t i = 0; out->pixels != NULL && i < w * h; i++) {
        const uint8_t *p = image->pixels + i / w * 2 * width + i % w * 2;
        out->pixels[i] = (uint8_t)((p[0] + p[1] + p[width] + p[width + 1]) / 4);
    }
    return out->pixels != NULL;
}

static bool can_halve(const struct raster *image)
{
    return image->width >= 4 && image->height >= 4;
}

static enum err append_base64(const uint8_t *bytes, size_t n, struct buffer *out, struct error *e)
{
    size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    if (text == NULL)
        return error_no_memory(e);
    (void)sodium_bin2base64(text, size, bytes, n, sodium_base64_VARIANT_ORIGINAL);
    buffer_append(out, text, size - 1);
    free(text);
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

enum err image_base64_within(const struct raster *image, size_t max, struct buffer *out,
                             struct error *e)
{
    uint8_t *png = NULL;
    size_t n = 0;
    struct raster half = {0}, quarter;
    bool ok = write_png(image, &png, &n);
    while (ok && sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL) - 1 > max &&
           can_halve(image)) {
        free(png);
        png = NULL;
        ok = halve(image, &quarter) && write_png(&quarter, &png, &n);
        raster_free(&half);
        half = quarter;
        image = &half;
    }
    enum err err = ok ? append_base64(png, n, out, e) : error_no_memory(e);
    raster_free(&half);
    free(png);
    return err;
}

enum err image_base64(const struct raster *image, struct buffer *out, struct error *e)
{
    return image_base64_within(image, SIZE_MAX, out, e);
}

/* ERR_NOT_FOUND and ERR_CONFLICT mean something else to who asked for words: a job that is gone. */
static void explain(enum google_api api, struct error *e)
{
    char why[ERROR_TEXT_MAX];
    if (e->kind != ERR_NOT_FOUND && e->kind != ERR_CONFLICT)
        return;
    memcpy(why, e->detail, sizeof why);
    error_set(e, ERR_UNAVAILABLE, "%s is not set up; tell the operator.", google_api_names[api]);
    error_cause(e, "%s", why);
}

enum err image_call(struct google_client *client, enum google_api api, const char *path,
                    const struct buffer *bodies, size_t n, const struct checkpoint *c,
                    struct google_reply *replies, struct error *errors, struct error *e)
{
    struct google_request *q = calloc(n, sizeof *q);
    if (q == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < n; i++)
        q[i] = (struct google_request){.api = api,
                                       .method = "POST",
                                       .path = path,
                                       .content_type = "application/json",
                                       .body = bodies[i].data,
                                       .body_len = bodies[i].len,
                                       .idempotent = true,
                                       .timeout_s = TIMEOUT_S};
    enum err err = google_call_many(client, q, n, c, replies, errors, e);
    free(q);
    /* The checkpoint tells whether a job that is gone is what happened. */
    if (err != ERR_OK && checkpoint_pass(c, e) != ERR_OK)
        return e->kind;
    for (size_t i = 0; i < n; i++)
        explain(api, &errors[i]);
    explain(api, e);
    return err == ERR_OK ? ERR_OK : e->kind;
}
