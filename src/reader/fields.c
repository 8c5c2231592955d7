#include "reader/fields.h"

#include <math.h>
#include <string.h>

#include "reader/words.h"

#define SAME_AREA   0.5 /* points by which the places of a field and its widget may differ */
#define LABEL_GAP   1.5 /* heights from a button to its label, and within the label */
#define LABEL_WORDS 8   /* of a label */

static void field_clear(void *field)
{
    g_free(((struct page_field *)field)->name);
    g_free(((struct page_field *)field)->value);
    g_free(((struct page_field *)field)->group);
}

/* poppler counts from the bottom. */
static PopplerRectangle from_top(const PopplerRectangle *r, double height)
{
    return (PopplerRectangle){r->x1, height - r->y2, r->x2, height - r->y1};
}

static char *chosen(PopplerFormField *f)
{
    GString *text = g_string_new(NULL);
    int n = poppler_form_field_choice_get_n_items(f);
    for (int i = 0; i < n; i++) {
        if (!poppler_form_field_choice_is_item_selected(f, i))
            continue;
        char *item = poppler_form_field_choice_get_item(f, i);
        g_string_append_printf(text, "%s%s", text->len > 0 ? "\n" : "", item != NULL ? item : "");
        g_free(item);
    }
    if (text->len == 0 && poppler_form_field_choice_is_editable(f)) {
        char *typed = poppler_form_field_choice_get_text(f);
        g_string_append(text, typed != NULL ? typed : "");
        g_free(typed);
    }
    return g_string_free(text, FALSE);
}

/* What is typed in, its lines parted by a line feed; NULL: nobody is to see it. */
static char *typed_in(PopplerFormField *f)
{
    if (poppler_form_field_text_is_password(f))
        return NULL;
    char *text = poppler_form_field_text_get_text(f);
    GString *lines = g_string_new(text);
    g_string_replace(lines, "\r\n", "\n", 0);
    g_string_replace(lines, "\r", "\n", 0);
    g_free(text);
    return g_string_free(lines, FALSE);
}

/* The field's value; NULL where it can have none. */
static char *value_of(PopplerFormField *f)
{
    switch (poppler_form_field_get_field_type(f)) {
    case POPPLER_FORM_FIELD_TEXT:
        return typed_in(f);
    case POPPLER_FORM_FIELD_CHOICE:
        return chosen(f);
    case POPPLER_FORM_FIELD_BUTTON:
        if (poppler_form_field_button_get_button_type(f) == POPPLER_FORM_BUTTON_PUSH)
            return NULL;
        return g_strdup(poppler_form_field_button_get_state(f) ? "true" : "false");
    default:
        return NULL;
    }
}

/* The document's whole name of a field, with those that it is part of: "form.person.age". */
static char *whole_name(PopplerFormField *f)
{
    char *name = poppler_form_field_get_name(f);
    return name != NULL ? name : g_strdup("");
}

/* The last part of it. A widget that shares its field with others has no name of its own. */
static char *last_name(PopplerFormField *f)
{
    char *whole = whole_name(f), *dot = strrchr(whole, '.');
    char *name = g_strdup(dot != NULL ? dot + 1 : whole);
    g_free(whole);
    return name;
}

/* As people are told it, else as the document calls it. */
static char *name_of(PopplerFormField *f)
{
    char *name = poppler_form_field_get_alternate_ui_name(f);
    if (name != NULL && name[0] != '\0')
        return name;
    g_free(name);
    return last_name(f);
}

/* --- what is not shown --- */

static bool same_area(const PopplerRectangle *a, const PopplerRectangle *b)
{
    return fabs(a->x1 - b->x1) < SAME_AREA && fabs(a->y1 - b->y1) < SAME_AREA &&
           fabs(a->x2 - b->x2) < SAME_AREA && fabs(a->y2 - b->y2) < SAME_AREA;
}

/* Whether nobody sees the field: its widget tells. */
static bool is_hidden(const GList *widgets, const PopplerRectangle *area)
{
    for (const GList *at = widgets; at != NULL; at = at->next) {
        const PopplerAnnotMapping *m = at->data;
        PopplerAnnotFlag flags = poppler_annot_get_flags(m->annot);
        if (poppler_annot_get_annot_type(m->annot) == POPPLER_ANNOT_WIDGET &&
            same_area(&m->area, area))
            return (flags & (POPPLER_ANNOT_FLAG_HIDDEN | POPPLER_ANNOT_FLAG_NO_VIEW)) != 0;
    }
    return false;
}

/* --- radio buttons: a group is one field --- */

static bool is_radio(PopplerFormField *f)
{
    return poppler_form_field_get_field_type(f) == POPPLER_FORM_FIELD_BUTTON &&
           poppler_form_field_button_get_button_type(f) == POPPLER_FORM_BUTTON_RADIO;
}

