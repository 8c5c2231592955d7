/* The formats a result can be written in. How one is added: CONTRIBUTING.md. */
#ifndef PDF_OCR_FORMATS_FORMAT_H
#define PDF_OCR_FORMATS_FORMAT_H

#include "base/buffer.h"
#include "ports/extraction.h"

/* What a request says about the writing. */
struct format_options {
    size_t max_bytes;     /* of a result; 0: any number */
    bool escape_formulas; /* CSV, TSV: a ' before a cell that a spreadsheet would compute */
    struct sheet_choices sheets;
};

/* Appends the whole result. ERR_EXHAUSTED when memory is out. */
typedef enum err format_write_fn(const struct extraction *x, const struct format_options *o,
                                 struct buffer *out, struct error *e);

struct format {
    const char *name;      /* as in requests: csv */
    const char *extension; /* of the result's file, without a dot */
    const char *zip_extension;
    const char *media_type;
    bool is_sheet;    /* rows of cells and nothing else: takes what sheet_choices say */
    bool is_document; /* the document itself, for which all of its pages are read */
    format_write_fn *write;
};

/* The table, ended by a row whose name is NULL. extraction_request.format is an index into it. */
extern const struct format formats[];

/* How many there are, and their names, ended by NULL. */
size_t format_count(void);
extern const char *const format_names[];

/* Writes x with formats[f], flushes out, and looks whether memory was enough. ERR_UNPROCESSABLE:
 * the result has more than o->max_bytes. A drain of out that failed is ERR_INTERNAL: its owner
 * knows more. */
enum err format_write(const struct extraction *x, int f, const struct format_options *o,
                      struct buffer *out, struct error *e);

/* The text of a region that has no structure, for formats without a place for both; "" where it has
 * tables or fields, or its table was joined to another region's. */
const char *format_plain_text(const struct region_result *r);

/* Whether a format that r asks for is the document itself. */
bool format_wants_document(const struct extraction_request *r);

/* The index of the format of that name, or -1. */
int format_index(const char *name);

/* The extension of a result's file, without a dot, and its media type: those of the format, or
 * csv.zip and a ZIP's where c asks for one. */
const char *format_extension(int f, const struct sheet_choices *c);
const char *format_media_type(int f, const struct sheet_choices *c);

/* The media type of a result's file, by its extension; application/octet-stream for any other. */
const char *format_media_type_of_file(const char *file_name);

/* Appends the names for people: "csv, tsv or json". */
void format_list(struct buffer *out);

#endif
