#include "extract/verify.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX  5000 /* the search is quadratic */
#define PLACES_MAX 50000
#define SPACES     " \t\r\n\v\f"
#define UPWARDS    4.0 /* going back against the reading order costs so many times more */
#define ACROSS     0.2 /* a point aside costs less than a point up or down */
#define SLIGHTLY   0.02
#define OFF_ROW    10000.0 /* more than any way on a page */

/* A cell's text without its spaces, which only mark where tokens end. */
struct want {
    char *letters; /* owned */
    bool *ends;    /* owned; ends[i]: a token ends before letters[i] */
    size_t n;
    int row, col;
    size_t *words; /* owned; the items that spell it */
    size_t n_words;
    bool done, rejected;
};

/* Where the words of a row or a column lie, as far as they are known. */
struct band {
    struct rect r;
    struct box box; /* the same in fractions of the page */
    bool known;
};

struct verifier {
    const struct layout *l;
    size_t *piece_end; /* of each item: the index after its piece */
    size_t *len;       /* of each item's text */
    bool *used;
    struct want *wants;
    size_t n_wants;
    struct band *rows, *cols;
    int n_rows, n_cols;
};

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

static struct box box_union(struct box a, struct box b)
{
    double x = fmin(a.x, b.x), y = fmin(a.y, b.y);
    return (struct box){x, y, fmax(a.x + a.w, b.x + b.w) - x, fmax(a.y + a.h, b.y + b.h) - y};
}

/* --- what is proposed, and what there is --- */

static enum err set_want(struct want *w, const char *text, struct error *e)
{
    size_t n = strlen(text);
    w->letters = malloc(n + 1);
    w->ends = calloc(n + 1, sizeof *w->ends);
    w->words = calloc(n + 1, sizeof *w->words);
    if (w->letters == NULL || w->ends == NULL || w->words == NULL)
        return no_memory(e);
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
    v->wants = calloc(p->n_texts + 1, sizeof *v->wants);
    v->rows = calloc((size_t)v->n_rows + 1, sizeof *v->rows);
    v->cols = calloc((size_t)v->n_cols + 1, sizeof *v->cols);
    if (v->wants == NULL || v->rows == NULL || v->cols == NULL)
        return no_memory(e);
    for (size_t row = 0; row < p->n_rows; row++)
        for (size_t col = 0; err == ERR_OK && col < p->cols[row]; col++) {
            struct want *w = &v->wants[v->n_wants];
            w->row = (int)row;
            w->col = (int)col;
            err = set_want(w, p->texts[v->n_wants++], e);
            w->done = w->n == 0;
        }
    return err;
}

static enum err take_words(struct verifier *v, struct error *e)
{
    const struct layout *l = v->l;
    v->piece_end = calloc(l->n_items + 1, sizeof *v->piece_end);
    v->len = calloc(l->n_items + 1, sizeof *v->len);
    v->used = calloc(l->n_items + 1, sizeof *v->used);
    if (v->piece_end == NULL || v->len == NULL || v->used == NULL)
        return no_memory(e);
    for (size_t i = 0; i < l->n_items; i++)
        v->len[i] = strlen(l->items[i].word->text);
    for (size_t i = 0; i < l->n_lines; i++)
        for (size_t k = 0; k < l->lines[i].n_pieces; k++) {
            const struct piece *piece = &l->lines[i].pieces[k];
            size_t first = (size_t)(piece->items - l->items);
            for (size_t n = 0; n < piece->n; n++)
                v->piece_end[first + n] = first + piece->n;
        }
    return ERR_OK;
}

static void verifier_free(struct verifier *v)
{
    for (size_t i = 0; i < v->n_wants; i++) {
        free(v->wants[i].letters);
        free(v->wants[i].ends);
        free(v->wants[i].words);
    }
    free(v->wants);
    free(v->rows);
    free(v->cols);
    free(v->piece_end);
    free(v->len);
    free(v->used);
}

/* --- spelling --- */

/* Whether a word may stand for letters from..to: for a part of a token, or for whole ones. */
static bool respects_tokens(const struct want *w, size_t from, size_t to)
{
    size_t i = from + 1;
    while (i < to && !w->ends[i])
        i++;
    return i >= to || ((from == 0 || w->ends[from]) && w->ends[to]);
}

/* How many unused words from `first` on, in one piece, spell w from letter `from` up to the end of
 * a token, or of the whole text. 0: they do not. *to is the letter after. */