/* The word that begins next to the right of x on the line of the box; NULL: none is near. */
static const struct page_word *next_word(const GArray *words, const PopplerRectangle *box, double x)
{
    const struct page_word *next = NULL;
    double middle = (box->y1 + box->y2) / 2;
    for (guint i = 0; i < words->len; i++) {
        const struct page_word *w = &g_array_index(words, struct page_word, i);
        double most = LABEL_GAP * (w->box.y2 - w->box.y1);
        if (w->turn == 0 && w->box.y1 < middle && w->box.y2 > middle && w->box.x1 > x - 1 &&
            w->box.x1 < x + most && (next == NULL || w->box.x1 < next->box.x1))
            next = w;
    }
    return next;
}

/* What the page says to the right of a button: the document's own name of a choice is often a
 * number, and poppler does not tell it. */
static char *label_of(const GArray *words, const PopplerRectangle *box)
{
    GString *label = g_string_new(NULL);
    double x = box->x2;
    for (int n = 0; n < LABEL_WORDS; n++) {
        const struct page_word *w = next_word(words, box, x);
        if (w == NULL)
            break;
        g_string_append_printf(label, "%s%s", label->len > 0 ? " " : "", w->text);
        x = w->box.x2 + 1;
    }
    return g_string_free(label, FALSE);
}

/* The group of a button, made with the first of them. */
static struct page_field *group_of(GArray *fields, PopplerFormField *button,
                                   const PopplerRectangle *box)
{
    char *key = whole_name(button);
    for (guint i = 0; i < fields->len; i++) {
        struct page_field *f = &g_array_index(fields, struct page_field, i);
        if (f->group == NULL || strcmp(f->group, key) != 0)
            continue;
        g_free(key);
        return f;
    }
    struct page_field one = {
        .box = *box, .name = last_name(button), .value = g_strdup(""), .group = key};
    g_array_append_val(fields, one);
    return &g_array_index(fields, struct page_field, fields->len - 1);
}

/* The group is where the chosen button is, else where the first is. */
static void add_radio(GArray *fields, const GArray *page_words, PopplerFormField *button,
                      const PopplerRectangle *box)
{
    struct page_field *group = group_of(fields, button, box);
    if (!poppler_form_field_button_get_state(button))
        return;
    char *label = label_of(page_words, box);
    g_free(group->value);
    group->value = label[0] != '\0' ? label : g_strdup("true");
    if (label[0] == '\0')
        g_free(label);
    group->box = *box;
}

/* --- the fields of a page --- */

/* values: what is filled in, apart from the words that the page has of its own. */
static void take_field(GArray *fields, const GArray *page_words, GArray *values,
                       const PopplerFormFieldMapping *m, double height)
{
    struct page_field f = {.box = from_top(&m->area, height), .value = value_of(m->field)};
    if (f.value == NULL)
        return;
    words_add_value(values, f.value, &f.box);
    if (is_radio(m->field)) {
        add_radio(fields, page_words, m->field, &f.box);
        g_free(f.value);
        return;
    }
    f.name = name_of(m->field);
    g_array_append_val(fields, f);
}

static void take_fields(PopplerPage *page, double height, GArray *fields, GArray *words)
{
    GList *mapping = poppler_page_get_form_field_mapping(page);
    GList *widgets = mapping != NULL ? poppler_page_get_annot_mapping(page) : NULL;
    GArray *values = words_none();
    for (GList *at = g_list_last(mapping); at != NULL;
         at = at->prev) { /* poppler turns them round */
        const PopplerFormFieldMapping *m = at->data;
        if (!is_hidden(widgets, &m->area))
            take_field(fields, words, values, m, height);
    }
    words_move(words, values);
    poppler_page_free_annot_mapping(widgets);
    poppler_page_free_form_field_mapping(mapping);
}

static void take_notes(PopplerPage *page, double height, GArray *words)
{
    GList *mapping = poppler_page_get_annot_mapping(page);
    for (GList *at = mapping; at != NULL; at = at->next) {
        const PopplerAnnotMapping *m = at->data;
        char *text = NULL;
        PopplerAnnotFlag flags = poppler_annot_get_flags(m->annot);
        if (poppler_annot_get_annot_type(m->annot) == POPPLER_ANNOT_FREE_TEXT &&
            (flags & (POPPLER_ANNOT_FLAG_HIDDEN | POPPLER_ANNOT_FLAG_NO_VIEW)) == 0)
            text = poppler_annot_get_contents(m->annot);
        PopplerRectangle box = from_top(&m->area, height);
        if (text != NULL)
            words_add_value(words, text, &box);
        g_free(text);
    }
    poppler_page_free_annot_mapping(mapping);
}

GArray *fields_of_page(PopplerPage *page, GArray *words)
{
    GArray *fields = g_array_new(FALSE, FALSE, sizeof(struct page_field));
    double width, height;
    g_array_set_clear_func(fields, field_clear);
    poppler_page_get_size(page, &width, &height);
    take_fields(page, height, fields, words);
    take_notes(page, height, words);
    return fields;
}
