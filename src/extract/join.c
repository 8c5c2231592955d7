#include "extract/join.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MARGIN      0.08  /* of the page's height: running heads and page numbers */
#define CAPTION     0.1   /* of the page's height: how far a caption is from its table */
#define SAME_LINE   0.004 /* of the page's height */
#define BORDER      0.004 /* of the page's width: columns may overlap so little */
#define REMARK      5     /* words between the parts: "continued on the next page" */
#define NOTES_BELOW 60    /* the same where the head is repeated: notes */
#define NOTES_ABOVE 25    /* and a caption */

/* --- what stands around --- */

static void take_number(const char *text, char out[16])
{
    const char *from = strpbrk(text, "0123456789");
    size_t n = from != NULL ? strspn(from, "0123456789.") : 0;
    while (n > 0 && from[n - 1] == '.')
        n--;
    if (n == 0 || n > 15)
        return;
    memcpy(out, from, n);
    out[n] = '\0';
}

void join_look(const struct word_list *words, struct box region, struct around *out)
{
    double nearest = region.y - CAPTION, left = 0;
    *out = (struct around){0};
    for (size_t i = 0; i < words->n; i++) {
        struct box b = words->items[i].box;
        double y = b.y + b.h / 2;
        if (y < MARGIN || y > 1 - MARGIN)
            continue;
        out->above += y < region.y;
        out->below += y > region.y + region.h;
        bool same = fabs(y - nearest) < SAME_LINE;
        if (y >= region.y || (same ? b.x >= left : y < nearest) ||
            !text_has_digit(words->items[i].text))
            continue;
        nearest = y;
        left = b.x;
        take_number(words->items[i].text, out->number);
    }
}

/* --- whether two tables are one --- */

struct span {
    double from, to; /* from > to: nothing there */
};

static int page_of(const struct cell *c, const struct region_result *r)
{
    return c->page > 0 ? c->page : r->region.page;
}

/* Where the words of a column stand, on the table's own page. */
static struct span column_span(const struct region_result *r, int col)
{
    const struct table *t = &r->tables[0];
    struct span s = {INFINITY, -INFINITY};
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        if (c->col != col || c->col_span > 1 || c->text[0] == '\0' ||
            page_of(c, r) != r->region.page)
            continue;
        s.from = fmin(s.from, c->box.x);
        s.to = fmax(s.to, c->box.x + c->box.w);
    }
    return s;
}

/* Whether the columns of both tables, laid over each other, are as many columns. */
static bool same_columns(const struct region_result *a, const struct region_result *b)
{
    double end = -INFINITY;
    int shared = 0;
    if (a->tables[0].cols != b->tables[0].cols)
        return false;
    for (int col = 0; col < a->tables[0].cols; col++) {
        struct span p = column_span(a, col), q = column_span(b, col);
        bool both = p.from <= p.to && q.from <= q.to;
        if (fmin(p.from, q.from) < end - BORDER ||
            (both && fmin(p.to, q.to) <= fmax(p.from, q.from)))
            return false;
        shared += both;
        end = fmax(end, fmax(p.to, q.to));
    }
    return shared >= 2;
}

/* The first cell of a row, or of the next that has any. */
static size_t row_start(const struct table *t, int row)
{
    size_t i = 0;
    while (i < t->n_cells && t->cells[i].row < row)
        i++;
    return i;
}

static bool same_row(const struct table *a, const struct table *b, int row)
{
    size_t i = row_start(a, row), k = row_start(b, row);
    bool filled = false;
    for (; i < a->n_cells && a->cells[i].row == row; i++, k++) {
        if (k >= b->n_cells || b->cells[k].row != row || a->cells[i].col != b->cells[k].col ||
            strcmp(a->cells[i].text, b->cells[k].text) != 0)
            return false;
        filled = filled || a->cells[i].text[0] != '\0';
    }
    return filled && (k == b->n_cells || b->cells[k].row != row);
}

/* How many rows of a's head b begins with. */
static int repeated_rows(const struct table *a, const struct table *b)
{
    int row = 0;
    while (row < a->rows && row < b->rows && a->cells[row_start(a, row)].header &&
           same_row(a, b, row))
        row++;
    return row;
}

static bool has_letter(const char *text)
{
    for (; *text != '\0'; text++)
        if (isalpha((unsigned char)*text) || (unsigned char)*text >= 0x80)
            return true;
    return false;
}

/* Whether most cells of a column, the first row aside, have digits. */
static bool has_numbers(const struct table *t, int col)
{
    size_t filled = 0, numbers = 0;
    for (size_t i = row_start(t, 1); i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        filled += c->col == col && c->text[0] != '\0';
        numbers += c->col == col && text_has_digit(c->text);
    }
    return numbers * 2 > filled;
}

/* Whether b begins with a head: words where both tables have numbers. */
static bool has_own_head(const struct table *a, const struct table *b)
{
    int words = 0, numbers = 0;
    for (size_t i = 0; i < b->n_cells && b->cells[i].row == 0; i++) {
        const struct cell *c = &b->cells[i];
        if (!has_numbers(a, c->col) || !has_numbers(b, c->col))
            continue;
        numbers += text_has_digit(c->text);
        words += !text_has_digit(c->text) && has_letter(c->text);
    }
    return words > numbers;
}

