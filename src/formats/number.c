#include "formats/number.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 15 /* that a double keeps */
#define TEXT_MAX   40

static size_t digits_of(const char *text)
{
    return strspn(text, "0123456789");
}

/* Copies the digits before the point without their commas. Returns where they end; NULL: commas
 * that do not part thousands. */
static const char *copy_whole(const char *text, char *out)
{
    size_t n = digits_of(text);
    const char *p = text + n;
    if (*p == ',' && (n == 0 || n > 3))
        return NULL;
    for (memcpy(out, text, n); *p == ','; p += 4, n += 3) {
        if (digits_of(p + 1) != 3)
            return NULL;
        memcpy(out + n, p + 1, 3);
    }
    return p;
}

bool number_read(const char *text, double *out)
{
    char plain[TEXT_MAX] = "";
    if (strlen(text) >= sizeof plain)
        return false;
    bool negative = text[0] == '-';
    const char *start = text + (text[0] == '-' || text[0] == '+');
    const char *rest = copy_whole(start, plain);
    size_t whole = strlen(plain);
    if (rest == NULL || whole == 0 || (plain[0] == '0' && whole > 1))
        return false;
    size_t part = *rest == '.' ? digits_of(rest + 1) : 0;
    if ((*rest == '.' && part == 0) || whole + part > DIGITS_MAX)
        return false;
    strncat(plain, rest, part > 0 ? part + 1 : 0);
    if (rest[part > 0 ? part + 1 : 0] != '\0')
        return false;
    double value = strtod(plain, NULL);
    *out = negative ? -value : value;
    return true;
}
