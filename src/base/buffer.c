#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/text.h"

static bool over(const struct buffer *b, size_t extra)
{
    return b->max > 0 && (extra > b->max || b->gone + b->len > b->max - extra);
}

void buffer_flush(struct buffer *b)
{
    if (b->drain == NULL || b->failed || b->len == 0)
        return;
    b->failed = !b->drain(b->drain_self, b->data, b->len);
    b->gone += b->len;
    b->len = 0;
}

static bool reserve(struct buffer *b, size_t extra)
{
    if (b->failed)
        return false;
    if (extra >= SIZE_MAX / 2 - b->len) {
        b->failed = true;
        return false;
    }
    if (over(b, extra)) {
        b->failed = b->full = true;
        return false;
    }
    if (b->len + extra >= BUFFER_HELD)
        buffer_flush(b);
    if (b->failed)
        return false;
    size_t need = b->len + extra + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap < 128 ? 128 : b->cap;
    while (cap < need)
        cap *= 2;
    char *data = realloc(b->data, cap);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buffer_append(struct buffer *b, const void *bytes, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n > 0)
        memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buffer_puts(struct buffer *b, const char *text)
{
    buffer_append(b, text, strlen(text));
}

void buffer_printf(struct buffer *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    size_t room = b->failed || b->cap == 0 ? 0 : b->cap - b->len;
    int n = vsnprintf(room > 0 ? b->data + b->len : NULL, room, fmt, args);
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < room && !over(b, (size_t)n)) {
        b->len += (size_t)n;
    } else if (reserve(b, (size_t)n)) {
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void buffer_json_string(struct buffer *b, const char *text)
{
    if (text == NULL) {
        buffer_puts(b, "null");
        return;
    }
    buffer_append(b, "\"", 1);
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *plain = p;
    for (;;) {
        size_t n = *p == '\0' || *p == '"' || *p == '\\' || *p < 0x20 ? 0 : text_utf8_sequence(p);
        if (n > 0) {
            p += n;
            continue;
        }
        buffer_append(b, plain, (size_t)(p - plain));
        if (*p == '\0')
            break;
        if (*p == '"' || *p == '\\')
            buffer_printf(b, "\\%c", *p);
        else if (*p == '\n')
            buffer_puts(b, "\\n");
        else if (*p == '\t')
            buffer_puts(b, "\\t");
        else if (*p < 0x20)
            buffer_printf(b, "\\u%04x", *p);
        else
            buffer_puts(b, "\xEF\xBF\xBD");
        plain = ++p;
    }
    buffer_append(b, "\"", 1);
}

void buffer_json_time(struct buffer *b, long long us)
{
    char text[RFC3339_LEN + 1];
    if (us == 0) {
        buffer_puts(b, "null");
        return;
    }
    rfc3339_format(us, text);
    buffer_printf(b, "\"%s\"", text);
}

bool buffer_failed(const struct buffer *b)
{
    return b->failed;
}

bool buffer_is_empty(const struct buffer *b)
{
    return b->gone + b->len == 0;
}

void buffer_reset(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer)BUFFER_INIT;
}

char *buffer_take(struct buffer *b)
{
    buffer_append(b, "", 0);
    char *data = b->failed ? NULL : b->data;
    if (b->failed)
        free(b->data);
    *b = (struct buffer)BUFFER_INIT;
    return data;
}
