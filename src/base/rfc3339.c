#include "base/rfc3339.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

void rfc3339_format(int64_t us, char out[RFC3339_LEN + 1])
{
    int64_t s = us / US_PER_S, fraction = us % US_PER_S;
    if (fraction < 0) {
        fraction += US_PER_S;
        s--;
    }
    time_t t = (time_t)s;
    struct tm tm;
    gmtime_r(&t, &tm);
    size_t n = (size_t)snprintf(out, RFC3339_LEN + 1, "%04d", tm.tm_year + 1900);
    n += strftime(out + n, RFC3339_LEN + 1 - n, "-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(out + n, RFC3339_LEN + 1 - n, ".%06dZ", (int)fraction);
}

int rfc3339_parse(const char *text, int64_t *us)
{
    struct tm tm = {0};
    const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (p == NULL || strlen(text) < 20)
        return -1;
    int64_t fraction = 0;
    if (*p == '.') {
        int64_t unit = US_PER_S / 10;
        if (p[1] < '0' || p[1] > '9')
            return -1;
        for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
            fraction += (*p - '0') * unit;
    }
    int64_t offset_s = 0;
    if (*p == '+' || *p == '-') {
        int hours, minutes, n = 0;
        if (sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 || n != 5 || hours > 23 ||
            minutes > 59 || p[6] != '\0')
            return -1;
        offset_s = (*p == '-' ? -1 : 1) * (hours * 3600L + minutes * 60L);
    } else if ((*p != 'Z' && *p != 'z') || p[1] != '\0') {
        return -1;
    }
    const struct tm given = tm;
    *us = ((int64_t)timegm(&tm) - offset_s) * US_PER_S + fraction;
    /* timegm moves 30 February and second 61 to a time that there is. */
    return tm.tm_mday == given.tm_mday && tm.tm_sec == given.tm_sec ? 0 : -1;
}
