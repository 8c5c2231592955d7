#include "reader/image.h"

#include <glib.h>
#include <leptonica/allheaders.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/media_type.h"
#include "reader/orientation.h"

/* Cameras and screens write 72 or 96 where they know nothing. */
#define DPI_KNOWN_MIN 100
#define DPI_KNOWN_MAX 2400
#define DPI_SCREEN    96
#define PAGE_LONG_IN  11.69 /* of A4, which a photo of a page shows */

struct image_page {
    int width, height, dpi; /* as it is shown */
    int samples;            /* of a pixel */
    int orientation;        /* as it is decoded: Leptonica turns those of TIFF */
};

struct image_file {
    FILE *file;
    const char *type;
    struct image_page *pages;
    int n;
    PIX *decoded; /* page `at`, 32 bits a pixel as cairo has them; NULL: none */
    int at;
};

static int resolution_for(int width, int height, int told)
{
    if (told >= DPI_KNOWN_MIN && told <= DPI_KNOWN_MAX)
        return told;
    double fits = (width > height ? width : height) / PAGE_LONG_IN;
    return fits > DPI_SCREEN ? (int)lround(fits) : DPI_SCREEN;
}

static bool is(const struct image_file *f, const char *type)
{
    return strcmp(f->type, type) == 0;
}

/* What the header of page n (from 0) tells. */
static const char *read_header(struct image_file *f, int n)
{
    struct image_page *p = &f->pages[n];
    int bits, mapped, format, other, dpi = 0;
    bool ok;
    rewind(f->file);
    if (is(f, "image/tiff"))
        ok = freadHeaderTiff(f->file, n, &p->width, &p->height, &bits, &p->samples, &dpi, &mapped,
                             &format) == 0;
    else if (is(f, "image/png"))
        ok = freadHeaderPng(f->file, &p->width, &p->height, &bits, &p->samples, &mapped) == 0 &&
             fgetPngResolution(f->file, &dpi, &other) == 0;
    else
        ok = freadHeaderJpeg(f->file, &p->width, &p->height, &p->samples, NULL, NULL) == 0 &&
             fgetJpegResolution(f->file, &dpi, &other) == 0;
    if (!ok || p->width < 1 || p->height < 1)
        return "image";
    p->orientation = is(f, "image/jpeg") ? orientation_of_jpeg(fileno(f->file)) : 1;
    int turned = is(f, "image/tiff") ? orientation_of_tiff(fileno(f->file), n) : p->orientation;
    orientation_turn_size(turned, &p->width, &p->height);
    p->dpi = resolution_for(p->width, p->height, dpi);
    return p->width <= IMAGE_SIDE_MAX && p->height <= IMAGE_SIDE_MAX &&
                   (int64_t)p->width * p->height <= IMAGE_PIXELS_MAX
               ? NULL
               : "image_too_large";
}

static const char *read_headers(struct image_file *f, int64_t max_pages)
{
    const char *why = NULL;
    f->n = 1;
    if (is(f, "image/tiff") && (tiffGetCount(f->file, &f->n) != 0 || f->n < 1))
        return "image";
    if (f->n > max_pages)
        return "too_many_pages";
    if ((f->pages = calloc((size_t)f->n, sizeof *f->pages)) == NULL)
        return "memory";
    for (int i = 0; why == NULL && i < f->n; i++)
        why = read_header(f, i);
    return why;
}

struct image_file *image_open(int fd, int64_t max_pages, const char **why)
{
    char head[MEDIA_TYPE_WINDOW];
    ssize_t n = pread(fd, head, sizeof head, 0);
    const char *type = n > 0 ? media_type_of_bytes(head, (size_t)n) : NULL;
    *why = NULL;
    if (type == NULL || strncmp(type, "image/", 6) != 0)
        return NULL;
    (void)setMsgSeverity(L_SEVERITY_NONE); /* what cannot be done shows in what is returned */
    struct image_file *f = calloc(1, sizeof *f);
    if (f == NULL || (f->file = fdopen(fd, "rb")) == NULL) {
        free(f);
        *why = "memory";
        return NULL;
    }
    f->type = type;
    if ((*why = read_headers(f, max_pages)) == NULL)
        return f;
    image_close(f);
    return NULL;
}

