#include "extract/upright.h"

#include <stdlib.h>
#include <string.h>

#define LEAST 4   /* turned words; fewer are heads of columns */
#define MOST  0.6 /* part of the letters */

int upright_quarters(const struct page_reading *s, struct box part)
{
    size_t words[4] = {0}, letters[4] = {0}, all = 0;
    for (size_t i = 0; i < s->content.words.n; i++) {
        const struct word *w = &s->content.words.items[i];
        double x = w->box.x + w->box.w / 2, y = w->box.y + w->box.h / 2;
        if (x < part.x || y < part.y || x > part.x + part.w || y > part.y + part.h)
            continue;
        int k = w->turn / 90;
        words[k]++;
        letters[k] += strlen(w->text);
        all += strlen(w->text);
    }
    for (int k = 1; k < 4; k++)
        if (words[k] >= LEAST && (double)letters[k] > MOST * (double)all)
            return 4 - k;
    return 0;
}

static enum err copy_words(const struct page_reading *s, struct page_reading *out, struct error *e)
{
    const struct word_list *words = &s->content.words;
    for (size_t i = 0; i < words->n; i++) {
        const struct word *w = &words->items[i];
        if (word_list_add(&out->content.words, pose_from_page(&out->pose, w->box), w->text,
                          strlen(w->text), w->confidence, w->engine) != ERR_OK)
            return error_no_memory(e);
        out->content.words.items[i].check = w->check;
        out->content.words.items[i].turn = (w->turn + 90 * out->pose.quarters) % 360;
    }
    return ERR_OK;
}

static enum err copy_rules(const struct page_reading *s, struct page_reading *out, struct error *e)
{
    out->content.rules = calloc(s->content.n_rules + 1, sizeof *out->content.rules);
    if (out->content.rules == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < s->content.n_rules; i++) {
        const struct rule *r = &s->content.rules[i];
        out->content.rules[i] = (struct rule){pose_from_page(&out->pose, r->box),
                                              r->vertical != (out->pose.quarters % 2 != 0)};
    }
    out->content.n_rules = s->content.n_rules;
    return ERR_OK;
}

static enum err copy_areas(const struct page_reading *s, struct page_reading *out, struct error *e)
{
    out->content.areas = calloc(s->content.n_areas + 1, sizeof *out->content.areas);
    if (out->content.areas == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < s->content.n_areas; i++)
        out->content.areas[i] = pose_from_page(&out->pose, s->content.areas[i]);
    out->content.n_areas = s->content.n_areas;
    return ERR_OK;
}

enum err upright_copy(const struct page_reading *s, int quarters, struct page_reading *out,
                      struct error *e)
{
    const struct page_info *info = &s->content.info;
    *out = (struct page_reading){.by_ocr = s->by_ocr, .fault = s->fault};
    out->pose = (struct pose){quarters, 0, info->width, info->height};
    out->content.info = *info;
    out->content.image_coverage = s->content.image_coverage;
    if (quarters % 2 != 0) {
        out->content.info.width = info->height;
        out->content.info.height = info->width;
    }
    enum err err = copy_words(s, out, e);
    if (err == ERR_OK)
        err = copy_rules(s, out, e);
    if (err == ERR_OK)
        err = copy_areas(s, out, e);
    if (err != ERR_OK)
        page_reading_free(out);
    return err;
}
