/* Check boxes that are drawn on a page: words that say true or false at their place. */
#ifndef PDF_OCR_EXTRACT_CHECKS_H
#define PDF_OCR_EXTRACT_CHECKS_H

#include "ports/page.h"

/* Adds a word (struct word, check) for each box: true where it is marked, by lines or by a mark of
 * a font, which is no word then. A box is none where other text stands in it, where a field of the
 * document's form is, or where no word stands on its line. */
enum err checks_add_words(struct page_content *page, const struct check_box *boxes, size_t n,
                          struct error *e);

/* Whether the word is a check box, drawn or a letter of a font; *marked tells of which kind. */
bool checks_is_box(const struct word *w, bool *marked);

#endif
