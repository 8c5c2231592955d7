#include "extract/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SNAP_PT        3.0 /* rules nearer than this are one line */
#define EDGE_COVER     0.6 /* part of an edge that a rule must cover to part two cells */
#define GAP_PT         1.0 /* least width of a gap between columns */
#define SPANNING_SHARE 0.1 /* lines that may cross a column gap: headings, totals */

struct edges {
    double *at;
    size_t n;
};

struct ruled {
    struct rect r;
    bool vertical;
};

/* What is being built: the places of cells, then their words. */
struct grid {
    const struct layout *l;
    struct ruled *rules;
    size_t n_rules;
    struct edges cols, rows; /* n + 1 borders of n columns or rows */
    int *place;              /* of each item: row * columns + column; by item index */
    int *root;               /* of each place: the first place of its spanning cell */
};

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

static int by_value(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return p < q ? -1 : p > q;
}

static enum err edges_add(struct edges *s, double at, struct error *e)
{
    double *grown = realloc(s->at, (s->n + 1) * sizeof *grown);
    if (grown == NULL)
        return no_memory(e);
    s->at = grown;
    s->at[s->n++] = at;
    return ERR_OK;
}

/* Sorts and makes one edge of those that lie together. */
static void edges_snap(struct edges *s, double tolerance)
{
    size_t kept = 0;
    qsort(s->at, s->n, sizeof *s->at, by_value);
    for (size_t i = 0; i < s->n; i++)
        if (kept == 0 || s->at[i] - s->at[kept - 1] > tolerance)
            s->at[kept++] = s->at[i];
    s->n = kept;
}

static size_t edges_find(const struct edges *s, double at)
{
    size_t i = 0;
    while (i + 2 < s->n && at >= s->at[i + 1])
        i++;
    return i;
}

static enum err take_rules(struct grid *g, const struct rule *rules, size_t n,
                           const struct page_info *page, struct rect region, struct error *e)
{
    g->rules = calloc(n + 1, sizeof *g->rules);
    if (g->rules == NULL)
        return no_memory(e);
    for (size_t i = 0; i < n; i++) {
        struct rect r = rect_of_box(rules[i].box, page);
        double x = (r.x0 + r.x1) / 2, y = (r.y0 + r.y1) / 2;
        bool vertical = rules[i].vertical;
        /* A line that only passes by, such as the page's frame, is cut to the region. */
        if (vertical ? x < region.x0 - SNAP_PT || x > region.x1 + SNAP_PT
                     : y < region.y0 - SNAP_PT || y > region.y1 + SNAP_PT)
            continue;
        r.x0 = fmax(r.x0, region.x0 - SNAP_PT);
        r.x1 = fmin(r.x1, region.x1 + SNAP_PT);
        r.y0 = fmax(r.y0, region.y0 - SNAP_PT);
        r.y1 = fmin(r.y1, region.y1 + SNAP_PT);
        if (r.x1 - r.x0 < 0 || r.y1 - r.y0 < 0 || fmax(r.x1 - r.x0, r.y1 - r.y0) < g->l->height)
            continue;
        g->rules[g->n_rules++] = (struct ruled){r, vertical};
    }
    return ERR_OK;
}

static struct rect content_rect(const struct layout *l)
{
    struct rect r = l->lines[0].r;
    for (size_t i = 1; i < l->n_lines; i++)
        r = rect_union(r, l->lines[i].r);
    return r;
}

/* --- columns --- */

/* Vertical rules that run along at least half of the content. */
static enum err columns_from_rules(struct grid *g, struct rect content, struct error *e)
{
    enum err err = ERR_OK;
    struct edges candidates = {0};
    for (size_t i = 0; err == ERR_OK && i < g->n_rules; i++)
        if (g->rules[i].vertical)
            err = edges_add(&candidates, (g->rules[i].r.x0 + g->rules[i].r.x1) / 2, e);
    if (err == ERR_OK && candidates.n > 0)
        edges_snap(&candidates, SNAP_PT);
    for (size_t k = 0; err == ERR_OK && k < candidates.n; k++) {
        double covered = 0;
        for (size_t i = 0; i < g->n_rules; i++)
            if (g->rules[i].vertical &&
                fabs((g->rules[i].r.x0 + g->rules[i].r.x1) / 2 - candidates.at[k]) <= SNAP_PT)
                covered += g->rules[i].r.y1 - g->rules[i].r.y0;
        if (covered >= (content.y1 - content.y0) / 2)
            err = edges_add(&g->cols, candidates.at[k], e);
    }
    free(candidates.at);
    return err;
}

