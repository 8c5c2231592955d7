#include "ocr/strip.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN 10  /* white around the line, in pixels */
#define AROUND 2   /* pixels of grey around a run's ink */
#define SPACE  2.0 /* widest space between runs, in heights */
#define WHITE  255

static int width_of(const struct text_line *line, int *at)
{
    int x = MARGIN;
    for (size_t i = 0; i < line->n; i++) {
        const struct span *b = &line->runs[i].box;
        int gap = i > 0 ? b->x0 - line->runs[i - 1].box.x1 : 0;
        int most = (int)(SPACE * line->height) + 2 * AROUND;
        x += gap < most ? gap : most;
        at[i] = x;
        x += b->x1 - b->x0;
    }
    return x + MARGIN;
}

/* Whitens what other runs have in the copied part. */
static void clear_others(const struct text_lines *all, const struct text_run *own, PIX *part,
                         const struct span *from)
{
    for (size_t i = 0; i < all->n_runs; i++) {
        const struct text_run *r = &all->runs[i];
        if (r == own || r->box.x1 <= from->x0 || r->box.x0 >= from->x1 || r->box.y1 <= from->y0 ||
            r->box.y0 >= from->y1)
            continue;
        for (size_t k = 0; k < r->n; k++) {
            const struct span *g = &r->glyphs[k];
            int middle = (g->y0 + g->y1) / 2;
            if (g->y1 - g->y0 > 2 * own->height || (middle > own->box.y0 && middle < own->box.y1 &&
                                                    g->x0 < own->box.x1 && g->x1 > own->box.x0))
                continue;
            (void)pixRasterop(part, g->x0 - from->x0, g->y0 - from->y0, g->x1 - g->x0,
                              g->y1 - g->y0, PIX_SET, NULL, 0, 0);
        }
    }
}

static bool copy_run(PIX *page, const struct text_lines *all, const struct text_run *r, int x,
                     int top, PIX *strip)
{
    struct span from = {r->box.x0 - AROUND, r->box.y0 - AROUND, r->box.x1 + AROUND,
                        r->box.y1 + AROUND};
    int w = from.x1 - from.x0, h = from.y1 - from.y0;
    PIX *part = pixCreate(w, h, 8);
    if (part == NULL)
        return false;
    (void)pixSetAll(part);
    (void)pixRasterop(part, 0, 0, w, h, PIX_SRC, page, from.x0, from.y0);
    clear_others(all, r, part, &from);
    (void)pixRasterop(strip, x - AROUND, from.y0 - top, w, h, PIX_SRC, part, 0, 0);
    pixDestroy(&part);
    return true;
}

bool strip_cut(PIX *page, const struct text_lines *all, const struct text_line *line,
               struct strip *out)
{
    *out = (struct strip){.at = calloc(line->n, sizeof *out->at), .top = line->box.y0 - MARGIN};
    if (out->at == NULL)
        return false;
    out->image = pixCreate(width_of(line, out->at), line->box.y1 - line->box.y0 + 2 * MARGIN, 8);
    bool ok = out->image != NULL && pixSetAllArbitrary(out->image, WHITE) == 0;
    for (size_t i = 0; ok && i < line->n; i++)
        ok = copy_run(page, all, &line->runs[i], out->at[i], out->top, out->image);
    if (!ok)
        strip_free(out);
    return ok;
}

void strip_free(struct strip *s)
{
    pixDestroy(&s->image);
    free(s->at);
    memset(s, 0, sizeof *s);
}

int strip_to_page(const struct strip *s, const struct text_line *line, int x, size_t *run)
{
    size_t i = line->n - 1;
    while (i > 0 && x < s->at[i] - AROUND)
        i--;
    *run = i;
    return x - s->at[i] + line->runs[i].box.x0;
}
