#include "extract/region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/form.h"
#include "extract/grid.h"
#include "extract/layout.h"
#include "extract/upright.h"

#define FORM_SHARE 0.6 /* lines with a name that make an AUTO region a form */
#define CHECKS     2   /* check boxes that do where there is no table */

void page_reading_free(struct page_reading *s)
{
    page_content_free(&s->content);
    ocr_result_free(&s->found);
}

static bool centre_in(struct box w, struct box b)
{
    double x = w.x + w.w / 2, y = w.y + w.h / 2;
    return x >= b.x && x <= b.x + b.w && y >= b.y && y <= b.y + b.h;
}

bool page_reading_has_words(const struct page_reading *s, struct box b)
{
    for (size_t i = 0; i < s->content.words.n; i++)
        if (centre_in(s->content.words.items[i].box, b))
            return true;
    return false;
}

static enum err copy_words(const struct layout *l, struct region_result *out, struct error *e)
{
    float sum = 0;
    for (size_t i = 0; i < l->n_items; i++) {
        const struct word *w = l->items[i].word;
        if (word_list_add(&out->words, w->box, w->text, strlen(w->text), w->confidence,
                          w->engine) != ERR_OK)
            return error_no_memory(e);
        out->words.items[i].alone = w->alone;
        sum += w->confidence;
        out->engine = w->engine;
    }
    out->confidence = l->n_items > 0 ? sum / (float)l->n_items : 0;
    return ERR_OK;
}

static void free_structure(struct region_result *r)
{
    for (size_t i = 0; i < r->n_tables; i++)
        table_free(&r->tables[i]);
    for (size_t i = 0; i < r->n_fields; i++)
        form_field_free(&r->fields[i]);
    free(r->tables);
    free(r->fields);
    r->tables = NULL;
    r->fields = NULL;
    r->n_tables = r->n_fields = 0;
}

enum err region_set_table(struct region_result *out, struct table *t, struct error *e)
{
    free_structure(out);
    out->tables = malloc(sizeof *out->tables);
    if (out->tables == NULL) {
        table_free(t);
        return error_no_memory(e);
    }
    out->tables[0] = *t;
    out->n_tables = 1;
    out->region.type = REGION_TABLE;
    return ERR_OK;
}

/* --- what the engine found --- */

/* Whether the table has words, and all of them in the region. */
static bool table_in(const struct table *t, struct box b)
{
    size_t filled = 0;
    for (size_t i = 0; i < t->n_cells; i++) {
        if (t->cells[i].text[0] == '\0')
            continue;
        filled++;
        if (!centre_in(t->cells[i].box, b))
            return false;
    }
    return filled > 0;
}

/* The engine's largest table in the region; NULL when there is none. */
static const struct table *largest_table(const struct page_reading *s, struct box b)
{
    const struct table *best = NULL;
    for (size_t i = 0; i < s->found.n_tables; i++) {
        const struct table *t = &s->found.tables[i];
        if (table_in(t, b) && (best == NULL || t->n_cells > best->n_cells))
            best = t;
    }
    return best;
}

/* Copies the engine's fields in the region to the result. */
static enum err take_fields(const struct page_reading *s, struct region_result *out,
                            struct error *e)
{
    out->fields = calloc(s->found.n_fields + 1, sizeof *out->fields);
    if (out->fields == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < s->found.n_fields; i++) {
        const struct form_field *f = &s->found.fields[i];
        if (f->name == NULL || !centre_in(f->name_box, out->region.box))
            continue;
        if (form_field_copy(f, &out->fields[out->n_fields], e) != ERR_OK)
            return error_no_memory(e);
        out->n_fields++;
    }
    return ERR_OK;
}

/* Gives the region the engine's structure where it has one; *found tells. */
static enum err engine_structure(const struct page_reading *s, struct region_result *out,
                                 bool *found, struct error *e)
{
    struct region *g = &out->region;
    bool may_be_table = g->type == REGION_TABLE || g->type == REGION_AUTO;
    const struct table *t = may_be_table ? largest_table(s, g->box) : NULL;
    enum err err = ERR_OK;
    *found = t != NULL;
    if (t != NULL) {
        struct table own;
        err = table_copy(t, &own, e);
        return err == ERR_OK ? region_set_table(out, &own, e) : err;
    }
    if (g->type == REGION_FORM || g->type == REGION_AUTO)
        err = take_fields(s, out, e);
    *found = out->n_fields > 0;
    if (*found)
        g->type = REGION_FORM;
    return err;
}

/* --- the document's own form --- */

/* Adds the filled fields of the region. */
static enum err take_filled(const struct page_reading *s, struct region_result *out,
                            struct error *e)
{
    size_t n = out->n_fields;
    struct form_field *grown =
        realloc(out->fields, (n + s->content.n_fields + 1) * sizeof *out->fields);
    if (grown == NULL)
        return error_no_memory(e);
    out->fields = grown;
    for (size_t i = 0; i < s->content.n_fields; i++) {
        const struct filled_field *f = &s->content.fields[i];
        const struct box place = pose_from_page(&s->pose, f->box);
        struct form_field own = {.name = f->name,
                                 .value = f->value,
                                 .name_box = place,
                                 .value_box = place,
                                 .confidence = 1,
                                 .engine = ENGINE_TEXT};
        if (!centre_in(own.value_box, out->region.box))
            continue;
        if (form_field_copy(&own, &out->fields[out->n_fields], e) != ERR_OK)
            return error_no_memory(e);
        out->n_fields++;
    }
    return ERR_OK;
}

