/* Frames: ruling lines that touch each other and enclose cells. */
#ifndef PDF_OCR_EXTRACT_FRAMES_H
#define PDF_OCR_EXTRACT_FRAMES_H

#include "extract/layout.h"

struct frames {
    struct rect *at; /* owned */
    size_t n;
};

/* The bounds of every group of at least two rules of either direction that part something: a plain
 * box, such as the page's border, is none. The largest first. *out is the caller's to free on
 * errors too. */
enum err frames_find(const struct layout *l, const struct rule *rules, size_t n,
                     const struct page_info *page, struct frames *out, struct error *e);

#endif
