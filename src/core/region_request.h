/* Regions as requests and templates have them:
 * {page, x, y, width, height, region_id?, region_type?}, or bbox: {x, y, w, h} for the four. page
 * is a number from 1, or "all". */
#ifndef PDF_OCR_CORE_REGION_REQUEST_H
#define PDF_OCR_CORE_REGION_REQUEST_H

#include "base/buffer.h"
#include "base/json.h"
#include "core/config.h"
#include "ports/extraction.h"

/* Reads an array of 1 to MAX_REGIONS. *out, which is NULL before, is the caller's to free, after an
 * error as well; *n, 0 before, is how many it has. ERR_UNPROCESSABLE with a JSON Pointer and what
 * was expected. */
enum err regions_read(const struct json_at *at, const struct config *cfg, struct region **out,
                      size_t *n, struct error *e);

/* Checks that the array's members hold only what regions_read reads: ERR_UNKNOWN_NAME. */
enum err regions_only_known(const struct json_at *regions, struct error *e);

/* Appends them as a JSON array, which regions_read reads back. */
void regions_write(const struct region *regions, size_t n, struct buffer *out);

#endif
