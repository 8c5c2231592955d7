#include "ocr/dashed_rules.h"

#include <math.h>

#include "ocr/rule_boxes.h"

#define MARK_PT   10  /* longest mark */
#define THIN_PT   2   /* thickest one */
#define GAP_PT    9   /* between marks; a mark that another rule crosses counts as a gap */
#define INK       .15 /* of a row, at least: decimal points below each other have less */
#define LENGTH_PT 36  /* of a row of marks */
#define HIGH_PT   3   /* a letter is higher above its baseline, */
#define LARGE_PT  40  /* and not larger */
#define BASE_PT   1.5 /* from the baseline to the marks of a leader */
#define NEAR_PT   12  /* from a leader's end to the word */
#define BESIDE_PT 1.6 /* from a letter to the next */
#define BESIDE    .12 /* ink of the next letters, at least; rules that cross have less */

struct search {
    const struct ink *ink;
    PIX *rest; /* the ink without the rows that were found */
};

/* Whether a letter stands on the same line as a flat row of marks, beside it or in it. Marks of
 * another rule that cross the row seldom end on it. */
static bool is_leader(const struct ink *k, const struct box *row)
{
    double y = row->y + row->h / 2, pt = k->pt;
    for (int i = 0; i < boxaGetCount(k->pieces); i++) {
        int x0, y0, w, h;
        (void)boxaGetBoxGeometry(k->pieces, i, &x0, &y0, &w, &h);
        if (y0 <= y - HIGH_PT * pt && fabs(y0 + h - y) <= BASE_PT * pt && h <= LARGE_PT * pt &&
            w <= LARGE_PT * pt && x0 <= row->x + row->w + NEAR_PT * pt &&
            x0 + w >= row->x - NEAR_PT * pt)
            return true;
    }
    return false;
}

/* Thin pieces in one direction. NULL when memory is out, as below. */
static PIX *find_marks(const struct search *s, bool vertical)
{
    int mark = ink_pixels(s->ink, MARK_PT), thin = ink_pixels(s->ink, THIN_PT);
    return pixSelectBySize(s->rest, vertical ? thin : mark, vertical ? mark : thin, 8,
                           L_SELECT_IF_BOTH, L_SELECT_IF_LTE, NULL);
}

/* The rows of marks. */
static BOXA *find_rows(const struct search *s, PIX *marks, bool vertical)
{
    int gap = ink_pixels(s->ink, GAP_PT), length = ink_pixels(s->ink, LENGTH_PT);
    PIX *closed = pixCloseSafeBrick(NULL, marks, vertical ? 1 : gap, vertical ? gap : 1);
    PIX *rows = closed != NULL
                    ? pixOpenBrick(NULL, closed, vertical ? 1 : length, vertical ? length : 1)
                    : NULL;
    BOXA *boxes = rows != NULL ? pixConnCompBB(rows, 8) : NULL;
    pixDestroy(&closed);
    pixDestroy(&rows);
    return boxes;
}

static bool is_inked(PIX *ink, BOX *where, double least)
{
    l_float32 share = 0;
    PIX *part = pixClipRectangle(ink, where, NULL);
    bool ok = part != NULL && pixForegroundFraction(part, &share) == 0;
    pixDestroy(&part);
    return ok && (double)share >= least;
}

/* Letters below each other, as the l of the same word, have others beside them. */
static bool is_of_letters(const struct search *s, int x, int y, int w, int h)
{
    int beside = ink_pixels(s->ink, BESIDE_PT);
    BOX *left = boxCreate(x > beside ? x - beside : 0, y, beside, h);
    BOX *right = boxCreate(x + w, y, beside, h);
    bool of_letters = (left != NULL && is_inked(s->rest, left, BESIDE)) ||
                      (right != NULL && is_inked(s->rest, right, BESIDE));
    boxDestroy(&left);
    boxDestroy(&right);
    return of_letters;
}

static bool is_rule(const struct search *s, PIX *marks, BOX *row, bool vertical)
{
    int x, y, w, h;
    (void)boxGetGeometry(row, &x, &y, &w, &h);
    const struct box flat = {x, y, w, h};
    return (vertical ? w : h) <= ink_pixels(s->ink, THIN_PT) && is_inked(marks, row, INK) &&
           !(vertical ? is_of_letters(s, x, y, w, h) : is_leader(s->ink, &flat));
}

/* What crosses the row is in two pieces then. */
static void clear_row(const struct search *s, BOX *row)
{
    BOX *wider = boxAdjustSides(NULL, row, -1, 1, -1, 1);
    if (wider != NULL)
        (void)pixClearInRect(s->rest, wider);
    boxDestroy(&wider);
}

static enum err add_rows(const struct search *s, bool vertical, struct rule **out, size_t *n,
                         struct error *e)
{
    PIX *marks = find_marks(s, vertical);
    BOXA *rows = marks != NULL ? find_rows(s, marks, vertical) : NULL;
    BOXA *rules = rows != NULL ? boxaCreate(0) : NULL;
    for (int i = 0; rules != NULL && i < boxaGetCount(rows); i++) {
        BOX *row = boxaGetBox(rows, i, L_CLONE);
        if (is_rule(s, marks, row, vertical) && boxaAddBox(rules, row, L_COPY) == 0)
            clear_row(s, row);
        boxDestroy(&row);
    }
    enum err err = rule_boxes_add(s->rest, rules, vertical, out, n, e);
    boxaDestroy(&rules);
    boxaDestroy(&rows);
    pixDestroy(&marks);
    return err;
}

/* Makes a range so long that it holds another. */
static void reach(double *at, double *length, double other, double other_length)
{
    double end = fmax(*at + *length, other + other_length);
    *at = fmin(*at, other);
    *length = end - *at;
}

static bool is_near(double at, double length, double place, double gap)
{
    return place >= at - gap && place <= at + length + gap;
}

/* Where two rows cross or end beside each other is a mark that is part of neither: they meet. */
static void meet(struct box *flat, struct box *upright, double gap_x, double gap_y)
{
    if (!is_near(flat->x, flat->w, upright->x + upright->w / 2, gap_x) ||
        !is_near(upright->y, upright->h, flat->y + flat->h / 2, gap_y))
        return;
    reach(&flat->x, &flat->w, upright->x, upright->w);
    reach(&upright->y, &upright->h, flat->y, flat->h);
}

static void meet_all(const struct ink *ink, struct rule *rules, size_t n)
{
    double gap = ink_pixels(ink, GAP_PT);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (!rules[i].vertical && rules[k].vertical)
                meet(&rules[i].box, &rules[k].box, gap / pixGetWidth(ink->all),
                     gap / pixGetHeight(ink->all));
}

enum err dashed_rules_add(const struct ink *ink, struct rule **out, size_t *n, struct error *e)
{
    if (ink->crowded)
        return ERR_OK;
    struct search s = {ink, pixCopy(NULL, ink->all)};
    size_t first = *n;
    enum err err = s.rest != NULL ? add_rows(&s, false, out, n, e) : error_no_memory(e);
    if (err == ERR_OK)
        err = add_rows(&s, true, out, n, e);
    if (err == ERR_OK)
        meet_all(ink, *out + first, *n - first);
    pixDestroy(&s.rest);
    return err;
}
