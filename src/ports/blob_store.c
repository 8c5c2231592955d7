#include "ports/blob_store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool blob_byte_allowed(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c >= 0x80 || (c != '\0' && strchr("._ -()+,@~", c) != NULL);
}

bool blob_name_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > BLOB_NAME_MAX)
        return false;
    for (const char *segment = name;;) {
        size_t n = strcspn(segment, "/");
        if (n == 0 || (n == 1 && segment[0] == '.') || (n == 2 && memcmp(segment, "..", 2) == 0))
            return false;
        for (size_t i = 0; i < n; i++)
            if (!blob_byte_allowed((unsigned char)segment[i]))
                return false;
        if (segment[n] == '\0')
            return true;
        segment += n + 1;
    }
}

enum err blob_name_check(const char *name, struct error *e)
{
    if (blob_name_valid(name))
        return ERR_OK;
    return error_set(e, ERR_BAD_REQUEST, "The name has characters that are not allowed.");
}

enum err blob_prefix_check(const char *prefix, struct error *e)
{
    size_t n = strlen(prefix);
    if (n >= 2 && prefix[n - 1] == '/')
        return ERR_OK;
    return error_set(e, ERR_BAD_REQUEST, "The prefix is not one.");
}

enum err blob_not_found(const char *name, struct error *e)
{
    return error_set(e, ERR_NOT_FOUND, "There is no %s.", name);
}

/* Where name is in the list, or would be. */
static size_t place_of(const struct blob_list *l, const char *name, bool *there)
{
    size_t low = 0, high = l->n;
    *there = false;
    while (low < high && !*there) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(l->items[middle].name, name);
        *there = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

static bool grow(struct blob_list *l, size_t max)
{
    size_t cap = l->cap > max / 2 ? max : l->cap * 2 + 8;
    struct blob *grown = realloc(l->items, cap * sizeof *grown);
    if (grown == NULL)
        return false;
    l->items = grown;
    l->cap = cap;
    return true;
}

enum err blob_list_add(struct blob_list *l, const char *name, const struct blob_info *info,
                       size_t max, struct error *e)
{
    bool there;
    size_t at = place_of(l, name, &there);
    if (there || at >= max)
        return ERR_OK;
    if (l->n < max && l->n == l->cap && !grow(l, max))
        return error_no_memory(e);
    if (l->n < max)
        l->n++;
    memmove(&l->items[at + 1], &l->items[at], (l->n - 1 - at) * sizeof *l->items);
    text_format(l->items[at].name, sizeof l->items[at].name, "%s", name);
    l->items[at].info = *info;
    return ERR_OK;
}

void blob_list_free(struct blob_list *l)
{
    free(l->items);
    memset(l, 0, sizeof *l);
}

enum err blob_put_file(const char *name, const char *path, bool keep, blob_upload_fn upload,
                       void *self, struct error *e)
{
    struct stat st;
    enum err err = blob_name_check(name, e);
    if (err != ERR_OK)
        return err;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0)
        err = blob_not_found(path, e);
    else
        err = upload(self, fd, st.st_size, e);
    if (fd >= 0)
        (void)close(fd);
    if (keep && err == ERR_CONFLICT) /* it is there already */
        err = ERR_OK;
    if (err == ERR_OK)
        (void)unlink(path);
    return err;
}
