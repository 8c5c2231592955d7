#include "extract/form.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/direction.h"

static bool ends_name(const struct item *item)
{
    size_t n = strlen(item->word->text);
    return n > 1 && item->word->text[n - 1] == ':';
}

/* The item that ends the next name at or after `from`, or n. */
static size_t find_name(const struct line *line, size_t from)
{
    while (from < line->n && !ends_name(&line->items[from]))
        from++;
    return from;
}

/* Where the name that ends at `end` starts: with its piece, but not before `from`. */
static size_t name_start(const struct line *line, size_t from, size_t end)
{
    for (size_t i = 0; i < line->n_pieces; i++) {
        size_t first = (size_t)(line->pieces[i].items - line->items);
        if (end >= first && end < first + line->pieces[i].n)
            return first > from ? first : from;
    }
    return from;
}

double form_share(const struct layout *l)
{
    size_t with_name = 0;
    for (size_t i = 0; i < l->n_lines; i++)
        with_name += find_name(&l->lines[i], 0) < l->lines[i].n;
    return l->n_lines > 0 ? (double)with_name / (double)l->n_lines : 0;
}

static struct box items_box(const struct item *items, size_t n, const struct page_info *page)
{
    struct rect r = items[0].r;
    for (size_t i = 1; i < n; i++)
        r = rect_union(r, items[i].r);
    return box_of_rect(r, page);
}

static enum err add_field(const struct item *name, size_t n_name, const struct item *value,
                          size_t n_value, const struct page_info *page, struct form_field **fields,
                          size_t *n, struct error *e)
{
    struct buffer name_text = BUFFER_INIT, value_text = BUFFER_INIT;
    struct form_field *grown = realloc(*fields, (*n + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    *fields = grown;
    struct form_field *f = &grown[*n];
    *f = (struct form_field){.confidence = 1, .engine = name->word->engine};
    direction_append(name, n_name, &name_text);
    direction_append(value, n_value, &value_text);
    if (name_text.len > 0 && name_text.data[name_text.len - 1] == ':')
        name_text.data[--name_text.len] = '\0';
    f->name = buffer_take(&name_text);
    f->value = buffer_take(&value_text);
    f->name_box = items_box(name, n_name, page);
    f->value_box = n_value > 0 ? items_box(value, n_value, page) : f->name_box;
    for (size_t i = 0; i < n_name; i++)
        f->confidence = fminf(f->confidence, name[i].word->confidence);
    for (size_t i = 0; i < n_value; i++)
        f->confidence = fminf(f->confidence, value[i].word->confidence);
    if (f->name == NULL || f->value == NULL) {
        form_field_free(f);
        return error_no_memory(e);
    }
    ++*n;
    return ERR_OK;
}

enum err form_find(const struct layout *l, const struct page_info *page, struct form_field **fields,
                   size_t *n, struct error *e)
{
    enum err err = ERR_OK;
    *fields = NULL;
    *n = 0;
    for (size_t i = 0; err == ERR_OK && i < l->n_lines; i++) {
        const struct line *line = &l->lines[i];
        size_t end = find_name(line, 0), start = 0;
        if (end < line->n)
            start = name_start(line, 0, end);
        while (err == ERR_OK && end < line->n) {
            if ((err = pace_take(l->pace, line->n_pieces, 1, e)) != ERR_OK)
                break;
            size_t next_end = find_name(line, end + 1);
            size_t value_end = next_end < line->n ? name_start(line, end + 1, next_end) : line->n;
            err = add_field(&line->items[start], end - start + 1, &line->items[end + 1],
                            value_end - end - 1, page, fields, n, e);
            start = value_end;
            end = next_end;
        }
    }
    return err;
}
