#include "extract/every_page.h"

#include <stdio.h>
#include <stdlib.h>

bool pages_have(const struct extraction_request *r, int number)
{
    bool have = r->n_pages == 0;
    for (size_t i = 0; !have && i < r->n_pages; i++)
        have = number >= r->pages[i].first && (r->pages[i].last == 0 || number <= r->pages[i].last);
    return have;
}

static void add(const struct region *g, int page, struct extraction_request *out)
{
    struct region *added = &out->regions[out->n_regions++];
    *added = *g;
    added->page = page;
    if (g->page != PAGE_ALL)
        return;
    char end[24];
    int n = snprintf(end, sizeof end, "-page-%d", page);
    text_format(added->id, sizeof added->id, "%.*s%s", REGION_ID_MAX - n, g->id, end);
}

enum err every_page_expand(const struct extraction_request *r, int pages_total,
                           struct extraction_request *out, struct error *e)
{
    size_t all = 0, pages = 0;
    *out = *r;
    out->n_regions = 0;
    for (size_t i = 0; i < r->n_regions; i++)
        all += r->regions[i].page == PAGE_ALL;
    for (int page = 1; all > 0 && page <= pages_total; page++)
        pages += pages_have(r, page);
    size_t n = r->n_regions - all + all * pages;
    out->regions = NULL;
    if (all > 0 && n > REGIONS_OF_PAGES_MAX)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The regions of every page would be %zu, and %d are the most; ask for "
                         "fewer pages.",
                         n, REGIONS_OF_PAGES_MAX);
    if (r->n_regions > 0 && n == 0)
        return error_set(e, ERR_UNPROCESSABLE, "The document has none of the pages asked for.");
    if ((out->regions = calloc(n + 1, sizeof *out->regions)) == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < r->n_regions; i++)
        if (r->regions[i].page != PAGE_ALL)
            add(&r->regions[i], r->regions[i].page, out);
        else
            for (int page = 1; page <= pages_total; page++)
                if (pages_have(r, page))
                    add(&r->regions[i], page, out);
    return ERR_OK;
}
