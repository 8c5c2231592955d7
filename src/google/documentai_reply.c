#include "google/documentai_reply.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

#define ROWS_MAX 5000
#define COLS_MAX 1000

#define RPC_INVALID_ARGUMENT 3 /* google.rpc.Code: trying again does not help */

/* document.text, and where its code points start: offsets in a Document count code points. */
struct text {
    const char *bytes;
    size_t *starts; /* owned; points + 1 of them */
    size_t points;
};

/* A Document.Page.Layout. */
struct layout_of {
    char *text; /* owned */
    struct box box;
    float confidence;
};

static enum err bad(struct error *e)
{
    return error_set(e, ERR_UNAVAILABLE, "Document AI gave an answer that cannot be used.");
}

/* --- members; those with their default value are left out by Google --- */

static enum err get_array(const json_t *object, const char *name, const json_t **out,
                          struct error *e)
{
    *out = json_object_get(object, name);
    return *out == NULL || json_is_array(*out) ? ERR_OK : bad(e);
}

static enum err get_object(const json_t *object, const char *name, const json_t **out,
                           struct error *e)
{
    *out = json_object_get(object, name);
    return *out == NULL || json_is_object(*out) ? ERR_OK : bad(e);
}

static enum err get_number(const json_t *object, const char *name, double *out, struct error *e)
{
    const json_t *value = json_object_get(object, name);
    *out = json_number_value(value);
    return value == NULL || (json_is_number(value) && isfinite(*out)) ? ERR_OK : bad(e);
}

/* An int64, which JSON has as a string. */
static enum err get_index(const json_t *object, const char *name, size_t max, size_t *out,
                          struct error *e)
{
    const json_t *value = json_object_get(object, name);
    const char *digits = json_string_value(value);
    long long n = json_integer_value(value);
    char *end = NULL;
    *out = 0;
    if (value == NULL)
        return ERR_OK;
    errno = 0;
    if (digits != NULL)
        n = strtoll(digits, &end, 10);
    if ((digits == NULL && !json_is_integer(value)) || errno != 0 ||
        (digits != NULL && (end == digits || *end != '\0')) || n < 0 || (unsigned long long)n > max)
        return bad(e);
    *out = (size_t)n;
    return ERR_OK;
}

static enum err get_span(const json_t *object, const char *name, int max, int *out, struct error *e)
{
    double n;
    enum err err = get_number(object, name, &n, e);
    if (err == ERR_OK && (n < 0 || n > max))
        err = bad(e);
    *out = err == ERR_OK && n >= 1 ? (int)n : 1;
    return err;
}

/* --- text --- */

static enum err text_open(const json_t *document, struct text *t, struct error *e)
{
    const json_t *value = json_object_get(document, "text");
    if (value != NULL && !json_is_string(value))
        return bad(e);
    t->bytes = value != NULL ? json_string_value(value) : "";
    size_t n = strlen(t->bytes);
    t->starts = malloc((n + 1) * sizeof *t->starts);
    if (t->starts == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)t->bytes[i] & 0xC0) != 0x80)
            t->starts[t->points++] = i;
    t->starts[t->points] = n;
    return ERR_OK;
}

static bool is_space(char c)
{
    return c != '\0' && strchr(" \t\r\n\v\f", c) != NULL;
}

/* Appends bytes with all white space made one space, and none at the start. */
static void append_words(struct buffer *out, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_space(bytes[i]))
            buffer_append(out, bytes + i, 1);
        else if (out->len > 0 && out->data[out->len - 1] != ' ')
            buffer_puts(out, " ");
    }
}

static void trim_end(char *text, const char *what)
{
    size_t n = strlen(text);
    while (n > 0 && strchr(what, text[n - 1]) != NULL)
        text[--n] = '\0';
}

