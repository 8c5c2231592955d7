#include "reader/document.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/fields.h"
#include "reader/words.h"

#define SIDE_MAX 32766 /* pixels; cairo takes 32767, and a side is rounded up */

void document_prepare(void)
{
    gsize n = 0;
    /* glibc keeps the module that it loads for a conversion. */
    char *text = g_convert("\0a", 2, "UTF-8", "UTF-16BE", NULL, &n, NULL);
    g_free(text);
}

PopplerDocument *document_open(int fd, const char **why)
{
    GError *error = NULL;
    PopplerDocument *doc = poppler_document_new_from_fd(fd, NULL, &error);
    if (doc == NULL) {
        *why = g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED) ? "encrypted"
                                                                              : "damaged";
        g_clear_error(&error);
        return NULL;
    }
    if (poppler_document_get_n_pages(doc) < 1) {
        *why = "no_pages";
        g_object_unref(doc);
        return NULL;
    }
    return doc;
}

struct page_size {
    double width, height;
};

/* The box as fractions of the page, and the text. */
static void append_place(struct buffer *out, const PopplerRectangle *r, const struct page_size *s)
{
    buffer_printf(out, "[%.6f,%.6f,%.6f,%.6f,", r->x1 / s->width, r->y1 / s->height,
                  (r->x2 - r->x1) / s->width, (r->y2 - r->y1) / s->height);
}

/* Text outside the CropBox is in the file but not on the page. */
static bool on_page(const PopplerRectangle *r, const struct page_size *s)
{
    double x = (r->x1 + r->x2) / 2, y = (r->y1 + r->y2) / 2;
    return s->width > 0 && s->height > 0 && x >= 0 && y >= 0 && x <= s->width && y <= s->height &&
           r->x2 - r->x1 <= s->width && r->y2 - r->y1 <= s->height;
}

/* A line for each word on the page; returns how many. */
static guint append_words(const GArray *words, const struct page_size *s, struct buffer *out)
{
    guint n = 0;
    for (guint i = 0; i < words->len; i++) {
        const struct page_word *w = &g_array_index(words, struct page_word, i);
        if (!on_page(&w->box, s))
            continue;
        buffer_puts(out, "\n");
        append_place(out, &w->box, s);
        buffer_json_string(out, w->text);
        if (w->turn != 0)
            buffer_printf(out, ",%d", w->turn);
        buffer_puts(out, "]");
        n++;
    }
    return n;
}

static guint append_fields(const GArray *fields, const struct page_size *s, struct buffer *out)
{
    guint n = 0;
    for (guint i = 0; i < fields->len; i++) {
        const struct page_field *f = &g_array_index(fields, struct page_field, i);
        if (!on_page(&f->box, s))
            continue;
        buffer_puts(out, "\n");
        append_place(out, &f->box, s);
        buffer_json_string(out, f->name);
        buffer_puts(out, ",");
        buffer_json_string(out, f->value);
        buffer_puts(out, "]");
        n++;
    }
    return n;
}

static double image_coverage(PopplerPage *page, const struct page_size *s)
{
    GList *images = poppler_page_get_image_mapping(page);
    double area = 0;
    for (GList *at = images; at != NULL; at = at->next) {
        const PopplerRectangle *r = &((const PopplerImageMapping *)at->data)->area;
        area += fabs((r->x2 - r->x1) * (r->y2 - r->y1));
    }
    poppler_page_free_image_mapping(images);
    area /= fmax(s->width * s->height, 1e-9);
    return area < 1 ? area : 1;
}

void document_describe_page(PopplerPage *page, bool images, struct buffer *out)
{
    struct page_size s;
    struct buffer items = BUFFER_INIT;
    poppler_page_get_size(page, &s.width, &s.height);
    bool lost;
    GArray *words = words_of_page(page, &lost), *fields = fields_of_page(page, words);
    guint n_words = append_words(words, &s, &items), n_fields = append_fields(fields, &s, &items);
    buffer_printf(out,
                  "{\"width\":%.3f,\"height\":%.3f,\"images\":%.4f,\"words\":%u,\"fields\":%u,"
                  "\"lost\":%s}",
                  s.width, s.height, images ? image_coverage(page, &s) : 0, n_words, n_fields,
                  lost ? "true" : "false");
    buffer_append(out, items.data != NULL ? items.data : "", items.len);
    out->failed = out->failed || items.failed;
    buffer_free(&items);
    g_array_unref(words);
    g_array_unref(fields);
}

