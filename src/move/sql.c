#include "move/sql.h"

static void append_names(const struct move_table *t, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "", t->columns[i].name);
}

static void append_value(const struct move_dialect *d, size_t number, struct buffer *out)
{
    buffer_printf(out, "%s%zu", d->value, number);
}

void move_sql_read(const struct move_table *t, const struct move_dialect *d, int max,
                   struct buffer *out)
{
    buffer_puts(out, "SELECT ");
    for (size_t i = 0; i < t->n_columns; i++) {
        enum move_kind kind = t->columns[i].kind;
        buffer_puts(out, i > 0 ? ", " : "");
        buffer_puts(out, kind == MOVE_BODY    ? d->read_body
                         : kind == MOVE_STATE ? d->read_state
                                              : t->columns[i].name);
    }
    buffer_printf(out, " FROM %s WHERE (", t->name);
    append_names(t, t->n_keys, out);
    buffer_puts(out, ") > (");
    for (size_t k = 0; k < t->n_keys; k++) {
        buffer_puts(out, k > 0 ? ", " : "");
        append_value(d, k + 1, out);
    }
    buffer_puts(out, ") ORDER BY ");
    append_names(t, t->n_keys, out);
    buffer_printf(out, " LIMIT %d", max);
}

void move_sql_write(const struct move_table *t, const struct move_dialect *d, struct buffer *out)
{
    buffer_printf(out, "INSERT INTO %s(", t->name);
    append_names(t, t->n_columns, out);
    buffer_puts(out, ") VALUES(");
    for (size_t i = 0; i < t->n_columns; i++) {
        enum move_kind kind = t->columns[i].kind;
        const char *around = kind == MOVE_BODY    ? d->write_body
                             : kind == MOVE_STATE ? d->write_state
                                                  : "@";
        buffer_puts(out, i > 0 ? ", " : "");
        for (const char *c = around; *c != '\0'; c++) {
            if (*c == '@')
                append_value(d, i + 1, out);
            else
                buffer_append(out, c, 1);
        }
    }
    buffer_puts(out, ") ON CONFLICT(");
    append_names(t, t->n_keys, out);
    buffer_puts(out, ") DO UPDATE SET ");
    for (size_t i = t->n_keys; i < t->n_columns; i++)
        buffer_printf(out, "%s%s = excluded.%s", i > t->n_keys ? ", " : "", t->columns[i].name,
                      t->columns[i].name);
}
