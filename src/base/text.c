#include "base/text.h"

#include <stddef.h>
#include <string.h>

char *text_dup(const char *text, bool *ok)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL)
        *ok = false;
    return copy;
}

size_t text_utf8_sequence(const unsigned char *p)
{
    unsigned char low = 0x80, high = 0xBF;
    size_t n;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        n = 2;
    else if (p[0] >= 0xE0 && p[0] <= 0xEF)
        n = 3;
    else if (p[0] >= 0xF0 && p[0] <= 0xF4)
        n = 4;
    else
        return 0;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return n;
}

bool text_is_utf8(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t n; *p != '\0'; p += n)
        if ((n = text_utf8_sequence(p)) == 0)
            return false;
    return true;
}

bool text_has_digit(const char *text)
{
    return strpbrk(text, "0123456789") != NULL;
}
