/* The document as a searchable PDF: its pages as they are, with the words that OCR has read on them
 * as text that is not seen. Images become pages of a PDF. */
#ifndef PDF_OCR_READER_SEARCHABLE_H
#define PDF_OCR_READER_SEARCHABLE_H

#include "base/buffer.h"
#include "reader/document.h"

/* Appends the PDF to out. It has the pages that `pages`, a text that is written into, names, in the
 * order of the document: for each a line "NUMBER WORDS" and as many lines "X Y DX DY HEIGHT TEXT"
 * (extract/searchable.h). False when that is not so, the PDF is too damaged to be written anew, or
 * memory is out. */
bool searchable_write(const struct document *d, struct buffer *pages, struct buffer *out);

#endif
