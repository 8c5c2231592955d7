#include "google/documentai.h"

#include <stdlib.h>
#include <string.h>

#include "base/uri.h"
#include "google/documentai_reply.h"
#include "google/image_call.h"

#define FIELDS   "text,error,pages.dimension,pages.tokens,pages.tables,pages.formFields"
#define BAND_MIN 64 /* rows; so few fit in a request whatever they hold */

struct documentai {
    struct ocr_engine_ops ops; /* of its own: the batch is the caller's */
    struct google_client *client;
    char *path; /* owned */
};

/* Rows of an image that go in one request. */
struct band {
    size_t image;
    int first, rows;
};

struct bands {
    struct band *items;
    struct buffer *bodies; /* owned; bodies[i] is the request for items[i] */
    size_t n;
};

static void bands_free(struct bands *b)
{
    for (size_t i = 0; i < b->n; i++)
        buffer_free(&b->bodies[i]);
    free(b->bodies);
    free(b->items);
}

/* --- requests --- */

/* Takes the body. */
static enum err add_band(struct bands *b, struct band band, struct buffer *body, struct error *e)
{
    struct band *items = realloc(b->items, (b->n + 1) * sizeof *items);
    if (items != NULL)
        b->items = items;
    struct buffer *bodies = realloc(b->bodies, (b->n + 1) * sizeof *bodies);
    if (bodies != NULL)
        b->bodies = bodies;
    if (items == NULL || bodies == NULL) {
        buffer_free(body);
        return error_no_memory(e);
    }
    items[b->n] = band;
    bodies[b->n++] = *body;
    return ERR_OK;
}

static long ink(const struct raster *image, int row)
{
    const uint8_t *p = image->pixels + (size_t)row * (size_t)image->width;
    long sum = 0;
    for (int x = 0; x < image->width; x++)
        sum += 255 - p[x];
    return sum;
}

/* The emptiest row near the middle of the band, the nearest of several. */
static int find_cut(const struct raster *image, const struct band *band)
{
    int middle = band->first + band->rows / 2, best = middle;
    long least = ink(image, middle);
    for (int d = 1; d < band->rows / 4; d++) {
        for (int side = -1; side <= 1; side += 2) {
            long here = ink(image, middle + side * d);
            if (here < least) {
                least = here;
                best = middle + side * d;
            }
        }
    }
    return best;
}

static enum err write_body(const struct raster *image, struct buffer *out, struct error *e)
{
    buffer_puts(out, "{\"skipHumanReview\":true,\"fieldMask\":\"" FIELDS "\","
                     "\"rawDocument\":{\"mimeType\":\"image/png\",\"content\":\"");
    enum err err = image_base64(image, out, e);
    buffer_puts(out, "\"}}");
    return err == ERR_OK && buffer_failed(out) ? error_no_memory(e) : err;
}

/* Adds the requests for a band: one, or those of its halves when it is too large. */
static enum err add_requests(const struct raster *image, struct band band, struct bands *out,
                             struct error *e)
{
    struct raster rows = *image;
    struct buffer body = BUFFER_INIT;
    rows.pixels += (size_t)band.first * (size_t)image->width;
    rows.height = band.rows;
    enum err err = write_body(&rows, &body, e);
    if (err == ERR_OK && (body.len <= IMAGE_BASE64_MAX || band.rows < BAND_MIN))
        return add_band(out, band, &body, e);
    buffer_free(&body);
    if (err != ERR_OK)
        return err;
    int cut = find_cut(image, &band), end = band.first + band.rows;
    err = add_requests(image, (struct band){band.image, band.first, cut - band.first}, out, e);
    if (err == ERR_OK)
        err = add_requests(image, (struct band){band.image, cut, end - cut}, out, e);
    return err;
}

/* --- answers --- */

