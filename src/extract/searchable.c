#include "extract/searchable.h"

#include <math.h>

#define STAMP_WORDS_MOST 2000 /* of a text layer: more are not compared with what OCR has read */

bool searchable_needs_ocr(const struct page_reading *layer)
{
    return layer->fault != LAYER_FITS || layer->content.words.n == 0;
}

/* A point of the upright page, as fractions, on the page as shown. */
static struct box on_page(const struct page_reading *ocr, double x, double y)
{
    return pose_to_page(&ocr->pose, (struct box){x, y, 0, 0});
}

/* Whether the text layer has the word already, as it has a stamp's. */
static bool is_there(const struct sight *page, const struct word *w)
{
    const struct word_list *layer = &page->layer.content.words;
    struct box at = on_page(&page->ocr, w->box.x + w->box.w / 2, w->box.y + w->box.h / 2);
    if (page->layer.fault == LAYER_RUBBISH || layer->n > STAMP_WORDS_MOST)
        return false;
    for (size_t i = 0; i < layer->n; i++) {
        const struct box *b = &layer->items[i].box;
        if (at.x >= b->x && at.x <= b->x + b->w && at.y >= b->y && at.y <= b->y + b->h)
            return true;
    }
    return false;
}

/* What cannot be seen as a word stays away: the value of a check box, for one. */
static bool is_wanted(const struct sight *page, const struct word *w)
{
    return !w->check && w->text[0] != '\0' && w->box.w > 0 && w->box.h > 0 && !is_there(page, w);
}

static void add_word(const struct sight *page, const struct word *w, struct buffer *out)
{
    const struct page_info *info = &page->layer.content.info;
    const struct box *b = &w->box;
    struct box foot = on_page(&page->ocr, b->x, b->y + b->h);
    struct box end = on_page(&page->ocr, b->x + b->w, b->y + b->h);
    struct box top = on_page(&page->ocr, b->x, b->y);
    double height = hypot((top.x - foot.x) * info->width, (top.y - foot.y) * info->height);
    buffer_printf(out, "%.4f %.4f %.4f %.4f %.4f ", foot.x * info->width, foot.y * info->height,
                  (end.x - foot.x) * info->width, (end.y - foot.y) * info->height, height);
    for (const char *c = w->text; *c != '\0'; c++)
        buffer_append(out, (unsigned char)*c < ' ' ? " " : c, 1);
    buffer_puts(out, "\n");
}

void searchable_add(const struct sight *page, struct buffer *out)
{
    const struct word_list *words = &page->ocr.content.words;
    bool read = !page->unread && page->ocr.by_ocr && searchable_needs_ocr(&page->layer);
    size_t n = read ? words->n : 0, wanted = 0;
    for (size_t i = 0; i < n; i++)
        wanted += is_wanted(page, &words->items[i]);
    buffer_printf(out, "%d %zu\n", page->layer.content.info.number, wanted);
    for (size_t i = 0; i < n; i++)
        if (is_wanted(page, &words->items[i]))
            add_word(page, &words->items[i], out);
}
