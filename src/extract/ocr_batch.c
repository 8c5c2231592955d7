#include "extract/ocr_batch.h"

#include <stdlib.h>
#include <string.h>

#include "extract/raster_rules.h"

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

static void erase_rules(struct raster *image, const struct page_content *page)
{
    for (size_t i = 0; i < page->n_rules; i++) {
        const struct rule *r = &page->rules[i];
        double length = r->vertical ? r->box.h * image->height : r->box.w * image->width;
        if (r->vertical || length * 72 >= ERASED_PT * image->dpi)
            whiten(image, &r->box);
    }
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
    double sure = word_list_confidence(&s->found.words);
    if (!engine->ops->reads_text_only || s->found.words.n == 0 || sure > UPRIGHT)
        return ERR_OK;
    enum err err = prepare(image, 2, engine, &other, &upright, e);
    if (err == ERR_OK)
        err = engine->ops->recognize(engine->self, &upright, 1, c, &other.found, e);
    raster_free(&upright);
    if (err == ERR_OK && word_list_confidence(&other.found.words) > sure) {
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

/* Pictures and dirt are read as single letters of which the engine is not sure. */
static bool is_unsure(const struct word *w)
{
    bool number = strcspn(w->text, "0123456789") < strlen(w->text);
    return w->confidence < (!number && strlen(w->text) < LONG_WORD ? SHORT_SURE : LONG_SURE);
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
    for (size_t i = 0; err == ERR_OK && engine->ops->reads_text_only && i < b->n; i++)
        drop_unsure(&out[i].content.words);
    for (size_t i = 0; err != ERR_OK && i < b->n; i++)
        seen_free(&out[i]);
    raster_batch_undraw(b);
    free(upright);
    free(read);
    return err;
}
