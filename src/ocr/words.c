#include "ocr/words.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "ocr/mend.h"

#define WORD_GAP     0.5  /* narrowest white between words, in heights of the glyphs, */
#define KNOWN_GAP    0.75 /* and in narrowest ones that the engine told */
#define COUNTED      3    /* symbols that a place may be off */
#define ASCENT_MAX   1.8  /* what letters have above the baseline, in heights of the glyphs */
#define SMALL_ASCENT 1.45 /* the same where all are small */
#define DESCENT      0.3  /* of letters below the baseline, in ascents */

/* Symbols first to end of a line, as a word. */
struct word_span {
    size_t first, end;
    bool letters; /* or digits: not marks alone */
};

struct line_words {
    const struct text_line *line;
    struct symbol *symbols;
    size_t n_symbols;
    struct word_span *words;
    size_t n;
    int **owners; /* of each run's glyphs: the word; -1: none */
};

static bool is_letter(const char *text)
{
    return (unsigned char)text[0] >= 0x80 ? strncmp(text, "\xe2\x80", 2) != 0 /* dashes, quotes */
                                          : isalnum((unsigned char)text[0]) != 0;
}

static bool is_numeric(const char *text)
{
    return text[0] != '\0' && strchr("0123456789.,-+", text[0]) != NULL;
}

/* --- words --- */

/* A run's symbols, and its letters in ink: what stands above each other is one. */
struct run_parts {
    const struct text_run *run;
    struct symbol *symbols;
    size_t n, letters;
};

/* A wide white in a run: the letters on its left, and the symbol that begins on its right, or 0: by
 * the places of symbols, and as counted. */
struct white {
    int from, to;
    size_t left, placed, symbol;
};

/* out has room for the glyphs. */
static size_t find_whites(struct run_parts *p, struct white *out)
{
    const struct text_run *r = p->run;
    int reached = r->n > 0 ? r->glyphs[0].x1 : 0;
    size_t n = 0;
    p->letters = 1;
    for (size_t i = 1; i < r->n; i++) {
        const struct span *g = &r->glyphs[i];
        if (g->x0 - reached >= WORD_GAP * r->height)
            out[n++] = (struct white){reached, g->x0, p->letters, 0, 0};
        p->letters += g->x0 >= reached;
        reached = g->x1 > reached ? g->x1 : reached;
    }
    return n;
}

