#include "base/uri.h"

#include <string.h>

static void escape(struct buffer *out, const char *text, const char *plain)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            strchr(plain, c) != NULL)
            buffer_append(out, text, 1);
        else
            buffer_printf(out, "%%%02X", c);
    }
}

void uri_escape(struct buffer *out, const char *text)
{
    escape(out, text, "-._~");
}

void uri_escape_path(struct buffer *out, const char *text)
{
    escape(out, text, "-._~/");
}
