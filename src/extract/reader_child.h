/* The process of pdf-ocr-page: started, talked to over two pipes, and explained when it dies.
 *
 * It is not trusted: it may have been taken over by a document. Both pipes are non-blocking, every
 * wait passes the checkpoint and has an end, and no more is kept of what it says than was asked
 * for. CPU time decides what is a document's fault (ERR_UNPROCESSABLE); a wall deadline that passes
 * before that, and a signal from outside, are the machine's (transient).
 */
#ifndef PDF_OCR_EXTRACT_READER_CHILD_H
#define PDF_OCR_EXTRACT_READER_CHILD_H

#include <sys/types.h>

#include "base/buffer.h"
#include "extract/page_reader.h"

struct reader_child {
    struct page_reader_limits limits;
    struct checkpoint c;
    int pdf_fd;          /* owned */
    char subject[24];    /* of errors: "The PDF", "Page 3" */
    pid_t pid;           /* 0: none runs */
    int to, from;        /* commands, answers; -1 */
    int64_t cpu_s;       /* what the command at hand may take */
    int64_t deadline_us; /* of its answer, monotonic */
    struct buffer in;    /* bytes read ahead */
    size_t used;         /* of them */
};

/* Starts the process; its first answer is next. ERR_UNAVAILABLE or ERR_EXHAUSTED: it could not be
 * started. */
enum err reader_child_start(struct reader_child *r, struct error *e);

/* Sends a command line, whose answer may take cpu_s of CPU time. */
enum err reader_child_send(struct reader_child *r, const char *command, int64_t cpu_s,
                           struct error *e);

/* Reads a line of at most max bytes; *line is *n bytes without the line's end, valid until the next
 * call. A longer line is ERR_UNPROCESSABLE. */
enum err reader_child_line(struct reader_child *r, size_t max, const char **line, size_t *n,
                           struct error *e);

/* Reads n bytes. */
enum err reader_child_bytes(struct reader_child *r, void *to, size_t n, struct error *e);

/* Ends the process, if one runs, and forgets what it said; it can be started again. */
void reader_child_end(struct reader_child *r);

/* ERR_UNPROCESSABLE: the subject is damaged. */
enum err reader_child_damaged(const struct reader_child *r, struct error *e);

#endif
