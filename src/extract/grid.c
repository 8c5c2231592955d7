#include "extract/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "extract/direction.h"
#include "extract/grid_parts.h"

#define RULED      0.5     /* of the content's height: the rule of a border */
#define CELLS_MOST 1000000 /* a cell takes some hundred bytes, with words or without */

enum err edges_add(struct edges *s, double at, struct error *e)
{
    double *grown = realloc(s->at, (s->n + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    s->at = grown;
    s->at[s->n++] = at;
    return ERR_OK;
}

void edges_snap(struct edges *s, double tolerance)
{
    size_t kept = 0;
    sort_doubles(s->at, s->n);
    for (size_t i = 0; i < s->n; i++)
        if (kept == 0 || s->at[i] - s->at[kept - 1] > tolerance)
            s->at[kept++] = s->at[i];
    s->n = kept;
}

void edges_drop(struct edges *s, size_t i)
{
    memmove(s->at + i, s->at + i + 1, (s->n - i - 1) * sizeof *s->at);
    s->n--;
}

size_t edges_find(const struct edges *s, double at)
{
    size_t low = 0, high = s->n - 1;
    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        if (at >= s->at[middle])
            low = middle;
        else
            high = middle;
    }
    return low;
}

static struct rect content_rect(const struct layout *l)
{
    struct rect r = l->lines[0].r;
    for (size_t i = 1; i < l->n_lines; i++)
        r = rect_union(r, l->lines[i].r);
    return r;
}

/* --- cells --- */

/* Whether a run's words on both sides of borders belong together: one of them crosses a border, or
 * the border is ruled, but not beside the run. Others stand close together by chance. */
static enum err is_one_cell(struct grid *g, const struct text_run *p, size_t first, size_t last,
                            bool *one, struct error *e)
{
    enum err err = ERR_OK;
    *one = false;
    for (size_t w = 0; w < p->n; w++)
        *one = *one || edges_find(&g->cols, p->items[w].r.x0 + 1) !=
                           edges_find(&g->cols, p->items[w].r.x1 - 1);
    for (size_t c = first + 1; err == ERR_OK && c <= last && !*one; c++) {
        double ruled = 0, beside = 0, x = g->cols.at[c];
        err = grid_take_band(g, true, x - SNAP_PT, x + SNAP_PT, e);
        if (err == ERR_OK)
            err = grid_band_cover(g, g->content.y0, g->content.y1, &ruled, e);
        if (err == ERR_OK)
            err = grid_band_cover(g, p->r.y0, p->r.y1, &beside, e);
        *one = ruled >= RULED && beside == 0;
    }
    return err;
}

static enum err place_items(struct grid *g, struct error *e)
{
    size_t n_cols = g->cols.n - 1, n = n_cols * (g->rows.n - 1);
    if (n > CELLS_MOST)
        return work_budget_exceeded(e);
    g->place = calloc(g->l->n_items + 1, sizeof *g->place);
    g->root = calloc(n + 1, sizeof *g->root);
    if (g->place == NULL || g->root == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < n; i++)
        g->root[i] = (int)i;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < g->l->n_lines; i++) {
        const struct line *line = &g->l->lines[i];
        err = work_budget_spend(g->l->budget, line->n + n_cols, 1, e);
        double y = (line->r.y0 + line->r.y1) / 2;
        size_t row = edges_find(&g->rows, y);
        for (size_t k = 0; k < line->n_runs; k++) {
            const struct text_run *p = &line->runs[k];
            size_t first = edges_find(&g->cols, p->r.x0 + 1);
            size_t last = edges_find(&g->cols, p->r.x1 - 1);
            bool crossing = false;
            if (err == ERR_OK && last > first)
                err = is_one_cell(g, p, first, last, &crossing, e);
            for (size_t w = 0; w < p->n; w++) {
                size_t col = crossing
                                 ? first
                                 : edges_find(&g->cols, (p->items[w].r.x0 + p->items[w].r.x1) / 2);
                g->place[&p->items[w] - g->l->items] = (int)(row * n_cols + col);
            }
            if (crossing)
                for (size_t c = first; c <= last; c++)
                    if (g->root[row * n_cols + c] == (int)(row * n_cols + c))
                        g->root[row * n_cols + c] = (int)(row * n_cols + first);
        }
    }
    return err;
}

/* Words may stand in a place that a cell of another line has taken: a cell in one row is cut off
 * there, one of several rows takes them in. */
static enum err part_overlaps(struct grid *g, struct error *e)
{
    size_t n_cols = g->cols.n - 1;
    enum err err = work_budget_spend(g->l->budget, g->l->n_items, 1, e);
    for (size_t i = 0; err == ERR_OK && i < g->l->n_items; i++) {
        size_t place = (size_t)g->place[i], root = (size_t)g->root[place];
        if (root == place)
            continue;
        if (root / n_cols != place / n_cols) {
            g->place[i] = (int)root;
            continue;
        }
        for (size_t p = place; p % n_cols > 0 && g->root[p] == (int)root; p++)
            g->root[p] = (int)p;
    }
    return err;
}

static int by_place(const void *a, const void *b, void *arg)
{
    const struct grid *g = arg;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    int p = g->place[i], q = g->place[k];
    return p != q ? (p < q ? -1 : 1) : (i < k ? -1 : i > k);
}

/* How many of a cell's words from i on stand in one line. */
static size_t words_in_line(const struct grid *g, const size_t *order, size_t i, size_t n)
{
    size_t k = i + 1;
    while (k < n && order[k] == order[k - 1] + 1 &&
           g->l->items[order[k]].r.x0 >= g->l->items[order[k - 1]].r.x0 &&
           g->l->items[order[k]].r.y0 < g->l->items[order[k - 1]].r.y1)
        k++;
    return k - i;
}

