/* Downloads, which go on where they broke off. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "s3/transfer.h"

/* Empties the file for a new beginning. */
static enum err start_over(int fd, char etag[ETAG_MAX], struct error *e)
{
    etag[0] = '\0';
    if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        return error_set(e, ERR_STORAGE_FULL, "A download could not be stored; try again.");
    return error_set(e, ERR_UNAVAILABLE, "A file in S3 changed while it was read; try again.");
}

/* One attempt, from the end of what is there; etag, where it is known, tells of which version. */
static enum err fetch(struct s3_client *c, const char *name, int fd, char etag[ETAG_MAX],
                      struct error *e)
{
    char range[48], match[ETAG_MAX + 16];
    int64_t at = lseek(fd, 0, SEEK_END);
    const char *headers[3] = {NULL};
    size_t n = 0;
    (void)snprintf(range, sizeof range, "Range: bytes=%" PRId64 "-", at);
    (void)snprintf(match, sizeof match, "If-Match: %s", etag);
    if (etag[0] != '\0')
        headers[n++] = match;
    if (at > 0)
        headers[n++] = range;
    const struct s3_request q = {.method = "GET",
                                 .name = name,
                                 .headers = headers,
                                 .to_file = true,
                                 .sink_fd = fd,
                                 .moves_bytes = true};
    struct answer a;
    enum err err = s3_call(c, &q, &a, e);
    if (etag[0] == '\0')
        (void)snprintf(etag, ETAG_MAX, "%s", a.etag);
    /* Nothing is missing behind the end: the attempt before had brought the last byte. */
    if (at > 0 && a.status == 416)
        err = ERR_OK;
    else if (at > 0 && err == ERR_OK && a.status != 206)
        err = start_over(fd, etag, e);
    answer_clear(&a);
    return err;
}

enum err s3_download(struct s3_client *c, const char *name, const char *version, int fd,
                     struct error *e)
{
    char etag[ETAG_MAX] = "";
    bool pinned = version[0] != '\0';
    int64_t since_us = monotonic_us(), had = 0;
    for (int tries = 1;; tries++) {
        if (pinned)
            (void)snprintf(etag, sizeof etag, "\"%s\"", version);
        enum err err = fetch(c, name, fd, etag, e);
        if (pinned && (err == ERR_CONFLICT || err == ERR_NOT_FOUND))
            return error_set(e, ERR_GONE, "%s was replaced or erased.", name);
        if (err == ERR_CONFLICT)
            err = start_over(fd, etag, e);
        int64_t has = lseek(fd, 0, SEEK_END);
        if (has > had)
            since_us = monotonic_us(); /* it gets on */
        had = has;
        if (err == ERR_OK || !s3_again(err, since_us, tries))
            return err;
    }
}
