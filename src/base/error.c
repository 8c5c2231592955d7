#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    bool transient;
    const char *title, *code;
} kinds[ERR__MAX] = {
    [ERR_OK] = {200, false, "OK", "ok"},
    [ERR_BAD_REQUEST] = {400, false, "Bad Request", "bad_request"},
    [ERR_UNAUTHORIZED] = {401, false, "Unauthorized", "unauthorized"},
    [ERR_FORBIDDEN] = {403, false, "Forbidden", "forbidden"},
    [ERR_NOT_FOUND] = {404, false, "Not Found", "not_found"},
    [ERR_METHOD_NOT_ALLOWED] = {405, false, "Method Not Allowed", "method_not_allowed"},
    [ERR_NOT_ACCEPTABLE] = {406, false, "Not Acceptable", "not_acceptable"},
    [ERR_CONFLICT] = {409, false, "Conflict", "conflict"},
    [ERR_GONE] = {410, false, "Gone", "gone"},
    [ERR_LENGTH_REQUIRED] = {411, false, "Length Required", "length_required"},
    [ERR_PRECONDITION] = {412, false, "Precondition Failed", "precondition_failed"},
    [ERR_TOO_LARGE] = {413, false, "Content Too Large", "too_large"},
    [ERR_MEDIA_TYPE] = {415, false, "Unsupported Media Type", "unsupported_media_type"},
    [ERR_UNPROCESSABLE] = {422, false, "Unprocessable Content", "invalid_value"},
    [ERR_UNKNOWN_NAME] = {422, false, "Unprocessable Content", "unknown_name"},
    [ERR_PASSWORD_REQUIRED] = {422, false, "Unprocessable Content", "password_required"},
    [ERR_PASSWORD_WRONG] = {422, false, "Unprocessable Content", "password_wrong"},
    [ERR_RATE_LIMITED] = {429, true, "Too Many Requests", "too_many_requests"},
    [ERR_INTERNAL] = {500, false, "Internal Server Error", "internal_error"},
    [ERR_EXHAUSTED] = {503, true, "Service Unavailable", "out_of_resources"},
    [ERR_UNAVAILABLE] = {503, true, "Service Unavailable", "unavailable"},
    [ERR_TIMEOUT] = {504, true, "Gateway Timeout", "timeout"},
    [ERR_STORAGE_FULL] = {507, true, "Insufficient Storage", "storage_full"},
};

static void format_text(char *out, size_t size, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void format_text(char *out, size_t size, const char *fmt, va_list args)
{
    int n = vsnprintf(out, size, fmt, args);
    if (n < 0 || (size_t)n < size)
        return;
    size_t end = size - 1;
    size_t start = end;
    while (start > 0 && ((unsigned char)out[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)out[start - 1] < 0xC0)
        return;
    unsigned char lead = (unsigned char)out[start - 1];
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (end - (start - 1) < length)
        out[start - 1] = '\0';
}

void text_format(char *out, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    format_text(out, size, fmt, args);
    va_end(args);
}

enum err error_set(struct error *e, enum err kind, const char *fmt, ...)
{
    if (e == NULL)
        return kind;
    memset(e, 0, sizeof *e);
    e->kind = kind;
    va_list args;
    va_start(args, fmt);
    format_text(e->detail, sizeof e->detail, fmt, args);
    va_end(args);
    return kind;
}

enum err error_no_memory(struct error *e)
{
    return error_set(e, ERR_EXHAUSTED, "Out of memory.");
}

enum err err_of_errno(int code)
{
    switch (code) {
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOBUFS:
        return ERR_EXHAUSTED;
    case ENOSPC:
    case EDQUOT:
        return ERR_STORAGE_FULL;
    default:
        return ERR_UNAVAILABLE;
    }
}

enum err error_system(struct error *e, const char *doing, const char *what)
{
    return error_set(e, ERR_UNAVAILABLE, "Cannot %s %s: %s", doing, what, strerror(errno));
}

enum err error_cause(struct error *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    format_text(e->cause, sizeof e->cause, fmt, args);
    va_end(args);
    return e->kind;
}

int err_http_status(enum err kind)
{
    return kinds[kind].status;
}

const char *err_title(enum err kind)
{
    return kinds[kind].title;
}

const char *err_code(enum err kind)
{
    return kinds[kind].code;
}

enum err err_of_code(const char *code)
{
    for (int kind = ERR_OK + 1; code != NULL && kind < ERR__MAX; kind++)
        if (strcmp(kinds[kind].code, code) == 0)
            return (enum err)kind;
    return ERR_INTERNAL;
}

bool err_is_transient(enum err kind)
{
    return kinds[kind].transient;
}