static size_t spell(const struct verifier *v, size_t first, const struct want *w, size_t from,
                    bool whole, size_t *to)
{
    size_t at = from;
    for (size_t i = first; i < v->piece_end[first]; i++) {
        if (v->used[i] || v->len[i] == 0 || v->len[i] > w->n - at ||
            memcmp(v->l->items[i].word->text, w->letters + at, v->len[i]) != 0 ||
            !respects_tokens(w, at, at + v->len[i]))
            return 0;
        at += v->len[i];
        if (whole ? at == w->n : w->ends[at]) {
            *to = at;
            return i - first + 1;
        }
    }
    return 0;
}

static double middle(struct rect r)
{
    return (r.y0 + r.y1) / 2;
}

/* The last row above with known words; NULL when there is none. */
static const struct band *row_above(const struct verifier *v, int row)
{
    for (int i = row - 1; i >= 0; i--)
        if (v->rows[i].known)
            return &v->rows[i];
    return NULL;
}

/* How far a point is from the stretch from..to. */
static double outside(double at, double from, double to)
{
    return fmax(0, fmax(from - at, at - to));
}

/* What a new cell's place costs down the page: on its row nothing; of a row that is not known yet,
 * the way from the row above it, or from the top. */
static double cost_down(const struct verifier *v, const struct band *row, const struct band *above,
                        struct rect r)
{
    if (row->known) {
        double off = outside(middle(r), row->r.y0, row->r.y1);
        return off <= v->l->height / 2 ? off : off + OFF_ROW;
    }
    double down = r.y0 - (above != NULL ? above->r.y1 : v->l->lines[0].r.y0);
    return down < 0 ? -UPWARDS * down : down;
}

static double cost_across(const struct band *col, struct rect r)
{
    double x = (r.x0 + r.x1) / 2;
    if (!col->known)
        return SLIGHTLY * x;
    return ACROSS * outside(x, col->r.x0, col->r.x1) +
           SLIGHTLY * fabs(x - (col->r.x0 + col->r.x1) / 2);
}

/* How far r is from where the next word of w is expected, in points. above is the last known row
 * above w's, or NULL. */
static double distance(const struct verifier *v, const struct want *w, const struct band *above,
                       struct rect r)
{
    if (w->n_words == 0)
        return cost_down(v, &v->rows[w->row], above, r) + cost_across(&v->cols[w->col], r);
    struct rect last = v->l->items[w->words[w->n_words - 1]].r;
    double down = middle(r) - middle(last);
    return (down < 0 ? -UPWARDS * down : down) + ACROSS * fabs(r.x0 - last.x1);
}

struct choice {
    size_t first, n, to;
    double cost;
    size_t candidates;
};

/* The nearest words that spell w from letter `from` on. */
static struct choice choose(const struct verifier *v, const struct want *w, size_t from, bool whole)
{
    struct choice best = {0, 0, 0, DBL_MAX, 0};
    const struct band *above = row_above(v, w->row);
    for (size_t i = 0; i < v->l->n_items; i++) {
        size_t to = 0, n = spell(v, i, w, from, whole, &to);
        if (n == 0)
            continue;
        double cost = distance(v, w, above, v->l->items[i].r);
        best.candidates++;
        if (best.n == 0 || cost < best.cost)
            best = (struct choice){i, n, to, cost, best.candidates};
    }
    return best;
}

static void use(struct verifier *v, struct want *w, const struct choice *c)
{
    for (size_t i = c->first; i < c->first + c->n; i++) {
        v->used[i] = true;
        w->words[w->n_words++] = i;
    }
}

static void release(struct verifier *v, struct want *w)
{
    for (size_t i = 0; i < w->n_words; i++)
        v->used[w->words[i]] = false;
    w->n_words = 0;
}

static void widen(struct band *b, const struct item *item)
{
    b->r = b->known ? rect_union(b->r, item->r) : item->r;
    b->box = b->known ? box_union(b->box, item->word->box) : item->word->box;
    b->known = true;
}

static void settle(struct verifier *v, struct want *w)
{
    w->done = true;
    for (size_t i = 0; i < w->n_words; i++) {
        widen(&v->rows[w->row], &v->l->items[w->words[i]]);
        widen(&v->cols[w->col], &v->l->items[w->words[i]]);
    }
}

/* Whether the text stands once in the proposal. */
static bool stands_once(const struct verifier *v, const struct want *w)
{
    for (size_t i = 0; i < v->n_wants; i++) {
        const struct want *o = &v->wants[i];
        if (o != w && o->n == w->n && memcmp(o->letters, w->letters, w->n) == 0)
            return false;
    }
    return true;
}

/* Cells that can be only in one place: they tell where the rows and columns are. */
static void settle_unique(struct verifier *v)
{
    for (size_t i = 0; i < v->n_wants; i++) {
        struct want *w = &v->wants[i];
        if (w->done)
            continue;
        struct choice c = choose(v, w, 0, true);
        if (c.candidates != 1 || !stands_once(v, w))
            continue;
        use(v, w, &c);
        settle(v, w);
    }
}

