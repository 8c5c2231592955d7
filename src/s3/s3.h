/* The adapter of S3, of AWS or of another server that speaks it. */
#ifndef PDF_OCR_S3_S3_H
#define PDF_OCR_S3_S3_H

#include "base/clock.h"
#include "core/part.h"

/* Objects of the bucket that the settings name; cfg and source are borrowed. Links are presigned
 * URLs. open() downloads to an unlinked file in DATA_DIR/uploads. Asks nobody yet; close it by
 * ops->close. */
enum err s3_blob_store_open(const struct config *cfg, const struct clock *clock,
                            struct blob_store *out, struct error *e);

extern const struct part s3_part;

#endif
