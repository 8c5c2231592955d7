#include "extract/ocr_batch.h"

#include <stdlib.h>
#include <string.h>

#include "extract/raster_rules.h"

#define UPRIGHT   0.7 /* mean confidence of text that is not upside down */
#define ERASED_PT 18  /* shorter rules may be strokes of large letters */
#define AROUND    2   /* pixels beside a rule that are its blurred edge */
#define WHITE     255

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

static void erase_rules(struct raster *image, const struct page_content *page)
{
    for (size_t i = 0; i < page->n_rules; i++) {
        const struct rule *r = &page->rules[i];
        double length = r->vertical ? r->box.h * image->height : r->box.w * image->width;
        if (r->vertical || length * 72 >= ERASED_PT * image->dpi)
            whiten(image, &r->box);
    }
}

double words_confidence(const struct word_list *l)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < l->n; i++) {
        double letters = (double)strlen(l->items[i].text);
        sum += l->items[i].confidence * letters;
        n += letters;
    }
    return n > 0 ? sum / n : 0;
}

/* Puts the image upright for the engine, and finds its rules. */
static enum err prepare(const struct raster *image, int quarters, const struct ocr_engine *engine,
                        struct seen *s, struct raster *out, struct error *e)
{
    enum err err = straighten(image, quarters, out, &s->pose, e);
    if (err == ERR_OK)
        err = raster_find_rules(out, &s->content.rules, &s->content.n_rules, e);
    if (err == ERR_OK && engine->ops->reads_text_only)
        erase_rules(out, &s->content);
    return err;
}

/* What lies upside down is read with little confidence: then the other way is tried, too. */
static enum err try_turned(const struct raster *image, const struct ocr_engine *engine,
                           const struct checkpoint *c, struct seen *s, struct error *e)
{
    struct seen other = {0};
    struct raster upright = {0};
    double sure = words_confidence(&s->found.words);
    if (!engine->ops->reads_text_only || s->found.words.n == 0 || sure > UPRIGHT)
        return ERR_OK;
    enum err err = prepare(image, 2, engine, &other, &upright, e);
    if (err == ERR_OK)
        err = engine->ops->recognize(engine->self, &upright, 1, c, &other.found, e);
    raster_free(&upright);
    if (err == ERR_OK && words_confidence(&other.found.words) > sure) {
        struct seen worse = *s;
        *s = other;
        other = worse;
    }
    seen_free(&other);
    return err;
}

/* The page as its reader sees it, whose sides are swapped when it was turned by a quarter. */
static struct page_info upright_info(const struct raster_part *part, const struct pose *pose)
{
    struct page_info info = part->info;
    if (pose->quarters % 2 != 0) {
        info.width = part->info.height;
        info.height = part->info.width;
    }
    return info;
}

/* Puts the drawn images upright and reads them. */
static enum err read_upright(struct raster_batch *b, const struct ocr_engine *engine,
                             const struct checkpoint *c, struct ocr_result *read,
                             struct raster *upright, struct seen *out, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        err = prepare(&b->images[i], 0, engine, &out[i], &upright[i], e);
    if (err == ERR_OK)
        err = engine->ops->recognize(engine->self, upright, b->n, c, read, e);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        out[i].found = read[i];
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        err = try_turned(&b->images[i], engine, c, &out[i], e);
    return err;
}

static void complete(const struct raster_part *part, struct seen *s)
{
    s->by_ocr = true;
    s->content.info = upright_info(part, &s->pose);
    s->content.words = s->found.words;
    memset(&s->found.words, 0, sizeof s->found.words);
}

enum err ocr_batch_read(struct raster_batch *b, const struct ocr_engine *engine,
                        struct page_reader *reader, const struct checkpoint *c, struct seen *out,
                        struct error *e)
{
    struct ocr_result *read = calloc(b->n + 1, sizeof *read);
    struct raster *upright = calloc(b->n + 1, sizeof *upright);
    memset(out, 0, b->n * sizeof *out);
    enum err err = read != NULL && upright != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = raster_batch_draw(b, reader, e);
    if (err == ERR_OK)
        err = read_upright(b, engine, c, read, upright, out, e);
    for (size_t i = 0; upright != NULL && i < b->n; i++)
        raster_free(&upright[i]);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        complete(&b->parts[i], &out[i]);
    for (size_t i = 0; err != ERR_OK && i < b->n; i++)
        seen_free(&out[i]);
    raster_batch_undraw(b);
    free(upright);
    free(read);
    return err;
}
