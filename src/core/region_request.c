#include "core/region_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EDGE_TOLERANCE 1e-6 /* rounding of a client that sends x + width = 1.0000001 */
#define ALL            "all"

static enum err read_box(const struct json_at *at, struct box *b, struct error *e)
{
    struct json_at bbox = json_member(at, "bbox");
    bool nested = !json_missing(&bbox);
    const struct json_at *from = nested ? &bbox : at;
    struct json_at x = json_member(from, "x"), y = json_member(from, "y");
    struct json_at w = json_member(from, nested ? "w" : "width");
    struct json_at h = json_member(from, nested ? "h" : "height");
    enum err err = nested ? json_read_object(&bbox, e) : ERR_OK;
    if (err != ERR_OK || (err = json_read_number(&x, 0, 1, &b->x, e)) != ERR_OK ||
        (err = json_read_number(&y, 0, 1, &b->y, e)) != ERR_OK ||
        (err = json_read_number(&w, 0, 1 + EDGE_TOLERANCE, &b->w, e)) != ERR_OK ||
        (err = json_read_number(&h, 0, 1 + EDGE_TOLERANCE, &b->h, e)) != ERR_OK)
        return err;
    if (b->w <= 0)
        return json_refuse(&w, e, "must be > 0");
    if (b->h <= 0)
        return json_refuse(&h, e, "must be > 0");
    if (b->x + b->w > 1 + EDGE_TOLERANCE)
        return json_refuse(&w, e, "reaches past the right edge of the page (x + width > 1)");
    if (b->y + b->h > 1 + EDGE_TOLERANCE)
        return json_refuse(&h, e, "reaches past the bottom of the page (y + height > 1)");
    b->w = b->x + b->w > 1 ? 1 - b->x : b->w;
    b->h = b->y + b->h > 1 ? 1 - b->y : b->h;
    if (b->w <= 0)
        return json_refuse(&x, e, "must be < 1: the region is empty");
    if (b->h <= 0)
        return json_refuse(&y, e, "must be < 1: the region is empty");
    return ERR_OK;
}

static enum err read_page(const struct json_at *at, int *page, struct error *e)
{
    int64_t number = PAGE_ALL;
    const char *text = json_string_value(at->value);
    enum err err = text != NULL && strcmp(text, ALL) == 0
                       ? ERR_OK
                       : json_read_integer(at, 1, INT32_MAX, &number, e);
    *page = (int)number;
    return err;
}

static enum err read_region(const struct json_at *at, size_t index, struct region *r,
                            struct error *e)
{
    struct json_at page = json_member(at, "page"), id = json_member(at, "region_id");
    struct json_at type = json_member(at, "region_type");
    int kind = REGION_AUTO;
    const char *text;
    enum err err = json_read_object(at, e);
    if (err != ERR_OK || (err = read_page(&page, &r->page, e)) != ERR_OK ||
        (err = read_box(at, &r->box, e)) != ERR_OK)
        return err;
    if (!json_missing(&type) &&
        (err = json_read_enum(&type, region_type_names, &kind, e)) != ERR_OK)
        return err;
    if (json_missing(&id))
        (void)snprintf(r->id, sizeof r->id, "region-%zu", index);
    else if ((err = json_read_string(&id, 1, REGION_ID_MAX, &text, e)) != ERR_OK)
        return err;
    else
        (void)snprintf(r->id, sizeof r->id, "%s", text);
    r->type = (enum region_type)kind;
    r->confidence = 1;
    return ERR_OK;
}

enum err regions_read(const struct json_at *at, const struct config *cfg, struct region **out,
                      size_t *n, struct error *e)
{
    size_t size = 0;
    enum err err = json_read_array(at, (size_t)cfg->max_regions, &size, e);
    if (err != ERR_OK)
        return err;
    if (size == 0)
        return json_refuse(at, e,
                           "must hold at least one region; POST /extract/agentic "
                           "finds regions by itself");
    if ((*out = calloc(size, sizeof **out)) == NULL)
        return error_no_memory(e);
    for (; err == ERR_OK && *n < size; *n += err == ERR_OK) {
        struct json_at region = json_item(at, *n);
        err = read_region(&region, *n, &(*out)[*n], e);
    }
    return err;
}

enum err regions_only_known(const struct json_at *regions, struct error *e)
{
    static const char *const by_edges[] = {"page",   "x",         "y",           "width",
                                           "height", "region_id", "region_type", NULL};
    static const char *const by_box[] = {"page", "bbox", "region_id", "region_type", NULL};
    static const char *const of_box[] = {"x", "y", "w", "h", NULL};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < json_array_size(regions->value); i++) {
        struct json_at region = json_item(regions, i), box = json_member(&region, "bbox");
        err = json_only(&region, json_missing(&box) ? by_edges : by_box, e);
        if (err == ERR_OK)
            err = json_only(&box, of_box, e);
    }
    return err;
}

void regions_write(const struct region *regions, size_t n, struct buffer *out)
{
    buffer_puts(out, "[");
    for (size_t i = 0; i < n; i++) {
        const struct region *g = &regions[i];
        buffer_printf(out, "%s{\"region_id\":", i > 0 ? "," : "");
        buffer_json_string(out, g->id);
        if (g->page == PAGE_ALL)
            buffer_puts(out, ",\"page\":\"" ALL "\"");
        else
            buffer_printf(out, ",\"page\":%d", g->page);
        buffer_printf(out,
                      ",\"x\":%.17g,\"y\":%.17g,\"width\":%.17g,\"height\":%.17g,"
                      "\"region_type\":\"%s\"}",
                      g->box.x, g->box.y, g->box.w, g->box.h, region_type_names[g->type]);
    }
    buffer_puts(out, "]");
}