static bool has_split_line(const struct layout *l)
{
    bool split = false;
    for (size_t i = 0; i < l->n_lines; i++)
        split = split || l->lines[i].n_pieces > 1;
    return split;
}

/* White strips: where hardly any line has a piece. Lines with one piece do not vote on where the
 * gaps are, since headings and notes run across them. */
static enum err columns_from_gaps(struct grid *g, struct rect content, struct error *e)
{
    const struct layout *l = g->l;
    size_t n = (size_t)ceil(content.x1 - content.x0) * 2 + 2, voters = 0;
    unsigned *cover = calloc(n, sizeof *cover);
    enum err err = cover != NULL ? edges_add(&g->cols, content.x0 - 1, e) : no_memory(e);
    /* Between rules, cells of several lines may leave no line with two pieces. */
    size_t least = has_split_line(l) || g->n_rules < 2 ? 2 : 1;
    for (size_t i = 0; err == ERR_OK && i < l->n_lines; i++) {
        if (l->lines[i].n_pieces < least)
            continue;
        voters++;
        for (size_t k = 0; k < l->lines[i].n_pieces; k++) {
            struct rect r = l->lines[i].pieces[k].r;
            size_t from = (size_t)(fmax(0, r.x0 - content.x0) * 2);
            size_t to = (size_t)(fmax(0, r.x1 - content.x0) * 2);
            for (size_t x = from; x <= to && x < n; x++)
                cover[x]++;
        }
    }
    unsigned allowed = (unsigned)((double)voters * SPANNING_SHARE);
    bool seen = false;
    size_t start = 0;
    for (size_t x = 0; err == ERR_OK && x < n; x++) {
        if (cover[x] > allowed) {
            if (seen && start > 0 && (double)(x - start) / 2 >= GAP_PT)
                err = edges_add(&g->cols, content.x0 + (double)(start + x) / 4, e);
            seen = true;
            start = 0;
        } else if (seen && start == 0) {
            start = x;
        }
    }
    if (err == ERR_OK)
        err = edges_add(&g->cols, content.x1 + 1, e);
    free(cover);
    return err;
}

/* The edges at the sides may have no rule: words beyond the outermost one make columns of their
 * own. */
static enum err close_edges(struct edges *s, double from, double to, struct error *e)
{
    enum err err = ERR_OK;
    if (s->n == 0 || from < s->at[0] - SNAP_PT)
        err = edges_add(s, from - 1, e);
    if (err == ERR_OK && (s->n == 0 || to > s->at[s->n - 1] + SNAP_PT))
        err = edges_add(s, to + 1, e);
    if (err == ERR_OK)
        edges_snap(s, SNAP_PT / 2);
    return err;
}

static enum err find_columns(struct grid *g, struct rect content, struct error *e)
{
    struct edges ruled = {0};
    enum err err = columns_from_rules(g, content, e);
    if (err == ERR_OK && g->cols.n >= 2)
        err = close_edges(&g->cols, content.x0 + g->l->height, content.x1 - g->l->height, e);
    if (err != ERR_OK)
        return err;
    ruled = g->cols;
    g->cols = (struct edges){0};
    err = columns_from_gaps(g, content, e);
    /* Rules see empty columns, gaps see columns that no rule parts. Where the two nearly agree and
     * few lines vouch for a gap, it may be chance: the rules decide. */
    bool chance = g->l->n_lines < 5 && (double)ruled.n >= 0.75 * (double)g->cols.n;
    if (err == ERR_OK && ruled.n >= 3 && (ruled.n >= g->cols.n || chance)) {
        free(g->cols.at);
        g->cols = ruled;
        return ERR_OK;
    }
    free(ruled.at);
    return err;
}

/* --- rows --- */

static bool rule_between(const struct grid *g, double y0, double y1, struct rect content)
{
    double covered = 0;
    for (size_t i = 0; i < g->n_rules; i++) {
        const struct ruled *r = &g->rules[i];
        double y = (r->r.y0 + r->r.y1) / 2;
        if (!r->vertical && y > y0 && y < y1)
            covered = fmax(covered, r->r.x1 - r->r.x0);
    }
    return covered >= (content.x1 - content.x0) * EDGE_COVER;
}

static size_t column_of(const struct grid *g, struct rect r)
{
    /* The column in which most of the piece lies, from the left: a spanning one counts as its
     * first. */
    double middle = (r.x0 + r.x1) / 2;
    size_t first = edges_find(&g->cols, r.x0 + 1), last = edges_find(&g->cols, r.x1 - 1);
    return first != last ? first : edges_find(&g->cols, middle);
}

