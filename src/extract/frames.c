#include "extract/frames.h"

#include <math.h>
#include <stdlib.h>

#define TOUCH_PT 3.0 /* rules nearer than this meet */

struct node {
    struct rect r;
    bool vertical;
    size_t parent; /* union-find; itself for the root */
};

struct group {
    struct rect r;
    double places[2][3]; /* the first three of its horizontal and vertical rules */
    size_t n[2];
};

static size_t root_of(struct node *nodes, size_t i)
{
    while (nodes[i].parent != i)
        i = nodes[i].parent = nodes[nodes[i].parent].parent;
    return i;
}

static bool touch(struct rect a, struct rect b)
{
    return a.x0 - TOUCH_PT < b.x1 && b.x0 - TOUCH_PT < a.x1 && a.y0 - TOUCH_PT < b.y1 &&
           b.y0 - TOUCH_PT < a.y1;
}

static enum err join_touching(struct node *nodes, size_t n, struct work_budget *budget,
                              struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        err = work_budget_spend(budget, n - i, 1, e);
        for (size_t k = i + 1; err == ERR_OK && k < n; k++)
            if (touch(nodes[i].r, nodes[k].r))
                nodes[root_of(nodes, k)].parent = root_of(nodes, i);
    }
    return err;
}

static void add_to_group(struct group *g, const struct node *node)
{
    double at = node->vertical ? node->r.x0 : node->r.y0;
    size_t *n = &g->n[node->vertical];
    bool known = false;
    g->r = g->n[0] + g->n[1] > 0 ? rect_union(g->r, node->r) : node->r;
    for (size_t i = 0; i < *n; i++)
        known = known || fabs(g->places[node->vertical][i] - at) <= TOUCH_PT;
    if (!known && *n < 3)
        g->places[node->vertical][(*n)++] = at;
}

static bool encloses_cells(const struct group *g)
{
    return g->n[0] >= 2 && g->n[1] >= 2 && g->n[0] + g->n[1] >= 5;
}

static int by_size(const void *a, const void *b)
{
    const struct rect *p = a, *q = b;
    double m = (p->x1 - p->x0) * (p->y1 - p->y0), n = (q->x1 - q->x0) * (q->y1 - q->y0);
    return m > n ? -1 : m < n;
}

static enum err collect(struct node *nodes, size_t n, struct frames *out, struct error *e)
{
    struct group *groups = calloc(n + 1, sizeof *groups);
    out->at = calloc(n + 1, sizeof *out->at);
    if (groups == NULL || out->at == NULL) {
        free(groups);
        return error_no_memory(e);
    }
    for (size_t i = 0; i < n; i++)
        add_to_group(&groups[root_of(nodes, i)], &nodes[i]);
    for (size_t i = 0; i < n; i++)
        if (encloses_cells(&groups[i]))
            out->at[out->n++] = groups[i].r;
    free(groups);
    qsort(out->at, out->n, sizeof *out->at, by_size);
    return ERR_OK;
}

enum err frames_find(const struct layout *l, const struct rule *rules, size_t n,
                     const struct page_info *page, struct frames *out, struct error *e)
{
    *out = (struct frames){0};
    struct node *nodes = calloc(n + 1, sizeof *nodes);
    size_t kept = 0;
    if (nodes == NULL)
        return error_no_memory(e);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct rect r = rect_of_box(rules[i].box, page);
        bool stroke;
        err = layout_is_stroke(l, r, &stroke, e);
        if (!stroke) {
            nodes[kept] = (struct node){r, rules[i].vertical, kept};
            kept++;
        }
    }
    if (err == ERR_OK)
        err = join_touching(nodes, kept, l->budget, e);
    if (err == ERR_OK)
        err = collect(nodes, kept, out, e);
    free(nodes);
    return err;
}
