#include "ocr/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ocr/dashed_rules.h"
#include "ocr/erase.h"
#include "ocr/evidence.h"
#include "ocr/pix.h"
#include "ocr/raster_rules.h"
#include "ocr/read.h"
#include "ocr/straighten.h"

#define LEAST_SIDE 8    /* pixels; no letter is less high or wide, and Leptonica takes no 5 */
#define UPRIGHT    0.7  /* evidence of text that is not upside down */
#define HOPELESS   0.3  /* of a part of a page that tells that the page is no text */
#define PAGE_SURE  0.55 /* least mean confidence of a page of text */
#define LONG_WORD  3    /* letters; such words are seldom made up, nor are numbers, */
#define LONG_SURE  0.1  /* which stay if the engine is as sure as this; */
#define SHORT_SURE 0.3  /* others if it is as this */

/* Puts the image upright and finds its rules. quarters: by which it is turned in any case. On an
 * error nothing is in out and ink. */
static enum err prepare(const struct raster *image, int quarters, struct ocr_result *out,
                        struct ink *ink, struct error *e)
{
    memset(out, 0, sizeof *out);
    PIX *upright = straighten(image, quarters, &out->pose);
    enum err err = ink_find(upright, ink) ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = raster_rules_add(ink->grey, &out->rules, &out->n_rules, e);
    if (err == ERR_OK)
        err = dashed_rules_add(ink, &out->rules, &out->n_rules, e);
    if (err != ERR_OK) {
        ocr_result_free(out);
        ink_free(ink);
    }
    return err;
}

static bool has_no_room(const struct raster *image)
{
    return image->width < LEAST_SIDE || image->height < LEAST_SIDE;
}

/* What has no room for a letter is as it is. */
static enum err keep(const struct raster *image, struct ocr_result *out, struct raster *upright,
                     struct error *e)
{
    PIX *same = upright != NULL ? pix_of_raster(image) : NULL;
    *out = (struct ocr_result){.pose = {0, 0, image->width, image->height}};
    if (upright == NULL)
        return ERR_OK;
    enum err err = same != NULL ? raster_of_pix(same, image->dpi, upright, e) : error_no_memory(e);
    pixDestroy(&same);
    return err;
}

enum err ocr_page_prepare(const struct raster *image, struct ocr_result *out,
                          struct raster *upright, struct error *e)
{
    struct ink ink;
    *upright = (struct raster){0};
    if (has_no_room(image))
        return keep(image, out, upright, e);
    enum err err = prepare(image, 0, out, &ink, e);
    if (err != ERR_OK)
        return err;
    err = raster_of_pix(ink.grey, image->dpi, upright, e);
    if (err != ERR_OK)
        ocr_result_free(out);
    ink_free(&ink);
    return err;
}

/* A page as it is read with one turn. */
struct attempt {
    int quarters;
    struct ocr_result read;
    bool whole; /* else it was too unsure to be read to its end */
};

/* Reads the page turned by a->quarters; least: as tesseract_read. */
static enum err read_turned(TessBaseAPI *api, const struct raster *image, double least,
                            struct attempt *a, struct error *e)
{
    struct ink ink;
    enum err err = prepare(image, a->quarters, &a->read, &ink, e);
    if (err != ERR_OK)
        return err;
    err = erase_rules(&ink, &a->read, e);
    if (err == ERR_OK)
        err = tesseract_read(api, &ink, least, &a->read, &a->whole, e);
    ink_free(&ink);
    if (err != ERR_OK)
        ocr_result_free(&a->read);
    return err;
}

/* Tries another turn; it stays if the page is read with more confidence so. */
static enum err try_turned(TessBaseAPI *api, const struct raster *image, int quarters,
                           struct attempt *best, struct error *e)
{
    struct attempt other = {.quarters = quarters};
    enum err err = read_turned(api, image, UPRIGHT, &other, e);
    if (err != ERR_OK)
        return err;
    if (evidence_of_pose(&other.read.words) > evidence_of_pose(&best->read.words)) {
        struct attempt worse = *best;
        *best = other;
        other = worse;
    }
    ocr_result_free(&other.read);
    return ERR_OK;
}

/* What lies upside down is read with little confidence: then the other way is tried, too. What was
 * taken to lie on its side may be flat, with lines that begin alike. */
static enum err try_others(TessBaseAPI *api, const struct raster *image, struct attempt *best,
                           struct error *e)
{
    static const int turns[] = {2, 3, 1};
    size_t n = best->read.pose.quarters == 0 ? 1 : sizeof turns / sizeof *turns;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < n && !best->whole; i++)
        err = try_turned(api, image, turns[i], best, e);
    return err;
}

/* Reads to its end what was read best, unless that was hardly text. */
static enum err read_rest(TessBaseAPI *api, const struct raster *image, struct attempt *best,
                          struct error *e)
{
    if (best->whole || word_list_confidence(&best->read.words) < HOPELESS)
        return ERR_OK;
    ocr_result_free(&best->read);
    return read_turned(api, image, 0, best, e);
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
    struct attempt best = {.quarters = 0};
    if (has_no_room(image))
        return keep(image, out, NULL, e);
    enum err err = read_turned(api, image, UPRIGHT, &best, e);
    if (err == ERR_OK)
        err = try_others(api, image, &best, e);
    if (err == ERR_OK)
        err = read_rest(api, image, &best, e);
    if (err == ERR_OK)
        drop_unsure(&best.read.words);
    else
        ocr_result_free(&best.read);
    *out = best.read;
    return err;
}
