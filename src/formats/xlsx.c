/* XLSX (ISO/IEC 29500), by libxlsxwriter: a sheet a table, a form, or a region's text.
 *
 * What is a number and nothing else is one; all other text is text, never a formula. The same
 * extraction gives the same bytes: the workbook is dated 2000-01-01. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "formats/number.h"
#include "formats/table.h"

#define TEXT_MAX 32767 /* characters in a cell: Excel's limit; what is longer is cut */
#define DATED    946684800

struct book {
    lxw_workbook *workbook;
    lxw_format *head, *wrapped;
    int tables, forms, texts;
};

static enum err refuse(lxw_error code, struct error *e)
{
    if (code == LXW_ERROR_MEMORY_MALLOC_FAILED)
        return error_no_memory(e);
    if (code == LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE)
        return error_set(e, ERR_UNPROCESSABLE,
                         "A table has more than the 1,048,576 rows or 16,384 columns of an XLSX "
                         "sheet; use csv or json.");
    error_set(e, ERR_UNAVAILABLE, "The XLSX file could not be written.");
    return error_cause(e, "libxlsxwriter: %s", lxw_strerror(code));
}

/* The bytes of at most TEXT_MAX characters of UTF-8. */
static size_t fitting(const char *text)
{
    size_t i = 0;
    for (int n = 0; text[i] != '\0'; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80 && n++ == TEXT_MAX)
            break;
    return i;
}

static lxw_error put(lxw_worksheet *s, int row, int col, const char *text, lxw_format *format)
{
    double number;
    if (text[0] == '\0')
        return LXW_NO_ERROR;
    if (number_read(text, &number))
        return worksheet_write_number(s, (lxw_row_t)row, (lxw_col_t)col, number, format);
    char *cut = strndup(text, fitting(text));
    if (cut == NULL)
        return LXW_ERROR_MEMORY_MALLOC_FAILED;
    lxw_error code = worksheet_write_string(s, (lxw_row_t)row, (lxw_col_t)col, cut, format);
    free(cut);
    return code;
}

static enum err add_sheet(struct book *b, const char *what, int *count, lxw_worksheet **out,
                          struct error *e)
{
    char name[32]; /* Excel's limit is 31 characters */
    (void)snprintf(name, sizeof name, "%s %d", what, ++*count);
    *out = workbook_add_worksheet(b->workbook, name);
    return *out != NULL ? ERR_OK : error_no_memory(e);
}

static lxw_error put_cell(const struct book *b, lxw_worksheet *s, const struct cell *c)
{
    lxw_format *format = c->header ? b->head : strchr(c->text, '\n') != NULL ? b->wrapped : NULL;
    lxw_error code = LXW_NO_ERROR;
    if (c->row >= LXW_ROW_MAX || c->col >= LXW_COL_MAX)
        return LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE;
    if (c->row_span > 1 || c->col_span > 1)
        code = worksheet_merge_range(s, (lxw_row_t)c->row, (lxw_col_t)c->col,
                                     (lxw_row_t)(c->row + c->row_span - 1),
                                     (lxw_col_t)(c->col + c->col_span - 1), "", format);
    return code == LXW_NO_ERROR ? put(s, c->row, c->col, c->text, format) : code;
}

static enum err put_table(struct book *b, const struct table *t, struct error *e)
{
    lxw_worksheet *s;
    lxw_error code = LXW_NO_ERROR;
    enum err err = add_sheet(b, "Table", &b->tables, &s, e);
    for (size_t i = 0; err == ERR_OK && code == LXW_NO_ERROR && i < t->n_cells; i++)
        code = put_cell(b, s, &t->cells[i]);
    return code == LXW_NO_ERROR ? err : refuse(code, e);
}

