#include "reader/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORD_GAP   0.4  /* widest space inside a word, in heights */
#define SAME_PLACE 0.2  /* of a letter's size: drawn twice */
#define LEADERS    4    /* dots or dashes in a row that are no text */
#define SPACED     4    /* letters in a row, each a word: one spaced word */
#define RAISED     0.78 /* of the height beside it: a superscript is smaller */
#define MARK_MAX   4    /* bytes of a footnote's mark */
#define RAISED_MAX 2000 /* small words of a page that are looked at */
#define FAR        1e6  /* points: no place on a page */
#define LETTER     0.5  /* width of a letter, in heights, where only the text is known */

static void word_clear(void *word)
{
    g_free(((struct page_word *)word)->text);
}

static double height_of(const struct page_word *w)
{
    return w->turn % 180 == 0 ? w->box.y2 - w->box.y1 : w->box.x2 - w->box.x1;
}

/* --- letters --- */

struct letter {
    gunichar c;
    PopplerRectangle box;
};

static bool is_bidi_control(gunichar c)
{
    return c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool is_form_of_letters(gunichar c)
{
    return (c >= 0xFB00 && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFC);
}

static void swap(double *low, double *high)
{
    if (*low > *high) {
        double was = *low;
        *low = *high;
        *high = was;
    }
}

/* False for a box that is nowhere. */
static bool mend_box(PopplerRectangle *r)
{
    if (!isfinite(r->x1) || !isfinite(r->x2) || !isfinite(r->y1) || !isfinite(r->y2))
        return false;
    swap(&r->x1, &r->x2);
    swap(&r->y1, &r->y2);
    return r->x1 > -FAR && r->y1 > -FAR && r->x2 < FAR && r->y2 < FAR;
}

static bool same_place(const struct letter *a, const struct letter *b)
{
    double w = fmax(a->box.x2 - a->box.x1, b->box.x2 - b->box.x1);
    double h = fmax(a->box.y2 - a->box.y1, b->box.y2 - b->box.y1);
    return a->c == b->c && fabs(a->box.x1 - b->box.x1) < SAME_PLACE * w &&
           fabs(a->box.y1 - b->box.y1) < SAME_PLACE * h;
}

struct selection {
    char *text;
    PopplerRectangle *boxes;
    guint n;
};

static void selection_free(struct selection *s)
{
    g_free(s->text);
    g_free(s->boxes);
}

static struct selection select_area(PopplerPage *page, PopplerRectangle area)
{
    struct selection s = {.text = poppler_page_get_text_for_area(page, &area)};
    if (s.text == NULL || !poppler_page_get_text_layout_for_area(page, &area, &s.boxes, &s.n))
        s.n = 0;
    return s;
}

static bool runs_right(const char *text)
{
    for (const char *p = text; p != NULL && *p != '\0'; p = g_utf8_next_char(p))
        if (is_bidi_control(g_utf8_get_char(p)))
            return true;
    return false;
}

/* poppler selects from the corner where reading begins. Where that is the right one a selection
 * from the left leaves out parts of the first and last lines. */
static struct selection select_page(PopplerPage *page)
{
    double w, h;
    poppler_page_get_size(page, &w, &h);
    struct selection s = select_area(page, (PopplerRectangle){0, 0, w, h});
    if (s.n > 0 && !runs_right(s.text))
        return s;
    struct selection other = select_area(page, (PopplerRectangle){w, 0, 0, h});
    if (other.n > s.n) {
        struct selection less = s;
        s = other;
        other = less;
    }
    selection_free(&other);
    return s;
}

/* poppler gives the text and a box for each of its characters but those that turn its direction. */
static GArray *letters_of(PopplerPage *page, bool *lost)
{
    GArray *letters = g_array_new(FALSE, FALSE, sizeof(struct letter));
    struct selection s = select_page(page);
    guint i = 0;
    for (const char *p = s.text; i < s.n && *p != '\0'; p = g_utf8_next_char(p)) {
        struct letter l = {.c = g_utf8_get_char(p)};
        if (is_bidi_control(l.c))
            continue;
        l.box = s.boxes[i++];
        if (!g_unichar_isspace(l.c) && !mend_box(&l.box)) {
            *lost = true;
            continue;
        }
        if (letters->len == 0 ||
            !same_place(&g_array_index(letters, struct letter, letters->len - 1), &l))
            g_array_append_val(letters, l);
    }
    selection_free(&s);
    return letters;
}

/* --- words --- */

static void append_letter(GString *text, gunichar c)
{
    if (c == 0xAD) /* a soft hyphen: where the word may be broken */
        return;
    if (!is_form_of_letters(c)) {
        g_string_append_unichar(text, c);
        return;
    }
    char one[8] = "";
    (void)g_unichar_to_utf8(c, one);
    char *plain = g_utf8_normalize(one, -1, G_NORMALIZE_NFKC);
    g_string_append(text, plain != NULL ? plain : one);
    g_free(plain);
}

/* Which way the letters of a word run: along the longer of its two directions. */
static int turn_of(const struct letter *first, const struct letter *last)
{
    double dx = (last->box.x1 + last->box.x2 - first->box.x1 - first->box.x2) / 2;
    double dy = (last->box.y1 + last->box.y2 - first->box.y1 - first->box.y2) / 2;
    if (first == last)
        return 0;
    if (fabs(dy) <= 2 * fabs(dx))
        return dx < 0 ? 180 : 0;
    return dy < 0 ? 270 : 90;
}

/* The last word again, hardly moved: some producers make type bold so. */
static bool is_drawn_again(const GArray *words, const struct page_word *w)
{
    if (words->len == 0)
        return false;
    const struct page_word *last = &g_array_index(words, struct page_word, words->len - 1);
    double most = SAME_PLACE * height_of(w);
    return strcmp(last->text, w->text) == 0 && fabs(last->box.x1 - w->box.x1) < most &&
           fabs(last->box.y1 - w->box.y1) < most;
}

static void add_word(GArray *words, const struct letter *first, const struct letter *end)
{
    GString *text = g_string_new(NULL);
    struct page_word w = {.box = first->box};
    for (const struct letter *l = first; l < end; l++) {
        w.box.x1 = fmin(w.box.x1, l->box.x1);
        w.box.y1 = fmin(w.box.y1, l->box.y1);
        w.box.x2 = fmax(w.box.x2, l->box.x2);
        w.box.y2 = fmax(w.box.y2, l->box.y2);
        append_letter(text, l->c);
    }
    w.turn = turn_of(first, end - 1);
    bool none = text->len == 0;
    w.text = g_string_free(text, FALSE);
    if (none || is_drawn_again(words, &w))
        g_free(w.text);
    else
        g_array_append_val(words, w);
}

/* Whether two letters that follow each other in the text stand apart on the page: poppler does not
 * put a space between the columns of a table. Letters touch; half a height is a wide space. */
static bool stands_apart(const PopplerRectangle *a, const PopplerRectangle *b)
{
    double across = fmax(b->x1 - a->x2, a->x1 - b->x2), down = fmax(b->y1 - a->y2, a->y1 - b->y2);
    double size = fmin(a->y2 - a->y1, b->y2 - b->y1);
    double wide = fmin(a->x2 - a->x1, b->x2 - b->x1);
    return fmax(across, down) > WORD_GAP * fmax(size, wide);
}

/* A smaller letter that stands higher than the one before it. */
static bool is_raised_letter(const struct letter *a, const struct letter *b)
{
    double h = a->box.y2 - a->box.y1;
    return b->box.y2 - b->box.y1 <= RAISED * h && b->box.x1 >= a->box.x2 - 0.2 * h &&
           b->box.y2 < a->box.y2 - 0.15 * h;
}

static bool leads(gunichar c)
{
    return c == '.' || c == '_' || c == '-' || c == 0xB7 || c == 0x2013 || c == 0x2014 ||
           c == 0x2026;
}

/* Whether a leader is followed closely enough by the next: dots may have spaces between. */
static bool continues(const struct letter *a, const struct letter *b)
{
    double most = a->c == '.' || a->c == 0xB7 ? a->box.y2 - a->box.y1 : b->box.x2 - b->box.x1;
    return b->box.x1 - a->box.x2 < most && b->box.x1 >= a->box.x1 &&
           fabs(b->box.y2 - a->box.y2) < 1;
}

/* How many letters, spaces between them counted in, lead from one text to another: none unless they
 * are several of a kind. */
static guint leaders_at(const struct letter *l, guint n)
{
    guint count = 0, last = 0;
    if (!leads(l[0].c))
        return 0;
    for (guint i = 0; i < n && (l[i].c == l[0].c || l[i].c == ' '); i++) {
        if (l[i].c == ' ')
            continue;
        if (i > 0 && !continues(&l[last], &l[i]))
            break;
        count += l[i].c == 0x2026 ? 3 : 1;
        last = i;
    }
    return count >= LEADERS ? last + 1 : 0;
}

static void cut_words(const GArray *letters, GArray *words)
{
    const struct letter *l = (const struct letter *)(const void *)letters->data;
    guint start = 0;
    for (guint i = 0; i <= letters->len;) {
        guint skipped = i < letters->len ? leaders_at(l + i, letters->len - i) : 1;
        if (skipped == 0 && g_unichar_isspace(l[i].c))
            skipped = 1;
        bool ends = skipped > 0 || (i > start && (stands_apart(&l[i - 1].box, &l[i].box) ||
                                                  is_raised_letter(&l[i - 1], &l[i])));
        if (ends && i > start)
            add_word(words, l + start, l + i);
        if (ends)
            start = i + skipped;
        i += skipped > 0 ? skipped : 1;
    }
}

/* --- spaced letters --- */

static bool is_letter(const struct page_word *w)
{
    return g_unichar_isalpha(g_utf8_get_char(w->text)) && *g_utf8_next_char(w->text) == '\0' &&
           w->turn == 0;
}

static double gap_after(const struct page_word *w)
{
    return w[1].box.x1 - w[0].box.x2;
}

static bool on_one_line(const struct page_word *a, const struct page_word *b)
{
    return fabs(a->box.y2 - b->box.y2) < 0.2 * height_of(a);
}

/* How many words from w on are the letters of a spaced one. */
static guint spaced_letters(const struct page_word *w, guint n)
{
    guint k = 1;
    if (!is_letter(w))
        return 1;
    while (k < n && is_letter(&w[k]) && on_one_line(w, &w[k]) && gap_after(&w[k - 1]) > 0 &&
           gap_after(&w[k - 1]) < height_of(w) && gap_after(&w[k - 1]) < 1.6 * gap_after(w))
        k++;
    return k >= SPACED ? k : 1;
}

static void join_spaced(GArray *words)
{
    for (guint i = 0; i < words->len; i++) {
        struct page_word *w = &g_array_index(words, struct page_word, i);
        guint k = spaced_letters(w, words->len - i);
        if (k == 1)
            continue;
        GString *text = g_string_new(NULL);
        for (guint j = 0; j < k; j++)
            g_string_append(text, w[j].text);
        w->box.x2 = w[k - 1].box.x2;
        g_free(w->text);
        w->text = g_string_free(text, FALSE);
        g_array_remove_range(words, i + 1, k - 1);
    }
}

/* --- superscripts --- */

static int by_double(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

static double usual_height(const GArray *words)
{
    double *heights = g_new(double, words->len + 1);
    for (guint i = 0; i < words->len; i++)
        heights[i] = height_of(&g_array_index(words, struct page_word, i));
    qsort(heights, words->len, sizeof *heights, by_double);
    double usual = words->len > 0 ? heights[words->len / 2] : 0;
    g_free(heights);
    return usual;
}

static bool is_raised_by(const struct page_word *w, const struct page_word *host)
{
    double h = height_of(host), gap = w->box.x1 - host->box.x2;
    return host->turn == 0 && height_of(w) <= RAISED * h && gap > -0.15 * h && gap < 0.5 * h &&
           w->box.y2 < host->box.y2 - 0.15 * h && w->box.y2 > host->box.y1 &&
           w->box.y1 > host->box.y1 - 0.6 * h;
}

static bool is_number(const char *text)
{
    return strspn(text, "0123456789") == strlen(text);
}

static char *as_superscript(const char *digits)
{
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    GString *text = g_string_new(NULL);
    for (const char *p = digits; *p != '\0'; p++)
        g_string_append(text, raised[*p - '0']);
    return g_string_free(text, FALSE);
}

/* A footnote's mark stands on the line of its word, and is no digit of it. */
static void raise_beside(struct page_word *w, const struct page_word *host)
{
    if (is_number(w->text)) {
        char *text = as_superscript(w->text);
        g_free(w->text);
        w->text = text;
    }
    w->box.y1 = host->box.y1;
    w->box.y2 = host->box.y2;
}

static void mark_raised(GArray *words)
{
    double usual = usual_height(words);
    guint looked_at = 0;
    for (guint i = 0; i < words->len && looked_at < RAISED_MAX; i++) {
        struct page_word *w = &g_array_index(words, struct page_word, i);
        if (w->turn != 0 || height_of(w) > RAISED * usual || strlen(w->text) > MARK_MAX)
            continue;
        looked_at++;
        for (guint k = 0; k < words->len; k++) {
            const struct page_word *host = &g_array_index(words, struct page_word, k);
            if (k == i || !is_raised_by(w, host))
                continue;
            raise_beside(w, host);
            break;
        }
    }
}

GArray *words_none(void)
{
    GArray *words = g_array_new(FALSE, FALSE, sizeof(struct page_word));
    g_array_set_clear_func(words, word_clear);
    return words;
}

void words_move(GArray *words, GArray *more)
{
    if (more->len > 0)
        g_array_append_vals(words, more->data, more->len);
    g_array_set_clear_func(more, NULL); /* the texts are the other list's now */
    g_array_unref(more);
}

GArray *words_of_page(PopplerPage *page, bool *lost)
{
    *lost = false;
    GArray *words = words_none();
    GArray *letters = letters_of(page, lost);
    cut_words(letters, words);
    g_array_unref(letters);
    join_spaced(words);
    mark_raised(words);
    return words;
}

/* --- values --- */

static void add_line(GArray *words, const char *line, const PopplerRectangle *area, double y1,
                     double y2)
{
    char **parts = g_strsplit_set(line, " \t\r", -1);
    double length = (double)g_utf8_strlen(line, -1), room = area->x2 - area->x1;
    double step = fmin(LETTER * (y2 - y1), room / fmax(length, 1)), x = area->x1;
    for (char **p = parts; *p != NULL; p++) {
        double wide = step * (double)g_utf8_strlen(*p, -1);
        if (**p != '\0') {
            struct page_word w = {.box = {x, y1, x + wide, y2}, .text = g_strdup(*p)};
            g_array_append_val(words, w);
        }
        x += wide + step;
    }
    g_strfreev(parts);
}

void words_add_value(GArray *words, const char *value, const PopplerRectangle *area)
{
    PopplerRectangle r = *area;
    if (!mend_box(&r) || !g_utf8_validate(value, -1, NULL))
        return;
    char **lines = g_strsplit(value, "\n", -1);
    guint n = g_strv_length(lines);
    double high = (r.y2 - r.y1) / fmax(n, 1);
    for (guint i = 0; i < n; i++)
        add_line(words, lines[i], &r, r.y1 + i * high, r.y1 + (i + 1) * high);
    g_strfreev(lines);
}
