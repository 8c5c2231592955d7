/* Port: what is kept of a document's pages until its job is done, and what reading more may cost.
 *
 * What an engine has read of a page is kept, so that the job's next task, after a failure, a crash
 * or a deadline, neither waits nor pays for it again.
 */
#ifndef PDF_OCR_PORTS_PAGE_JOURNAL_H
#define PDF_OCR_PORTS_PAGE_JOURNAL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

struct page_journal {
    /* Appends what was kept of a page (1-based); nothing when nothing was. */
    enum err (*find)(void *self, int page, struct buffer *out, struct error *e);

    /* Keeps what is known of a page. A store that does not take it is no error: the page would be
     * read again. */
    void (*keep)(void *self, int page, const struct buffer *known);

    /* Asked before pages are read: ERR_TIMEOUT when what is left is for the next task. */
    enum err (*go_on)(void *self, struct error *e);

    /* Asked before an engine that costs money reads pages: ERR_UNPROCESSABLE when a budget does not
     * allow as many; then none of them is counted. */
    enum err (*spend)(void *self, int pages, struct error *e);

    bool last_try;      /* the job fails when this task does */
    bool may_fall_back; /* to an engine that costs nothing, where the first one cannot be asked */
    void *self;
};

#endif
