#include "ocr/lines.h"

#include <stdlib.h>
#include <string.h>

#include "ocr/dividers.h"
#include "ocr/ink.h"

#define MARKS_MAX   60000 /* a page of small print has 20,000 */
#define SPECK_PT    0.6   /* smaller both ways is dirt */
#define GLYPH_MAX   72.0  /* points; larger is a picture */
#define SMALL       0.45  /* of the usual height: dots, commas, dashes */
#define RUN_GAP     1.3   /* widest space in a run, in heights of its glyphs */
#define LETTER_GAP  0.35  /* and between the letters of a word */
#define WORD        3     /* glyphs that tell a baseline; fewer may all go below it */
#define OFF_BASE    0.25  /* of words of a run, in heights */
#define OFF_FEW     0.5   /* the same where a word is so short */
#define LEADER      4     /* dots; three may stand for no value */
#define LEADER_GAP  1.5   /* between two of them, in usual heights */
#define LEADER_OFF  0.15  /* of one from another, up or down */
#define SAME_HEIGHT 2.6   /* a capital beside a small letter, and more */
#define OVERLAP     0.5   /* of the lower glyph beside its neighbour */

struct glyph {
    struct span box;
    int parent; /* of the union-find forest */
    int word;   /* index */
    bool small;
    size_t before, next; /* marks in a row before it; the index of the one after it, or 0 */
    bool leader;
};

/* Glyphs with no more than the spaces of letters between. */
struct cluster {
    int baseline, height;
    size_t n;
};

struct page {
    struct glyph *at;
    size_t n;
    double usual; /* median height */
    struct cluster *words;
    const struct dividers *dividers;
};

static int height_of(const struct span *s)
{
    return s->y1 - s->y0;
}

static int by_left(const void *a, const void *b)
{
    const struct glyph *p = a, *q = b;
    return (p->box.x0 > q->box.x0) - (p->box.x0 < q->box.x0);
}

static int by_int(const void *a, const void *b)
{
    int p = *(const int *)a, q = *(const int *)b;
    return (p > q) - (p < q);
}

static struct span united(struct span a, struct span b)
{
    return (struct span){a.x0 < b.x0 ? a.x0 : b.x0, a.y0 < b.y0 ? a.y0 : b.y0,
                         a.x1 > b.x1 ? a.x1 : b.x1, a.y1 > b.y1 ? a.y1 : b.y1};
}

static bool take_glyphs(PIX *ink, double pt, struct page *p)
{
    bool crowded = false;
    BOXA *boxes = ink_pieces(ink, MARKS_MAX, &crowded);
    int count = boxes != NULL ? boxaGetCount(boxes) : 0;
    if (boxes == NULL || crowded || (p->at = calloc((size_t)count + 1, sizeof *p->at)) == NULL) {
        boxaDestroy(&boxes);
        return false;
    }
    for (int i = 0; i < count; i++) {
        int x, y, w, h;
        (void)boxaGetBoxGeometry(boxes, i, &x, &y, &w, &h);
        if ((w < SPECK_PT * pt && h < SPECK_PT * pt) || h > GLYPH_MAX * pt ||
            w > 4 * GLYPH_MAX * pt)
            continue;
        p->at[p->n++].box = (struct span){x, y, x + w, y + h};
    }
    boxaDestroy(&boxes);
    qsort(p->at, p->n, sizeof *p->at, by_left);
    for (size_t i = 0; i < p->n; i++)
        p->at[i].parent = (int)i;
    return true;
}

static bool measure(struct page *p, double pt)
{
    int *heights = calloc(p->n + 1, sizeof *heights);
    size_t n = 0;
    if (heights == NULL)
        return false;
    for (size_t i = 0; i < p->n; i++)
        if (height_of(&p->at[i].box) >= 2 * pt)
            heights[n++] = height_of(&p->at[i].box);
    qsort(heights, n, sizeof *heights, by_int);
    p->usual = n > 0 ? heights[n / 2] : 6 * pt;
    free(heights);
    for (size_t i = 0; i < p->n; i++)
        p->at[i].small = height_of(&p->at[i].box) < SMALL * p->usual;
    return true;
}