/* Moves the words of a band to the end of its image's. */
static enum err take_words(const struct raster *image, const struct band *band,
                           const struct word_list *words, struct ocr_result *out, struct error *e)
{
    double first = (double)band->first / image->height, part = (double)band->rows / image->height;
    for (size_t i = 0; i < words->n; i++) {
        const struct word *w = &words->items[i];
        struct box b = {w->box.x, first + w->box.y * part, w->box.w, w->box.h * part};
        if (word_list_add(&out->words, b, w->text, strlen(w->text), w->confidence, w->engine) !=
            ERR_OK)
            return error_no_memory(e);
    }
    return ERR_OK;
}

static enum err read_band(const struct raster *image, const struct band *band, const json_t *json,
                          struct ocr_result *out, struct error *e)
{
    struct ocr_result part;
    if (band->rows == image->height)
        return documentai_reply_read(json, true, out, e);
    enum err err = documentai_reply_read(json, false, &part, e);
    if (err != ERR_OK)
        return err;
    err = take_words(image, band, &part.words, out, e);
    ocr_result_free(&part);
    return err;
}

static enum err call(struct documentai *d, const struct raster *images, const struct bands *bands,
                     const struct checkpoint *c, struct ocr_result *out, struct error *e)
{
    struct google_reply *replies = calloc(bands->n, sizeof *replies);
    struct error *errors = calloc(bands->n, sizeof *errors);
    enum err err = replies != NULL && errors != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = image_call(d->client, GOOGLE_DOCUMENTAI, d->path, bands->bodies, bands->n, c, replies,
                         errors, e);
    for (size_t i = 0; err == ERR_OK && i < bands->n; i++) {
        const struct band *band = &bands->items[i];
        err = read_band(&images[band->image], band, replies[i].json, &out[band->image], e);
    }
    for (size_t i = 0; replies != NULL && i < bands->n; i++)
        google_reply_clear(&replies[i]);
    free(replies);
    free(errors);
    return err;
}

/* --- the engine --- */

static enum err check(void *self, struct error *e)
{
    const struct documentai *d = self;
    return google_may_call(d->client, GOOGLE_DOCUMENTAI, e);
}

static enum err recognize(void *self, const struct raster *images, size_t n, const char *languages,
                          const struct checkpoint *c, struct ocr_result *out, struct error *e)
{
    struct bands bands = {0};
    enum err err = ERR_OK;
    (void)languages; /* it finds them */
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        err = checkpoint_pass(c, e);
        if (err == ERR_OK)
            err = add_requests(&images[i], (struct band){i, 0, images[i].height}, &bands, e);
    }
    if (err == ERR_OK && n > 0)
        err = call(self, images, &bands, c, out, e);
    for (size_t i = 0; err != ERR_OK && i < n; i++)
        ocr_result_free(&out[i]);
    bands_free(&bands);
    return err;
}

static void engine_close(void *self)
{
    struct documentai *d = self;
    free(d->path);
    free(d);
}

static char *make_path(const char *project, const char *location, const char *processor_id)
{
    struct buffer path = BUFFER_INIT;
    buffer_puts(&path, "/v1/projects/");
    uri_escape(&path, project);
    buffer_puts(&path, "/locations/");
    uri_escape(&path, location);
    buffer_puts(&path, "/processors/");
    uri_escape(&path, processor_id);
    buffer_puts(&path, ":process");
    return buffer_take(&path);
}

enum err documentai_engine_open(struct google_client *client, const char *project,
                                const char *location, const char *processor_id, int batch,
                                struct ocr_engine *out, struct error *e)
{
    struct documentai *d = calloc(1, sizeof *d);
    if (d == NULL || (d->path = make_path(project, location, processor_id)) == NULL) {
        free(d);
        return error_no_memory(e);
    }
    d->client = client;
    d->ops = (struct ocr_engine_ops){.engine = ENGINE_DOCUMENTAI,
                                     .batch = batch > 0 ? (size_t)batch : 1,
                                     .paid = true,
                                     .check = check,
                                     .recognize = recognize,
                                     .close = engine_close};
    *out = (struct ocr_engine){&d->ops, d};
    // cppcheck-suppress memleak ; out owns it
    return ERR_OK;
}
