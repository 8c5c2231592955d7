#include "ports/page.h"

#include <stdlib.h>
#include <string.h>

enum err word_list_add(struct word_list *l, struct box box, const char *text, size_t text_len,
                       float confidence, enum engine engine)
{
    if (l->n == l->cap) {
        size_t cap = l->cap > 0 ? l->cap * 2 : 64;
        struct word *items = realloc(l->items, cap * sizeof *items);
        if (items == NULL)
            return ERR_INTERNAL;
        l->items = items;
        l->cap = cap;
    }
    char *copy = strndup(text, text_len);
    if (copy == NULL)
        return ERR_INTERNAL;
    l->items[l->n++] = (struct word){box, copy, confidence, engine, 0, false, false};
    return ERR_OK;
}

double word_list_confidence(const struct word_list *l)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < l->n; i++) {
        double letters = (double)strlen(l->items[i].text);
        sum += l->items[i].confidence * letters;
        n += letters;
    }
    return n > 0 ? sum / n : 0;
}

void word_list_free(struct word_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->items[i].text);
    free(l->items);
    memset(l, 0, sizeof *l);
}

void page_content_free(struct page_content *p)
{
    word_list_free(&p->words);
    for (size_t i = 0; i < p->n_fields; i++) {
        free(p->fields[i].name);
        free(p->fields[i].value);
    }
    free(p->fields);
    free(p->rules);
    free(p->areas);
    free(p->warning);
    memset(p, 0, sizeof *p);
}

void raster_free(struct raster *r)
{
    free(r->pixels);
    memset(r, 0, sizeof *r);
}

enum err checkpoint_pass(const struct checkpoint *c, struct error *e)
{
    return c == NULL || c->call == NULL ? ERR_OK : c->call(c->self, e);
}

void box_write(struct json_writer *w, struct box b, int decimals)
{
    json_begin_object(w, "bbox");
    json_put_real(w, "x", b.x, decimals);
    json_put_real(w, "y", b.y, decimals);
    json_put_real(w, "w", b.w, decimals);
    json_put_real(w, "h", b.h, decimals);
    json_end_object(w);
}
