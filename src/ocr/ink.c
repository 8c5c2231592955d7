#include "ocr/ink.h"

#include <string.h>

#define DARK       160    /* grey level of ink; its blurred edge is lighter */
#define PIECES_MAX 200000 /* a page of small print has 20,000 letters, a rule of dots 200 dots */
#define EDGES      0.3    /* of all pixels; the rows of a page of small print have half as many */

BOXA *ink_pieces(PIX *ink, int most, bool *crowded)
{
    l_int32 count = 0;
    if (pixCountConnComp(ink, 8, &count) != 0)
        return NULL;
    *crowded = count > most;
    return *crowded ? boxaCreate(1) : pixConnCompBB(ink, 8);
}

/* *noise: most pixels differ from the one beside them. The pieces of noise wind through all of the
 * page, and to follow them takes more memory than the page. */
static bool find_noise(PIX *ink, bool *noise)
{
    l_float32 share = 0;
    PIX *edges = pixCopy(NULL, ink);
    bool ok = edges != NULL &&
              pixRasterop(edges, 1, 0, pixGetWidth(ink) - 1, pixGetHeight(ink), PIX_SRC ^ PIX_DST,
                          ink, 0, 0) == 0 &&
              pixForegroundFraction(edges, &share) == 0;
    *noise = (double)share > EDGES;
    pixDestroy(&edges);
    return ok;
}

bool ink_find(PIX *grey, struct ink *out)
{
    *out = (struct ink){.grey = grey};
    if (grey == NULL)
        return false;
    out->pt = pixGetXRes(grey) / 72.0;
    out->all = pixThresholdToBinary(grey, DARK);
    if (out->all == NULL || !find_noise(out->all, &out->noise))
        return false;
    out->crowded = out->noise;
    out->pieces = out->noise ? boxaCreate(1) : ink_pieces(out->all, PIECES_MAX, &out->crowded);
    return out->pieces != NULL;
}

void ink_free(struct ink *k)
{
    pixDestroy(&k->grey);
    pixDestroy(&k->all);
    boxaDestroy(&k->pieces);
    memset(k, 0, sizeof *k);
}

int ink_pixels(const struct ink *k, double points)
{
    return (int)(points * k->pt) + 1;
}
