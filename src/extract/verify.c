#include "extract/verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/verify_parts.h"

#define WORDS_MAX  5000 /* the search is quadratic */
#define PLACES_MAX 50000
#define SPACES     " \t\r\n\v\f"

/* --- what is proposed, and what there is --- */

static enum err set_cell(struct proposed_cell *w, const char *text, struct error *e)
{
    size_t n = strlen(text);
    w->letters = malloc(n + 1);
    w->ends = calloc(n + 1, sizeof *w->ends);
    w->words = calloc(n + 1, sizeof *w->words);
    if (w->letters == NULL || w->ends == NULL || w->words == NULL)
        return error_no_memory(e);
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr(SPACES, *p) == NULL)
            w->letters[w->n++] = *p;
        else
            w->ends[w->n] = true;
    }
    w->ends[w->n] = true;
    return ERR_OK;
}

static enum err take_proposal(struct verifier *v, const struct table_proposal *p, struct error *e)
{
    enum err err = ERR_OK;
    v->n_rows = (int)p->n_rows;
    for (size_t row = 0; row < p->n_rows; row++)
        v->n_cols = p->cols[row] > (size_t)v->n_cols ? (int)p->cols[row] : v->n_cols;
    v->cells = calloc(p->n_texts + 1, sizeof *v->cells);
    v->rows = calloc((size_t)v->n_rows + 1, sizeof *v->rows);
    v->cols = calloc((size_t)v->n_cols + 1, sizeof *v->cols);
    if (v->cells == NULL || v->rows == NULL || v->cols == NULL)
        return error_no_memory(e);
    for (size_t row = 0; row < p->n_rows; row++)
        for (size_t col = 0; err == ERR_OK && col < p->cols[row]; col++) {
            struct proposed_cell *w = &v->cells[v->n_cells];
            w->row = (int)row;
            w->col = (int)col;
            err = set_cell(w, p->texts[v->n_cells++], e);
            w->done = w->n == 0;
        }
    return err;
}

static enum err take_words(struct verifier *v, struct error *e)
{
    const struct layout *l = v->l;
    v->run_end = calloc(l->n_items + 1, sizeof *v->run_end);
    v->len = calloc(l->n_items + 1, sizeof *v->len);
    v->used = calloc(l->n_items + 1, sizeof *v->used);
    if (v->run_end == NULL || v->len == NULL || v->used == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < l->n_items; i++)
        v->len[i] = strlen(l->items[i].word->text);
    for (size_t i = 0; i < l->n_lines; i++)
        for (size_t k = 0; k < l->lines[i].n_runs; k++) {
            const struct text_run *run = &l->lines[i].runs[k];
            size_t first = (size_t)(run->items - l->items);
            for (size_t n = 0; n < run->n; n++)
                v->run_end[first + n] = first + run->n;
        }
    return ERR_OK;
}

static void verifier_free(struct verifier *v)
{
    for (size_t i = 0; i < v->n_cells; i++) {
        free(v->cells[i].letters);
        free(v->cells[i].ends);
        free(v->cells[i].words);
    }
    free(v->cells);
    free(v->rows);
    free(v->cols);
    free(v->run_end);
    free(v->len);
    free(v->used);
}

/* --- the table --- */

/* The words with a space where a token ends. */
static char *words_text(const struct verifier *v, const struct proposed_cell *w)
{
    struct buffer text = BUFFER_INIT;
    size_t at = 0;
    for (size_t i = 0; i < w->n_words; i++) {
        if (i > 0 && w->ends[at])
            buffer_puts(&text, " ");
        buffer_puts(&text, v->l->items[w->words[i]].word->text);
        at += v->len[w->words[i]];
    }
    return buffer_take(&text);
}

static void describe_cell(const struct verifier *v, const struct proposed_cell *w, struct cell *c)
{
    const struct word *first = v->l->items[w->words[0]].word;
    c->box = first->box;
    c->engine = first->engine;
    for (size_t i = 0; i < w->n_words; i++) {
        const struct word *word = v->l->items[w->words[i]].word;
        c->box = verify_box_union(c->box, word->box);
        c->confidence = fminf(c->confidence, word->confidence);
    }
}

