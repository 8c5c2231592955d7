/* A font whose letters cannot be seen: the text of a picture is written over it in this font, to be
 * searched, selected and copied. It knows the letters that were shown with it, of any script. */
#ifndef PDF_OCR_READER_GLYPHLESS_H
#define PDF_OCR_READER_GLYPHLESS_H

#include <qpdf/qpdf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Of each letter, in sizes of the font. */
#define GLYPHLESS_WIDTH   0.5
#define GLYPHLESS_DESCENT 0.2 /* from the base line down; from there to the top it is 1 */

struct glyphless;

/* Never NULL; glyphless_free frees it. */
struct glyphless *glyphless_new(void);
void glyphless_free(struct glyphless *f);

/* Appends the text, valid UTF-8, as a string of the font's codes, and returns how many there are.
 * Words of Hebrew or Arabic are written from the left, as PDFs have them. */
size_t glyphless_append(struct glyphless *f, const char *text, struct buffer *out);

/* Makes `font`, an empty dictionary of q, the font of all that was shown. False: memory is out.
 * Other errors stay with q. */
bool glyphless_finish(const struct glyphless *f, qpdf_data q, qpdf_oh font);

#endif
