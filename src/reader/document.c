#include "reader/document.h"

#include <gio/gio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/fields.h"
#include "reader/words.h"

#define SIDE_MAX IMAGE_SIDE_MAX /* cairo takes 32767, and a side is rounded up */
#define EXACT    1e-3           /* of a pixel, that sizes of pages are off */

void document_prepare(void)
{
    gsize n = 0;
    /* glibc keeps the module that it loads for a conversion. */
    char *text = g_convert("\0a", 2, "UTF-8", "UTF-16BE", NULL, &n, NULL);
    g_free(text);
    text = g_convert("a", 1, "ISO-8859-1", "UTF-8", NULL, &n, NULL);
    g_free(text);
}

/* poppler tries a password as Latin-1 and then as UTF-8; of its ways to open a document only that
 * by a stream can read it twice. */
static PopplerDocument *open_with_password(int fd, const char *password, GError **error)
{
    GMappedFile *file = g_mapped_file_new_from_fd(fd, FALSE, error);
    if (file == NULL)
        return NULL;
    GBytes *bytes = g_mapped_file_get_bytes(file);
    GInputStream *stream = g_memory_input_stream_new_from_bytes(bytes);
    PopplerDocument *doc = poppler_document_new_from_stream(
        stream, (goffset)g_bytes_get_size(bytes), password, NULL, error);
    g_object_unref(stream);
    g_bytes_unref(bytes);
    g_mapped_file_unref(file);
    return doc;
}

static PopplerDocument *open_pdf(int fd, const char *password, const char **why)
{
    GError *error = NULL;
    const char *given = *password != '\0' ? password : NULL;
    PopplerDocument *doc = given == NULL ? poppler_document_new_from_fd(fd, NULL, &error)
                                         : open_with_password(fd, given, &error);
    if (doc != NULL)
        return doc;
    if (!g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED))
        *why = "damaged";
    else
        *why = given != NULL ? "password" : "encrypted";
    g_clear_error(&error);
    return NULL;
}

bool document_open(struct document *d, int fd, const char *password, int64_t max_pages,
                   const char **why)
{
    *d = (struct document){.images = image_open(fd, max_pages, why), .fd = fd};
    d->password = g_strdup(password);
    if (d->images == NULL && *why == NULL)
        d->pdf = open_pdf(fd, password, why);
    if (d->images != NULL)
        d->pages = image_pages(d->images);
    else if (d->pdf != NULL)
        d->pages = poppler_document_get_n_pages(d->pdf);
    if (*why == NULL && d->pages < 1)
        *why = "no_pages";
    else if (*why == NULL && d->pages > max_pages)
        *why = "too_many_pages";
    if (*why == NULL)
        return true;
    document_close(d);
    return false;
}

void document_close(struct document *d)
{
    if (d->pdf != NULL)
        g_object_unref(d->pdf);
    d->pdf = NULL;
    image_close(d->images);
    d->images = NULL;
    if (d->password != NULL)
        explicit_bzero(d->password, strlen(d->password));
    g_free(d->password);
    d->password = NULL;
}

bool document_page_open(const struct document *d, int number, struct document_page *out)
{
    *out = (struct document_page){.images = d->images, .number = number};
    if (number < 1 || number > d->pages)
        return false;
    if (d->images != NULL) {
        image_size(d->images, number, &out->width, &out->height);
        return true;
    }
    if ((out->pdf = poppler_document_get_page(d->pdf, number - 1)) == NULL)
        return false;
    poppler_page_get_size(out->pdf, &out->width, &out->height);
    return true;
}

void document_page_close(struct document_page *p)
{
    if (p->pdf != NULL)
        g_object_unref(p->pdf);
    p->pdf = NULL;
}

/* The box as fractions of the page, and the text. */
static void append_place(struct buffer *out, const PopplerRectangle *r,
                         const struct document_page *s)
{
    buffer_printf(out, "[%.6f,%.6f,%.6f,%.6f,", r->x1 / s->width, r->y1 / s->height,
                  (r->x2 - r->x1) / s->width, (r->y2 - r->y1) / s->height);
}

/* Text outside the CropBox is in the file but not on the page. */
static bool on_page(const PopplerRectangle *r, const struct document_page *s)
{
    double x = (r->x1 + r->x2) / 2, y = (r->y1 + r->y2) / 2;
    return s->width > 0 && s->height > 0 && x >= 0 && y >= 0 && x <= s->width && y <= s->height &&
           r->x2 - r->x1 <= s->width && r->y2 - r->y1 <= s->height;
}

