/* Markdown, as GitHub Flavored Markdown: https://github.github.com/gfm/#tables-extension-
 *
 * The first row of a table is its head, which Markdown demands. A spanning cell's text stands in
 * its first place, the others are empty. Characters that Markdown would read are escaped. */
#include <string.h>

#include "formats/table.h"

static bool begins_block(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits > 0)
        return strchr(".)", text[digits]) != NULL && text[digits] != '\0';
    return text[0] != '\0' && strchr("#+-=", text[0]) != NULL;
}

static void put_text(const char *text, struct buffer *out)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n' || *p == '\r') {
            buffer_puts(out, "<br>");
            p += p[0] == '\r' && p[1] == '\n';
            continue;
        }
        if (strchr("\\`*_[]<>|~&", *p) != NULL)
            buffer_puts(out, "\\");
        buffer_append(out, p, 1);
    }
}

/* A line of its own, which must not begin a heading, a list or a rule. */
static void put_line(const char *line, struct buffer *out)
{
    size_t digits = strspn(line, "0123456789");
    if (begins_block(line)) {
        buffer_append(out, line, digits);
        buffer_puts(out, "\\");
        line += digits;
        buffer_append(out, line, 1);
        line++;
    }
    put_text(line, out);
    buffer_puts(out, "  \n");
}

static void end_head(int cols, struct buffer *out)
{
    for (int col = 0; col < cols; col++)
        buffer_puts(out, col == 0 ? "| ---" : " | ---");
    buffer_puts(out, " |\n");
}

static void put_table(const struct table *t, struct buffer *out)
{
    size_t next = 0;
    for (int row = 0; row < t->rows; row++) {
        for (int col = 0; col < t->cols; col++) {
            buffer_puts(out, col == 0 ? "| " : " | ");
            if (next < t->n_cells && t->cells[next].row == row && t->cells[next].col == col)
                put_text(t->cells[next++].text, out);
        }
        buffer_puts(out, " |\n");
        if (row == 0)
            end_head(t->cols, out);
    }
}

static void put_fields(const struct region_result *r, struct buffer *out)
{
    buffer_puts(out, "| Name | Value |\n");
    end_head(2, out);
    for (size_t i = 0; i < r->n_fields; i++) {
        buffer_puts(out, "| ");
        put_text(r->fields[i].name, out);
        buffer_puts(out, " | ");
        put_text(r->fields[i].value, out);
        buffer_puts(out, " |\n");
    }
}

static enum err put_lines(const char *text, struct buffer *out, struct error *e)
{
    struct buffer line = BUFFER_INIT;
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        buffer_reset(&line);
        buffer_append(&line, text, n);
        if (n > 0 && !buffer_failed(&line))
            put_line(line.data, out);
        text += n + (text[n] == '\n');
    }
    bool failed = buffer_failed(&line);
    buffer_free(&line);
    return failed ? error_no_memory(e) : ERR_OK;
}

static void separate(struct buffer *out)
{
    if (!buffer_is_empty(out))
        buffer_puts(out, "\n");
}

static enum err put_region(const struct region_result *r, struct buffer *out, struct error *e)
{
    for (size_t i = 0; i < r->n_tables; i++) {
        separate(out);
        put_table(&r->tables[i], out);
    }
    if (r->n_fields > 0) {
        separate(out);
        put_fields(r, out);
    }
    if (format_plain_text(r)[0] == '\0')
        return ERR_OK;
    separate(out);
    return put_lines(format_plain_text(r), out, e);
}

enum err format_write_markdown(const struct extraction *x, const struct format_options *o,
                               struct buffer *out, struct error *e)
{
    enum err err = ERR_OK;
    (void)o;
    for (size_t i = 0; err == ERR_OK && i < x->n_results; i++)
        err = put_region(&x->results[i], out, e);
    return err;
}
