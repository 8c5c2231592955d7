/* What an extraction has that is written as rows of cells: tables, forms and text, in order. */
#ifndef PDF_OCR_FORMATS_BLOCKS_H
#define PDF_OCR_FORMATS_BLOCKS_H

#include "base/error.h"
#include "ports/extraction.h"

enum block_kind { BLOCK_TABLE, BLOCK_FORM, BLOCK_TEXT, BLOCK__MAX };
extern const char *const block_names[BLOCK__MAX]; /* table, form, text */

struct block {
    enum block_kind kind;
    int number; /* among those of its kind in the extraction, from 1 */
    const struct region_result *region;
    const struct table *table; /* of BLOCK_TABLE, else NULL */
    size_t next;               /* the block whose rows go on the table; 0: none */
    bool goes_on;              /* it is the next one of another */
};

struct blocks {
    struct block *items;
    size_t n;
};

/* Lists what c asks for: all, or one table; tables that are to be merged are chained. The
 * extraction is borrowed. ERR_UNPROCESSABLE: there is no such table. *out is freed with
 * blocks_free, on errors too. */
enum err blocks_list(const struct extraction *x, const struct sheet_choices *c, struct blocks *out,
                     struct error *e);

/* How many rows at the top of the table are its head. */
int table_head_rows(const struct table *t);

void blocks_free(struct blocks *b);

#endif
