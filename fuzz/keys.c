/* Any bytes as the file that API_KEYS_FILE names, and as the token of a page. What is accepted must
 * be given back the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth/keys.h"
#include "base/error.h"
#include "base/random.h"
#include "ports/job_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(const uint8_t *data, size_t size)
{
    char path[64];
    struct config cfg = {.api_keys_file = path};
    struct key_set *keys = NULL;
    struct error e = {0};
    int fd = memfd_create("keys", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (keys_load(&cfg, "0123456789abcdef0123456789abcdef", &keys, &e) == ERR_OK)
        keys_free(keys);
    (void)close(fd);
}

static void read_token(const uint8_t *data, size_t size)
{
    char id[UUID_LEN + 1], *text = strndup((const char *)data, size);
    int64_t created_us;
    struct error e = {0};
    if (text != NULL && page_token_read(text, &created_us, id, &e) == ERR_OK) {
        char *again = page_token_make(created_us, id), other[UUID_LEN + 1];
        int64_t us;
        if (again == NULL || page_token_read(again, &us, other, &e) != ERR_OK || us != created_us ||
            strcmp(id, other) != 0)
            abort();
        free(again);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_file(data, size);
    read_token(data, size);
    return 0;
}
