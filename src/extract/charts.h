/* Charts: filled areas that stand on one line or begin at one, and end at different places. */
#ifndef PDF_OCR_EXTRACT_CHARTS_H
#define PDF_OCR_EXTRACT_CHARTS_H

#include "extract/layout.h"

struct charts {
    struct rect *at; /* owned */
    size_t n;
};

/* The places of bar charts, labels at the axes included: three bars or more of three lengths or
 * more, half as many lengths as bars, side by side. Bars to the right count only where words follow
 * their ends, since a table may have bars in its cells. l: of the page's words. *out is the
 * caller's to free on errors too. */
enum err charts_find(const struct layout *l, const struct page_content *page, struct charts *out,
                     struct error *e);

/* Whether most of a part of the page is a chart's. */
bool charts_cover(const struct charts *s, struct rect part);

/* *legend: nearly all of the lines that are in runs begin behind a small filled area, as the key of
 * a colour does. */
enum err charts_is_legend(const struct layout *l, const struct page_content *page,
                          const struct line *lines, size_t n, bool *legend, struct error *e);

#endif
