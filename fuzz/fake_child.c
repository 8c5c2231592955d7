#include "fake_child.h"

#include <string.h>

struct answers answers;

enum err child_start(struct child *r, const char *const argv[], int fd, struct error *e)
{
    (void)argv, (void)fd, (void)e;
    r->pid = 1;
    return ERR_OK;
}

bool child_lives(struct child *r)
{
    return r->pid > 0;
}

int64_t child_cpu_s(const struct child *r)
{
    (void)r;
    return 0;
}

void child_allow(struct child *r, int64_t cpu_s)
{
    (void)r, (void)cpu_s;
}

static enum err ended(struct error *e)
{
    return error_set(e, ERR_UNAVAILABLE, "The answers have ended.");
}

enum err child_line(struct child *r, size_t max, const char **line, size_t *n, struct error *e)
{
    const uint8_t *end = answers.size > 0 ? memchr(answers.data, '\n', answers.size) : NULL;
    if (end == NULL)
        return ended(e);
    *line = (const char *)answers.data;
    *n = (size_t)(end - answers.data);
    if (*n > max)
        return child_damaged(r, e);
    answers.data += *n + 1;
    answers.size -= *n + 1;
    return ERR_OK;
}

enum err child_bytes(struct child *r, void *to, size_t n, struct error *e)
{
    (void)r;
    if (n > answers.size)
        return ended(e);
    memcpy(to, answers.data, n);
    answers.data += n;
    answers.size -= n;
    return ERR_OK;
}

void child_end(struct child *r)
{
    r->pid = 0;
}

enum err child_damaged(const struct child *r, struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE, "%s is damaged.", r->subject);
}
