#include "extract/layer.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define SCAN_COVERAGE 0.5 /* part of a page that the images of a scan cover */
#define STAMP_WORDS   12  /* fewer on a scan are no text layer */
#define STAMP_AREA    0.2 /* nor are words that keep to so small a part of it */
#define LEAST_CHARS   9   /* fewer tell nothing */
#define RUBBISH_SHARE 0.5 /* of the characters of words that tell something */
#define SIGNS_LEAST   3   /* of a word: fewer stand beside real ones, in degrees or quotes */
#define LETTERS_MOST  26  /* more in one word: its spaces are letters, too */
#define SQUARE        0.7 /* ideographs are at least so wide, in heights */

/* The characters of a word by what they could be. */
struct traits {
    size_t chars, letters, vowels, strange, ideographs, signs;
    bool broken; /* a capital after a small letter, or a mark between letters */
};

static unsigned next_char(const unsigned char **p)
{
    unsigned c = *(*p)++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    c &= more == 3 ? 0x07 : more == 2 ? 0x0f : more == 1 ? 0x1f : 0x7f;
    for (; more > 0 && (**p & 0xc0) == 0x80; more--)
        c = c << 6 | (*(*p)++ & 0x3f);
    return c;
}

/* Controls, private use, no characters, and the sign for a character that is not known. */
static bool is_strange(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xe000 && c < 0xf900) || c == 0xfffd ||
           (c & 0xfffe) == 0xfffe || c >= 0xf0000;
}

static bool is_ideograph(unsigned c)
{
    return (c >= 0x2e80 && c < 0xd7b0) || (c >= 0xf900 && c < 0xfb00);
}

/* Those of Latin 1 that are no letters. */
static bool is_sign(unsigned c)
{
    return c > 0xa0 && c < 0xc0 && c != 0xaa && c != 0xb5 && c != 0xba;
}

static void look_at_ascii(unsigned c, unsigned before, struct traits *t)
{
    bool was_letter = before < 0x80 && isalpha((int)before);
    t->letters += isalpha((int)c) != 0;
    t->vowels += strchr("aeiouyAEIOUY", (int)c) != NULL;
    if (was_letter &&
        ((islower((int)before) && isupper((int)c)) || (strchr("\\^[]{}<>|~`#", (int)c) != NULL)))
        t->broken = true;
}

static struct traits look(const char *text)
{
    struct traits t = {0};
    unsigned before = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
        unsigned c = next_char(&p);
        t.chars++;
        t.strange += is_strange(c);
        t.ideographs += is_ideograph(c);
        t.signs += is_sign(c);
        if (c < 0x80)
            look_at_ascii(c, before, &t);
        else
            t.vowels++; /* it may be one */
        before = c;
    }
    return t;
}

/* Whether the word tells anything of the layer, and what. */
static bool is_telling(const struct traits *t)
{
    return t->strange > 0 || t->ideographs > 0 || t->letters >= 3 || t->signs >= SIGNS_LEAST;
}

static bool is_rubbish(const struct word *w, const struct traits *t, const struct page_info *page)
{
    if (2 * t->strange >= t->chars)
        return true;
    if (2 * t->ideographs >= t->chars) { /* as narrow as Latin letters: they are not what is seen */
        double width = w->box.w * page->width, height = w->box.h * page->height;
        double along = fmax(width, height), across = fmin(width, height);
        return t->chars >= 3 && along < SQUARE * across * (double)t->chars;
    }
    if ((t->signs >= SIGNS_LEAST && 2 * t->signs >= t->chars) ||
        (t->letters > LETTERS_MOST && t->letters == t->chars))
        return true;
    return t->letters >= 4 && (t->broken || t->vowels == 0);
}

static bool words_are_rubbish(const struct page_content *page)
{
    size_t telling = 0, rubbish = 0;
    for (size_t i = 0; i < page->words.n; i++) {
        const struct word *w = &page->words.items[i];
        struct traits t = look(w->text);
        if (!is_telling(&t))
            continue;
        telling += t.chars;
        rubbish += is_rubbish(w, &t, &page->info) ? t.chars : 0;
    }
    return telling >= LEAST_CHARS && (double)rubbish >= RUBBISH_SHARE * (double)telling;
}

/* The part of the page that the words keep to. */
static double area_of(const struct word_list *words)
{
    double x0 = 1, y0 = 1, x1 = 0, y1 = 0;
    for (size_t i = 0; i < words->n; i++) {
        const struct box *b = &words->items[i].box;
        x0 = fmin(x0, b->x);
        y0 = fmin(y0, b->y);
        x1 = fmax(x1, b->x + b->w);
        y1 = fmax(y1, b->y + b->h);
    }
    return fmax(x1 - x0, 0) * fmax(y1 - y0, 0);
}

bool layer_asks_for_images(const struct page_content *page)
{
    return page->words.n > 0 && (page->words.n < STAMP_WORDS || area_of(&page->words) < STAMP_AREA);
}

enum layer_fault layer_assess(const struct page_content *page)
{
    if (page->words.n == 0)
        return LAYER_FITS;
    if (words_are_rubbish(page))
        return LAYER_RUBBISH;
    if (page->image_coverage > SCAN_COVERAGE && layer_asks_for_images(page))
        return LAYER_PARTIAL;
    return LAYER_FITS;
}

const char *layer_warning(enum layer_fault fault, bool by_ocr)
{
    switch (fault) {
    case LAYER_PARTIAL:
        return by_ocr ? "The text layer has only a small part of this page; it was read by OCR."
                      : "The text layer has only a small part of this page, which is an image.";
    case LAYER_RUBBISH:
        return by_ocr ? "The text layer of this page makes no sense; the page was read by OCR."
                      : "The text layer of this page makes no sense; try an engine for OCR.";
    case LAYER_FITS:
        break;
    }
    return NULL;
}
