/* At which resolution a page that is an image, as scanners make them, is to be read. */
#ifndef PDF_OCR_READER_SCAN_H
#define PDF_OCR_READER_SCAN_H

#include "reader/document.h"

/* The resolution of the image that the page is, or of the finest one where several lie on each
 * other; halved or doubled until it is one that OCR reads well, so that pixels become pixels. 0: no
 * image fills the page, its pixels are no squares, or an image of the file is too large to be
 * looked at. */
double scan_resolution(struct document *d, const struct document_page *page);

#endif
