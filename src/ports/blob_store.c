#include "ports/blob_store.h"

#include <string.h>

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
