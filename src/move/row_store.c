#include "move/row_store.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void move_page_clear(struct move_page *p)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t c = 0; c < MOVE_COLUMNS_MAX; c++)
            free(p->rows[i].values[c]);
    memset(p, 0, sizeof *p);
}

bool move_page_add(struct move_page *p, const char *const *values, size_t n)
{
    struct move_row *r = &p->rows[p->n++];
    for (size_t c = 0; c < n; c++)
        if (values[c] != NULL && (r->values[c] = strdup(values[c])) == NULL)
            return false;
    return true;
}

int move_row_compare(const struct move_table *t, const struct move_row *a, const struct move_row *b)
{
    int order = 0;
    for (size_t k = 0; order == 0 && k < t->n_keys; k++)
        order = strcmp(a->values[k], b->values[k]);
    return order;
}

/* Lengths keep the values apart, and what is not set from what is empty. */
void move_row_print(const struct move_table *t, const struct move_row *r,
                    unsigned char out[MOVE_PRINT_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, MOVE_PRINT_BYTES);
    for (size_t c = 0; c < t->n_columns; c++) {
        const char *value = r->values[c];
        uint64_t length = value != NULL ? strlen(value) : UINT64_MAX;
        (void)crypto_generichash_update(&state, (const unsigned char *)&length, sizeof length);
        if (value != NULL)
            (void)crypto_generichash_update(&state, (const unsigned char *)value, length);
    }
    (void)crypto_generichash_final(&state, out, MOVE_PRINT_BYTES);
}