static int root_of(const struct page *p, int i)
{
    while (p->at[i].parent != i) {
        p->at[i].parent = p->at[p->at[i].parent].parent;
        i = p->at[i].parent;
    }
    return i;
}

static bool beside(const struct page *p, const struct span *a, const struct span *b, double gap)
{
    int ha = height_of(a), hb = height_of(b), most = ha > hb ? ha : hb, least = ha < hb ? ha : hb;
    int from = a->y0 > b->y0 ? a->y0 : b->y0, to = a->y1 < b->y1 ? a->y1 : b->y1;
    return most <= SAME_HEIGHT * least && b->x0 - a->x1 <= gap * most &&
           to - from >= OVERLAP * least &&
           !dividers_part(p->dividers, a->x1, b->x0, (from + to) / 2);
}

/* Whether two words stand on one baseline: a label between two rows does not stand on theirs. */
static bool on_one_base(const struct cluster *a, const struct cluster *b)
{
    double off = a->n < WORD || b->n < WORD ? OFF_FEW : OFF_BASE;
    return abs(a->baseline - b->baseline) <= off * (a->height > b->height ? a->height : b->height);
}

/* Links what is no farther apart than the gap, in heights, and once words are known, on one
 * baseline. */
static void link_glyphs(const struct page *p, double gap)
{
    int reach = (int)(gap * SAME_HEIGHT * SAME_HEIGHT * p->usual);
    for (size_t i = 0; i < p->n; i++) {
        const struct glyph *a = &p->at[i];
        for (size_t k = i + 1; !a->small && k < p->n && p->at[k].box.x0 <= a->box.x1 + reach; k++) {
            const struct glyph *b = &p->at[k];
            if (!b->small && beside(p, &a->box, &b->box, gap) &&
                (p->words == NULL || on_one_base(&p->words[a->word], &p->words[b->word])))
                p->at[root_of(p, (int)k)].parent = root_of(p, (int)i);
        }
    }
}

static int by_word(const void *a, const void *b, void *arg)
{
    const struct page *p = arg;
    const struct glyph *g = &p->at[*(const int *)a], *h = &p->at[*(const int *)b];
    return (g->parent > h->parent) - (g->parent < h->parent);
}

static int median(int *values, size_t n)
{
    qsort(values, n, sizeof *values, by_int);
    return values[n / 2];
}

/* The word of the glyphs order[0..n]; room for as many numbers. */
static struct cluster measure_word(const struct page *p, const int *order, size_t n, int *room)
{
    struct cluster w = {.n = n};
    for (size_t i = 0; i < n; i++)
        room[i] = p->at[order[i]].box.y1;
    w.baseline = median(room, n);
    for (size_t i = 0; i < n; i++)
        room[i] = height_of(&p->at[order[i]].box);
    w.height = median(room, n);
    return w;
}

/* Makes words of the glyphs that are linked. */
static bool make_words(struct page *p)
{
    int *order = calloc(p->n + 1, sizeof *order), *room = calloc(p->n + 1, sizeof *room);
    struct cluster *words = calloc(p->n + 1, sizeof *words);
    bool ok = order != NULL && room != NULL && words != NULL;
    for (size_t i = 0; ok && i < p->n; i++) {
        p->at[i].parent = root_of(p, (int)i);
        order[i] = (int)i;
    }
    if (ok)
        qsort_r(order, p->n, sizeof *order, by_word, p);
    for (size_t i = 0, k, n = 0; ok && i < p->n; i = k, n++) {
        for (k = i; k < p->n && p->at[order[k]].parent == p->at[order[i]].parent; k++)
            p->at[order[k]].word = (int)n;
        words[n] = measure_word(p, order + i, k - i, room);
    }
    free(order);
    free(room);
    p->words = words;
    return ok;
}

static bool is_next_mark(const struct page *p, const struct glyph *a, const struct glyph *b)
{
    int off = abs(a->box.y0 + a->box.y1 - b->box.y0 - b->box.y1);
    return b->small && b->box.x0 >= a->box.x1 && off <= 2 * LEADER_OFF * p->usual;
}