/* The text of a textAnchor. No anchor, or one with no segments, is an empty text. */
static enum err anchor_text(const struct text *t, const json_t *layout, char **out, struct error *e)
{
    const json_t *anchor, *segments = NULL;
    struct buffer b = BUFFER_INIT;
    size_t total = 0;
    enum err err = get_object(layout, "textAnchor", &anchor, e);
    if (err == ERR_OK)
        err = get_array(anchor, "textSegments", &segments, e);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(segments); i++) {
        const json_t *segment = json_array_get(segments, i);
        size_t from = 0, to = 0;
        if (!json_is_object(segment) ||
            get_index(segment, "startIndex", t->points, &from, e) != ERR_OK ||
            get_index(segment, "endIndex", t->points, &to, e) != ERR_OK || to < from ||
            (total += to - from) > t->points)
            err = bad(e);
        else
            append_words(&b, t->bytes + t->starts[from], t->starts[to] - t->starts[from]);
    }
    *out = buffer_take(&b);
    if (*out == NULL)
        return err == ERR_OK ? error_no_memory(e) : err;
    trim_end(*out, " ");
    return err;
}

/* --- boxes --- */

static double clamp(double x)
{
    return fmin(1, fmax(0, x));
}

/* The box around vertices whose coordinates are divided by width and height. */
static enum err vertices_box(const json_t *vertices, double width, double height, struct box *out,
                             struct error *e)
{
    double x0 = 1, y0 = 1, x1 = 0, y1 = 0;
    for (size_t i = 0; i < json_array_size(vertices); i++) {
        const json_t *v = json_array_get(vertices, i);
        double x, y;
        if (!json_is_object(v) || get_number(v, "x", &x, e) != ERR_OK ||
            get_number(v, "y", &y, e) != ERR_OK)
            return bad(e);
        x0 = fmin(x0, clamp(x / width));
        y0 = fmin(y0, clamp(y / height));
        x1 = fmax(x1, clamp(x / width));
        y1 = fmax(y1, clamp(y / height));
    }
    *out = (struct box){x0, y0, x1 - x0, y1 - y0};
    return ERR_OK;
}

static enum err pixels_box(const json_t *page, const json_t *vertices, struct box *out,
                           struct error *e)
{
    const json_t *dimension;
    double width = 0, height = 0;
    enum err err = get_object(page, "dimension", &dimension, e);
    if (err == ERR_OK)
        err = get_number(dimension, "width", &width, e);
    if (err == ERR_OK)
        err = get_number(dimension, "height", &height, e);
    if (err == ERR_OK && (width <= 0 || height <= 0))
        err = bad(e);
    return err == ERR_OK ? vertices_box(vertices, width, height, out, e) : err;
}

/* *known is false when there is no box. */
static enum err layout_box(const json_t *page, const json_t *layout, struct box *out, bool *known,
                           struct error *e)
{
    const json_t *poly, *vertices = NULL, *normal = NULL;
    enum err err = get_object(layout, "boundingPoly", &poly, e);
    *out = (struct box){0, 0, 0, 0};
    if (err == ERR_OK)
        err = get_array(poly, "normalizedVertices", &normal, e);
    if (err == ERR_OK)
        err = get_array(poly, "vertices", &vertices, e);
    *known = json_array_size(normal) > 0 || json_array_size(vertices) > 0;
    if (err != ERR_OK || !*known)
        return err;
    return json_array_size(normal) > 0 ? vertices_box(normal, 1, 1, out, e)
                                       : pixels_box(page, vertices, out, e);
}

/* Only what is empty may be nowhere. text is owned by the caller, and NULL on errors. */
static enum err read_layout(const struct text *t, const json_t *page, const json_t *layout,
                            struct layout_of *out, struct error *e)
{
    double confidence = 0;
    bool known = false;
    memset(out, 0, sizeof *out);
    if (layout != NULL && !json_is_object(layout))
        return bad(e);
    enum err err = anchor_text(t, layout, &out->text, e);
    if (err == ERR_OK)
        err = layout_box(page, layout, &out->box, &known, e);
    if (err == ERR_OK)
        err = get_number(layout, "confidence", &confidence, e);
    if (err == ERR_OK && !known && out->text[0] != '\0')
        err = bad(e);
    if (err != ERR_OK) {
        free(out->text);
        out->text = NULL;
        return err;
    }
    out->confidence = out->text[0] != '\0' ? (float)clamp(confidence) : 1;
    return ERR_OK;
}

/* --- words --- */