/* Whether b's table goes on with a's; *repeated: the rows of the head that it begins with. */
static bool table_continues(const struct region_result *a, const struct around *after_a,
                            const struct region_result *b, const struct around *before_b,
                            int *repeated)
{
    bool own_caption =
        before_b->number[0] != '\0' && strcmp(before_b->number, after_a->number) != 0;
    if (own_caption || !same_columns(a, b))
        return false;
    *repeated = repeated_rows(&a->tables[0], &b->tables[0]);
    if (*repeated > 0)
        return after_a->below <= NOTES_BELOW && before_b->above <= NOTES_ABOVE;
    return after_a->below <= REMARK && before_b->above <= REMARK &&
           !has_own_head(&a->tables[0], &b->tables[0]);
}

/* --- joining --- */

/* Moves the cells of b's table to the end of a's. */
static enum err move_cells(struct region_result *a, struct region_result *b, int repeated,
                           struct error *e)
{
    struct table *to = &a->tables[0], *from = &b->tables[0];
    struct cell *grown = realloc(to->cells, (to->n_cells + from->n_cells) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    to->cells = grown;
    for (size_t i = 0; i < to->n_cells; i++)
        to->cells[i].page = page_of(&to->cells[i], a);
    for (size_t i = 0; i < from->n_cells; i++) {
        struct cell *c = &from->cells[i];
        if (c->row < repeated) {
            free(c->text);
            continue;
        }
        c->page = page_of(c, b);
        c->row += to->rows - repeated;
        c->header = false;
        to->cells[to->n_cells++] = *c;
    }
    to->rows += from->rows - repeated;
    to->confidence = fminf(to->confidence, from->confidence);
    free(from->cells);
    free(b->tables);
    b->tables = NULL;
    b->n_tables = 0;
    return ERR_OK;
}

static struct box place_of(const struct region_result *r)
{
    return r->n_tables == 1 ? r->tables[0].box : r->region.box;
}

/* The results by page, and where one is among them. */
struct pages {
    struct extraction *x;
    size_t *order;
};

static struct region_result *result_at(const struct pages *p, size_t place)
{
    return &p->x->results[p->order[place]];
}

/* Whether nothing on the page of the result at a place is all above it, or all below. */
static bool is_outmost(const struct pages *p, size_t place, bool first)
{
    const struct region_result *own = result_at(p, place);
    struct box b = place_of(own);
    size_t from = place, n = p->x->n_results;
    while (from > 0 && result_at(p, from - 1)->region.page == own->region.page)
        from--;
    for (size_t i = from; i < n && result_at(p, i)->region.page == own->region.page; i++) {
        struct box o = place_of(result_at(p, i));
        if (i != place && (first ? o.y + o.h <= b.y : o.y >= b.y + b.h))
            return false;
    }
    return true;
}

/* Joins the table at a place to one of the page before. */
static enum err join_back(const struct pages *p, size_t place, const struct around *around,
                          struct error *e)
{
    struct region_result *b = result_at(p, place);
    int repeated = 0;
    if (b->n_tables != 1 || !is_outmost(p, place, true))
        return ERR_OK;
    for (size_t i = place; i-- > 0;) {
        struct region_result *a = result_at(p, i);
        if (a->region.page < b->region.page - 1)
            break;
        if (a->region.page == b->region.page || a->n_tables != 1 || !is_outmost(p, i, false) ||
            !table_continues(a, &around[p->order[i]], b, &around[p->order[place]], &repeated))
            continue;
        enum err err = move_cells(a, b, repeated, e);
        if (err == ERR_OK)
            b->joined_to = p->order[i] + 1;
        return err;
    }
    return ERR_OK;
}

static int by_page(const void *a, const void *b, void *arg)
{
    const struct extraction *x = arg;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    int p = x->results[i].region.page, q = x->results[k].region.page;
    return p != q ? (p < q ? -1 : 1) : (i < k ? -1 : i > k);
}

/* From the last page on, so that what is joined has all that follows. */
enum err join_tables(struct extraction *x, const struct around *around, struct error *e)
{
    size_t n = x->n_results;
    struct pages p = {x, calloc(n + 1, sizeof *p.order)};
    enum err err = p.order != NULL ? ERR_OK : error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        p.order[i] = i;
    if (err == ERR_OK)
        qsort_r(p.order, n, sizeof *p.order, by_page, x);
    for (size_t place = n; err == ERR_OK && place-- > 0;)
        err = join_back(&p, place, around, e);
    /* Towards the first page: each says where the first part is. */
    for (size_t place = 0; err == ERR_OK && place < n; place++) {
        struct region_result *r = result_at(&p, place);
        if (r->joined_to > 0 && x->results[r->joined_to - 1].joined_to > 0)
            r->joined_to = x->results[r->joined_to - 1].joined_to;
    }
    free(p.order);
    return err;
}
