/* The formats, one a row: FORMAT(name, extension, media type). Its writer is format_write_NAME, in
 * a file of its own. The first is the default. */
#ifndef PDF_OCR_FORMATS_TABLE_H
#define PDF_OCR_FORMATS_TABLE_H

#include "formats/format.h"

#define FORMAT_TABLE(FORMAT)                                                                       \
    FORMAT(csv, "csv", "text/csv; charset=utf-8")                                                  \
    FORMAT(tsv, "tsv", "text/tab-separated-values; charset=utf-8")                                 \
    FORMAT(json, "json", "application/json")                                                       \
    FORMAT(markdown, "md", "text/markdown; charset=utf-8")                                         \
    FORMAT(html, "html", "text/html; charset=utf-8")                                               \
    FORMAT(xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")

#define FORMAT_PROTOTYPE(name, extension, media_type) format_write_fn format_write_##name;
FORMAT_TABLE(FORMAT_PROTOTYPE)
#undef FORMAT_PROTOTYPE

#endif
