#include "api/form_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/spawn.h"

#define CPU_S        "2"        /* a body of 50 MiB takes about 0.1 */
#define MEMORY_BYTES "67108864" /* a small one maps 20 MiB; GMime takes about 1.4 KB a part */
#define WALL_US      (20 * US_PER_S)
#define ANSWER_MAX   (256 * 1024) /* 32 KiB of fields, as JSON */
#define TRY_AGAIN    "The upload could not be read; send it again."

static const struct refusal {
    const char *code;
    enum err kind;
    const char *detail;
} refusals[] = {
    {"not_multipart", ERR_UNPROCESSABLE, "The body is not valid multipart/form-data."},
    {"broken_off", ERR_UNPROCESSABLE, "The multipart body is broken off; send it again."},
    {"too_many_parts", ERR_UNPROCESSABLE, "The form has more than 20 parts."},
    {"no_file", ERR_UNPROCESSABLE, "The form has no part named \"file\"."},
    {"several_files", ERR_UNPROCESSABLE, "The form has several files; send one."},
    {"encoded", ERR_UNPROCESSABLE,
     "The part \"file\" must be sent as plain bytes, with no encoding."},
    {"bad_field", ERR_UNPROCESSABLE,
     "The fields of the form must be plain text, each sent once, 32 KiB in all at most."},
    {"full", ERR_STORAGE_FULL, "The disk is full; try again later."},
    {"read", ERR_UNAVAILABLE, TRY_AGAIN},
};

/* Reads until the end, up to ANSWER_MAX bytes. Returns how many, or -1 when it takes too long. */
static ssize_t read_answer(int fd, char *text)
{
    int64_t until_us = monotonic_us() + WALL_US;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t len = 0;
    while (len < ANSWER_MAX) {
        int64_t left_us = until_us - monotonic_us();
        int n = left_us > 0 ? poll(&p, 1, (int)(left_us / 1000) + 1) : 0;
        if (n == 0 || (n < 0 && errno != EINTR))
            return -1;
        ssize_t got = n > 0 ? read(fd, text + len, ANSWER_MAX - len) : -1;
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -1;
        len += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)len;
}

/* It has ended its answer, or takes too long. One that is dying already keeps its wait status. */
static int reap(pid_t pid)
{
    int status = 0;
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static enum err too_complex(struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE,
                     "The form is too complex to be read; send the file alone.");
}

/* What its answer says, whoever wrote it. */
static enum err understand(json_t *answer, char file_name[FORM_NAME_MAX], json_t **fields,
                           struct error *e)
{
    const char *code = json_string_value(json_object_get(answer, "error"));
    const char *name = json_string_value(json_object_get(answer, "file_name"));
    *fields = json_incref(json_object_get(answer, "fields"));
    if (code == NULL && name != NULL && strlen(name) < FORM_NAME_MAX && *fields != NULL) {
        (void)snprintf(file_name, FORM_NAME_MAX, "%s", name);
        return ERR_OK;
    }
    for (size_t i = 0; code != NULL && i < sizeof refusals / sizeof refusals[0]; i++)
        if (strcmp(code, refusals[i].code) == 0)
            return error_set(e, refusals[i].kind, "%s", refusals[i].detail);
    return too_complex(e);
}

/* It gave no answer, or broke it off. */
static enum err explain_death(const struct form_limits *l, int status, struct error *e)
{
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    /* Killed from outside, or not started at all: the service's trouble. */
    if (number == 0 || number == SIGKILL || number == SIGTERM)
        error_set(e, ERR_UNAVAILABLE, TRY_AGAIN);
    else
        too_complex(e);
    return error_cause(e, "%s ended with wait status %#x", l->program, (unsigned)status);
}

enum err form_reader_copy_file(const struct form_limits *l, int body_fd, const char *content_type,
                               int out_fd, char file_name[FORM_NAME_MAX], json_t **fields,
                               struct error *e)
{
    char bytes[24], *text = malloc(ANSWER_MAX);
    const char *argv[] = {l->program, content_type, CPU_S, MEMORY_BYTES, bytes, NULL};
    int ends[2];
    pid_t pid = 0;
    *fields = NULL;
    if (text == NULL)
        return error_no_memory(e);
    (void)snprintf(bytes, sizeof bytes, "%" PRId64, l->max_bytes);
    int code = spawn_pipe(ends);
    if (code == 0) {
        const int fds[] = {-1, ends[1], -1, body_fd, out_fd};
        code = spawn_bare(argv, fds, sizeof fds / sizeof fds[0], &pid);
    }
    spawn_close(&ends[1]);
    if (code != 0) {
        spawn_close(&ends[0]);
        free(text);
        error_set(e, err_of_errno(code), TRY_AGAIN);
        return error_cause(e, "%s: %s; set FORM_READER", l->program, strerror(code));
    }
    ssize_t n = read_answer(ends[0], text);
    spawn_close(&ends[0]);
    int status = reap(pid);
    json_t *answer = NULL;
    enum err err;
    if (n == ANSWER_MAX)
        err = too_complex(e);
    else if (n > 0 && json_parse(text, (size_t)n, &answer, e) == ERR_OK)
        err = understand(answer, file_name, fields, e);
    else
        err = explain_death(l, status, e);
    json_decref(answer);
    free(text);
    return err;
}