static unsigned long long columns_of_line(const struct grid *g, const struct line *line)
{
    unsigned long long set = 0;
    for (size_t k = 0; k < line->n_pieces; k++) {
        size_t c = column_of(g, line->pieces[k].r);
        set |= 1ULL << (c < 63 ? c : 63);
    }
    return set;
}

static int count_bits(unsigned long long set)
{
    return __builtin_popcountll(set);
}

/* The usual distance from one line's bottom to the next one's top. */
static enum err median_leading(const struct layout *l, double *out, struct error *e)
{
    double *gaps = calloc(l->n_lines + 1, sizeof *gaps);
    if (gaps == NULL)
        return no_memory(e);
    for (size_t i = 1; i < l->n_lines; i++)
        gaps[i - 1] = l->lines[i].r.y0 - l->lines[i - 1].r.y1;
    size_t n = l->n_lines > 1 ? l->n_lines - 1 : 0;
    qsort(gaps, n, sizeof *gaps, by_value);
    *out = n > 0 ? gaps[n / 2] : 0;
    free(gaps);
    return ERR_OK;
}

/* Whether a line only goes on with the cells of the row above it. */
static bool continues(const struct grid *g, size_t i, unsigned long long row, double leading)
{
    const struct line *line = &g->l->lines[i], *above = &g->l->lines[i - 1];
    unsigned long long own = columns_of_line(g, line);
    double gap = line->r.y0 - above->r.y1;
    if (gap > leading + 0.35 * g->l->height)
        return false;
    bool has_first = (own & 1) != 0;
    bool subset = (own & ~row) == 0;
    if (has_first || !subset)
        return false;
    return count_bits(own) * 2 <= (int)g->cols.n - 1;
}

/* Whether a line is a row of its own though no rule parts it from the one above: it fills the
 * columns as that one does, and is not set as close as the lines of one cell. */
static bool stands_alone(const struct grid *g, size_t i, unsigned long long row, double leading)
{
    const struct line *line = &g->l->lines[i], *above = &g->l->lines[i - 1];
    unsigned long long own = columns_of_line(g, line);
    double gap = line->r.y0 - above->r.y1;
    bool full = (own & 1) != 0 && (row & 1) != 0 && count_bits(own) * 2 > (int)g->cols.n - 1 &&
                count_bits(row) * 2 > (int)g->cols.n - 1;
    return full && gap > 0.2 * g->l->height && gap > leading - 0.2 * g->l->height;
}

/* Rows are lines, but for what continues a cell, and where rules part the rows, what stands
 * between two of them. */
static enum err find_rows(struct grid *g, struct rect content, struct error *e)
{
    const struct layout *l = g->l;
    double leading = 0;
    unsigned long long row = 0;
    size_t ruled = 0;
    enum err err = median_leading(l, &leading, e);
    if (err == ERR_OK)
        err = edges_add(&g->rows, content.y0 - 1, e);
    for (size_t i = 1; i < l->n_lines; i++) {
        const struct line *a = &l->lines[i - 1], *b = &l->lines[i];
        if (rule_between(g, (a->r.y0 + a->r.y1) / 2, (b->r.y0 + b->r.y1) / 2, content))
            ruled++;
    }
    /* Rules that part a quarter of the lines part the rows; fewer part the head and the total. */
    bool by_rules = l->n_lines > 1 && ruled * 4 >= l->n_lines - 1 && ruled >= 2;
    for (size_t i = 0; err == ERR_OK && i < l->n_lines; i++) {
        const struct line *b = &l->lines[i], *a = i > 0 ? &l->lines[i - 1] : b;
        double am = (a->r.y0 + a->r.y1) / 2, bm = (b->r.y0 + b->r.y1) / 2;
        bool parted = i > 0 && rule_between(g, am, bm, content);
        bool starts = i > 0 && (parted || (by_rules ? stands_alone(g, i, row, leading)
                                                    : !continues(g, i, row, leading)));
        if (starts) {
            err = edges_add(&g->rows, (am + bm) / 2, e);
            row = 0;
        }
        row |= columns_of_line(g, b);
    }
    return err == ERR_OK ? edges_add(&g->rows, content.y1 + 1, e) : err;
}

/* --- cells --- */

