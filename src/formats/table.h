/* The formats, one a row: FORMAT(name, extension, media type, whether it is a sheet, whether
 * it is the document). Its writer is format_write_NAME, in a file of its own. The first is the
 * default. */
#ifndef PDF_OCR_FORMATS_TABLE_H
#define PDF_OCR_FORMATS_TABLE_H

#include "formats/format.h"

#define FORMAT_TABLE(FORMAT)                                                                       \
    FORMAT(csv, "csv", "text/csv; charset=utf-8", true, false)                                     \
    FORMAT(tsv, "tsv", "text/tab-separated-values; charset=utf-8", true, false)                    \
    FORMAT(json, "json", "application/json", false, false)                                         \
    FORMAT(markdown, "md", "text/markdown; charset=utf-8", false, false)                           \
    FORMAT(html, "html", "text/html; charset=utf-8", false, false)                                 \
    FORMAT(xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",      \
           false, false)                                                                           \
    FORMAT(pdf, "pdf", "application/pdf", false, true)

#define FORMAT_PROTOTYPE(name, extension, media_type, is_sheet, is_document)                       \
    format_write_fn format_write_##name;
FORMAT_TABLE(FORMAT_PROTOTYPE)
#undef FORMAT_PROTOTYPE

#endif
