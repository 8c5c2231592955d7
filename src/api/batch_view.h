/* A batch with its jobs as they are now. */
#ifndef PDF_OCR_API_BATCH_VIEW_H
#define PDF_OCR_API_BATCH_VIEW_H

#include "core/batch.h"

struct batch_view {
    struct batch batch;
    struct job **jobs; /* of each item; NULL: it was refused, or its job is gone */
    size_t unfinished; /* jobs that have not ended */
    size_t completed;
};

/* Looks its jobs up, those of owner's, once batch is there. batch_view_free frees *v, after an
 * error as well. Errors of the job store. */
enum err batch_view_fill(const struct services *s, const char *owner, struct batch_view *v,
                         struct error *e);
void batch_view_free(struct batch_view *v);

/* Why item i has no result: *why is set, and true. False: it has one, or may have one yet. */
bool batch_view_problem(const struct batch_view *v, size_t i, struct error *why);

/* Appends an item's members, `"pdf_id":...,"problem":...`, without braces. problem NULL: none. */
void batch_view_write_item(const struct batch_view *v, size_t i, const struct error *problem,
                           struct buffer *out);

/* Appends the batch as the API shows it. */
void batch_view_write(const struct batch_view *v, struct buffer *out);

#endif
