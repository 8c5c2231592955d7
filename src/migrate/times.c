#include "migrate/times.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rfc3339.h"

/* BigQuery's TIMESTAMP: 0001-01-01 to the end of 9999. */
#define FIRST_US (INT64_C(-62135596800) * US_PER_S)
#define LAST_US  (INT64_C(253402300800) * US_PER_S - 1)

#define US_MAX_ABOUT INT64_C(260000000000000000)

static bool in_range(int64_t us)
{
    return us >= FIRST_US && us <= LAST_US;
}

/* The offset in RFC 3339's form: `Z` for none. False when it is no offset. */
static bool normal_offset(const char *text, char out[7])
{
    int hours, minutes = 0, n = 0;
    if (strcmp(text, "") == 0 || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        memcpy(out, "Z", 2);
        return true;
    }
    size_t digits = strspn(text + 1, "0123456789:");
    bool read = (digits == 5 && sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &n) == 2) ||
                (digits == 4 && sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &n) == 2) ||
                (digits == 2 && sscanf(text + 1, "%2d%n", &hours, &n) == 1);
    if ((text[0] != '+' && text[0] != '-') || !read || n != (int)digits || text[1 + n] != '\0' ||
        hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    (void)snprintf(out, 7, "%c%02d:%02d", text[0], hours % 24, minutes % 60);
    return true;
}

/* `YYYY-MM-DD`, all digits, and a day that there is. */
static bool has_date(const char *text)
{
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
    struct tm tm = {.tm_year = atoi(text) - 1900, .tm_mon = atoi(text + 5) - 1};
    int day = tm.tm_mday = atoi(text + 8);
    return timegm(&tm) != -1 && tm.tm_mday == day;
}

/* Seconds, or a thousandth or millionth of them where there are too many. */
static int64_t us_per_unit(double number)
{
    return fabs(number) < 1e11 ? US_PER_S : fabs(number) < 1e14 ? 1000 : 1;
}

static bool from_digits(const char *text, int64_t *us)
{
    char *end;
    int64_t whole = strtoll(text, &end, 10), unit = us_per_unit((double)whole);
    if (whole > US_MAX_ABOUT)
        return false;
    *us = whole * unit;
    if (*end == '.')
        for (end++; *end >= '0' && *end <= '9'; end++)
            *us += (*end - '0') * (unit /= 10);
    return *end == '\0' && in_range(*us);
}

bool time_from_text(const char *text, int64_t *us)
{
    char normal[64], offset[7];
    size_t len = strlen(text);
    /* Fewer digits may be a date without its dashes. */
    if (strspn(text, "0123456789") >= 9 && len < 20 && strspn(text, "0123456789.") == len)
        return from_digits(text, us);
    if (len < 10 || len > 40 || !has_date(text))
        return false;
    if (len == 10) {
        (void)snprintf(normal, sizeof normal, "%sT00:00:00Z", text);
    } else {
        size_t clock = 11 + strspn(text + 11, "0123456789:.");
        if (strchr("Tt ", text[10]) == NULL || !normal_offset(text + clock, offset))
            return false;
        (void)snprintf(normal, sizeof normal, "%.10sT%.*s%s%s", text, (int)(clock - 11), text + 11,
                       clock == 16 ? ":00" : "", offset);
    }
    return rfc3339_parse(normal, us) == 0 && in_range(*us);
}

bool time_from_number(double number, int64_t *us)
{
    if (!isfinite(number) || fabs(number) > US_MAX_ABOUT)
        return false;
    *us = (int64_t)llround(number * (double)us_per_unit(number));
    return in_range(*us);
}
