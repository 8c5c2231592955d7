#include "http/negotiation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACE          " \t"
#define SECONDS_DIGITS 9

/* The next element of a comma-separated list, trimmed, with its length. NULL at the end. Commas in
 * quoted text are not expected in what is read here. */
static const char *next_element(const char **rest, size_t *n)
{
    *rest += strspn(*rest, SPACE ",");
    const char *start = *rest;
    *n = strcspn(start, ",");
    *rest += *n;
    while (*n > 0 && strchr(SPACE, start[*n - 1]) != NULL)
        (*n)--;
    return *n > 0 ? start : NULL;
}

/* `;q=0.5` as 500; 1000 where there is none. */
static int read_quality(const char *range, size_t n)
{
    const char *end = range + n;
    for (const char *p = range; (p = memchr(p, ';', (size_t)(end - p))) != NULL;) {
        p += 1 + strspn(p + 1, SPACE);
        if (end - p < 3 || strncasecmp(p, "q=", 2) != 0 || !isdigit((unsigned char)p[2]))
            continue;
        double quality = strtod(p + 2, NULL);
        return quality < 1 ? (int)(quality * 1000 + 0.5) : 1000;
    }
    return 1000;
}

/* 3: the type itself, 2: its group, 1: any, 0: another. */
static int exactness(const char *range, size_t n, const char *media_type)
{
    size_t len = 0, group = strcspn(media_type, "/") + 1;
    while (len < n && range[len] != ';' && strchr(SPACE, range[len]) == NULL)
        len++;
    if (len == strcspn(media_type, ";") && strncasecmp(range, media_type, len) == 0)
        return 3;
    if (len == group + 1 && range[group] == '*' && strncasecmp(range, media_type, group) == 0)
        return 2;
    return len == 3 && memcmp(range, "*/*", 3) == 0;
}

int accept_quality(const char *accept, const char *media_type)
{
    int best = 0, quality = 0;
    size_t n;
    if (accept == NULL || accept[strspn(accept, SPACE)] == '\0')
        return 1000;
    for (const char *range; (range = next_element(&accept, &n)) != NULL;) {
        int fit = exactness(range, n, media_type);
        if (fit > best) {
            best = fit;
            quality = read_quality(range, n);
        }
    }
    return quality;
}

bool prefer_wait(const char *prefer, int64_t *seconds)
{
    size_t n;
    for (const char *one; prefer != NULL && (one = next_element(&prefer, &n)) != NULL;) {
        if (n < 5 || strncasecmp(one, "wait", 4) != 0)
            continue;
        const char *p = one + 4, *end = one + n;
        p += strspn(p, SPACE);
        if (p >= end || *p++ != '=')
            continue;
        p += strspn(p, SPACE);
        bool quoted = p < end && *p == '"';
        p += quoted;
        size_t digits = strspn(p, "0123456789");
        const char *after = p + digits + (quoted && p[digits] == '"');
        after += strspn(after, SPACE);
        if (digits == 0 || digits > SECONDS_DIGITS || (after < end && *after != ';'))
            continue;
        *seconds = strtol(p, NULL, 10);
        return true;
    }
    return false;
}