static enum err read_token(const struct text *t, const json_t *page, const json_t *token,
                           struct ocr_result *out, struct error *e)
{
    struct layout_of l;
    if (!json_is_object(token))
        return bad(e);
    enum err err = read_layout(t, page, json_object_get(token, "layout"), &l, e);
    if (err == ERR_OK && l.text[0] != '\0' &&
        word_list_add(&out->words, l.box, l.text, strlen(l.text), l.confidence,
                      ENGINE_DOCUMENTAI) != ERR_OK)
        err = error_no_memory(e);
    free(l.text);
    return err;
}

/* --- tables --- */

/* A table that is being filled: busy[col] is the first row where the column is free again. */
struct filling {
    struct table *table;
    int busy[COLS_MAX + 1];
};

static enum err add_cell(struct filling *f, const struct layout_of *l, int row, int row_span,
                         int col_span, bool header, struct error *e)
{
    struct table *t = f->table;
    int col = 0, span = 0;
    while (col < COLS_MAX && f->busy[col] > row)
        col++;
    while (span < col_span && col + span < COLS_MAX && f->busy[col + span] <= row)
        f->busy[col + span++] = row + row_span;
    if (span == 0)
        return bad(e);
    struct cell *grown = realloc(t->cells, (t->n_cells + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    t->cells = grown;
    t->cells[t->n_cells] = (struct cell){.row = row,
                                         .col = col,
                                         .row_span = row_span,
                                         .col_span = span,
                                         .box = l->box,
                                         .text = strdup(l->text),
                                         .confidence = l->confidence,
                                         .engine = ENGINE_DOCUMENTAI,
                                         .header = header};
    if (t->cells[t->n_cells].text == NULL)
        return error_no_memory(e);
    t->n_cells++;
    t->cols = col + span > t->cols ? col + span : t->cols;
    t->confidence = fminf(t->confidence, l->confidence);
    return ERR_OK;
}

static enum err read_cell(const struct text *t, const json_t *page, const json_t *cell,
                          struct filling *f, int row, bool header, struct error *e)
{
    struct layout_of l;
    int row_span = 1, col_span = 1;
    if (!json_is_object(cell))
        return bad(e);
    enum err err = get_span(cell, "rowSpan", ROWS_MAX, &row_span, e);
    if (err == ERR_OK)
        err = get_span(cell, "colSpan", COLS_MAX, &col_span, e);
    if (err == ERR_OK)
        err = read_layout(t, page, json_object_get(cell, "layout"), &l, e);
    if (err != ERR_OK)
        return err;
    if (row_span > f->table->rows - row)
        row_span = f->table->rows - row;
    err = add_cell(f, &l, row, row_span, col_span, header, e);
    free(l.text);
    return err;
}

static enum err read_rows(const struct text *t, const json_t *page, const json_t *rows,
                          struct filling *f, int first, bool header, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *cells = NULL;
        err = json_is_object(row) ? get_array(row, "cells", &cells, e) : bad(e);
        for (size_t k = 0; err == ERR_OK && k < json_array_size(cells); k++)
            err = read_cell(t, page, json_array_get(cells, k), f, first + (int)i, header, e);
    }
    return err;
}

static enum err fill_table(const struct text *t, const json_t *page, const json_t *table,
                           struct table *out, struct error *e)
{
    const json_t *head, *body = NULL;
    struct layout_of own = {0};
    enum err err = get_array(table, "headerRows", &head, e);
    if (err == ERR_OK)
        err = get_array(table, "bodyRows", &body, e);
    if (err == ERR_OK && json_array_size(head) + json_array_size(body) > ROWS_MAX)
        err = bad(e);
    if (err == ERR_OK)
        err = read_layout(t, page, json_object_get(table, "layout"), &own, e);
    free(own.text);
    struct filling *f = err == ERR_OK ? calloc(1, sizeof *f) : NULL;
    if (f == NULL)
        return err == ERR_OK ? error_no_memory(e) : err;
    f->table = out;
    int n_head = (int)json_array_size(head);
    out->structure = STRUCTURE_DOCUMENTAI;
    out->box = own.box;
    out->confidence = 1;
    out->rows = n_head + (int)json_array_size(body);
    err = read_rows(t, page, head, f, 0, true, e);
    if (err == ERR_OK)
        err = read_rows(t, page, body, f, n_head, false, e);
    free(f);
    return err;
}

static enum err read_table(const struct text *t, const json_t *page, const json_t *table,
                           struct ocr_result *out, struct error *e)
{
    struct table *grown = realloc(out->tables, (out->n_tables + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    out->tables = grown;
    struct table *own = &grown[out->n_tables];
    *own = (struct table){0};
    enum err err = json_is_object(table) ? fill_table(t, page, table, own, e) : bad(e);
    if (err == ERR_OK && own->n_cells > 0)
        out->n_tables++;
    else
        table_free(own);
    return err;
}

/* --- form fields --- */

/* Takes the texts. */
static enum err add_field(struct layout_of *name, struct layout_of *value, struct ocr_result *out,
                          struct error *e)
{
    struct form_field *grown = realloc(out->fields, (out->n_fields + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    out->fields = grown;
    grown[out->n_fields++] =
        (struct form_field){.name = name->text,
                            .value = value->text,
                            .name_box = name->box,
                            .value_box = value->text[0] != '\0' ? value->box : name->box,
                            .confidence = fminf(name->confidence, value->confidence),
                            .engine = ENGINE_DOCUMENTAI};
    name->text = value->text = NULL;
    return ERR_OK;
}

/* A field with no name is left out. */
static enum err read_field(const struct text *t, const json_t *page, const json_t *field,
                           struct ocr_result *out, struct error *e)
{
    struct layout_of name = {0}, value = {0};
    if (!json_is_object(field))
        return bad(e);
    enum err err = read_layout(t, page, json_object_get(field, "fieldName"), &name, e);
    if (err == ERR_OK)
        err = read_layout(t, page, json_object_get(field, "fieldValue"), &value, e);
    if (err == ERR_OK)
        trim_end(name.text, ": ");
    if (err == ERR_OK && name.text[0] != '\0')
        err = add_field(&name, &value, out, e);
    free(name.text);
    free(value.text);
    return err;
}

/* --- the document --- */

typedef enum err read_item(const struct text *t, const json_t *page, const json_t *item,
                           struct ocr_result *out, struct error *e);

static enum err read_all(const struct text *t, const json_t *page, const char *name,
                         read_item *read, struct ocr_result *out, struct error *e)
{
    const json_t *items;
    enum err err = get_array(page, name, &items, e);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(items); i++)
        err = read(t, page, json_array_get(items, i), out, e);
    return err;
}

static enum err read_page(const struct text *t, const json_t *page, bool structure,
                          struct ocr_result *out, struct error *e)
{
    if (!json_is_object(page))
        return bad(e);
    enum err err = read_all(t, page, "tokens", read_token, out, e);
    if (err == ERR_OK && structure)
        err = read_all(t, page, "tables", read_table, out, e);
    if (err == ERR_OK && structure)
        err = read_all(t, page, "formFields", read_field, out, e);
    return err;
}

/* document.error is a google.rpc.Status: what became of this document, though the call went well.
 */
static enum err check_error(const json_t *document, struct error *e)
{
    const json_t *error, *message;
    double code = 0;
    enum err err = get_object(document, "error", &error, e);
    if (err == ERR_OK)
        err = get_number(error, "code", &code, e);
    if (err != ERR_OK || code == 0)
        return err;
    message = json_object_get(error, "message");
    const char *text = json_is_string(message) ? json_string_value(message) : "no message";
    if (code == RPC_INVALID_ARGUMENT)
        return error_set(e, ERR_UNPROCESSABLE, "Document AI could not read the page: %s", text);
    error_set(e, ERR_UNAVAILABLE, "Document AI could not read the page; try again.");
    return error_cause(e, "%.0f: %s", code, text);
}

enum err documentai_reply_read(const json_t *reply, bool structure, struct ocr_result *out,
                               struct error *e)
{
    const json_t *document = json_object_get(reply, "document"), *pages = NULL;
    struct text t = {0};
    memset(out, 0, sizeof *out);
    enum err err = json_is_object(document) ? check_error(document, e) : bad(e);
    if (err == ERR_OK)
        err = text_open(document, &t, e);
    if (err == ERR_OK)
        err = get_array(document, "pages", &pages, e);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(pages); i++)
        err = read_page(&t, json_array_get(pages, i), structure, out, e);
    free(t.starts);
    if (err != ERR_OK)
        ocr_result_free(out);
    return err;
}
