#include "extract/form.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/checks.h"
#include "extract/direction.h"

#define LABEL_GAP 1.5 /* heights from a check box to its label, and within the label */

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

/* Where the name that ends at `end` starts: with its run, but not before `from`. */
static size_t name_start(const struct line *line, size_t from, size_t end)
{
    for (size_t i = 0; i < line->n_runs; i++) {
        size_t first = (size_t)(line->runs[i].items - line->items);
        if (end >= first && end < first + line->runs[i].n)
            return first > from ? first : from;
    }
    return from;
}

/* --- check boxes --- */

static bool is_check(const struct item *item)
{
    bool marked;
    return checks_is_box(item->word, &marked);
}

static const char *state_of(const struct item *item)
{
    bool marked = false;
    (void)checks_is_box(item->word, &marked);
    return marked ? "true" : "false";
}

static bool follows(const struct layout *l, const struct item *item, const struct item *next)
{
    return next->r.x0 - item->r.x1 < LABEL_GAP * l->height;
}

/* How many items after a check box are its label. */
static size_t label_after(const struct layout *l, const struct line *line, size_t check)
{
    size_t n = 0;
    while (check + n + 1 < line->n && !is_check(&line->items[check + n + 1]) &&
           follows(l, &line->items[check + n], &line->items[check + n + 1]))
        n++;
    return n;
}

/* How many items before one without a label after it are its label: none where they are a name. */
static size_t label_before(const struct layout *l, const struct line *line, size_t check)
{
    size_t n = 0;
    while (check > n && !is_check(&line->items[check - n - 1]) &&
           !ends_name(&line->items[check - n - 1]) &&
           (n == 0 || follows(l, &line->items[check - n - 1], &line->items[check - n])))
        n++;
    return n;
}

/* Whether the line is but check boxes with their labels, a heading before them aside. */
static bool is_line_of_checks(const struct layout *l, const struct line *line)
{
    size_t i = 0, labelled = 0;
    while (i < line->n && !is_check(&line->items[i]))
        i++;
    while (i < line->n && is_check(&line->items[i])) {
        size_t n = label_after(l, line, i);
        labelled += n > 0;
        i += 1 + n;
    }
    return labelled > 0 && i == line->n;
}

size_t form_checks(const struct layout *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_lines; i++)
        for (size_t k = 0; k < l->lines[i].n; k++)
            n += is_check(&l->lines[i].items[k]);
    return n;
}

double form_share(const struct layout *l)
{
    size_t with_name = 0;
    for (size_t i = 0; i < l->n_lines; i++)
        with_name +=
            find_name(&l->lines[i], 0) < l->lines[i].n || is_line_of_checks(l, &l->lines[i]);
    return l->n_lines > 0 ? (double)with_name / (double)l->n_lines : 0;
}

/* --- pairs --- */

/* What is found so far. */
struct pairs {
    const struct layout *l;
    const struct page_info *page;
    struct form_field *fields;
    size_t n;
};

static struct box items_box(const struct item *items, size_t n, const struct page_info *page)
{
    struct rect r = items[0].r;
    for (size_t i = 1; i < n; i++)
        r = rect_union(r, items[i].r);
    return box_of_rect(r, page);
}

static void lower_confidence(struct form_field *f, const struct item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f->confidence = fminf(f->confidence, items[i].word->confidence);
}

