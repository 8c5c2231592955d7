#include "ports/pose.h"

#include <math.h>
#include <stdbool.h>

/* Turns a point about the middle of a w by h area, clockwise on a page. */
static void turn_point(double angle, double w, double h, double *x, double *y)
{
    double dx = *x - w / 2, dy = *y - h / 2;
    *x = w / 2 + dx * cos(angle) - dy * sin(angle);
    *y = h / 2 + dx * sin(angle) + dy * cos(angle);
}

static struct box about(double x, double y, double w, double h)
{
    return (struct box){x - w / 2, y - h / 2, w, h};
}

struct box pose_from_page(const struct pose *p, struct box b)
{
    double x = b.x + b.w / 2, y = b.y + b.h / 2, w = b.w, h = b.h, was;
    double width = p->width, height = p->height;
    if (width <= 0)
        return b;
    for (int i = 0; i < p->quarters; i++) { /* a quarter clockwise: (x, y) is at (1 - y, x) */
        was = x, x = 1 - y, y = was;
        was = w, w = h, h = was;
        was = width, width = height, height = was;
    }
    x *= width, y *= height;
    turn_point(p->angle, width, height, &x, &y);
    return about(x / width, y / height, w, h);
}

struct box pose_to_page(const struct pose *p, struct box b)
{
    bool swapped = p->quarters % 2 != 0;
    double width = swapped ? p->height : p->width, height = swapped ? p->width : p->height;
    double x = (b.x + b.w / 2) * width, y = (b.y + b.h / 2) * height, w = b.w, h = b.h, was;
    if (width <= 0)
        return b;
    turn_point(-p->angle, width, height, &x, &y);
    x /= width, y /= height;
    for (int i = 0; i < p->quarters; i++) {
        was = x, x = y, y = 1 - was;
        was = w, w = h, h = was;
    }
    return about(x, y, w, h);
}
