#include "extract/ocr_batch.h"

#include <stdlib.h>
#include <string.h>

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

static void complete(const struct raster_part *part, struct ocr_result *read,
                     struct page_reading *out)
{
    struct page_content *content = &out->content;
    out->by_ocr = true;
    out->pose = read->pose;
    content->info = upright_info(part, &read->pose);
    content->words = read->words;
    content->rules = read->rules;
    content->n_rules = read->n_rules;
    memset(&read->words, 0, sizeof read->words);
    read->rules = NULL;
    read->n_rules = 0;
    out->found = *read;
    memset(read, 0, sizeof *read);
}

/* For an engine that wants upright pages: what it finds joins what was found before it. */
static enum err read_upright(const struct raster *images, size_t n, const struct ocr_engine *engine,
                             struct recognizer *recognizer, const char *languages,
                             const struct checkpoint *c, struct ocr_result *out, struct error *e)
{
    struct ocr_result *read = calloc(n + 1, sizeof *read);
    struct raster *upright = calloc(n + 1, sizeof *upright);
    enum err err = read != NULL && upright != NULL ? ERR_OK : error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = recognizer_prepare(recognizer, &images[i], c, &out[i], &upright[i], e);
    if (err == ERR_OK)
        err = engine->ops->recognize(engine->self, upright, n, languages, c, read, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        read[i].pose = out[i].pose;
        read[i].rules = out[i].rules;
        read[i].n_rules = out[i].n_rules;
        out[i] = read[i];
    }
    for (size_t i = 0; upright != NULL && i < n; i++)
        raster_free(&upright[i]);
    free(upright);
    free(read);
    return err;
}

/* Pages that are an image are drawn as finely as it is, so that its pixels are not resampled. What
 * is sent elsewhere is drawn as all else. */
static enum err choose_resolutions(struct raster_batch *b, const struct ocr_engine *engine,
                                   struct page_reader *reader, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < b->n && !engine->ops->paid; i++) {
        double own = 0;
        err = page_reader_resolution(reader, b->parts[i].info.number, &own, e);
        b->parts[i].dpi = own > 0 ? own : b->dpi;
    }
    return err;
}

enum err ocr_batch_read(struct raster_batch *b, const struct ocr_engine *engine,
                        struct recognizer *recognizer, const char *languages,
                        struct page_reader *reader, const struct checkpoint *c,
                        struct page_reading *out, struct error *e)
{
    struct ocr_result *read = calloc(b->n + 1, sizeof *read);
    memset(out, 0, b->n * sizeof *out);
    enum err err = read != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK && engine->ops->check != NULL)
        err = engine->ops->check(engine->self, e);
    if (err == ERR_OK)
        err = choose_resolutions(b, engine, reader, e);
    if (err == ERR_OK)
        err = raster_batch_draw(b, reader, e);
    if (err == ERR_OK && engine->ops->puts_upright)
        err = engine->ops->recognize(engine->self, b->images, b->n, languages, c, read, e);
    else if (err == ERR_OK)
        err = read_upright(b->images, b->n, engine, recognizer, languages, c, read, e);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        complete(&b->parts[i], &read[i], &out[i]);
    for (size_t i = 0; read != NULL && i < b->n; i++)
        ocr_result_free(&read[i]);
    raster_batch_undraw(b);
    free(read);
    return err;
}