int image_pages(const struct image_file *f)
{
    return f->n;
}

void image_size(const struct image_file *f, int n, double *width, double *height)
{
    const struct image_page *p = &f->pages[n - 1];
    *width = p->width * 72.0 / p->dpi;
    *height = p->height * 72.0 / p->dpi;
}

double image_resolution_of(const struct image_file *f, int n)
{
    return f->pages[n - 1].dpi;
}

/* Without a palette and transparency, 32 bits a pixel. */
static PIX *flattened(PIX *pix)
{
    PIX *opaque = pixGetSpp(pix) == 4 ? pixAlphaBlendUniform(pix, 0xFFFFFF00) : pixClone(pix);
    PIX *full = opaque != NULL ? pixConvertTo32(opaque) : NULL;
    pixDestroy(&opaque);
    return full;
}

/* Leptonica's pixels are red, green, blue and nothing from the highest byte on, cairo's have
 * nothing in the highest byte. */
static void make_cairos(PIX *pix)
{
    l_uint32 *data = pixGetData(pix);
    size_t n = (size_t)pixGetWpl(pix) * (size_t)pixGetHeight(pix);
    for (size_t i = 0; i < n; i++)
        data[i] >>= 8;
}

static PIX *decode(struct image_file *f, int n)
{
    PIX *pix = NULL, *full = NULL;
    rewind(f->file);
    if (is(f, "image/tiff"))
        pix = pixReadStreamTiff(f->file, n - 1);
    else if (is(f, "image/png"))
        pix = pixReadStreamPng(f->file);
    else
        pix = pixReadStreamJpeg(f->file, 0, 1, NULL, 0);
    if (pix != NULL)
        full = flattened(pix);
    pixDestroy(&pix);
    if (full != NULL)
        make_cairos(full);
    return full;
}

static void unmap(void *file)
{
    g_mapped_file_unref(file);
}

/* A PDF gets the JPEG as it is, but in CMYK, which cairo takes for inverted. */
static void keep_jpeg(const struct image_file *f, cairo_t *cr, cairo_surface_t *surface)
{
    if (cairo_surface_get_type(cairo_get_target(cr)) != CAIRO_SURFACE_TYPE_PDF)
        return;
    GMappedFile *file = g_mapped_file_new_from_fd(fileno(f->file), FALSE, NULL);
    if (file != NULL &&
        cairo_surface_set_mime_data(
            surface, CAIRO_MIME_TYPE_JPEG, (const unsigned char *)g_mapped_file_get_contents(file),
            g_mapped_file_get_length(file), unmap, file) != CAIRO_STATUS_SUCCESS)
        unmap(file);
}

bool image_draw(struct image_file *f, int n, cairo_t *cr)
{
    const struct image_page *p = &f->pages[n - 1];
    if (f->at != n) {
        pixDestroy(&f->decoded);
        f->decoded = decode(f, n);
        f->at = n;
    }
    int width = p->width, height = p->height;
    orientation_turn_size(p->orientation, &width, &height);
    if (f->decoded == NULL || pixGetWidth(f->decoded) != width ||
        pixGetHeight(f->decoded) != height)
        return false;
    cairo_surface_t *surface = cairo_image_surface_create_for_data(
        (unsigned char *)pixGetData(f->decoded), CAIRO_FORMAT_RGB24, width, height,
        4 * pixGetWpl(f->decoded));
    if (is(f, "image/jpeg") && p->samples <= 3)
        keep_jpeg(f, cr, surface);
    cairo_save(cr);
    cairo_scale(cr, 72.0 / p->dpi, 72.0 / p->dpi);
    orientation_turn(p->orientation, p->width, p->height, cr);
    cairo_set_source_surface(cr, surface, 0, 0);
    cairo_paint(cr);
    bool ok = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_restore(cr);
    cairo_surface_destroy(surface);
    return ok;
}

void image_close(struct image_file *f)
{
    if (f == NULL)
        return;
    pixDestroy(&f->decoded);
    (void)fclose(f->file);
    free(f->pages);
    free(f);
}
