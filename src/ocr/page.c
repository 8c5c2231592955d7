#include "ocr/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ocr/raster_rules.h"
#include "ocr/read.h"
#include "ocr/straighten.h"

#define UPRIGHT    0.7  /* mean confidence of text that is not upside down */
#define PAGE_SURE  0.55 /* least mean confidence of a page of text */
#define LONG_WORD  3    /* letters; such words are seldom made up, nor are numbers, */
#define LONG_SURE  0.1  /* which stay if the engine is as sure as this; */
#define SHORT_SURE 0.3  /* others if it is as this */
#define ERASED_PT  18   /* shorter rules may be strokes of large letters */
#define AROUND     2    /* pixels beside a rule that are its blurred edge */
#define WHITE      255

static void whiten(struct raster *image, const struct box *b)
{
    int x0 = (int)(b->x * image->width) - AROUND, x1 = x0 + (int)(b->w * image->width) + 2 * AROUND;
    int y0 = (int)(b->y * image->height) - AROUND;
    int y1 = y0 + (int)(b->h * image->height) + 2 * AROUND + 1;
    x0 = x0 > 0 ? x0 : 0;
    y0 = y0 > 0 ? y0 : 0;
    x1 = x1 < image->width ? x1 + 1 : image->width;
    y1 = y1 < image->height ? y1 : image->height;
    for (int y = y0; y < y1; y++)
        memset(image->pixels + (size_t)y * (size_t)image->width + x0, WHITE, (size_t)(x1 - x0));
}

static void erase_rules(struct raster *image, const struct ocr_result *page)
{
    for (size_t i = 0; i < page->n_rules; i++) {
        const struct rule *r = &page->rules[i];
        double length = r->vertical ? r->box.h * image->height : r->box.w * image->width;
        if (r->vertical || length * 72 >= ERASED_PT * image->dpi)
            whiten(image, &r->box);
    }
}

/* quarters: by which the image is turned in any case. */
static enum err prepare(const struct raster *image, int quarters, struct ocr_result *out,
                        struct raster *upright, struct error *e)
{
    memset(out, 0, sizeof *out);
    enum err err = straighten(image, quarters, upright, &out->pose, e);
    if (err == ERR_OK)
        err = raster_find_rules(upright, &out->rules, &out->n_rules, e);
    if (err != ERR_OK) {
        ocr_result_free(out);
        raster_free(upright);
    }
    return err;
}

enum err ocr_page_prepare(const struct raster *image, struct ocr_result *out,
                          struct raster *upright, struct error *e)
{
    return prepare(image, 0, out, upright, e);
}

static enum err read_turned(TessBaseAPI *api, const struct raster *image, int quarters,
                            struct ocr_result *out, struct error *e)
{
    struct raster upright;
    enum err err = prepare(image, quarters, out, &upright, e);
    if (err != ERR_OK)
        return err;
    erase_rules(&upright, out);
    err = tesseract_read(api, &upright, out, e);
    raster_free(&upright);
    if (err != ERR_OK)
        ocr_result_free(out);
    return err;
}

/* What lies upside down is read with little confidence: then the other way is tried, too. */
static enum err try_turned(TessBaseAPI *api, const struct raster *image, struct ocr_result *out,
                           struct error *e)
{
    struct ocr_result other;
    double sure = word_list_confidence(&out->words);
    if (out->words.n == 0 || sure > UPRIGHT)
        return ERR_OK;
    enum err err = read_turned(api, image, 2, &other, e);
    if (err == ERR_OK && word_list_confidence(&other.words) > sure) {
        struct ocr_result worse = *out;
        *out = other;
        other = worse;
    }
    ocr_result_free(&other);
    return err;
}

/* Pictures and dirt are read as single letters of which the engine is not sure. */
static bool is_unsure(const struct word *w)
{
    return w->confidence <
           (!text_has_digit(w->text) && strlen(w->text) < LONG_WORD ? SHORT_SURE : LONG_SURE);
}

/* Forgets what is hardly text; all of it where the page as a whole hardly is. */
static void drop_unsure(struct word_list *l)
{
    bool all = word_list_confidence(l) < PAGE_SURE;
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (all || is_unsure(&l->items[i]))
            free(l->items[i].text);
        else
            l->items[kept++] = l->items[i];
    }
    l->n = kept;
}

enum err ocr_page_read(TessBaseAPI *api, const struct raster *image, struct ocr_result *out,
                       struct error *e)
{
    enum err err = read_turned(api, image, 0, out, e);
    if (err == ERR_OK)
        err = try_turned(api, image, out, e);
    if (err == ERR_OK)
        drop_unsure(&out->words);
    else
        ocr_result_free(out);
    return err;
}
