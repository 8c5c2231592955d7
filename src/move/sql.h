/* The statements that read and write a table's rows. */
#ifndef PDF_OCR_MOVE_SQL_H
#define PDF_OCR_MOVE_SQL_H

#include "base/buffer.h"
#include "move/tables.h"

/* What the stores say differently. In what is written @ stands for the value. */
struct move_dialect {
    const char *value; /* what its number follows: ?, $ */
    const char *read_body, *write_body;
    const char *read_state, *write_state;
};

/* Appends the statement that gives max rows behind the key, whose texts are the first values. */
void move_sql_read(const struct move_table *t, const struct move_dialect *d, int max,
                   struct buffer *out);

/* Appends the one that writes a row, whose columns are the values. */
void move_sql_write(const struct move_table *t, const struct move_dialect *d, struct buffer *out);

#endif