static enum err fill_cell(const struct grid *g, const size_t *order, size_t n,
                          const struct page_info *page, struct cell *out, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    struct rect r = g->l->items[order[0]].r;
    out->confidence = 1;
    for (size_t i = 0, k; i < n; i += k) {
        k = words_in_line(g, order, i, n);
        direction_append(&g->l->items[order[i]], k, &text);
    }
    for (size_t i = 0; i < n; i++) {
        const struct item *item = &g->l->items[order[i]];
        r = rect_union(r, item->r);
        out->confidence = fminf(out->confidence, item->word->confidence);
        out->engine = item->word->engine;
    }
    out->box = box_of_rect(r, page);
    out->text = buffer_take(&text);
    return out->text != NULL ? ERR_OK : error_no_memory(e);
}

static int row_span(const struct grid *g, size_t place, size_t n_cols, size_t n_rows)
{
    int span = 1;
    for (size_t p = place + n_cols; p < n_cols * n_rows && g->root[p] == (int)place; p += n_cols)
        span++;
    return span;
}

static int col_span(const struct grid *g, size_t place, size_t n_cols)
{
    int span = 1;
    for (size_t c = place % n_cols + 1; c < n_cols; c++, span++)
        if (g->root[place - place % n_cols + c] != (int)place)
            break;
    return span;
}

/* The rows of the head: the first, and those below a heading that spans columns or rows, since what
 * it spans has headings of its own. At most half of the rows. */
static size_t count_head_rows(const struct table *t)
{
    size_t head = 1;
    for (size_t i = 0; i < t->n_cells && (size_t)t->cells[i].row < head; i++) {
        const struct cell *c = &t->cells[i];
        size_t below = (size_t)c->row + (size_t)c->row_span;
        below += c->col_span > 1 && c->text[0] != '\0';
        head = below > head && below * 2 <= (size_t)t->rows ? below : head;
    }
    return head;
}

static void mark_head(struct table *t)
{
    size_t head = count_head_rows(t);
    for (size_t i = 0; i < t->n_cells; i++)
        t->cells[i].header = (size_t)t->cells[i].row < head;
}

static enum err make_cells(const struct grid *g, const struct page_info *page, struct table *out,
                           struct error *e)
{
    size_t n_cols = g->cols.n - 1, n_rows = g->rows.n - 1, next = 0;
    size_t *order = calloc(g->l->n_items + 1, sizeof *order);
    enum err err = order != NULL ? ERR_OK : error_no_memory(e);
    out->cells = calloc(n_cols * n_rows + 1, sizeof *out->cells);
    if (out->cells == NULL)
        err = error_no_memory(e);
    out->rows = (int)n_rows;
    out->cols = (int)n_cols;
    out->confidence = 1;
    for (size_t i = 0; order != NULL && i < g->l->n_items; i++)
        order[i] = i;
    if (err == ERR_OK)
        qsort_r(order, g->l->n_items, sizeof *order, by_place, (void *)g);
    for (size_t place = 0; err == ERR_OK && place < n_cols * n_rows; place++) {
        size_t start = next;
        while (next < g->l->n_items && g->place[order[next]] == (int)place)
            next++;
        if (g->root[place] != (int)place && next == start)
            continue;
        struct cell *c = &out->cells[out->n_cells];
        *c = (struct cell){.row = (int)(place / n_cols),
                           .col = (int)(place % n_cols),
                           .row_span = row_span(g, place, n_cols, n_rows),
                           .col_span = col_span(g, place, n_cols)};
        if (next > start) {
            err = fill_cell(g, order + start, next - start, page, c, e);
        } else {
            struct rect r = {g->cols.at[c->col], g->rows.at[c->row], g->cols.at[c->col + 1],
                             g->rows.at[c->row + 1]};
            c->box = box_of_rect(r, page);
            c->confidence = 1;
            if ((c->text = strdup("")) == NULL)
                err = error_no_memory(e);
        }
        if (err == ERR_OK)
            out->n_cells++;
        out->confidence = fminf(out->confidence, c->confidence);
    }
    free(order);
    return err;
}

enum err grid_build(struct layout *l, const struct rule *rules, size_t n_rules,
                    const struct page_info *page, struct box region, struct table *out, bool *found,
                    struct error *e)
{
    memset(out, 0, sizeof *out);
    *found = false;
    if (l->n_lines == 0)
        return ERR_OK;
    struct grid g = {.l = l, .content = content_rect(l)};
    enum err err = grid_take_rules(&g, rules, n_rules, page, rect_of_box(region, page), e);
    if (err == ERR_OK)
        err = grid_find_columns(&g, e);
    if (err == ERR_OK && g.cols.n >= 3) {
        if ((err = grid_find_rows(&g, e)) == ERR_OK && (err = place_items(&g, e)) == ERR_OK &&
            (err = grid_join_cells(&g, e)) == ERR_OK &&
            (err = grid_extend_labels(&g, e)) == ERR_OK && (err = part_overlaps(&g, e)) == ERR_OK)
            err = make_cells(&g, page, out, e);
        if (err == ERR_OK)
            err = grid_tell_sure(&g, out, e);
        if (err == ERR_OK)
            mark_head(out);
        out->box = box_of_rect(g.content, page);
        *found = err == ERR_OK;
    }
    free(g.rules);
    free(g.band);
    free(g.cols.at);
    free(g.rows.at);
    free(g.place);
    free(g.root);
    if (err != ERR_OK)
        table_free(out);
    return err;
}
