#include "extract/repeats.h"

#include <stdlib.h>
#include <string.h>

static bool same(const struct region *a, const struct region *b)
{
    return a->page == b->page && a->type == b->type && a->box.x == b->box.x &&
           a->box.y == b->box.y && a->box.w == b->box.w && a->box.h == b->box.h;
}

enum err repeats_find(const struct extraction_request *r, struct repeats *out, struct error *e)
{
    *out = (struct repeats){.asked = r, .once = *r};
    out->once.n_regions = 0;
    out->once.regions = calloc(r->n_regions + 1, sizeof *out->once.regions);
    out->place = calloc(r->n_regions + 1, sizeof *out->place);
    if (out->once.regions == NULL || out->place == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < r->n_regions; i++) {
        size_t k = 0;
        while (k < out->once.n_regions && !same(&out->once.regions[k], &r->regions[i]))
            k++;
        if (k == out->once.n_regions)
            out->once.regions[out->once.n_regions++] = r->regions[i];
        out->place[i] = k;
    }
    return ERR_OK;
}

/* The first region of asked that has this place in once. */
static size_t first_of(const struct repeats *p, size_t place)
{
    size_t i = 0;
    while (p->place[i] != place)
        i++;
    return i;
}

enum err repeats_expand(const struct repeats *p, struct extraction *x, struct error *e)
{
    size_t n = p->asked->n_regions;
    if (n == p->once.n_regions)
        return ERR_OK;
    struct region_result *all = calloc(n, sizeof *all);
    if (all == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        size_t first = first_of(p, p->place[i]);
        all[i] = x->results[p->place[i]];
        all[i].repeated = first != i;
        (void)memcpy(all[i].region.id, p->asked->regions[i].id, sizeof all[i].region.id);
        if (all[i].joined_to > 0)
            all[i].joined_to = first_of(p, all[i].joined_to - 1) + 1;
    }
    free(x->results);
    x->results = all;
    x->n_results = n;
    return ERR_OK;
}

void repeats_free(struct repeats *p)
{
    free(p->once.regions);
    free(p->place);
    memset(p, 0, sizeof *p);
}
