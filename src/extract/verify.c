#include "extract/verify.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX  5000 /* the search is quadratic */
#define PLACES_MAX 50000
#define SPACES     " \t\r\n\v\f"
#define UPWARDS    4.0 /* going back against the reading order costs so many times more */
#define ACROSS     0.2 /* a point aside costs less than a point up or down */
#define SLIGHTLY   0.02
#define OFF_ROW    10000.0 /* more than any way on a page */
#define NEAR_ROW   2.0     /* heights of a word that a cell may be above or below its row */
#define OFF_MIDDLE 0.125   /* part of what a cell spans that it may be off the middle of it */

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
    v->wants = calloc(p->n_texts + 1, sizeof *v->wants);
    v->rows = calloc((size_t)v->n_rows + 1, sizeof *v->rows);
    v->cols = calloc((size_t)v->n_cols + 1, sizeof *v->cols);
    if (v->wants == NULL || v->rows == NULL || v->cols == NULL)
        return error_no_memory(e);
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
        return error_no_memory(e);
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

/* --- places --- */

/* A stretch down or across the page, in points. */
struct stretch {
    double from, to;
};

/* Rows, or columns: where the cells of each lie that most agree on. */
struct axis {
    bool down;
    int n;
    struct stretch *cores; /* owned; to < from: nothing is known */
};

static struct stretch stretch_of(const struct verifier *v, const struct want *w, bool down)
{
    struct rect r = v->l->items[w->words[0]].r;
    for (size_t i = 1; i < w->n_words; i++)
        r = rect_union(r, v->l->items[w->words[i]].r);
    return down ? (struct stretch){r.y0, r.y1} : (struct stretch){r.x0, r.x1};
}

static int place_of(const struct axis *a, const struct want *w)
{
    return a->down ? w->row : w->col;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of two cells that disagree the first one stays: the heading, or the name. */
static double median(double *values, size_t n)
{
    if (n > 2)
        qsort(values, n, sizeof *values, by_value);
    return values[(n - 1) / 2];
}

/* froms and tos have room for every want. */
static struct stretch find_core(const struct verifier *v, const struct axis *a, int place,
                                double *froms, double *tos)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_wants; i++) {
        const struct want *w = &v->wants[i];
        if (place_of(a, w) != place || w->n_words == 0)
            continue;
        struct stretch s = stretch_of(v, w, a->down);
        froms[n] = s.from;
        tos[n++] = s.to;
    }
    return n > 0 ? (struct stretch){median(froms, n), median(tos, n)} : (struct stretch){1, 0};
}

static bool known(struct stretch s)
{
    return s.from <= s.to;
}

/* Lines of a page come close to each other; columns do not, and their words differ in length. */
static bool lies_on(const struct axis *a, struct stretch s, struct stretch core)
{
    double common = fmin(s.to, core.to) - fmax(s.from, core.from);
    double least = fmin(s.to - s.from, core.to - core.from);
    return known(core) && common > (a->down ? least / 2 : 0);
}

/* Whether nothing but empty page is between s and the core of its place: a heading on the other
 * side of a wide column, a cell between two lines of its row. */
static bool lies_beside(const struct verifier *v, const struct axis *a, struct stretch s, int place)
{
    struct stretch core = a->cores[place];
    double at = (s.from + s.to) / 2, off = outside(at, core.from, core.to);
    if (a->down && off > NEAR_ROW * v->l->height)
        return false;
    for (int i = 0; i < a->n; i++) {
        struct stretch o = a->cores[i];
        double nearest = fmax(fmin(at, o.to), o.from);
        if (i != place && known(o) && nearest >= fmin(at, core.from) &&
            nearest <= fmax(at, core.to))
            return false;
    }
    return true;
}

static bool same_line(const struct axis *a, const struct want *x, const struct want *y)
{
    return a->down ? x->col == y->col : x->row == y->row;
}

/* The last place after w's up to which the proposal has nothing beside w. */
static int last_empty(const struct verifier *v, const struct axis *a, const struct want *w)
{
    int last = a->n - 1;
    for (size_t i = 0; i < v->n_wants; i++) {
        const struct want *o = &v->wants[i];
        if (o->n > 0 && same_line(a, o, w) && place_of(a, o) > place_of(a, w) &&
            place_of(a, o) <= last)
            last = place_of(a, o) - 1;
    }
    return last;
}