/* A line for each word on the page; returns how many. */
static guint append_words(const GArray *words, const struct document_page *s, struct buffer *out)
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

static guint append_fields(const GArray *fields, const struct document_page *s, struct buffer *out)
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

double document_image_coverage(const struct document_page *s)
{
    if (s->pdf == NULL)
        return 1;
    GList *images = poppler_page_get_image_mapping(s->pdf);
    double area = 0;
    for (GList *at = images; at != NULL; at = at->next) {
        const PopplerRectangle *r = &((const PopplerImageMapping *)at->data)->area;
        area += fabs((r->x2 - r->x1) * (r->y2 - r->y1));
    }
    poppler_page_free_image_mapping(images);
    area /= fmax(s->width * s->height, 1e-9);
    return area < 1 ? area : 1;
}

/* An image has nothing to be read without OCR. */
static void describe_image(const struct document_page *page, struct buffer *out)
{
    buffer_printf(out, "{\"width\":%.3f,\"height\":%.3f,\"words\":0,\"fields\":0,\"lost\":false}",
                  page->width, page->height);
}

void document_describe_page(struct document_page *page, struct buffer *out)
{
    struct buffer items = BUFFER_INIT;
    bool lost;
    if (page->pdf == NULL) {
        describe_image(page, out);
        return;
    }
    GArray *words = words_of_page(page->pdf, &lost), *fields = fields_of_page(page->pdf, words);
    guint n_words = append_words(words, page, &items);
    guint n_fields = append_fields(fields, page, &items);
    buffer_printf(out, "{\"width\":%.3f,\"height\":%.3f,\"words\":%u,\"fields\":%u,\"lost\":%s}",
                  page->width, page->height, n_words, n_fields, lost ? "true" : "false");
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
static cairo_surface_t *draw(struct document_page *page, double scale, double x, double y,
                             int width, int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_translate(cr, -x, -y);
    cairo_scale(cr, scale, scale);
    bool ok = true;
    if (page->pdf != NULL)
        poppler_page_render(page->pdf, cr);
    else
        ok = image_draw(page->images, page->number, cr);
    ok = ok && cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    if (ok)
        return surface;
    cairo_surface_destroy(surface);
    return NULL;
}

uint8_t *document_render(struct document_page *page, double x, double y, double w, double h,
                         double *dpi, int64_t max_pixels, int *width, int *height)
{
    double side = fmax(fmax(page->width * w, page->height * h), 1e-9);
    double points = fmax(page->width * w * page->height * h, 1e-9);
    double most = fmin(sqrt((double)max_pixels / points), SIDE_MAX / side) * 72;
    if (*dpi > most)
        *dpi = floor(most);
    if (*dpi < 1)
        return NULL;
    double scale = *dpi / 72.0;
    *width = (int)fmax(1, ceil(page->width * w * scale - EXACT));
    *height = (int)fmax(1, ceil(page->height * h * scale - EXACT));
    cairo_surface_t *surface =
        draw(page, scale, x * page->width * scale, y * page->height * scale, *width, *height);
    if (surface == NULL)
        return NULL;
    uint8_t *grey = to_grey(surface, *width, *height);
    cairo_surface_destroy(surface);
    return grey;
}

void document_sizes(const struct document *d, struct buffer *out)
{
    buffer_puts(out, "{\"sizes\":[");
    for (int i = 1; i <= d->pages; i++) {
        struct document_page page;
        (void)document_page_open(d, i, &page);
        buffer_printf(out, "%s[%.3f,%.3f]", i > 1 ? "," : "", page.width, page.height);
        document_page_close(&page);
    }
    buffer_puts(out, "]}");
}

static cairo_status_t append_bytes(void *closure, const unsigned char *bytes, unsigned int n)
{
    struct buffer *out = closure;
    buffer_append(out, (const char *)bytes, n);
    return buffer_failed(out) ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

bool document_image(struct document_page *page, int wanted, int64_t max_pixels, struct buffer *png,
                    int *width, int *height)
{
    double most = fmin(sqrt((double)max_pixels / fmax(page->width * page->height, 1e-9)),
                       SIDE_MAX / fmax(page->height, 1e-9));
    double scale = fmin(wanted / fmax(page->width, 1e-9), most);
    *width = (int)fmax(1, floor(page->width * scale + 0.5));
    *height = (int)fmax(1, floor(page->height * scale + 0.5));
    cairo_surface_t *surface = draw(page, scale, 0, 0, *width, *height);
    if (surface == NULL)
        return false;
    bool ok = cairo_surface_write_to_png_stream(surface, append_bytes, png) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(surface);
    return ok;
}
