#include "extract/checks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOOKS_MAX   20000000 /* at a word for a box: a page with more has no form */
#define MARK_GROWTH 1.3      /* a mark may be larger than its box */

/* What a font may have for a mark: check marks, crosses, and the letters used as such. */
static const char *const marks[] = {"✓", "✔", "✗", "✘", "✕", "✖", "×", "x", "X", "☑", "☒"};

static const struct {
    const char *text;
    bool marked;
} letters[] = {{"☐", false}, {"❏", false}, {"❐", false}, {"❑", false},
               {"❒", false}, {"☑", true},  {"☒", true}};

bool checks_is_box(const struct word *w, bool *marked)
{
    if (w->check) {
        *marked = strcmp(w->text, "true") == 0;
        return true;
    }
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (strcmp(w->text, letters[i].text) == 0) {
            *marked = letters[i].marked;
            return true;
        }
    return false;
}

static bool centre_in(struct box inner, struct box outer)
{
    double x = inner.x + inner.w / 2, y = inner.y + inner.h / 2;
    return x >= outer.x && x <= outer.x + outer.w && y >= outer.y && y <= outer.y + outer.h;
}

static bool is_mark(const struct word *w, struct box b)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strcmp(w->text, marks[i]) == 0)
            return w->box.w <= MARK_GROWTH * b.w + b.w / 2;
    return false;
}

static bool on_line(const struct word *w, struct box b)
{
    double middle = b.y + b.h / 2;
    return w->turn == 0 && w->box.y < middle && w->box.y + w->box.h > middle;
}

static bool is_field(const struct page_content *page, struct box b)
{
    for (size_t i = 0; i < page->n_fields; i++)
        if (centre_in(b, page->fields[i].box) || centre_in(page->fields[i].box, b))
            return true;
    return false;
}

static void remove_word(struct word_list *words, size_t i)
{
    free(words->items[i].text);
    memmove(&words->items[i], &words->items[i + 1], (words->n - i - 1) * sizeof *words->items);
    words->n--;
}

/* Looks at the first n words, which the page has of its own. *mark: the word that marks the box, n
 * when none does. False when the box is no check box. */
static bool judge(const struct page_content *page, struct box b, size_t n, size_t *mark)
{
    bool labelled = false;
    *mark = n;
    for (size_t i = 0; i < n; i++) {
        const struct word *w = &page->words.items[i];
        if (!on_line(w, b))
            continue;
        bool inside = centre_in(w->box, b) || centre_in(b, w->box);
        if (inside && (*mark < n || !is_mark(w, b)))
            return false;
        if (inside)
            *mark = i;
        else
            labelled = true;
    }
    return labelled && !is_field(page, b);
}

enum err checks_add_words(struct page_content *page, const struct check_box *boxes, size_t n,
                          struct error *e)
{
    size_t own = page->words.n;
    if (own * n > LOOKS_MAX)
        return ERR_OK;
    for (size_t i = 0; i < n; i++) {
        size_t mark;
        if (!judge(page, boxes[i].box, own, &mark))
            continue;
        const char *text = boxes[i].marked || mark < own ? "true" : "false";
        if (word_list_add(&page->words, boxes[i].box, text, strlen(text), 1, ENGINE_TEXT) != ERR_OK)
            return error_no_memory(e);
        page->words.items[page->words.n - 1].check = true;
        if (mark < own) {
            remove_word(&page->words, mark);
            own--;
        }
    }
    return ERR_OK;
}
