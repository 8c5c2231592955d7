#include "ocr/wire.h"

#include <stdlib.h>
#include <string.h>

#define SIDE_MAX 32767 /* of images, as everywhere */
#define DPI_MAX  10000

/* A raster is at most a row and a column larger than the limit: its size is rounded up. */
static bool is_valid(const struct wire_command *c, int64_t max_pixels)
{
    return (c->verb == WIRE_PREPARE || c->verb == WIRE_READ) && c->width >= 1 && c->height >= 1 &&
           c->width <= SIDE_MAX && c->height <= SIDE_MAX && c->dpi >= 1 && c->dpi <= DPI_MAX &&
           (int64_t)c->width * c->height <= max_pixels + c->width + c->height;
}

bool wire_read_command(FILE *in, int64_t max_pixels, struct wire_command *c, struct raster *image)
{
    *image = (struct raster){0};
    if (fread(c, sizeof *c, 1, in) != 1 || !is_valid(c, max_pixels))
        return false;
    size_t n = (size_t)c->width * (size_t)c->height;
    *image = (struct raster){c->width, c->height, c->dpi, malloc(n)};
    if (image->pixels != NULL && fread(image->pixels, 1, n, in) == n)
        return true;
    raster_free(image);
    return false;
}

static bool put(FILE *out, const void *bytes, size_t n)
{
    return n == 0 || fwrite(bytes, n, 1, out) == 1;
}

static bool write_rule(FILE *out, const struct rule *rule)
{
    const struct wire_rule r = {rule->box, rule->vertical};
    return put(out, &r, sizeof r);
}

static bool write_word(FILE *out, const struct word *word)
{
    const struct wire_word w = {word->box, word->confidence, word->alone, strlen(word->text)};
    return put(out, &w, sizeof w) && put(out, word->text, w.length);
}

bool wire_write_answer(FILE *out, enum wire_status status, const struct ocr_result *r,
                       const struct raster *upright)
{
    struct wire_answer a;
    memset(&a, 0, sizeof a);
    a.status = (int32_t)status;
    if (r != NULL) {
        a.quarters = r->pose.quarters;
        a.angle = r->pose.angle;
        a.n_rules = (uint32_t)r->n_rules;
        a.n_words = (uint32_t)r->words.n;
    }
    if (upright != NULL) {
        a.width = upright->width;
        a.height = upright->height;
    }
    bool ok = put(out, &a, sizeof a);
    for (size_t i = 0; ok && i < a.n_rules; i++)
        ok = write_rule(out, &r->rules[i]);
    for (size_t i = 0; ok && i < a.n_words; i++)
        ok = write_word(out, &r->words.items[i]);
    if (ok && upright != NULL)
        ok = put(out, upright->pixels, (size_t)upright->width * (size_t)upright->height);
    return fflush(out) == 0 && ok;
}
