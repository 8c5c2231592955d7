/* HTML: a page with every table, its spans and head kept, forms as two columns, text as
 * paragraphs. https://html.spec.whatwg.org/multipage/tables.html */
#include <string.h>

#include "formats/table.h"

#define PAGE_HEAD                                                                                  \
    "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>Extraction</title>\n"       \
    "</head>\n<body>\n"

static void put_text(const char *text, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        switch (text[i]) {
        case '&':
            buffer_puts(out, "&amp;");
            break;
        case '<':
            buffer_puts(out, "&lt;");
            break;
        case '>':
            buffer_puts(out, "&gt;");
            break;
        case '\n':
            buffer_puts(out, "<br>");
            break;
        default:
            buffer_append(out, &text[i], 1);
            break;
        }
    }
}

static void put_cell(const struct cell *c, struct buffer *out)
{
    const char *name = c->header ? "th" : "td";
    buffer_printf(out, "<%s", name);
    if (c->row_span > 1)
        buffer_printf(out, " rowspan=\"%d\"", c->row_span);
    if (c->col_span > 1)
        buffer_printf(out, " colspan=\"%d\"", c->col_span);
    buffer_puts(out, ">");
    put_text(c->text, strlen(c->text), out);
    buffer_printf(out, "</%s>", name);
}

static void put_table(const struct table *t, struct buffer *out)
{
    size_t next = 0;
    buffer_puts(out, "<table>\n");
    for (int row = 0; row < t->rows; row++) {
        buffer_puts(out, "<tr>");
        for (; next < t->n_cells && t->cells[next].row == row; next++)
            put_cell(&t->cells[next], out);
        buffer_puts(out, "</tr>\n");
    }
    buffer_puts(out, "</table>\n");
}

static void put_fields(const struct region_result *r, struct buffer *out)
{
    buffer_puts(out, "<table>\n");
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct form_field *f = &r->fields[i];
        buffer_puts(out, "<tr><th scope=\"row\">");
        put_text(f->name, strlen(f->name), out);
        buffer_puts(out, "</th><td>");
        put_text(f->value, strlen(f->value), out);
        buffer_puts(out, "</td></tr>\n");
    }
    buffer_puts(out, "</table>\n");
}

static void put_paragraphs(const char *text, struct buffer *out)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        if (n > 0) {
            buffer_puts(out, "<p>");
            put_text(text, n, out);
            buffer_puts(out, "</p>\n");
        }
        text += n + (text[n] == '\n');
    }
}

enum err format_write_html(const struct extraction *x, const struct format_options *o,
                           struct buffer *out, struct error *e)
{
    (void)o;
    (void)e;
    buffer_puts(out, PAGE_HEAD);
    for (size_t i = 0; i < x->n_results; i++) {
        const struct region_result *r = &x->results[i];
        for (size_t k = 0; k < r->n_tables; k++)
            put_table(&r->tables[k], out);
        if (r->n_fields > 0)
            put_fields(r, out);
        put_paragraphs(format_plain_text(r), out);
    }
    buffer_puts(out, "</body>\n</html>\n");
    return ERR_OK;
}
