#include "google/image_call.h"

#include <leptonica/allheaders.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 120

static PIX *to_pix(const struct raster *image)
{
    PIX *grey = pixCreate(image->width, image->height, 8);
    if (grey == NULL)
        return NULL;
    l_uint32 *data = pixGetData(grey);
    size_t words = (size_t)pixGetWpl(grey), width = (size_t)image->width;
    for (int y = 0; y < image->height; y++)
        memcpy(data + (size_t)y * words, image->pixels + (size_t)y * width, width);
    (void)pixEndianByteSwap(grey); /* Leptonica keeps the first pixel in a word's highest byte */
    (void)pixSetResolution(grey, image->dpi, image->dpi);
    return grey;
}

/* Replaces *pix by one of half its width and height; *pix is NULL when memory is out. */
static void halve(PIX **pix)
{
    PIX *half = pixScaleAreaMap2(*pix);
    pixDestroy(pix);
    *pix = half;
}

static bool can_halve(PIX *pix)
{
    return pixGetWidth(pix) >= 4 && pixGetHeight(pix) >= 4;
}

static enum err append_base64(const l_uint8 *bytes, size_t n, struct buffer *out, struct error *e)
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
    l_uint8 *png = NULL;
    size_t n = 0;
    PIX *pix = to_pix(image);
    bool ok = pix != NULL && pixWriteMemPng(&png, &n, pix, 0) == 0;
    while (ok && sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL) - 1 > max &&
           can_halve(pix)) {
        lept_free(png);
        png = NULL;
        halve(&pix);
        ok = pix != NULL && pixWriteMemPng(&png, &n, pix, 0) == 0;
    }
    enum err err = ok ? append_base64(png, n, out, e) : error_no_memory(e);
    lept_free(png);
    pixDestroy(&pix);
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
