#include "extract/sight.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define FORMAT 4 /* of the text; another one is not read */

void sight_free(struct sight *s)
{
    page_reading_free(&s->layer);
    page_reading_free(&s->ocr);
}

/* --- writing --- */

/* A value that could not be made, such as of a number that JSON has not, voids its list. */
static void add(json_t **list, json_t *value)
{
    if (*list == NULL) {
        json_decref(value);
    } else if (json_array_append_new(*list, value) != 0) {
        json_decref(*list);
        *list = NULL;
    }
}

static json_t *from_box(struct box b)
{
    return json_pack("[f,f,f,f]", b.x, b.y, b.w, b.h);
}

static json_t *from_words(const struct word_list *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->n; i++) {
        const struct word *w = &l->items[i];
        add(&list, json_pack("[o,s,f,i,i,b,b]", from_box(w->box), w->text, (double)w->confidence,
                             (int)w->engine, w->turn, (int)w->check, (int)w->alone));
    }
    return list;
}

static json_t *from_rules(const struct rule *rules, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        add(&list, json_pack("[o,b]", from_box(rules[i].box), (int)rules[i].vertical));
    return list;
}

static json_t *from_areas(const struct box *areas, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        add(&list, from_box(areas[i]));
    return list;
}

static json_t *from_filled(const struct filled_field *fields, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        add(&list,
            json_pack("[o,s?,s?]", from_box(fields[i].box), fields[i].name, fields[i].value));
    return list;
}

static json_t *from_content(const struct page_content *c)
{
    return json_pack(
        "{s:[i,f,f,i],s:o,s:o,s:o,s:o,s:f,s:s?}", "info", c->info.number, c->info.width,
        c->info.height, c->info.rotation, "words", from_words(&c->words), "rules",
        from_rules(c->rules, c->n_rules), "areas", from_areas(c->areas, c->n_areas), "fields",
        from_filled(c->fields, c->n_fields), "images", c->image_coverage, "warning", c->warning);
}

static json_t *from_cells(const struct table *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        add(&list, json_pack("[i,i,i,i,i,o,s,f,i,b,b]", c->row, c->col, c->row_span, c->col_span,
                             c->page, from_box(c->box), c->text, (double)c->confidence,
                             (int)c->engine, (int)c->header, (int)c->rejected));
    }
    return list;
}

static json_t *from_tables(const struct table *tables, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        add(&list, json_pack("[i,i,i,o,f,o]", (int)tables[i].structure, tables[i].rows,
                             tables[i].cols, from_box(tables[i].box), (double)tables[i].confidence,
                             from_cells(&tables[i])));
    return list;
}

static json_t *from_fields(const struct form_field *fields, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        add(&list, json_pack("[s,s,o,o,f,i]", fields[i].name, fields[i].value,
                             from_box(fields[i].name_box), from_box(fields[i].value_box),
                             (double)fields[i].confidence, (int)fields[i].engine));
    return list;
}

static json_t *from_seen(const struct page_reading *s)
{
    return json_pack("{s:o,s:[i,f,f,f],s:b,s:i,s:o,s:o}", "page", from_content(&s->content), "pose",
                     s->pose.quarters, s->pose.angle, s->pose.width, s->pose.height, "by_ocr",
                     (int)s->by_ocr, "fault", (int)s->fault, "tables",
                     from_tables(s->found.tables, s->found.n_tables), "forms",
                     from_fields(s->found.fields, s->found.n_fields));
}

enum err sight_write(const struct sight *s, struct buffer *out, struct error *e)
{
    json_t *tree = json_pack("{s:i,s:b,s:o,s:o}", "format", FORMAT, "unread", (int)s->unread,
                             "layer", from_seen(&s->layer), "ocr", from_seen(&s->ocr));
    char *text = tree != NULL ? json_dumps(tree, JSON_COMPACT) : NULL;
    json_decref(tree);
    if (text != NULL)
        buffer_puts(out, text);
    bool ok = text != NULL && !buffer_failed(out);
    free(text);
    return ok ? ERR_OK : error_no_memory(e);
}

/* --- reading: false for what was not written above, or when memory is out --- */