static bool has_filled(const struct page_reading *s, struct box b)
{
    for (size_t i = 0; i < s->content.n_fields; i++)
        if (s->content.fields[i].value[0] != '\0' &&
            centre_in(pose_from_page(&s->pose, s->content.fields[i].box), b))
            return true;
    return false;
}

/* --- what its words and rules look like --- */

static enum err form_structure(const struct page_reading *s, const struct layout *l,
                               struct region_result *out, struct error *e)
{
    free_structure(out);
    out->region.type = REGION_FORM;
    enum err err = form_find(l, &s->content.info, &out->fields, &out->n_fields, e);
    return err == ERR_OK ? take_filled(s, out, e) : err;
}

static enum err words_structure(const struct page_reading *s, struct layout *l,
                                struct region_result *out, struct error *e)
{
    const struct page_content *page = &s->content;
    struct region *g = &out->region;
    bool found = false;
    if (g->type == REGION_FORM || (g->type == REGION_AUTO && form_share(l) >= FORM_SHARE))
        return form_structure(s, l, out, e);
    if (g->type == REGION_TEXT)
        return ERR_OK;
    struct table t;
    enum err err = grid_build(l, page->rules, page->n_rules, &page->info, g->box, &t, &found, e);
    if (err != ERR_OK)
        return err;
    /* One line in runs, or running text in columns, is no table unless the user says so. */
    if (found && g->type == REGION_AUTO && t.rows < 2) {
        table_free(&t);
        found = false;
    }
    if (found)
        return region_set_table(out, &t, e);
    if (g->type == REGION_AUTO && (has_filled(s, g->box) || form_checks(l) >= CHECKS))
        return form_structure(s, l, out, e);
    if (g->type == REGION_AUTO)
        g->type = REGION_TEXT;
    return ERR_OK;
}

static enum err structure(const struct page_reading *s, struct layout *l, struct region_result *out,
                          struct error *e)
{
    bool found = false;
    enum err err = engine_structure(s, out, &found, e);
    return err != ERR_OK || found ? err : words_structure(s, l, out, e);
}

static enum err extract_upright(const struct page_reading *s, struct region_result *out,
                                const struct checkpoint *c, struct error *e)
{
    const struct page_content *page = &s->content;
    struct work_budget budget = {.c = c};
    struct layout l;
    struct buffer text = BUFFER_INIT;
    enum err err = layout_build(&page->words, &page->info, out->region.box, true, &budget, &l, e);
    if (err != ERR_OK)
        return err;
    err = copy_words(&l, out, e);
    if (err == ERR_OK)
        err = structure(s, &l, out, e);
    if (err == ERR_OK)
        err = layout_text(&l, &text, e);
    if (err == ERR_OK && (out->text = buffer_take(&text)) == NULL)
        err = error_no_memory(e);
    const char *warning =
        l.n_items == 0 ? "Nothing was found in this region." : layer_warning(s->fault, s->by_ocr);
    if (err == ERR_OK && warning != NULL && (out->warning = strdup(warning)) == NULL)
        err = error_no_memory(e);
    buffer_free(&text);
    layout_free(&l);
    return err;
}

static void table_to_page(const struct pose *p, struct table *t)
{
    t->box = pose_to_page(p, t->box);
    for (size_t i = 0; i < t->n_cells; i++)
        t->cells[i].box = pose_to_page(p, t->cells[i].box);
}

static void result_to_page(const struct pose *p, struct region_result *r)
{
    for (size_t i = 0; i < r->words.n; i++)
        r->words.items[i].box = pose_to_page(p, r->words.items[i].box);
    for (size_t i = 0; i < r->n_tables; i++)
        table_to_page(p, &r->tables[i]);
    for (size_t i = 0; i < r->n_fields; i++) {
        r->fields[i].name_box = pose_to_page(p, r->fields[i].name_box);
        r->fields[i].value_box = pose_to_page(p, r->fields[i].value_box);
    }
}

/* Where a marked region is on the upright page. Whoever marked it on a skewed page may have gone by
 * the page as it is shown, or as it would be if it lay straight, as a form's template does: both
 * places count. */
static struct box upright_region(const struct pose *p, struct box marked)
{
    struct pose straight = *p;
    straight.angle = 0;
    struct box a = pose_from_page(p, marked), b = pose_from_page(&straight, marked);
    double x = fmin(a.x, b.x), y = fmin(a.y, b.y);
    return (struct box){x, y, fmax(a.x + a.w, b.x + b.w) - x, fmax(a.y + a.h, b.y + b.h) - y};
}

static enum err extract_posed(const struct page_reading *s, struct region_result *out,
                              const struct checkpoint *c, struct error *e)
{
    struct box marked = out->region.box;
    out->region.box = upright_region(&s->pose, marked);
    enum err err = extract_upright(s, out, c, e);
    result_to_page(&s->pose, out);
    out->region.box = marked;
    return err;
}

enum err region_extract(const struct page_reading *s, struct region_result *out,
                        const struct checkpoint *c, struct error *e)
{
    struct page_reading turned;
    int quarters = s->by_ocr ? 0 : upright_quarters(s, out->region.box);
    if (quarters == 0)
        return extract_posed(s, out, c, e);
    enum err err = upright_copy(s, quarters, &turned, e);
    if (err != ERR_OK)
        return err;
    err = extract_posed(&turned, out, c, e);
    page_reading_free(&turned);
    return err;
}