static size_t apart(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

/* Places of symbols are good to a letter or two: where the letters in ink on either side of the
 * white are as many as the symbols there, they are counted. */
static void find_symbol(const struct run_parts *p, struct white *w)
{
    int middle = (w->from + w->to) / 2, nearest = 2 * p->run->height;
    size_t at = 0;
    for (size_t i = 1; i < p->n; i++) {
        int off = abs((p->symbols[i - 1].x1 + p->symbols[i].x0) / 2 - middle);
        if (off < nearest) {
            nearest = off;
            at = i;
        }
    }
    size_t right = p->letters - w->left, by_right = right < p->n ? p->n - right : 0;
    size_t counted = apart(by_right, at) < apart(w->left, at) ? by_right : w->left;
    bool known = at > 0 && counted > 0 && counted < p->n && apart(counted, at) <= COUNTED;
    w->placed = at;
    w->symbol = known ? counted : at;
}

/* Whether a word begins at the white's symbol or beside it, by its place or as counted. */
static bool is_parted(const struct run_parts *p, const struct white *w)
{
    size_t from = w->placed < w->symbol ? w->placed : w->symbol;
    size_t to = w->placed < w->symbol ? w->symbol : w->placed;
    for (size_t i = from > 1 ? from - 1 : from; i < p->n && i <= to + 1; i++)
        if (p->symbols[i].starts)
            return true;
    return false;
}

/* Begins words at whites that are as wide as those at which the engine began some. */
static void part_at_whites(const struct run_parts *p, struct white *whites, size_t n)
{
    int known = 0;
    for (size_t i = 0; i < n; i++) {
        int width = whites[i].to - whites[i].from;
        find_symbol(p, &whites[i]);
        if (whites[i].symbol > 0 && is_parted(p, &whites[i]) && (known == 0 || width < known))
            known = width;
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = whites[i].symbol;
        if (at > 0 && !is_parted(p, &whites[i]) &&
            whites[i].to - whites[i].from >= KNOWN_GAP * known &&
            !(is_numeric(p->symbols[at - 1].text) && is_numeric(p->symbols[at].text)))
            p->symbols[at].starts = true;
    }
}

static bool part_run(const struct text_run *run, struct symbol *symbols, size_t n)
{
    struct run_parts p = {run, symbols, n, 0};
    struct white *whites = calloc(run->n + 1, sizeof *whites);
    if (whites == NULL)
        return false;
    part_at_whites(&p, whites, find_whites(&p, whites));
    free(whites);
    return true;
}

static bool part_words(const struct line_words *l)
{
    bool ok = true;
    for (size_t i = 0, k; ok && i < l->n_symbols; i = k) {
        size_t run = l->symbols[i].run;
        l->symbols[i].starts = true;
        for (k = i + 1; k < l->n_symbols && l->symbols[k].run == run;)
            k++;
        ok = part_run(&l->line->runs[run], l->symbols + i, k - i);
    }
    return ok;
}

static bool make_words(struct line_words *l)
{
    l->words = calloc(l->n_symbols + 1, sizeof *l->words);
    if (l->words == NULL)
        return false;
    for (size_t i = 0; i < l->n_symbols; i++) {
        if (i == 0 || l->symbols[i].starts)
            l->words[l->n++].first = i;
        struct word_span *w = &l->words[l->n - 1];
        w->end = i + 1;
        w->letters = w->letters || is_letter(l->symbols[i].text);
    }
    return true;
}

/* --- their ink --- */

static struct span reach_of(const struct line_words *l, const struct word_span *w)
{
    struct span s = {l->symbols[w->first].x0, 0, l->symbols[w->first].x1, 0};
    for (size_t i = w->first; i < w->end; i++) {
        s.x0 = l->symbols[i].x0 < s.x0 ? l->symbols[i].x0 : s.x0;
        s.x1 = l->symbols[i].x1 > s.x1 ? l->symbols[i].x1 : s.x1;
    }
    return s;
}

static void claim(struct line_words *l, size_t word)
{
    const struct word_span *w = &l->words[word];
    size_t run = l->symbols[w->first].run;
    const struct text_run *r = &l->line->runs[run];
    struct span s = reach_of(l, w);
    for (size_t i = 0; i < r->n; i++) {
        int middle = (r->glyphs[i].x0 + r->glyphs[i].x1) / 2;
        if (l->owners[run][i] < 0 && middle >= s.x0 && middle <= s.x1)
            l->owners[run][i] = (int)word;
    }
}

/* Letters have the first claim to the ink: marks between them are made up if none is left. */
static bool share_ink(struct line_words *l)
{
    l->owners = calloc(l->line->n + 1, sizeof *l->owners);
    if (l->owners == NULL)
        return false;
    for (size_t i = 0; i < l->line->n; i++) {
        size_t n = l->line->runs[i].n;
        l->owners[i] = malloc((n + 1) * sizeof **l->owners);
        if (l->owners[i] == NULL)
            return false;
        for (size_t k = 0; k < n; k++)
            l->owners[i][k] = -1;
    }
    for (int letters = 1; letters >= 0; letters--)
        for (size_t i = 0; i < l->n; i++)
            if (l->words[i].letters == (letters == 1))
                claim(l, i);
    return true;
}

/* Whether a letter is as high as capitals are. */
static bool is_tall(const char *text)
{
    return is_letter(text) && strchr("acegmnopqrstuvwxyz", text[0]) == NULL;
}

static bool has_tall(const struct line_words *l)
{
    bool tall = false;
    for (size_t i = 0; i < l->n_symbols; i++)
        tall = tall || is_tall(l->symbols[i].text);
    return tall;
}

/* How high the font of a line stands above the baseline. */
static double ascent_of(const struct line_words *l)
{
    int above = 0, h = l->line->height;
    for (size_t i = 0; i < l->line->n; i++) {
        int up = l->line->runs[i].baseline - l->line->runs[i].box.y0;
        above = up > above && up <= ASCENT_MAX * h ? up : above;
    }
    return has_tall(l) ? above : fmax(above, SMALL_ASCENT * h);
}

void stand_in_line(const struct text_line *line, int baseline, struct span *box)
{
    int top = baseline - (int)lround(line->ascent);
    int foot = baseline + (int)lround(DESCENT * line->ascent);
    box->y0 = top < box->y0 ? top : box->y0;
    box->y1 = foot > box->y1 ? foot : box->y1;
}

/* The word's glyphs, left to right. NULL when memory is out. */
static struct span *glyphs_of(const struct line_words *l, size_t word, size_t *n)
{
    size_t run = l->symbols[l->words[word].first].run;
    const struct text_run *r = &l->line->runs[run];
    struct span *out = malloc((r->n + 1) * sizeof *out);
    *n = 0;
    for (size_t i = 0; out != NULL && i < r->n; i++)
        if (l->owners[run][i] == (int)word)
            out[(*n)++] = r->glyphs[i];
    return out;
}

static struct span united(const struct span *glyphs, size_t n)
{
    struct span s = glyphs[0];
    for (size_t i = 1; i < n; i++) {
        s.x0 = glyphs[i].x0 < s.x0 ? glyphs[i].x0 : s.x0;
        s.y0 = glyphs[i].y0 < s.y0 ? glyphs[i].y0 : s.y0;
        s.x1 = glyphs[i].x1 > s.x1 ? glyphs[i].x1 : s.x1;
        s.y1 = glyphs[i].y1 > s.y1 ? glyphs[i].y1 : s.y1;
    }
    return s;
}

/* Gives the word with the text that its glyphs allow, if they are not none. */
static bool give(const struct line_words *l, size_t word, const struct span *glyphs, size_t n,
                 ink_word_fn *take, void *self)
{
    const struct word_span *w = &l->words[word];
    const struct symbol *first = &l->symbols[w->first];
    const struct text_run *r = &l->line->runs[first->run];
    struct span reach = reach_of(l, w), box = {reach.x0, r->box.y0, reach.x1, r->box.y1};
    struct buffer text = BUFFER_INIT;
    if (n == 0 && !w->letters)
        return true;
    if (n > 0)
        box = united(glyphs, n);
    stand_in_line(l->line, r->baseline, &box);
    float sure = 1;
    for (size_t i = w->first; i < w->end; i++) {
        buffer_puts(&text, l->symbols[i].text);
        sure = fminf(sure, l->symbols[i].confidence);
    }
    bool ok = true;
    if (mend_word(&text, glyphs, n, r, n == r->n)) {
        struct ink_word out = {text.data, box, sure};
        ok = !buffer_failed(&text) && take(self, &out);
    }
    buffer_free(&text);
    return ok;
}

bool ink_words(struct text_line *line, struct symbol *symbols, size_t n, ink_word_fn *take,
               void *self)
{
    struct line_words l = {.line = line, .symbols = symbols, .n_symbols = n};
    bool ok = part_words(&l) && make_words(&l) && share_ink(&l);
    line->ascent = ascent_of(&l);
    for (size_t i = 0; ok && i < l.n; i++) {
        size_t count;
        struct span *glyphs = glyphs_of(&l, i, &count);
        ok = glyphs != NULL && give(&l, i, glyphs, count, take, self);
        free(glyphs);
    }
    for (size_t i = 0; l.owners != NULL && i < line->n; i++)
        free(l.owners[i]);
    free(l.owners);
    free(l.words);
    return ok;
}
