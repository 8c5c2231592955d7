/* Signs of a currency, brackets and percent signs that are set apart from their number make columns
 * of their own, which are none. */
#include <stdlib.h>
#include <string.h>

#include "extract/grid_parts.h"

enum sign { SIGN_BEFORE = 1, SIGN_AFTER = 2, SIGN_NONE = 4 };

static const struct {
    const char *text;
    enum sign sign;
} signs[] = {
    {"$", SIGN_BEFORE}, {"US$", SIGN_BEFORE}, {"\xC2\xA3", SIGN_BEFORE}, {"\xC2\xA5", SIGN_BEFORE},
    {"(", SIGN_BEFORE}, {"$(", SIGN_BEFORE},  {")", SIGN_AFTER},         {"%", SIGN_AFTER},
    {")%", SIGN_AFTER}, {"%)", SIGN_AFTER},
};

static enum sign sign_of(const char *text)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strcmp(text, signs[i].text) == 0)
            return signs[i].sign;
    return SIGN_NONE;
}

/* What the words of each column are, those across its borders left out. */
static void look_at_words(const struct grid *g, unsigned *kinds)
{
    for (size_t i = 0; i < g->l->n_items; i++) {
        const struct item *item = &g->l->items[i];
        size_t col = edges_find(&g->cols, item->r.x0 + 1);
        if (col == edges_find(&g->cols, (item->r.x0 + item->r.x1) / 2))
            kinds[col] |= sign_of(item->word->text);
    }
}

enum err grid_join_signs(struct grid *g, struct error *e)
{
    size_t n = g->cols.n - 1;
    unsigned *kinds = calloc(n + 1, sizeof *kinds);
    enum err err = kinds != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = work_budget_spend(g->l->budget, g->l->n_items, SORT_STEPS, e);
    if (err == ERR_OK)
        look_at_words(g, kinds);
    /* From the right, so that the borders to the left keep their numbers. */
    for (size_t col = n; err == ERR_OK && col-- > 0;) {
        if (kinds[col] == SIGN_BEFORE && col + 1 < n)
            edges_drop(&g->cols, col + 1);
        else if (kinds[col] == SIGN_AFTER && col > 0)
            edges_drop(&g->cols, col);
    }
    free(kinds);
    return err;
}
