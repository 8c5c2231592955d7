/* Words and tables for the tests of what is made of a page's words. */
#ifndef PDF_OCR_TESTS_WORDS_H
#define PDF_OCR_TESTS_WORDS_H

#include <string.h>

#include "ports/extraction.h"
#include "ports/page.h"
#include "tests/unit/suite.h"

static const struct page_info page = {1, 600, 800, 0};
static const struct box whole = {0, 0, 1, 1};

/* Adds the words of a text at a place in points, 10 high, 6 a letter, 3 apart. */
static inline void put(struct word_list *l, double x, double y, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        struct box b = {x / 600, y / 800, (double)n * 6 / 600, 10.0 / 800};
        CU_ASSERT_EQUAL(word_list_add(l, b, text, n, 0.9F, ENGINE_TESSERACT), ERR_OK);
        x += (double)(n + 1) * 6 - 3;
        text += n + (text[n] == ' ');
    }
}

/* The cell that begins there, or NULL. */
static inline const struct cell *find_cell(const struct table *t, int row, int col)
{
    for (size_t i = 0; i < t->n_cells; i++)
        if (t->cells[i].row == row && t->cells[i].col == col)
            return &t->cells[i];
    return NULL;
}

/* The same, where there must be one. */
static inline const struct cell *cell_at(const struct table *t, int row, int col)
{
    const struct cell *c = find_cell(t, row, col);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    return c;
}

#endif
