#include "extract/ocr_batch.h"

#include <stdlib.h>
#include <string.h>

#include "extract/raster_rules.h"

static struct box within(struct box part, struct box b)
{
    return (struct box){part.x + b.x * part.w, part.y + b.y * part.h, b.w * part.w, b.h * part.h};
}

static void map_structure(struct ocr_result *r, struct box part)
{
    for (size_t i = 0; i < r->n_tables; i++) {
        struct table *t = &r->tables[i];
        t->box = within(part, t->box);
        for (size_t k = 0; k < t->n_cells; k++)
            t->cells[k].box = within(part, t->cells[k].box);
    }
    for (size_t i = 0; i < r->n_fields; i++) {
        r->fields[i].name_box = within(part, r->fields[i].name_box);
        r->fields[i].value_box = within(part, r->fields[i].value_box);
    }
}

/* Moves all boxes from fractions of the part to fractions of the page. */
static void map_boxes(struct seen *s, struct box part)
{
    for (size_t i = 0; i < s->content.words.n; i++)
        s->content.words.items[i].box = within(part, s->content.words.items[i].box);
    for (size_t i = 0; i < s->content.n_rules; i++)
        s->content.rules[i].box = within(part, s->content.rules[i].box);
    map_structure(&s->found, part);
}

/* Adds the rules of the image to what the engine read of it. */
static enum err complete(const struct raster_part *part, const struct raster *image, struct seen *s,
                         struct error *e)
{
    s->by_ocr = true;
    s->content.info = part->info;
    s->content.words = s->found.words;
    memset(&s->found.words, 0, sizeof s->found.words);
    enum err err = raster_find_rules(image, &s->content.rules, &s->content.n_rules, e);
    if (err == ERR_OK)
        map_boxes(s, part->box);
    return err;
}

enum err ocr_batch_read(struct raster_batch *b, const struct ocr_engine *engine,
                        struct page_reader *reader, const struct checkpoint *c, struct seen *out,
                        struct error *e)
{
    struct ocr_result *read = calloc(b->n + 1, sizeof *read);
    memset(out, 0, b->n * sizeof *out);
    enum err err = read != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = raster_batch_draw(b, reader, e);
    if (err == ERR_OK)
        err = engine->ops->recognize(engine->self, b->images, b->n, c, read, e);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        out[i].found = read[i];
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        err = complete(&b->parts[i], &b->images[i], &out[i], e);
    for (size_t i = 0; err != ERR_OK && i < b->n; i++)
        seen_free(&out[i]);
    raster_batch_undraw(b);
    free(read);
    return err;
}