static enum err place_items(struct grid *g, struct error *e)
{
    size_t n_cols = g->cols.n - 1, n = n_cols * (g->rows.n - 1);
    g->place = calloc(g->l->n_items + 1, sizeof *g->place);
    g->root = calloc(n + 1, sizeof *g->root);
    if (g->place == NULL || g->root == NULL)
        return no_memory(e);
    for (size_t i = 0; i < n; i++)
        g->root[i] = (int)i;
    for (size_t i = 0; i < g->l->n_lines; i++) {
        const struct line *line = &g->l->lines[i];
        double y = (line->r.y0 + line->r.y1) / 2;
        size_t row = edges_find(&g->rows, y);
        for (size_t k = 0; k < line->n_pieces; k++) {
            const struct piece *p = &line->pieces[k];
            size_t first = edges_find(&g->cols, p->r.x0 + 1);
            size_t last = edges_find(&g->cols, p->r.x1 - 1);
            /* Words that happen to stand close together on both sides of a border are parted
             * there, unless one of them crosses it. */
            bool crossing = false;
            for (size_t w = 0; w < p->n; w++)
                crossing = crossing || edges_find(&g->cols, p->items[w].r.x0 + 1) !=
                                           edges_find(&g->cols, p->items[w].r.x1 - 1);
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
    return ERR_OK;
}

static int by_place(const void *a, const void *b, void *arg)
{
    const struct grid *g = arg;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    int p = g->place[i], q = g->place[k];
    return p != q ? (p < q ? -1 : 1) : (i < k ? -1 : i > k);
}

static enum err fill_cell(const struct grid *g, const size_t *order, size_t n,
                          const struct page_info *page, struct cell *out, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    struct rect r = g->l->items[order[0]].r;
    out->confidence = 1;
    for (size_t i = 0; i < n; i++) {
        const struct item *item = &g->l->items[order[i]];
        items_text(item, 1, &text);
        r = rect_union(r, item->r);
        out->confidence = fminf(out->confidence, item->word->confidence);
        out->engine = item->word->engine;
    }
    out->box = box_of_rect(r, page);
    out->text = buffer_take(&text);
    return out->text != NULL ? ERR_OK : no_memory(e);
}

static int col_span(const struct grid *g, size_t place, size_t n_cols)
{
    int span = 1;
    for (size_t c = place % n_cols + 1; c < n_cols; c++, span++)
        if (g->root[place - place % n_cols + c] != (int)place)
            break;
    return span;
}

static enum err make_cells(const struct grid *g, const struct page_info *page, struct table *out,
                           struct error *e)
{
    size_t n_cols = g->cols.n - 1, n_rows = g->rows.n - 1, next = 0;
    size_t *order = calloc(g->l->n_items + 1, sizeof *order);
    enum err err = order != NULL ? ERR_OK : no_memory(e);
    out->cells = calloc(n_cols * n_rows + 1, sizeof *out->cells);
    if (out->cells == NULL)
        err = no_memory(e);
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
                           .row_span = 1,
                           .col_span = col_span(g, place, n_cols),
                           .header = place < n_cols};
        if (next > start) {
            err = fill_cell(g, order + start, next - start, page, c, e);
        } else {
            struct rect r = {g->cols.at[c->col], g->rows.at[c->row], g->cols.at[c->col + 1],
                             g->rows.at[c->row + 1]};
            c->box = box_of_rect(r, page);
            c->confidence = 1;
            if ((c->text = strdup("")) == NULL)
                err = no_memory(e);
        }
        if (err == ERR_OK)
            out->n_cells++;
        out->confidence = fminf(out->confidence, c->confidence);
    }
    free(order);
    return err;
}

enum err grid_build(const struct layout *l, const struct rule *rules, size_t n_rules,
                    const struct page_info *page, struct box region, struct table *out, bool *found,
                    struct error *e)
{
    struct grid g = {.l = l};
    memset(out, 0, sizeof *out);
    *found = false;
    if (l->n_lines == 0)
        return ERR_OK;
    struct rect content = content_rect(l);
    enum err err = take_rules(&g, rules, n_rules, page, rect_of_box(region, page), e);
    if (err == ERR_OK)
        err = find_columns(&g, content, e);
    if (err == ERR_OK && g.cols.n >= 3) {
        if ((err = find_rows(&g, content, e)) == ERR_OK && (err = place_items(&g, e)) == ERR_OK)
            err = make_cells(&g, page, out, e);
        out->box = box_of_rect(content, page);
        *found = err == ERR_OK;
    }
    free(g.rules);
    free(g.cols.at);
    free(g.rows.at);
    free(g.place);
    free(g.root);
    if (err != ERR_OK)
        table_free(out);
    return err;
}
