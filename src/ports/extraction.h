/* The request for an extraction, and what came out of it: data that core, extract and the
 * adapters share. */
#ifndef PDF_OCR_PORTS_EXTRACTION_H
#define PDF_OCR_PORTS_EXTRACTION_H

#include "ports/engine.h"
#include "ports/job.h"
#include "ports/page.h"
#include "ports/program_limits.h"

#define FORMATS_MAX 16

enum region_type { REGION_AUTO, REGION_TABLE, REGION_FORM, REGION_TEXT, REGION__MAX };
extern const char *const region_type_names[REGION__MAX + 1]; /* auto, table, form, text */

#define REGION_ID_MAX 64
#define PAGE_ALL      0 /* of a region: every page, or every one of the request's `pages` */

struct region {
    char id[REGION_ID_MAX + 1]; /* the client's, or region-{index} */
    int page;                   /* 1-based; PAGE_ALL only in a request */
    struct box box;
    enum region_type type;
    double confidence; /* of the detection; 1 when the user marked it */
};

struct page_range {
    int first, last; /* 1-based, inclusive; last 0: to the end */
};

/* What becomes of several tables where a format is rows of cells and nothing else. */
enum tables_choice {
    TABLES_ALL,    /* one under the other, with an empty line between them */
    TABLES_MERGED, /* those of the same columns as one */
    TABLES_ZIP,    /* a file each */
    TABLES__MAX
};
extern const char *const tables_choice_names[TABLES__MAX + 1]; /* all, merged, zip */

struct sheet_choices {
    enum tables_choice tables;
    int table;           /* the only one that is written, from 1; 0: all that there is */
    bool source_columns; /* the page and the table's number before each row */
    bool bom;            /* a byte order mark in front, which Excel wants of UTF-8 */
};

#define LANGUAGES_MAX 63 /* bytes */

struct extraction_request {
    char pdf_id[JOB_PDF_ID_MAX + 1];
    int format;             /* index into the table of formats/format.h */
    bool also[FORMATS_MAX]; /* formats written beside it */
    enum engine_choice engine;
    bool agentic;         /* find regions when none are given */
    bool searchable;      /* the document is wanted as a searchable PDF */
    bool join_pages;      /* a table that goes on on the next page is one */
    bool escape_formulas; /* CSV/TSV: a ' before what a spreadsheet would compute; the default */
    struct sheet_choices sheets;
    char languages[LANGUAGES_MAX + 1];   /* of OCR: "eng+deu"; "": the service's own */
    bool has_password;                   /* of an encrypted PDF */
    char password[PDF_PASSWORD_MAX + 1]; /* it; "" until it is unsealed; never written */
    char *callback_url;                  /* owned; NULL: nobody is told of the end */
    struct region *regions;
    size_t n_regions;
    struct page_range *pages; /* where to look for regions; none: everywhere */
    size_t n_pages;
};

void extraction_request_free(struct extraction_request *r);

/* A cell covers row..row+row_span-1, col..col+col_span-1. */
struct cell {
    int row, col, row_span, col_span;
    int page; /* 1-based; 0: the page of its region */
    struct box box;
    char *text;       /* owned, UTF-8, "" when empty */
    float confidence; /* least of its words, 1 when empty; by how sure its place is */
    enum engine engine;
    bool header;
    bool edited;   /* its text is a person's */
    bool rejected; /* proposed by a model but not among the words read: text is "" */
};

struct table {
    enum structure structure;
    int rows, cols;
    struct cell *cells; /* by row, then column; spanned places have no cell */
    size_t n_cells;
    struct box box;
    float confidence;
};

void table_free(struct table *t);

/* *out is a copy of its own. ERR_INTERNAL when memory is out: *out is empty. */
enum err table_copy(const struct table *t, struct table *out, struct error *e);

struct form_field {
    char *name, *value; /* owned */
    struct box name_box, value_box;
    float confidence;
    enum engine engine;
    bool edited; /* its name or value is a person's */
};

void form_field_free(struct form_field *f);

/* As table_copy. */
enum err form_field_copy(const struct form_field *f, struct form_field *out, struct error *e);

struct region_result {
    struct region region; /* type is resolved: never REGION_AUTO */
    char *text;           /* owned; reading order, lines ended by \n */
    float confidence;
    enum engine engine; /* who read most of it */
    struct word_list words;
    struct table *tables;
    size_t n_tables;
    struct form_field *fields;
    size_t n_fields;
    size_t joined_to; /* 1 + the index of the result whose table has this one's rows; 0: none */
    char *warning;    /* owned, may be NULL: why it is empty or poor */
    bool repeated;    /* all but the region is borrowed from an earlier result of the extraction */
};

void region_result_free(struct region_result *r);

/* A page that was not read, or not all of it. */
struct page_problem {
    int page;
    char *detail; /* owned: what is missing, and why */
};

struct extraction {
    struct region_result *results; /* in the order of the request, or of detection */
    size_t n_results;
    struct page_problem *problems; /* in the order of the document */
    size_t n_problems;
    int pages_total; /* of the document */
    int pages_read;
    enum job_outcome outcome;
    char *debug_graph_json; /* agentic only; owned */
    char *document;         /* a searchable PDF, where the request wants it; owned */
    size_t document_bytes;
};

/* Adds a problem; detail is copied. */
enum err extraction_add_problem(struct extraction *x, int page, const char *detail,
                                struct error *e);

void extraction_free(struct extraction *x);

#endif