/* Small marks at one height, close to each other, lead from one text to another. */
static void find_leaders(const struct page *p)
{
    int reach = (int)(LEADER_GAP * p->usual);
    for (size_t i = 0; i < p->n; i++) {
        struct glyph *a = &p->at[i];
        for (size_t k = i + 1; a->small && k < p->n && p->at[k].box.x0 <= a->box.x1 + reach; k++)
            if (is_next_mark(p, a, &p->at[k])) {
                a->next = k;
                p->at[k].before = a->before + 1;
                break;
            }
    }
    for (size_t i = p->n; i-- > 0;)
        p->at[i].leader =
            p->at[i].before + 1 >= LEADER || (p->at[i].next > 0 && p->at[p->at[i].next].leader);
}

/* A dot or comma belongs to the nearest glyph beside or below it. A dash that has none is text of
 * its own; dots that have none lead from one text to another. */
static void link_small(const struct page *p)
{
    int reach = (int)(2 * p->usual);
    for (size_t i = 0; i < p->n; i++) {
        const struct span *s = &p->at[i].box;
        double best = p->usual;
        if (!p->at[i].small || p->at[i].leader)
            continue;
        size_t k = i;
        while (k > 0 && p->at[k - 1].box.x0 >= s->x0 - 4 * reach)
            k--;
        for (; k < p->n && p->at[k].box.x0 <= s->x1 + reach; k++) {
            const struct span *g = &p->at[k].box;
            int middle = (s->y0 + s->y1) / 2, gap = s->x0 > g->x1 ? s->x0 - g->x1 : g->x0 - s->x1;
            if (p->at[k].small || middle < g->y0 - 0.5 * height_of(g) ||
                middle > g->y1 + 0.4 * height_of(g) || gap > 0.7 * height_of(g) ||
                (gap > 0 ? gap : 0) >= best)
                continue;
            best = gap > 0 ? gap : 0;
            p->at[i].parent = root_of(p, (int)k);
        }
    }
}

/* --- runs --- */

static int by_root(const void *a, const void *b)
{
    const struct glyph *p = a, *q = b;
    return p->parent != q->parent ? (p->parent > q->parent) - (p->parent < q->parent)
                                  : by_left(a, b);
}

/* The middle one of the bottoms, or of the heights, of the run's larger glyphs. */
static int middle_of(const struct text_run *r, double usual, bool bottoms, int *room)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (height_of(&r->glyphs[i]) >= SMALL * usual)
            room[n++] = bottoms ? r->glyphs[i].y1 : height_of(&r->glyphs[i]);
    qsort(room, n, sizeof *room, by_int);
    return n > 0 ? room[n / 2] : bottoms ? r->box.y1 : height_of(&r->box);
}

static bool is_run(const struct text_run *r, double usual)
{
    /* dots and dirt that nothing stands beside */
    return height_of(&r->box) >= SMALL * usual || r->box.x1 - r->box.x0 >= 0.35 * usual;
}

/* A mark that stands for nothing in a cell. */
static bool is_dash(const struct text_run *r, double usual)
{
    int w = r->box.x1 - r->box.x0, h = height_of(&r->box);
    return r->n == 1 && w >= 1.3 * h && h <= 0.3 * usual && w >= 0.15 * usual && w <= 1.3 * usual;
}

static bool make_runs(struct page *p, struct text_lines *out)
{
    for (size_t i = 0; i < p->n; i++)
        p->at[i].parent = root_of(p, (int)i);
    qsort(p->at, p->n, sizeof *p->at, by_root);
    out->glyphs = calloc(p->n + 1, sizeof *out->glyphs);
    out->runs = calloc(p->n + 1, sizeof *out->runs);
    out->dashes = calloc(p->n + 1, sizeof *out->dashes);
    int *room = calloc(p->n + 1, sizeof *room);
    if (out->glyphs == NULL || out->runs == NULL || out->dashes == NULL || room == NULL) {
        free(room);
        return false;
    }
    for (size_t i = 0, k; i < p->n; i = k) {
        struct text_run *r = &out->runs[out->n_runs];
        *r = (struct text_run){.box = p->at[i].box, .glyphs = &out->glyphs[i]};
        for (k = i; k < p->n && p->at[k].parent == p->at[i].parent; k++) {
            r->glyphs[r->n++] = p->at[k].box;
            r->box = united(r->box, p->at[k].box);
        }
        r->baseline = middle_of(r, p->usual, true, room);
        r->height = middle_of(r, p->usual, false, room);
        if (p->at[i].leader)
            continue;
        if (is_dash(r, p->usual))
            out->dashes[out->n_dashes++].box = r->box;
        else
            out->n_runs += is_run(r, p->usual);
    }
    out->n_glyphs = p->n;
    free(room);
    return true;
}

