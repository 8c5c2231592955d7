#include "ocr/erase.h"

#include <stdlib.h>

#define ERASED_PT 18   /* shorter flat rules may be strokes of letters that are not so large */
#define AROUND    2    /* pixels beside a rule that are its blurred edge */
#define LARGE_PT  12   /* lower letters have no strokes that are taken for rules */
#define LETTER_PT 90   /* higher or much wider ones are no letters */
#define STROKE    0.05 /* thickness of the strokes of letters, in their heights, at least */
#define WHOLE     0.9  /* of a side, by rules that frame something */

/* In pixels of the page. */
static struct box in_pixels(struct box b, const struct ink *ink)
{
    double width = pixGetWidth(ink->grey), height = pixGetHeight(ink->grey);
    return (struct box){b.x * width, b.y * height, b.w * width, b.h * height};
}

static enum err whiten(struct ink *ink, struct box rule, struct error *e)
{
    struct box b = in_pixels(rule, ink);
    int x = (int)b.x - AROUND, y = (int)b.y - AROUND;
    BOX *box = boxCreate(x, y, (int)b.w + 2 * AROUND + 1, (int)b.h + 2 * AROUND + 1);
    if (box == NULL)
        return error_no_memory(e);
    (void)pixSetInRect(ink->grey, box);
    (void)pixClearInRect(ink->all, box);
    boxDestroy(&box);
    return ERR_OK;
}

static bool holds(struct box outer, struct box inner)
{
    return inner.x >= outer.x - AROUND && inner.y >= outer.y - AROUND &&
           inner.x + inner.w <= outer.x + outer.w + AROUND &&
           inner.y + inner.h <= outer.y + outer.h + AROUND;
}

/* --- strokes of letters --- */

struct search {
    const struct ink *ink;
    struct ocr_result *page;
    bool *stroke; /* of each rule */
};

/* What is in one piece and as large as a letter. */
static bool is_letter_sized(struct box b, double pt)
{
    return b.h >= LARGE_PT * pt && b.h <= LETTER_PT * pt && b.w <= 2 * LETTER_PT * pt;
}

/* Rules within the part: whether there are any, and whether they frame it as a box to be ticked. */
static bool is_framed(const struct search *s, struct box part, bool *any)
{
    size_t flat = 0, upright = 0;
    *any = false;
    for (size_t i = 0; i < s->page->n_rules; i++) {
        struct box rule = in_pixels(s->page->rules[i].box, s->ink);
        if (!holds(part, rule))
            continue;
        *any = true;
        flat += !s->page->rules[i].vertical && rule.w >= WHOLE * part.w;
        upright += s->page->rules[i].vertical && rule.h >= WHOLE * part.h;
    }
    return flat >= 2 && upright >= 2;
}

/* Rules are thin for what they enclose; strokes of letters are not. */
static enum err has_strokes(const struct search *s, BOX *box, double height, bool *strokes,
                            struct error *e)
{
    l_float32 ratio = 0; /* of the area to the rim: half the thickness */
    PIX *part = pixClipRectangle(s->ink->all, box, NULL);
    bool ok = part != NULL && pixFindAreaPerimRatio(part, NULL, &ratio) == 0;
    pixDestroy(&part);
    *strokes = 2 * (double)ratio >= STROKE * height;
    return ok ? ERR_OK : error_no_memory(e);
}

static enum err look_at_part(const struct search *s, BOX *box, struct error *e)
{
    int x, y, w, h;
    bool any = false, strokes = false;
    (void)boxGetGeometry(box, &x, &y, &w, &h);
    const struct box part = {x, y, w, h};
    if (!is_letter_sized(part, s->ink->pt) || is_framed(s, part, &any) || !any)
        return ERR_OK;
    enum err err = has_strokes(s, box, h, &strokes, e);
    for (size_t i = 0; err == ERR_OK && strokes && i < s->page->n_rules; i++)
        s->stroke[i] = s->stroke[i] || holds(part, in_pixels(s->page->rules[i].box, s->ink));
    return err;
}

static enum err find_strokes(const struct search *s, struct error *e)
{
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < boxaGetCount(s->ink->pieces); i++) {
        BOX *box = boxaGetBox(s->ink->pieces, i, L_CLONE);
        err = look_at_part(s, box, e);
        boxDestroy(&box);
    }
    return err;
}

enum err erase_rules(struct ink *ink, struct ocr_result *page, struct error *e)
{
    struct search s = {ink, page, calloc(page->n_rules + 1, sizeof *s.stroke)};
    size_t kept = 0;
    enum err err = s.stroke != NULL ? find_strokes(&s, e) : error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < page->n_rules; i++) {
        const struct rule *r = &page->rules[i];
        if (s.stroke[i])
            continue;
        if (r->vertical || in_pixels(r->box, ink).w >= ERASED_PT * ink->pt)
            err = whiten(ink, r->box, e);
        page->rules[kept++] = *r;
    }
    if (err == ERR_OK)
        page->n_rules = kept;
    free(s.stroke);
    return err;
}
