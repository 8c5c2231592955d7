/* Rows of a job store's tables, as texts in the order of their keys: what is the same wherever they
 * lie. An adapter is one of a store. */
#ifndef PDF_OCR_MOVE_ROW_STORE_H
#define PDF_OCR_MOVE_ROW_STORE_H

#include <stdbool.h>

#include "base/error.h"
#include "core/config.h"
#include "move/tables.h"

#define MOVE_PAGE_ROWS   500
#define MOVE_PRINT_BYTES 32

struct move_row {
    char *values[MOVE_COLUMNS_MAX]; /* NULL: not set */
};

struct move_page {
    struct move_row rows[MOVE_PAGE_ROWS];
    size_t n;
};

void move_page_clear(struct move_page *p);

/* Appends the texts of n columns, borrowed, as a row; false: memory is out. */
bool move_page_add(struct move_page *p, const char *const *values, size_t n);

/* Which key comes first, as strcmp. */
int move_row_compare(const struct move_table *t, const struct move_row *a,
                     const struct move_row *b);

/* The fingerprint of all values. */
void move_row_print(const struct move_table *t, const struct move_row *r,
                    unsigned char out[MOVE_PRINT_BYTES]);

struct row_store_ops {
    const char *name; /* as in JOB_STORE */

    /* Keeps others from writing until close: they wait, then fail as when the store is busy. */
    enum err (*hold)(void *self, struct error *e);

    /* Up to MOVE_PAGE_ROWS rows behind that of the key (of n_keys texts; empty ones: from the
     * first); *out is empty. */
    enum err (*read)(void *self, const struct move_table *t, const char *const *after,
                     struct move_page *out, struct error *e);

    /* Writes the rows, in place of those with their keys, in one transaction. */
    enum err (*write)(void *self, const struct move_table *t, const struct move_row *const *rows,
                      size_t n, struct error *e);
    void (*close)(void *self);
};

struct row_store {
    const struct row_store_ops *ops;
    void *self;
};

/* With the tables of this release. make: where there is nothing yet; else that is an error. */
enum err sqlite_rows_open(const struct config *cfg, bool make, struct row_store *out,
                          struct error *e);
enum err postgres_rows_open(const struct config *cfg, bool make, struct row_store *out,
                            struct error *e);

#endif