/* text: the value where it is not what its items say, else NULL. */
static enum err add_field(struct pairs *p, const struct item *name, size_t n_name,
                          const struct item *value, size_t n_value, const char *text,
                          struct error *e)
{
    struct buffer name_text = BUFFER_INIT, value_text = BUFFER_INIT;
    struct form_field *grown = realloc(p->fields, (p->n + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    p->fields = grown;
    struct form_field *f = &grown[p->n];
    *f = (struct form_field){.confidence = 1, .engine = name->word->engine};
    direction_append(name, n_name, &name_text);
    if (text != NULL)
        buffer_puts(&value_text, text);
    else
        direction_append(value, n_value, &value_text);
    if (name_text.len > 0 && name_text.data[name_text.len - 1] == ':')
        name_text.data[--name_text.len] = '\0';
    f->name = buffer_take(&name_text);
    f->value = buffer_take(&value_text);
    f->name_box = items_box(name, n_name, p->page);
    f->value_box = n_value > 0 ? items_box(value, n_value, p->page) : f->name_box;
    lower_confidence(f, name, n_name);
    lower_confidence(f, value, n_value);
    if (f->name == NULL || f->value == NULL) {
        form_field_free(f);
        return error_no_memory(e);
    }
    p->n++;
    return ERR_OK;
}

/* The labels of the marked boxes among the values of a name, one after the other; NULL where none
 * of them has a label, or memory is out. */
static char *chosen_of(const struct layout *l, const struct line *line, size_t from, size_t end)
{
    struct buffer text = BUFFER_INIT;
    bool labelled = false;
    for (size_t i = from; i < end; i++) {
        size_t n = is_check(&line->items[i]) ? label_after(l, line, i) : 0;
        labelled = labelled || n > 0;
        if (n == 0 || strcmp(state_of(&line->items[i]), "true") != 0)
            continue;
        if (text.len > 0)
            buffer_puts(&text, ",");
        direction_append(&line->items[i + 1], n, &text);
    }
    if (labelled)
        return buffer_take(&text);
    buffer_free(&text);
    return NULL;
}

/* A name and the items after it, up to `end`. */
static enum err add_named(struct pairs *p, const struct line *line, size_t start, size_t name_end,
                          size_t end, struct error *e)
{
    const struct item *name = &line->items[start], *value = &line->items[name_end + 1];
    size_t n_name = name_end - start + 1, n_value = end - name_end - 1;
    char *chosen = chosen_of(p->l, line, name_end + 1, end);
    const char *text = chosen;
    if (text == NULL && n_value == 1 && is_check(value))
        text = state_of(value);
    enum err err = add_field(p, name, n_name, value, n_value, text, e);
    free(chosen);
    return err;
}

static enum err find_named(struct pairs *p, const struct line *line, struct error *e)
{
    enum err err = ERR_OK;
    size_t end = find_name(line, 0), start = 0;
    if (end < line->n)
        start = name_start(line, 0, end);
    while (err == ERR_OK && end < line->n) {
        if ((err = work_budget_spend(p->l->budget, line->n_runs, 1, e)) != ERR_OK)
            break;
        size_t next_end = find_name(line, end + 1);
        size_t value_end = next_end < line->n ? name_start(line, end + 1, next_end) : line->n;
        err = add_named(p, line, start, end, value_end, e);
        start = value_end;
        end = next_end;
    }
    return err;
}

/* A check box and its label are a pair of their own. */
static enum err find_checks(struct pairs *p, const struct line *line, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < line->n; i++) {
        const struct item *check = &line->items[i];
        if (!is_check(check))
            continue;
        size_t after = label_after(p->l, line, i);
        size_t before = after > 0 ? 0 : label_before(p->l, line, i);
        err = work_budget_spend(p->l->budget, after + before, 1, e);
        if (err == ERR_OK && after + before > 0)
            err = add_field(p, after > 0 ? check + 1 : check - before, after + before, check, 1,
                            state_of(check), e);
    }
    return err;
}

enum err form_find(const struct layout *l, const struct page_info *page, struct form_field **fields,
                   size_t *n, struct error *e)
{
    struct pairs p = {.l = l, .page = page};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < l->n_lines; i++) {
        err = find_named(&p, &l->lines[i], e);
        if (err == ERR_OK)
            err = find_checks(&p, &l->lines[i], e);
    }
    *fields = p.fields;
    *n = p.n;
    return err;
}
