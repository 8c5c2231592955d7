/* What a job store holds: the tables that are moved, and their columns. Both stores name them
 * alike.
 */
#ifndef PDF_OCR_MOVE_TABLES_H
#define PDF_OCR_MOVE_TABLES_H

#include <stddef.h>

#define MOVE_TABLES      5
#define MOVE_COLUMNS_MAX 48
#define MOVE_KEYS_MAX    2

enum move_kind {
    MOVE_TEXT,
    MOVE_NUMBER,
    MOVE_BODY, /* a text that SQLite keeps as a BLOB */
    MOVE_STATE /* of a task: `ended`, or `waiting`; one that was running waits again */
};

struct move_column {
    const char *name;
    enum move_kind kind;
};

struct move_table {
    const char *name;
    size_t n_keys; /* the first columns; rows are in their order, byte by byte */
    size_t n_columns;
    size_t version; /* the column that grows with each change; 0: there is none */
    struct move_column columns[MOVE_COLUMNS_MAX];
};

/* Fills the tables; jobs come first. The columns of jobs are those of job_fields. */
void move_tables_describe(struct move_table out[MOVE_TABLES]);

#endif
