/* A program in a sandbox, as its parent sees it: started, talked to over two pipes, and explained
 * when it dies.
 *
 * It is not trusted: it may have been taken over by a document. Both pipes are non-blocking, every
 * wait passes the checkpoint and has an end, and no more is kept of what it says than was asked
 * for. CPU time decides what is a document's fault (ERR_UNPROCESSABLE); a wall deadline that passes
 * before that, and a signal from outside, are the machine's (transient).
 */
#ifndef PDF_OCR_SANDBOX_CHILD_H
#define PDF_OCR_SANDBOX_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "ports/page.h"

struct child {
    /* Set by who starts it: */
    const char *program;    /* a path */
    const char *name;       /* of errors: "page reader" */
    const char *setting;    /* that holds the path */
    int64_t cpu_limit_s;    /* what a command may take at most; the whole life: CPU_ROUNDS times */
    int death_from_outside; /* a signal that is the service's trouble, too; 0: none */
    struct checkpoint c;
    char subject[24]; /* of errors: "The PDF", "Page 3" */

    pid_t pid;           /* 0: none runs */
    int to, from;        /* commands, answers; -1 */
    int64_t cpu_s;       /* what the command at hand may take */
    int64_t deadline_us; /* of its answer, monotonic */
    bool used_up;        /* that command has used up its CPU time */
    struct buffer in;    /* bytes read ahead */
    size_t used;         /* of them */
};

/* Starts the program with the arguments argv, whose first is its path, and the descriptor fd (-1:
 * none) as its 3; its first answer is next. ERR_UNAVAILABLE or ERR_EXHAUSTED: it could not be
 * started. */
enum err child_start(struct child *r, const char *const argv[], int fd, struct error *e);

/* Gives the command at hand cpu_s of CPU time from now on, at most cpu_limit_s. */
void child_allow(struct child *r, int64_t cpu_s);

/* Whether it runs; one that ended while nobody asked it anything is forgotten. */
bool child_lives(struct child *r);

/* Seconds of CPU time that it has used; 0 when none runs. */
int64_t child_cpu_s(const struct child *r);

/* Sends n bytes of a command. */
enum err child_send(struct child *r, const void *bytes, size_t n, struct error *e);

/* Reads a line of at most max bytes; *line is *n bytes without the line's end, valid until the next
 * call. A longer line is ERR_UNPROCESSABLE. */
enum err child_line(struct child *r, size_t max, const char **line, size_t *n, struct error *e);

/* Reads n bytes. */
enum err child_bytes(struct child *r, void *to, size_t n, struct error *e);

/* Ends the process, if one runs, and forgets what it said; it can be started again. */
void child_end(struct child *r);

/* ERR_UNPROCESSABLE: the subject is damaged. */
enum err child_damaged(const struct child *r, struct error *e);

#endif
