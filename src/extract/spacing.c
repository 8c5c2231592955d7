#include "extract/spacing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "base/text.h"

/* Word spaces of printing types, in heights, and how much wider than one a space may be. */
#define SPACE_LEAST 0.14
#define SPACE_MOST  0.42
#define SPREAD      1.35
#define SPREAD_OCR  1.5 /* letters have no side bearings */

/* Two numbers are seldom one cell: what is hardly wider than a space parts them. */
#define NUMBERS_SPREAD 1.15
#define NUMBERS_GAP    0.3

/* Gaps that lie in a window so wide are alike; so many of them, and so great a part of all that
 * might be spaces, are the word space. */
#define WINDOW      0.03
#define WINDOW_OCR  0.15 /* ink is measured in whole pixels, and letters have no side bearings */
#define ALIKE_LEAST 3
#define ALIKE_SHARE 0.15

/* A typewriter's letters are of one width: of this part of the words, within this part of it. */
#define FIXED_SHARE   0.8
#define FIXED_SPREAD  0.03
#define FIXED_WORDS   5
#define FIXED_GAP     1.15 /* in letters, */
#define FIXED_NUMBERS 0.95 /* of two numbers */
#define BEARINGS      0.2  /* of a letter: what ink lacks at a word's sides */
#define FIXED_INK     0.05 /* the spread of ink, which is measured in whole pixels, */
#define INK_LETTERS   4    /* and of words that are long enough for it */

static size_t count_letters(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static double height_of(const struct item *item)
{
    return fmax(item->r.y1 - item->r.y0, 1);
}

/* Whether boxes are of ink, as OCR gives them, not of letters with the white around them. */
static bool is_ink(const struct layout *l)
{
    return l->n_items > 0 && l->items[0].word->engine != ENGINE_TEXT;
}

/* The width of a letter in heights where all have the same, or 0. */
static double letter_width(const struct layout *l, double *widths)
{
    bool ink = is_ink(l);
    double spread = ink ? FIXED_INK : FIXED_SPREAD;
    size_t n = 0, alike = 0;
    for (size_t i = 0; i < l->n_items; i++) {
        const struct item *item = &l->items[i];
        size_t letters = count_letters(item->word->text);
        double height = ink ? l->height : height_of(item);
        if (letters >= (ink ? INK_LETTERS : 2))
            widths[n++] =
                (item->r.x1 - item->r.x0) / ((double)letters - (ink ? BEARINGS : 0)) / height;
    }
    if (n < FIXED_WORDS)
        return 0;
    sort_doubles(widths, n);
    double usual = widths[n / 2];
    for (size_t i = 0; i < n; i++)
        alike += fabs(widths[i] - usual) <= spread * usual;
    return (double)alike >= FIXED_SHARE * (double)n ? usual : 0;
}

/* The narrowest space that many words stand apart by, in heights, or 0. */
static double word_space(const struct layout *l, double *gaps)
{
    double window = is_ink(l) ? WINDOW_OCR : WINDOW;
    size_t n = 0;
    for (size_t i = 0; i < l->n_lines; i++)
        for (size_t k = 1; k < l->lines[i].n; k++) {
            const struct item *left = &l->lines[i].items[k - 1], *right = left + 1;
            double gap = (right->r.x0 - left->r.x1) / fmin(height_of(left), height_of(right));
            if (gap >= SPACE_LEAST && gap < USUAL_GAP)
                gaps[n++] = gap;
        }
    sort_doubles(gaps, n);
    for (size_t from = 0, to = 0; from < n && gaps[from] <= SPACE_MOST; from++) {
        while (to < n && gaps[to] - gaps[from] <= window)
            to++;
        if (to - from >= ALIKE_LEAST && (double)(to - from) >= ALIKE_SHARE * (double)n)
            return gaps[from + (to - from) / 2];
    }
    return 0;
}

enum err spacing_measure(const struct layout *l, struct gaps *out, struct error *e)
{
    *out = (struct gaps){USUAL_GAP, NUMBERS_GAP};
    enum err err = work_budget_spend(l->budget, l->n_items, 2 * SORT_STEPS, e);
    if (err != ERR_OK)
        return err;
    double *values = calloc(l->n_items + 1, sizeof *values);
    if (values == NULL)
        return error_no_memory(e);
    double white = is_ink(l) ? BEARINGS : 0, spread = is_ink(l) ? SPREAD_OCR : SPREAD;
    double space = word_space(l, values), letter = space > 0 ? 0 : letter_width(l, values);
    if (space > 0)
        *out = (struct gaps){spread * space, NUMBERS_SPREAD * space};
    else if (letter > 0)
        *out = (struct gaps){(FIXED_GAP + white) * letter, (FIXED_NUMBERS + white) * letter};
    free(values);
    return ERR_OK;
}

static bool is_number(const char *text)
{
    return text_has_digit(text) && text[strspn(text, "0123456789.,%()+-")] == '\0';
}

/* Whether a number may go on after a space: 1 234 567,89. */
static bool may_go_on(const char *left, const char *right)
{
    size_t first = strspn(left + strspn(left, "+-("), "0123456789");
    return first > 0 && first <= 3 && left[strspn(left, "+-(0123456789")] == '\0' &&
           strspn(right, "0123456789") == 3;
}

bool spacing_numbers(const char *left, const char *right)
{
    return is_number(left) && is_number(right) && !may_go_on(left, right);
}
