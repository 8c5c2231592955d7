#include "ocr/mend.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LARGE     0.6  /* of the run's height: a digit at least */
#define WIDE      1.0  /* of the run's height: two digits that touch */
#define DOT_MOST  0.38 /* of the run's height */
#define DOT_LEAST 0.07
#define COMMA     1.3 /* higher than wide by this, */
#define TAIL      0.1 /* and below the line by this part of the height */

static int height_of(const struct span *s)
{
    return s->y1 - s->y0;
}

/* A digit or a bracket of a number: one large glyph. */
static bool is_large(char c)
{
    return isdigit((unsigned char)c) || c == '(' || c == ')';
}

/* Whether it is a number up to its per cent sign. */
static bool is_number_like(const struct buffer *text)
{
    size_t n = strspn(text->data, "0123456789.,()");
    return n > 0 && text->data[n + strspn(text->data + n, "%")] == '\0';
}

static bool is_digit_glyph(const struct span *g, const struct text_run *run)
{
    return height_of(g) >= LARGE * run->height && g->x1 - g->x0 <= WIDE * run->height;
}

/* A dot or comma: small, and at the foot of the line. */
static bool is_separator(const struct span *g, const struct text_run *run)
{
    double h = run->height;
    int w = g->x1 - g->x0;
    return w <= DOT_MOST * h && w >= DOT_LEAST * h && height_of(g) <= 1.6 * DOT_MOST * h &&
           height_of(g) >= DOT_LEAST * h && g->y0 >= run->baseline - 0.45 * h &&
           g->y1 >= run->baseline - 0.15 * h;
}

static const char *separator_of(const struct span *g, const struct text_run *run)
{
    bool comma =
        height_of(g) >= COMMA * (g->x1 - g->x0) && g->y1 - run->baseline >= TAIL * run->height;
    return comma ? "," : ".";
}

static size_t count_digits(const struct buffer *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->len; i++)
        n += isdigit((unsigned char)text->data[i]) != 0;
    return n;
}

/* How many glyphs are the number without its per cent sign; 0 unless each digit is one glyph and
 * the rest are separators. */
static size_t number_glyphs(const struct buffer *text, const struct span *glyphs, size_t n,
                            const struct text_run *run)
{
    size_t large = 0, expected = 0, i = 0;
    bool per_cent = strchr(text->data, '%') != NULL;
    for (const char *p = text->data; *p != '\0'; p++)
        expected += is_large(*p);
    for (; i < n && !(per_cent && large == expected); i++) {
        if (is_digit_glyph(&glyphs[i], run))
            large++;
        else if (!is_separator(&glyphs[i], run))
            return 0;
    }
    return large == expected ? i : 0;
}

/* Puts in the dots and commas that stand between two digits in ink and not in the text. */
static void add_separators(struct buffer *text, const struct span *glyphs, size_t n,
                           const struct text_run *run)
{
    struct buffer out = BUFFER_INIT;
    const char *p = text->data;
    n = is_number_like(text) ? number_glyphs(text, glyphs, n, run) : 0;
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        bool digit = is_digit_glyph(&glyphs[i], run);
        bool inside = out.len > 0 && i + 1 < n;
        if (digit) {
            for (; *p != '\0' && !is_large(*p); p++)
                buffer_append(&out, p, 1);
            buffer_append(&out, p++, 1);
        } else if (inside && isdigit((unsigned char)*p)) {
            buffer_puts(&out, separator_of(&glyphs[i], run));
        }
    }
    buffer_puts(&out, p);
    buffer_free(text);
    *text = out;
}

/* O, l and I among digits are 0 and 1; an O that stands alone is a zero. */
static void letters_to_digits(struct buffer *text, bool alone)
{
    bool number =
        count_digits(text) > 0 && strspn(text->data, "0123456789OolI.,%()+-") == text->len;
    if (!number && !(alone && text->len == 1 && strchr("Oo", text->data[0]) != NULL))
        return;
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] == 'O' || text->data[i] == 'o')
            text->data[i] = '0';
        else if (text->data[i] == 'l' || text->data[i] == 'I')
            text->data[i] = '1';
    }
}

bool mend_word(struct buffer *text, const struct span *glyphs, size_t n, const struct text_run *run,
               bool alone)
{
    if (buffer_failed(text) || text->len == 0)
        return true;
    if (strspn(text->data, "|_~\\") == text->len)
        return false;
    letters_to_digits(text, alone);
    add_separators(text, glyphs, n, run);
    return true;
}
