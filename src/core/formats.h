/* Writing an extraction as CSV (RFC 4180), TSV or JSON. */
#ifndef PDF_OCR_CORE_FORMATS_H
#define PDF_OCR_CORE_FORMATS_H

#include "base/buffer.h"
#include "ports/extraction.h"

/* Appends the whole result.
 *
 * CSV/TSV: the rows of every table, form fields as name,value rows, text as one line a row;
 * blocks are separated by an empty line. A spanning cell's text stands in its first place, the
 * others are empty. Lines end in CR LF; a TSV has its tabs and line ends inside cells turned to
 * spaces. escape_formulas: a cell that starts with = + - @ TAB or CR gets a ' in front, unless it
 * is a plain number.
 *
 * JSON: DESIGN's result: regions[] with region_index, region_id, page, bbox, region_type, text,
 * confidence, engine, structured_data {tables[][][], form_fields[{name,value}]}, and words[],
 * cells[] with bbox, confidence, engine and verified (of a table that a model proposed; true: its
 * words were read there; false: they were not, and the text is left out; else null), tables[] with
 * who found their structure; summary. */
enum err format_write(const struct extraction *x, enum output_format f, bool escape_formulas,
                      struct buffer *out, struct error *e);

/* text/csv; charset=utf-8 and so on. */
const char *format_content_type(enum output_format f);

#endif
