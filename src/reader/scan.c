#include "reader/scan.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define PAGE_SHARE  0.85      /* of the page that an image fills at least */
#define SQUARE      0.03      /* part by which a pixel's sides may differ */
#define ROUNDED     1.5       /* points */
#define LAYERS      4         /* images on each other that are looked at */
#define LEAST_DPI   140       /* coarser images are scaled up, */
#define MOST_DPI    420       /* finer ones down */
#define MOST_PIXELS 16000000  /* poppler takes 8 bytes a pixel to tell an image's size */
#define MOST_SIDE   100000000 /* no image has as many pixels */

/* The largest number that follows the name anywhere. */
static int64_t largest_after(const char *name, const char *bytes, size_t n)
{
    const char *at = bytes, *end = bytes + n;
    int64_t most = 0;
    while ((at = memmem(at, (size_t)(end - at), name, strlen(name))) != NULL) {
        int64_t value = 0;
        at += strlen(name);
        while (at < end && isspace((unsigned char)*at))
            at++;
        for (; at < end && isdigit((unsigned char)*at) && value < MOST_SIDE; at++)
            value = value * 10 + (*at - '0');
        most = value > most ? value : most;
    }
    return most;
}

/* Whether all images of the file may be decoded as a whole. Their sizes stand in plain sight in any
 * PDF: only what is in streams is compressed or encrypted. */
static bool has_small_images(int fd)
{
    GMappedFile *file = g_mapped_file_new_from_fd(fd, FALSE, NULL);
    if (file == NULL)
        return false;
    const char *bytes = g_mapped_file_get_contents(file);
    size_t n = g_mapped_file_get_length(file);
    bool small =
        largest_after("/Width", bytes, n) * largest_after("/Height", bytes, n) <= MOST_PIXELS;
    g_mapped_file_unref(file);
    return small;
}

/* All bytes of the file are looked through, once and not for each page. */
static bool may_look(struct document *d)
{
    if (d->small == 0)
        d->small = has_small_images(d->fd) ? 1 : -1;
    return d->small > 0;
}

/* poppler tells areas in whole points, and of a turned page as if it were not. */
static double side_of(double area, const struct document_page *page)
{
    return fabs(area - page->width) <= ROUNDED    ? page->width
           : fabs(area - page->height) <= ROUNDED ? page->height
                                                  : area;
}

static double resolution_of(int width, int height, double w, double h)
{
    double across = width * 72 / w, down = height * 72 / h;
    return fabs(across / down - 1) <= SQUARE ? across : 0;
}

static bool fills(const struct document_page *page, const PopplerImageMapping *m)
{
    double w = m->area.x2 - m->area.x1, h = m->area.y2 - m->area.y1;
    return w > 0 && h > 0 && w * h >= PAGE_SHARE * page->width * page->height;
}

static double image_resolution(const struct document_page *page, const PopplerImageMapping *m)
{
    double w = side_of(m->area.x2 - m->area.x1, page), h = side_of(m->area.y2 - m->area.y1, page);
    double found = 0;
    cairo_surface_t *image = poppler_page_get_image(page->pdf, m->image_id);
    if (image != NULL && cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        int across = cairo_image_surface_get_width(image);
        int down = cairo_image_surface_get_height(image);
        found = fmax(resolution_of(across, down, w, h), resolution_of(down, across, w, h));
    }
    if (image != NULL)
        cairo_surface_destroy(image);
    return found;
}

static double finest_image(const struct document_page *page)
{
    GList *images = poppler_page_get_image_mapping(page->pdf);
    double finest = 0;
    int looked = 0;
    for (GList *at = images; at != NULL && looked < LAYERS; at = at->next) {
        if (!fills(page, at->data))
            continue;
        finest = fmax(finest, image_resolution(page, at->data));
        looked++;
    }
    poppler_page_free_image_mapping(images);
    return finest;
}

double scan_resolution(struct document *d, const struct document_page *page)
{
    double dpi = 0;
    if (page->images != NULL)
        dpi = image_resolution_of(page->images, page->number);
    else if (may_look(d))
        dpi = finest_image(page);
    while (dpi > 0 && dpi < LEAST_DPI)
        dpi *= 2;
    while (dpi > MOST_DPI)
        dpi /= 2;
    return dpi;
}