static uint8_t *to_grey(cairo_surface_t *surface, int width, int height)
{
    uint8_t *grey = malloc((size_t)width * (size_t)height);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    for (int y = 0; grey != NULL && y < height; y++) {
        const unsigned char *row = data + (size_t)y * stride;
        uint8_t *to = grey + (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, row + 4 * (size_t)x, sizeof pixel);
            /* Rec. 601 luma in 8-bit fixed point */
            to[x] = (uint8_t)((((pixel >> 16) & 0xFF) * 77 + ((pixel >> 8) & 0xFF) * 151 +
                               (pixel & 0xFF) * 28) >>
                              8);
        }
    }
    return grey;
}

/* The page drawn in colours on white, moved left and up by x and y pixels; the caller destroys it.
 * NULL when it cannot be drawn. */
static cairo_surface_t *draw(PopplerPage *page, double scale, double x, double y, int width,
                             int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_translate(cr, -x, -y);
    cairo_scale(cr, scale, scale);
    poppler_page_render(page, cr);
    bool ok = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    if (ok)
        return surface;
    cairo_surface_destroy(surface);
    return NULL;
}

uint8_t *document_render(PopplerPage *page, double x, double y, double w, double h, int *dpi,
                         int64_t max_pixels, int *width, int *height)
{
    struct page_size s;
    poppler_page_get_size(page, &s.width, &s.height);
    double side = fmax(fmax(s.width * w, s.height * h), 1e-9);
    double points = fmax(s.width * w * s.height * h, 1e-9);
    double most = fmin(sqrt((double)max_pixels / points), SIDE_MAX / side) * 72;
    if (*dpi > most)
        *dpi = (int)most;
    if (*dpi < 1)
        return NULL;
    double scale = *dpi / 72.0;
    *width = (int)fmax(1, ceil(s.width * w * scale));
    *height = (int)fmax(1, ceil(s.height * h * scale));
    cairo_surface_t *surface =
        draw(page, scale, x * s.width * scale, y * s.height * scale, *width, *height);
    if (surface == NULL)
        return NULL;
    uint8_t *grey = to_grey(surface, *width, *height);
    cairo_surface_destroy(surface);
    return grey;
}

void document_sizes(PopplerDocument *doc, struct buffer *out)
{
    int n = poppler_document_get_n_pages(doc);
    buffer_puts(out, "{\"sizes\":[");
    for (int i = 0; i < n; i++) {
        struct page_size s = {0, 0};
        PopplerPage *page = poppler_document_get_page(doc, i);
        if (page != NULL) {
            poppler_page_get_size(page, &s.width, &s.height);
            g_object_unref(page);
        }
        buffer_printf(out, "%s[%.3f,%.3f]", i > 0 ? "," : "", s.width, s.height);
    }
    buffer_puts(out, "]}");
}

static cairo_status_t append_bytes(void *closure, const unsigned char *bytes, unsigned int n)
{
    struct buffer *out = closure;
    buffer_append(out, (const char *)bytes, n);
    return buffer_failed(out) ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

bool document_image(PopplerPage *page, int wanted, int64_t max_pixels, struct buffer *png,
                    int *width, int *height)
{
    struct page_size s;
    poppler_page_get_size(page, &s.width, &s.height);
    double most = fmin(sqrt((double)max_pixels / fmax(s.width * s.height, 1e-9)),
                       SIDE_MAX / fmax(s.height, 1e-9));
    double scale = fmin(wanted / fmax(s.width, 1e-9), most);
    *width = (int)fmax(1, floor(s.width * scale + 0.5));
    *height = (int)fmax(1, floor(s.height * scale + 0.5));
    cairo_surface_t *surface = draw(page, scale, 0, 0, *width, *height);
    if (surface == NULL)
        return false;
    bool ok = cairo_surface_write_to_png_stream(surface, append_bytes, png) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(surface);
    return ok;
}