static bool to_box(const json_t *v, struct box *b)
{
    return json_unpack((json_t *)v, "[F,F,F,F!]", &b->x, &b->y, &b->w, &b->h) == 0;
}

static bool in_range(int value, int end)
{
    return value >= 0 && value < end;
}

static bool copy_text(const char *text, char **out)
{
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

/* Room for as many items as the list has; NULL: it is none, or memory is out. */
static void *room_for(const json_t *list, size_t size)
{
    return json_is_array(list) ? calloc(json_array_size(list) + 1, size) : NULL;
}

static bool to_words(const json_t *list, struct word_list *out)
{
    json_t *item, *box;
    size_t i;
    bool ok = json_is_array(list);
    json_array_foreach(list, i, item)
    {
        struct box b;
        const char *text;
        double confidence;
        int engine, turn, check, alone;
        ok = ok && json_unpack(item, "[o,s,F,i,i,b,b!]", &box, &text, &confidence, &engine, &turn,
                               &check, &alone) == 0;
        ok = ok && to_box(box, &b) && in_range(engine, ENGINE__MAX) &&
             word_list_add(out, b, text, strlen(text), (float)confidence, (enum engine)engine) ==
                 ERR_OK;
        if (!ok)
            return false;
        out->items[out->n - 1].turn = turn;
        out->items[out->n - 1].check = check != 0;
        out->items[out->n - 1].alone = alone != 0;
    }
    return ok;
}

static bool to_rules(const json_t *list, struct page_content *out)
{
    json_t *item, *box;
    size_t i;
    out->rules = room_for(list, sizeof *out->rules);
    bool ok = out->rules != NULL;
    json_array_foreach(list, i, item)
    {
        int vertical;
        ok = ok && json_unpack(item, "[o,b!]", &box, &vertical) == 0 &&
             to_box(box, &out->rules[i].box);
        if (!ok)
            return false;
        out->rules[out->n_rules++].vertical = vertical != 0;
    }
    return ok;
}

static bool to_areas(const json_t *list, struct page_content *out)
{
    json_t *item;
    size_t i;
    out->areas = room_for(list, sizeof *out->areas);
    bool ok = out->areas != NULL;
    json_array_foreach(list, i, item)
    {
        ok = ok && to_box(item, &out->areas[out->n_areas++]);
        if (!ok)
            return false;
    }
    return ok;
}

static bool to_filled(const json_t *list, struct page_content *out)
{
    json_t *item, *box;
    size_t i;
    out->fields = room_for(list, sizeof *out->fields);
    bool ok = out->fields != NULL;
    json_array_foreach(list, i, item)
    {
        json_t *name, *value;
        struct filled_field *f = ok ? &out->fields[out->n_fields++] : NULL;
        ok = ok && json_unpack(item, "[o,o,o!]", &box, &name, &value) == 0 &&
             to_box(box, &f->box) && copy_text(json_string_value(name), &f->name) &&
             copy_text(json_string_value(value), &f->value);
        if (!ok)
            return false;
    }
    return ok;
}

static bool to_content(const json_t *v, struct page_content *out)
{
    json_t *words, *rules, *areas, *fields, *warning;
    return json_unpack((json_t *)v, "{s:[i,F,F,i!],s:o,s:o,s:o,s:o,s:F,s:o!}", "info",
                       &out->info.number, &out->info.width, &out->info.height, &out->info.rotation,
                       "words", &words, "rules", &rules, "areas", &areas, "fields", &fields,
                       "images", &out->image_coverage, "warning", &warning) == 0 &&
           to_words(words, &out->words) && to_rules(rules, out) && to_areas(areas, out) &&
           to_filled(fields, out) && copy_text(json_string_value(warning), &out->warning);
}

static bool to_cell(json_t *v, struct cell *c)
{
    json_t *box;
    const char *text;
    double confidence;
    int engine, header, rejected;
    if (json_unpack(v, "[i,i,i,i,i,o,s,F,i,b,b!]", &c->row, &c->col, &c->row_span, &c->col_span,
                    &c->page, &box, &text, &confidence, &engine, &header, &rejected) != 0 ||
        !in_range(engine, ENGINE__MAX))
        return false;
    c->confidence = (float)confidence;
    c->engine = (enum engine)engine;
    c->header = header != 0;
    c->rejected = rejected != 0;
    return to_box(box, &c->box) && copy_text(text, &c->text);
}

static bool to_table(json_t *v, struct table *t)
{
    json_t *box, *cells, *item;
    double confidence;
    size_t i;
    int structure;
    if (json_unpack(v, "[i,i,i,o,F,o!]", &structure, &t->rows, &t->cols, &box, &confidence,
                    &cells) != 0 ||
        !in_range(structure, STRUCTURE__MAX) || !to_box(box, &t->box))
        return false;
    t->structure = (enum structure)structure;
    t->confidence = (float)confidence;
    if ((t->cells = room_for(cells, sizeof *t->cells)) == NULL)
        return false;
    json_array_foreach(cells, i, item)
    {
        if (!to_cell(item, &t->cells[t->n_cells++]))
            return false;
    }
    return true;
}

static bool to_tables(const json_t *list, struct ocr_result *out)
{
    json_t *item;
    size_t i;
    if ((out->tables = room_for(list, sizeof *out->tables)) == NULL)
        return false;
    json_array_foreach(list, i, item)
    {
        if (!to_table(item, &out->tables[out->n_tables++]))
            return false;
    }
    return true;
}

static bool to_field(json_t *v, struct form_field *f)
{
    json_t *name_box, *value_box;
    const char *name, *value;
    double confidence;
    int engine;
    if (json_unpack(v, "[s,s,o,o,F,i!]", &name, &value, &name_box, &value_box, &confidence,
                    &engine) != 0 ||
        !in_range(engine, ENGINE__MAX))
        return false;
    f->confidence = (float)confidence;
    f->engine = (enum engine)engine;
    return to_box(name_box, &f->name_box) && to_box(value_box, &f->value_box) &&
           copy_text(name, &f->name) && copy_text(value, &f->value);
}

static bool to_fields(const json_t *list, struct ocr_result *out)
{
    json_t *item;
    size_t i;
    if ((out->fields = room_for(list, sizeof *out->fields)) == NULL)
        return false;
    json_array_foreach(list, i, item)
    {
        if (!to_field(item, &out->fields[out->n_fields++]))
            return false;
    }
    return true;
}

static bool to_seen(const json_t *v, struct page_reading *out)
{
    json_t *page, *tables, *forms;
    int by_ocr, fault;
    if (json_unpack((json_t *)v, "{s:o,s:[i,F,F,F!],s:b,s:i,s:o,s:o!}", "page", &page, "pose",
                    &out->pose.quarters, &out->pose.angle, &out->pose.width, &out->pose.height,
                    "by_ocr", &by_ocr, "fault", &fault, "tables", &tables, "forms", &forms) != 0 ||
        !in_range(fault, LAYER__MAX))
        return false;
    out->by_ocr = by_ocr != 0;
    out->fault = (enum layer_fault)fault;
    return to_content(page, &out->content) && to_tables(tables, &out->found) &&
           to_fields(forms, &out->found);
}

enum err sight_parse(const char *text, size_t len, struct sight *out, struct error *e)
{
    json_t *tree = NULL, *layer, *ocr;
    int format, unread;
    memset(out, 0, sizeof *out);
    if (json_parse(text, len, &tree, e) != ERR_OK)
        return error_set(e, ERR_UNPROCESSABLE, "What was kept of the page is no JSON.");
    bool ok = json_unpack(tree, "{s:i,s:b,s:o,s:o!}", "format", &format, "unread", &unread, "layer",
                          &layer, "ocr", &ocr) == 0 &&
              format == FORMAT && to_seen(layer, &out->layer) && to_seen(ocr, &out->ocr);
    if (ok) {
        out->unread = unread != 0;
        out->kept = true;
    } else {
        sight_free(out);
        memset(out, 0, sizeof *out);
    }
    json_decref(tree);
    return ok ? ERR_OK : error_set(e, ERR_UNPROCESSABLE, "What was kept is no page.");
}
