#include "extract/proposals.h"

#include <stdlib.h>
#include <string.h>

#include "extract/region.h"
#include "extract/verify.h"

/* What was there before stays; who asked for the model must be told. */
static enum err warn_unused(struct region_result *out, enum engine by, const char *why,
                            struct error *e)
{
    struct buffer text = BUFFER_INIT;
    if (out->warning != NULL)
        return ERR_OK;
    buffer_printf(&text, "%s's table is left out: %s.", engine_labels[by], why);
    out->warning = buffer_take(&text);
    return out->warning != NULL ? ERR_OK : error_no_memory(e);
}

/* The model was asked by name and may yet answer: the whole is to be tried again. */
static bool must_wait(const struct table_proposal *p, bool required)
{
    return required && err_is_transient(p->failure.kind);
}

static enum err apply(const struct raster_part *part, enum engine by,
                      const struct table_proposal *p, struct region_result *out, struct error *e)
{
    struct layout l;
    struct table t;
    bool found = false;
    char why[COVERAGE_WHY_MAX];
    if (p->failure.kind != ERR_OK)
        return proposals_warn(out, by, &p->failure, e);
    enum err err = layout_build(&out->words, &part->info, part->box, true, NULL, &l, e);
    if (err != ERR_OK)
        return err;
    err = verify_table(p, &l, &t, &found, why, e);
    layout_free(&l);
    if (err != ERR_OK || p->n_rows == 0)
        return err;
    if (!found)
        return warn_unused(out, by, why, e);
    t.structure = structure_by(by);
    return region_set_table(out, &t, e);
}

enum err proposals_warn(struct region_result *out, enum engine by, const struct error *why,
                        struct error *e)
{
    struct buffer text = BUFFER_INIT;
    buffer_printf(&text, "The structure of this table could not be checked by %s: %s",
                  engine_labels[by], why->detail);
    free(out->warning);
    out->warning = buffer_take(&text);
    return out->warning != NULL ? ERR_OK : error_no_memory(e);
}

/* Puts a picture upright in its place. */
static enum err turn_upright(struct raster *image, struct recognizer *recognizer,
                             const struct checkpoint *c, struct error *e)
{
    struct ocr_result pose;
    struct raster upright;
    enum err err = recognizer_prepare(recognizer, image, c, &pose, &upright, e);
    if (err != ERR_OK)
        return err;
    raster_free(image);
    *image = upright;
    ocr_result_free(&pose);
    return ERR_OK;
}

/* The pictures that the model is shown; those of scans are upright. */
static enum err draw(struct raster_batch *b, struct page_reader *reader,
                     struct recognizer *recognizer, const struct checkpoint *c,
                     const struct region_result *results, struct error *e)
{
    enum err err = raster_batch_draw(b, reader, e);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        if (results[b->parts[i].tag].engine != ENGINE_TEXT)
            err = turn_upright(&b->images[i], recognizer, c, e);
    return err;
}

enum err proposals_apply(struct raster_batch *b, const struct structurer *s, bool required,
                         struct page_reader *reader, struct recognizer *recognizer,
                         const struct checkpoint *c, struct region_result *results, struct error *e)
{
    struct table_proposal *proposals = calloc(b->n + 1, sizeof *proposals);
    enum err err = proposals != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = draw(b, reader, recognizer, c, results, e);
    if (err == ERR_OK)
        err = s->ops->propose(s->self, b->images, b->n, c, proposals, e);
    raster_batch_undraw(b);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++) {
        if (must_wait(&proposals[i], required)) {
            *e = proposals[i].failure;
            err = e->kind;
        }
    }
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        err = apply(&b->parts[i], s->ops->engine, &proposals[i], &results[b->parts[i].tag], e);
    for (size_t i = 0; proposals != NULL && i < b->n; i++)
        table_proposal_free(&proposals[i]);
    free(proposals);
    return err;
}