/* --- lines --- */

static int by_baseline(const void *a, const void *b)
{
    const struct text_run *p = a, *q = b;
    return (p->baseline > q->baseline) - (p->baseline < q->baseline);
}

static int run_by_left(const void *a, const void *b)
{
    const struct text_run *p = a, *q = b;
    return (p->box.x0 > q->box.x0) - (p->box.x0 < q->box.x0);
}

/* What stands above each other is on two lines, however close their baselines are. */
static bool above_each_other(const struct text_line *l, const struct text_run *r)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->runs[i].box.x0 < r->box.x1 && r->box.x0 < l->runs[i].box.x1)
            return true;
    return false;
}

static bool on_line(const struct text_line *l, const struct text_run *r)
{
    int base = l->runs[0].baseline, lower = r->height < l->height ? r->height : l->height;
    return r->baseline - base <= 0.3 * lower && r->height <= 1.7 * l->height &&
           l->height <= 1.7 * r->height && !above_each_other(l, r);
}

static bool make_lines(struct text_lines *out)
{
    qsort(out->runs, out->n_runs, sizeof *out->runs, by_baseline);
    out->lines = calloc(out->n_runs + 1, sizeof *out->lines);
    if (out->lines == NULL)
        return false;
    for (size_t i = 0; i < out->n_runs; i++) {
        struct text_run *r = &out->runs[i];
        struct text_line *l = out->n > 0 ? &out->lines[out->n - 1] : NULL;
        if (l == NULL || !on_line(l, r))
            out->lines[out->n++] =
                (struct text_line){.runs = r, .n = 1, .box = r->box, .height = r->height};
        else {
            l->n++;
            l->box = united(l->box, r->box);
        }
    }
    for (size_t i = 0; i < out->n; i++)
        qsort(out->lines[i].runs, out->lines[i].n, sizeof *out->runs, run_by_left);
    return true;
}

/* Finds the line in the middle of which a dash stands. */
static bool find_line(const struct text_lines *all, struct dash *d)
{
    for (d->line = 0; d->line < all->n; d->line++) {
        const struct text_line *l = &all->lines[d->line];
        int up = l->runs[0].baseline - (d->box.y0 + d->box.y1) / 2;
        if (up >= 0.15 * l->height && up <= 0.85 * l->height)
            return true;
    }
    return false;
}

/* Forgets dashes on no line: dirt, and parts of rules. */
static void keep_dashes(struct text_lines *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->n_dashes; i++)
        if (find_line(out, &out->dashes[i]))
            out->dashes[kept++] = out->dashes[i];
    out->n_dashes = kept;
}

bool lines_find(PIX *ink, int dpi, const struct dividers *dividers, struct text_lines *out)
{
    struct page p = {.dividers = dividers};
    double pt = dpi / 72.0;
    memset(out, 0, sizeof *out);
    bool ok = take_glyphs(ink, pt, &p) && measure(&p, pt);
    if (ok) {
        link_glyphs(&p, LETTER_GAP);
        ok = make_words(&p);
    }
    if (ok) {
        link_glyphs(&p, RUN_GAP);
        find_leaders(&p);
        link_small(&p);
        ok = make_runs(&p, out) && make_lines(out);
        keep_dashes(out);
    }
    free(p.words);
    free(p.at);
    if (!ok)
        lines_free(out);
    return ok;
}

void lines_free(struct text_lines *l)
{
    free(l->lines);
    free(l->runs);
    free(l->glyphs);
    free(l->dashes);
    memset(l, 0, sizeof *l);
}
