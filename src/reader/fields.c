#include "reader/fields.h"

#include "reader/words.h"

static void field_clear(void *field)
{
    g_free(((struct page_field *)field)->name);
    g_free(((struct page_field *)field)->value);
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

/* The field's value; NULL where it can have none. */
static char *value_of(PopplerFormField *f)
{
    switch (poppler_form_field_get_field_type(f)) {
    case POPPLER_FORM_FIELD_TEXT:
        return poppler_form_field_text_is_password(f) ? NULL : poppler_form_field_text_get_text(f);
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

/* As people are told it, else as the document calls it. */
static char *name_of(PopplerFormField *f)
{
    char *name = poppler_form_field_get_alternate_ui_name(f);
    if (name == NULL || name[0] == '\0') {
        g_free(name);
        name = poppler_form_field_get_partial_name(f);
    }
    return name != NULL ? name : g_strdup("");
}

static void take_fields(PopplerPage *page, double height, GArray *fields, GArray *words)
{
    GList *mapping = poppler_page_get_form_field_mapping(page);
    for (GList *at = g_list_last(mapping); at != NULL;
         at = at->prev) { /* poppler turns them round */
        const PopplerFormFieldMapping *m = at->data;
        struct page_field f = {.box = from_top(&m->area, height), .value = value_of(m->field)};
        if (f.value == NULL || f.value[0] == '\0') {
            g_free(f.value);
            continue;
        }
        f.name = name_of(m->field);
        words_add_value(words, f.value, &f.box);
        g_array_append_val(fields, f);
    }
    poppler_page_free_form_field_mapping(mapping);
}

static void take_notes(PopplerPage *page, double height, GArray *words)
{
    GList *mapping = poppler_page_get_annot_mapping(page);
    for (GList *at = mapping; at != NULL; at = at->next) {
        const PopplerAnnotMapping *m = at->data;
        char *text = NULL;
        if (poppler_annot_get_annot_type(m->annot) == POPPLER_ANNOT_FREE_TEXT &&
            (poppler_annot_get_flags(m->annot) & POPPLER_ANNOT_FLAG_HIDDEN) == 0)
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
