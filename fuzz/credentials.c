/* Any bytes as the file that GOOGLE_APPLICATION_CREDENTIALS names, and as what the token service
 * answers to it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "google/client.h"
#include "google/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    const char *bytes;
    size_t n;
} answer;

void google_reply_clear(struct google_reply *r)
{
    json_decref(r->json);
    memset(r, 0, sizeof *r);
}

enum err google_call(struct google_client *c, const struct google_request *q,
                     struct google_reply *r, struct error *e)
{
    (void)c;
    memset(r, 0, sizeof *r);
    if (q->to_file)
        return write(q->sink_fd, answer.bytes, answer.n) < 0
                   ? error_set(e, ERR_UNAVAILABLE, "It is full.")
                   : ERR_OK;
    return json_parse(answer.bytes, answer.n, &r->json, e);
}

static void use(struct google_credentials *c)
{
    const char *token, *email;
    unsigned number;
    struct error e;
    if (google_credentials_token(c, &token, &number, &e) == ERR_OK &&
        (token == NULL || token[0] == '\0' || strpbrk(token, "\r\n") != NULL))
        abort();
    if (google_credentials_email(c, &email, &e) == ERR_OK &&
        (email == NULL || strchr(email, '@') == NULL))
        abort();
}

/* The file, a NUL, the answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct google_credentials *c = NULL;
    struct error e = {0};
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    size_t file = nul != NULL ? (size_t)(nul - data) : size;
    answer.bytes = nul != NULL ? (const char *)nul + 1 : "";
    answer.n = nul != NULL ? size - file - 1 : 0;
    int fd = memfd_create("credentials", MFD_CLOEXEC);
    if (fd < 0 || (file > 0 && write(fd, data, file) != (ssize_t)file))
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const struct google_credentials_options o = {
        .clock = &system_clock, .file = path, .metadata_host = "metadata"};
    if (google_credentials_open(&o, &c, &e) == ERR_OK) {
        use(c);
        google_credentials_close(c);
    } else if (e.kind != ERR_UNPROCESSABLE || e.detail[0] == '\0') {
        abort();
    }
    (void)close(fd);
    return 0;
}