/* Token by token: the lines of a cell, or words set far apart. */
static bool spell_tokens(struct verifier *v, struct want *w)
{
    for (size_t from = 0; from < w->n;) {
        struct choice c = choose(v, w, from, false);
        if (c.n == 0) {
            release(v, w);
            return false;
        }
        use(v, w, &c);
        from = c.to;
    }
    return true;
}

/* Cells of rows that are known, from words on the row; so that a value that was invented does not
 * get the word of another row. */
static void settle_near(struct verifier *v)
{
    for (size_t i = 0; i < v->n_wants; i++) {
        struct want *w = &v->wants[i];
        if (w->done || !v->rows[w->row].known)
            continue;
        struct choice c = choose(v, w, 0, true);
        if (c.n == 0 || c.cost >= OFF_ROW)
            continue;
        use(v, w, &c);
        settle(v, w);
    }
}

static void settle_rest(struct verifier *v)
{
    for (size_t i = 0; i < v->n_wants; i++) {
        struct want *w = &v->wants[i];
        if (w->done)
            continue;
        struct choice c = choose(v, w, 0, true);
        if (c.n > 0)
            use(v, w, &c);
        w->rejected = c.n == 0 && !spell_tokens(v, w);
        settle(v, w);
    }
}

/* --- the table --- */

/* The words with a space where a token ends. */
static char *words_text(const struct verifier *v, const struct want *w)
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

static void describe_cell(const struct verifier *v, const struct want *w, struct cell *c)
{
    const struct word *first = v->l->items[w->words[0]].word;
    c->box = first->box;
    c->engine = first->engine;
    for (size_t i = 0; i < w->n_words; i++) {
        const struct word *word = v->l->items[w->words[i]].word;
        c->box = box_union(c->box, word->box);
        c->confidence = fminf(c->confidence, word->confidence);
    }
}

static enum err fill_cell(const struct verifier *v, const struct want *w, struct cell *c,
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
    return c->text != NULL ? ERR_OK : no_memory(e);
}

static void describe_table(struct table *t)
{
    bool known = false;
    t->confidence = 1;
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        if (c->text[0] == '\0')
            continue;
        t->box = known ? box_union(t->box, c->box) : c->box;
        t->confidence = fminf(t->confidence, c->confidence);
        known = true;
    }
}

static enum err make_table(const struct verifier *v, struct table *out, struct error *e)
{
    size_t n = (size_t)v->n_rows * (size_t)v->n_cols, next = 0;
    enum err err = ERR_OK;
    *out = (struct table){.structure = STRUCTURE_GEMINI, .rows = v->n_rows, .cols = v->n_cols};
    out->cells = calloc(n + 1, sizeof *out->cells);
    if (out->cells == NULL)
        return no_memory(e);
    for (size_t place = 0; err == ERR_OK && place < n; place++) {
        struct cell *c = &out->cells[out->n_cells];
        *c = (struct cell){.row = (int)(place / (size_t)v->n_cols),
                           .col = (int)(place % (size_t)v->n_cols),
                           .row_span = 1,
                           .col_span = 1,
                           .engine = v->l->items[0].word->engine,
                           .header = place < (size_t)v->n_cols};
        bool here =
            next < v->n_wants && v->wants[next].row == c->row && v->wants[next].col == c->col;
        err = fill_cell(v, here ? &v->wants[next++] : NULL, c, e);
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
    for (size_t i = 0; i < v->n_wants; i++)
        filled += v->wants[i].n > 0;
    return filled;
}

static size_t count_survivors(const struct verifier *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_wants; i++)
        n += v->wants[i].n_words > 0;
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
                      bool *found, struct error *e)
{
    struct verifier v = {.l = l};
    memset(out, 0, sizeof *out);
    *found = false;
    if (l->n_items == 0 || l->n_items > WORDS_MAX || !fits(p))
        return ERR_OK;
    enum err err = take_proposal(&v, p, e);
    if (err == ERR_OK)
        err = take_words(&v, e);
    size_t filled = err == ERR_OK ? count_filled(&v) : 0;
    /* A cell needs a word at least. */
    if (filled > 0 && filled <= 2 * l->n_items) {
        settle_unique(&v);
        settle_near(&v);
        settle_rest(&v);
        *found = count_survivors(&v) * 2 >= filled;
    }
    if (*found)
        err = make_table(&v, out, e);
    verifier_free(&v);
    *found = *found && err == ERR_OK;
    return err;
}
