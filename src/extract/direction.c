#include "extract/direction.h"

#include <stdint.h>
#include <string.h>

enum direction { NEUTRAL, LEFT, RIGHT };

/* The next character of UTF-8 that is known to be whole. */
static uint32_t next_character(const unsigned char **p)
{
    uint32_t c = *(*p)++;
    int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
    if (more > 0)
        c &= 0x3FU >> more;
    for (; more > 0 && (**p & 0xC0) == 0x80; more--)
        c = c << 6 | (*(*p)++ & 0x3FU);
    return c;
}

/* Hebrew, Arabic and their neighbours; the blocks that Unicode keeps for such writing. */
static bool runs_right(uint32_t c)
{
    return (c >= 0x590 && c <= 0x8FF) || (c >= 0xFB1D && c <= 0xFDFF) ||
           (c >= 0xFE70 && c <= 0xFEFC) || (c >= 0x10800 && c <= 0x10FFF) ||
           (c >= 0x1E800 && c <= 0x1EFFF);
}

static bool is_arabic_digit(uint32_t c)
{
    return (c >= 0x660 && c <= 0x669) || (c >= 0x6F0 && c <= 0x6F9);
}

static bool is_letter(uint32_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= 0xC0 && c != 0xD7 && c != 0xF7 && (c < 0x2000 || c > 0x2BFF));
}

/* Of the first character that has a direction. */
static enum direction direction_of(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p != '\0') {
        uint32_t c = next_character(&p);
        if (is_arabic_digit(c))
            continue;
        if (runs_right(c))
            return RIGHT;
        if (is_letter(c))
            return LEFT;
    }
    return NEUTRAL;
}

static void append(const struct item *item, struct buffer *out)
{
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        buffer_puts(out, " ");
    buffer_puts(out, item->word->text);
}

/* The end of the words from i on that run against the line's direction, with what stands between.
 */
static size_t end_of_run(const struct item *items, size_t i, size_t n, enum direction against)
{
    size_t end = i;
    for (size_t k = i; k < n; k++) {
        enum direction d = direction_of(items[k].word->text);
        if (d == against)
            end = k + 1;
        else if (d != NEUTRAL)
            break;
    }
    return end;
}

static void append_from_left(const struct item *items, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n;) {
        size_t end = end_of_run(items, i, n, RIGHT);
        if (direction_of(items[i].word->text) != RIGHT)
            end = i;
        for (size_t k = end; k > i; k--)
            append(&items[k - 1], out);
        if (end == i)
            append(&items[i++], out);
        else
            i = end;
    }
}

/* From the right; words of the other direction, and figures between them, keep their order. */
static void append_from_right(const struct item *items, size_t n, struct buffer *out)
{
    for (size_t end = n; end > 0;) {
        size_t start = end - 1;
        if (direction_of(items[start].word->text) == LEFT)
            while (start > 0 && direction_of(items[start - 1].word->text) == LEFT)
                start--;
        for (size_t k = start; k < end; k++)
            append(&items[k], out);
        end = start;
    }
}

void direction_append(const struct item *items, size_t n, struct buffer *out)
{
    size_t count[3] = {0};
    for (size_t i = 0; i < n; i++)
        count[direction_of(items[i].word->text)]++;
    if (count[RIGHT] == 0)
        for (size_t i = 0; i < n; i++)
            append(&items[i], out);
    else if (count[RIGHT] > count[LEFT])
        append_from_right(items, n, out);
    else
        append_from_left(items, n, out);
}