/* Whether s is in the middle of several places, of which the proposal fills the first. Three and
 * more are believed only where headings are: a cell in the middle of three is also where the
 * second of them has its own. */
static bool spans(const struct verifier *v, const struct axis *a, const struct want *w,
                  struct stretch s)
{
    int first = place_of(a, w), last = last_empty(v, a, w);
    bool leads = (a->down ? w->col : w->row) == 0;
    struct stretch all = a->cores[first];
    for (int i = first + 1; i <= last && (leads || i == first + 1); i++) {
        if (!known(a->cores[i]))
            continue;
        all = (struct stretch){fmin(all.from, a->cores[i].from), fmax(all.to, a->cores[i].to)};
        if (fabs(s.from + s.to - all.from - all.to) / 2 <= OFF_MIDDLE * (all.to - all.from))
            return true;
    }
    return false;
}

/* A cell of several lines takes those beside its lines along: they are on its row. */
static bool beside_accepted(const struct verifier *v, const struct axis *a, const struct want *w,
                            struct stretch s)
{
    for (size_t i = 0; a->down && i < v->n_wants; i++) {
        const struct want *o = &v->wants[i];
        if (o == w || o->row != w->row || o->n_words == 0)
            continue;
        struct stretch other = stretch_of(v, o, true);
        if (lies_on(a, other, a->cores[w->row]) && lies_on(a, s, other))
            return true;
    }
    return false;
}

static bool in_place(const struct verifier *v, const struct axis *a, const struct want *w)
{
    struct stretch s = stretch_of(v, w, a->down);
    int place = place_of(a, w);
    return lies_on(a, s, a->cores[place]) || beside_accepted(v, a, w, s) ||
           lies_beside(v, a, s, place) || spans(v, a, w, s);
}

static enum err find_cores(const struct verifier *v, struct axis *a, struct error *e)
{
    double *froms = calloc(v->n_wants + 1, sizeof *froms);
    double *tos = calloc(v->n_wants + 1, sizeof *tos);
    a->cores = calloc((size_t)a->n + 1, sizeof *a->cores);
    enum err err = froms != NULL && tos != NULL && a->cores != NULL ? ERR_OK : error_no_memory(e);
    for (int i = 0; err == ERR_OK && i < a->n; i++)
        a->cores[i] = find_core(v, a, i, froms, tos);
    free(froms);
    free(tos);
    return err;
}

/* The words of a cell must also be where its row and its column are: a model that moves a value
 * to another one invents, though the value was read. Rows and columns are known again by what
 * stays. */
static enum err reject_misplaced(struct verifier *v, struct error *e)
{
    struct axis axes[2] = {{.down = true, .n = v->n_rows}, {.down = false, .n = v->n_cols}};
    enum err err = find_cores(v, &axes[0], e);
    if (err == ERR_OK)
        err = find_cores(v, &axes[1], e);
    for (size_t i = 0; err == ERR_OK && i < v->n_wants; i++) {
        struct want *w = &v->wants[i];
        w->rejected = w->rejected ||
                      (w->n_words > 0 && (!in_place(v, &axes[0], w) || !in_place(v, &axes[1], w)));
    }
    memset(v->rows, 0, (size_t)v->n_rows * sizeof *v->rows);
    memset(v->cols, 0, (size_t)v->n_cols * sizeof *v->cols);
    for (size_t i = 0; err == ERR_OK && i < v->n_wants; i++) {
        if (v->wants[i].rejected)
            release(v, &v->wants[i]);
        settle(v, &v->wants[i]);
    }
    free(axes[0].cores);
    free(axes[1].cores);
    return err;
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
        settle_unique(&v);
        settle_near(&v);
        settle_rest(&v);
        err = reject_misplaced(&v, e);
        *found = err == ERR_OK && count_survivors(&v) * 2 >= filled;
    }
    if (*found)
        err = make_table(&v, out, e);
    *found = *found && err == ERR_OK && coverage_holds(l, v.used, out, why);
    if (!*found)
        table_free(out);
    verifier_free(&v);
    return err;
}