static enum err put_fields(struct book *b, const struct region_result *r, struct error *e)
{
    lxw_worksheet *s;
    lxw_error code = LXW_NO_ERROR;
    enum err err = add_sheet(b, "Form", &b->forms, &s, e);
    for (size_t i = 0; err == ERR_OK && code == LXW_NO_ERROR && i < r->n_fields; i++) {
        code = put(s, (int)i, 0, r->fields[i].name, b->head);
        if (code == LXW_NO_ERROR)
            code = put(s, (int)i, 1, r->fields[i].value, NULL);
    }
    return code == LXW_NO_ERROR ? err : refuse(code, e);
}

static enum err put_text(struct book *b, const char *text, struct error *e)
{
    lxw_worksheet *s;
    lxw_error code = LXW_NO_ERROR;
    enum err err = add_sheet(b, "Text", &b->texts, &s, e);
    char *copy = strdup(text), *rest = copy;
    if (copy == NULL)
        return error_no_memory(e);
    int row = 0;
    for (char *line; err == ERR_OK && code == LXW_NO_ERROR && (line = strsep(&rest, "\n"));)
        if (line[0] != '\0')
            code = put(s, row++, 0, line, NULL);
    free(copy);
    return code == LXW_NO_ERROR ? err : refuse(code, e);
}

static enum err put_region(struct book *b, const struct region_result *r, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < r->n_tables; i++)
        err = put_table(b, &r->tables[i], e);
    if (err == ERR_OK && r->n_fields > 0)
        err = put_fields(b, r, e);
    if (err == ERR_OK && format_plain_text(r)[0] != '\0')
        err = put_text(b, format_plain_text(r), e);
    return err;
}

/* A workbook without a sheet cannot be opened. */
static enum err put_all(struct book *b, const struct extraction *x, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < x->n_results; i++)
        err = put_region(b, &x->results[i], e);
    if (err == ERR_OK && b->tables + b->forms + b->texts == 0 &&
        workbook_add_worksheet(b->workbook, "Nothing found") == NULL)
        err = error_no_memory(e);
    return err;
}

static enum err write_book(const char *path, const struct extraction *x, struct error *e)
{
    struct book b = {.workbook = workbook_new(path)};
    lxw_doc_properties dated = {.created = DATED};
    if (b.workbook == NULL)
        return error_no_memory(e);
    enum err err = ERR_OK;
    if (workbook_set_properties(b.workbook, &dated) != LXW_NO_ERROR ||
        (b.head = workbook_add_format(b.workbook)) == NULL ||
        (b.wrapped = workbook_add_format(b.workbook)) == NULL) {
        err = error_no_memory(e);
    } else {
        format_set_bold(b.head);
        format_set_text_wrap(b.head);
        format_set_text_wrap(b.wrapped);
        err = put_all(&b, x, e);
    }
    lxw_error code = workbook_close(b.workbook); /* frees it, too */
    return err == ERR_OK && code != LXW_NO_ERROR ? refuse(code, e) : err;
}

static enum err append_file(int fd, struct buffer *out, struct error *e)
{
    char chunk[65536];
    ssize_t n;
    off_t at = 0;
    while ((n = pread(fd, chunk, sizeof chunk, at)) > 0) {
        buffer_append(out, chunk, (size_t)n);
        at += n;
    }
    if (n == 0)
        return ERR_OK;
    error_set(e, ERR_UNAVAILABLE, "The XLSX file could not be written.");
    return error_cause(e, "reading it back: %s", strerror(errno));
}

/* The library writes to a path only: one of a file in memory. */
enum err format_write_xlsx(const struct extraction *x, const struct format_options *o,
                           struct buffer *out, struct error *e)
{
    char path[32];
    (void)o;
    int fd = memfd_create("xlsx", MFD_CLOEXEC);
    if (fd < 0) {
        error_set(e, ERR_UNAVAILABLE, "The XLSX file could not be written.");
        return error_cause(e, "memfd_create: %s", strerror(errno));
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    enum err err = write_book(path, x, e);
    if (err == ERR_OK)
        err = append_file(fd, out, e);
    (void)close(fd);
    return err;
}