static enum err fill_cell(const struct verifier *v, const struct proposed_cell *w, struct cell *c,
                          struct error *e)
{
    const struct band *row = &v->rows[c->row], *col = &v->cols[c->col];
    c->rejected = w != NULL && w->rejected;
    c->confidence = c->rejected ? 0 : 1;
    if (w != NULL && w->n_words > 0)
        describe_cell(v, w, c);
    else if (row->known && col->known)
        c->box = (struct box){col->box.x, row->box.y, col->box.w, row->box.h};
    c->text = w != NULL ? words_text(v, w) : strdup("");
    return c->text != NULL ? ERR_OK : error_no_memory(e);
}

static void describe_table(struct table *t)
{
    bool known = false;
    t->confidence = 1;
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        if (c->text[0] == '\0')
            continue;
        t->box = known ? verify_box_union(t->box, c->box) : c->box;
        t->confidence = fminf(t->confidence, c->confidence);
        known = true;
    }
}

static enum err make_table(const struct verifier *v, struct table *out, struct error *e)
{
    size_t n = (size_t)v->n_rows * (size_t)v->n_cols, next = 0;
    enum err err = ERR_OK;
    *out = (struct table){.rows = v->n_rows, .cols = v->n_cols};
    out->cells = calloc(n + 1, sizeof *out->cells);
    if (out->cells == NULL)
        return error_no_memory(e);
    for (size_t place = 0; err == ERR_OK && place < n; place++) {
        struct cell *c = &out->cells[out->n_cells];
        *c = (struct cell){.row = (int)(place / (size_t)v->n_cols),
                           .col = (int)(place % (size_t)v->n_cols),
                           .row_span = 1,
                           .col_span = 1,
                           .engine = v->l->items[0].word->engine,
                           .header = place < (size_t)v->n_cols};
        bool here =
            next < v->n_cells && v->cells[next].row == c->row && v->cells[next].col == c->col;
        err = fill_cell(v, here ? &v->cells[next++] : NULL, c, e);
        if (err == ERR_OK)
            out->n_cells++;
    }
    if (err == ERR_OK)
        describe_table(out);
    else
        table_free(out);
    return err;
}

static size_t count_filled(const struct verifier *v)
{
    size_t filled = 0;
    for (size_t i = 0; i < v->n_cells; i++)
        filled += v->cells[i].n > 0;
    return filled;
}

static size_t count_survivors(const struct verifier *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_cells; i++)
        n += v->cells[i].n_words > 0;
    return n;
}

/* Whether the padded table is one, and not too large. */
static bool fits(const struct table_proposal *p)
{
    size_t widest = 0;
    for (size_t i = 0; i < p->n_rows; i++)
        widest = p->cols[i] > widest ? p->cols[i] : widest;
    return widest > 0 && p->n_rows <= PLACES_MAX / widest;
}

enum err verify_table(const struct table_proposal *p, const struct layout *l, struct table *out,
                      bool *found, char why[COVERAGE_WHY_MAX], struct error *e)
{
    struct verifier v = {.l = l};
    memset(out, 0, sizeof *out);
    *found = false;
    (void)snprintf(why, COVERAGE_WHY_MAX,
                   "too little of it could be matched to the words that were read");
    if (l->n_items == 0 || l->n_items > WORDS_MAX || !fits(p))
        return ERR_OK;
    enum err err = take_proposal(&v, p, e);
    if (err == ERR_OK)
        err = take_words(&v, e);
    size_t filled = err == ERR_OK ? count_filled(&v) : 0;
    /* A cell needs a word at least. */
    if (filled > 0 && filled <= 2 * l->n_items) {
        verify_match(&v);
        err = verify_places(&v, e);
        *found = err == ERR_OK && count_survivors(&v) * 2 >= filled;
    }
    if (*found)
        err = make_table(&v, out, e);
    *found = *found && err == ERR_OK && coverage_complete(l, v.used, out, why);
    if (!*found)
        table_free(out);
    verifier_free(&v);
    return err;
}
