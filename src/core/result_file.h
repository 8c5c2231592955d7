/* A result as a file of the blob store, written as it is made: no more than a part of it is in
 * memory. */
#ifndef PDF_OCR_CORE_RESULT_FILE_H
#define PDF_OCR_CORE_RESULT_FILE_H

#include "core/job_service.h"
#include "formats/format.h"

/* Writes x in a format, durably, under name. Errors of format_write and of the blob store;
 * ERR_STORAGE_FULL, ERR_UNAVAILABLE: there is no place for it meanwhile in UPLOADS_DIR. */
enum err result_file_put(const struct services *s, const char *name, const struct extraction *x,
                         int format, const struct format_options *o, struct error *e);

#endif
