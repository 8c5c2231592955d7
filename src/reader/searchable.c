#include "reader/searchable.h"

#include <cairo-pdf.h>
#include <math.h>
#include <qpdf/qpdf-c.h>
#include <stdio.h>
#include <string.h>

#include "reader/glyphless.h"

#define ASKEW 0.17 /* the sine of ten degrees */

/* The part of a page that is shown, in the units of its content, and how it is turned. */
struct frame {
    double x1, y1, x2, y2;
    int quarters; /* clockwise */
};

/* What is being made. */
struct copy {
    const struct document *d;
    qpdf_data q;
    struct glyphless *letters;
    qpdf_oh font;  /* an indirect object */
    char name[16]; /* of the font, on the page at hand */
    char *at;      /* what is to be read of the pages' text; a line ends in a line feed */
};

/* A word: where its lower left corner is as it is read, where it leads, and how high it is; in
 * points of the page as shown, from the top left. */
struct placed {
    double x, y, dx, dy, height;
    const char *text;
};

/* --- what is asked for --- */

/* The next line, as a string; NULL: there is none. */
static const char *next_line(struct copy *c)
{
    char *line = c->at, *end = strchr(line, '\n');
    if (end == NULL)
        return NULL;
    *end = '\0';
    c->at = end + 1;
    return line;
}

static bool next_word(struct copy *c, struct placed *w)
{
    const char *line = next_line(c);
    int used = 0;
    if (line == NULL || sscanf(line, "%lf %lf %lf %lf %lf %n", &w->x, &w->y, &w->dx, &w->dy,
                               &w->height, &used) != 5)
        return false;
    w->text = line + used;
    return g_utf8_validate(w->text, -1, NULL);
}

/* --- the text of a page --- */

/* A point of the page as shown, as one of its content. */
static void to_content(const struct frame *f, double *x, double *y)
{
    double right = *x, down = *y;
    switch (f->quarters) {
    case 0:
        *x = f->x1 + right, *y = f->y2 - down;
        break;
    case 1:
        *x = f->x1 + down, *y = f->y1 + right;
        break;
    case 2:
        *x = f->x2 - right, *y = f->y1 + down;
        break;
    default:
        *x = f->x2 - down, *y = f->y2 - right;
    }
}

/* A part of a direction that is a little askew, as if it were not: some readers take letters that
 * climb for several words. Each word stands in its place all the same. */
static double along(double part)
{
    return fabs(part) < ASKEW ? 0 : fabs(part) > sqrt(1 - ASKEW * ASKEW) ? copysign(1, part) : part;
}

/* With the space behind it, by which words are told from each other. */
static void append_word(struct copy *c, const struct frame *f, const struct placed *w,
                        struct buffer *out)
{
    double length = hypot(w->dx, w->dy);
    double x = w->x, y = w->y, x2 = w->x + w->dx, y2 = w->y + w->dy;
    size_t n = (size_t)g_utf8_strlen(w->text, -1);
    if (n == 0 || !(length > 0) || !(w->height > 0))
        return;
    to_content(f, &x, &y);
    to_content(f, &x2, &y2);
    double a = along((x2 - x) / length), b = along((y2 - y) / length);
    double up = GLYPHLESS_DESCENT * w->height;
    x = (x + x2 - a * length) / 2;
    y = (y + y2 - b * length) / 2;
    buffer_printf(out, "%.3f Tz %s %.3f Tf %.5f %.5f %.5f %.5f %.3f %.3f Tm ",
                  100 * length / (GLYPHLESS_WIDTH * w->height * (double)n), c->name, w->height, a,
                  b, -b, a, x - b * up, y + a * up);
    (void)glyphless_append(c->letters, w->text, out);
    buffer_puts(out, " Tj ");
    (void)glyphless_append(c->letters, " ", out);
    buffer_puts(out, " Tj\n");
}

/* --- pages --- */

static struct frame frame_of(const struct copy *c, qpdf_oh page, const struct document_page *shown)
{
    PopplerRectangle crop = {0, 0, shown->width, shown->height};
    long long turned = 0;
    (void)qpdf_oh_get_value_as_longlong(c->q, qpdf_oh_get_key(c->q, page, "/Rotate"), &turned);
    if (shown->pdf != NULL)
        poppler_page_get_crop_box(shown->pdf, &crop);
    return (struct frame){crop.x1, crop.y1, crop.x2, crop.y2, (int)(((turned / 90) % 4 + 4) % 4)};
}

/* A dictionary's member that is a dictionary, made where there is none. */
static qpdf_oh dictionary_in(qpdf_data q, qpdf_oh parent, const char *key)
{
    qpdf_oh d = qpdf_oh_get_key(q, parent, key);
    if (qpdf_oh_is_dictionary(q, d))
        return d;
    d = qpdf_oh_new_dictionary(q);
    qpdf_oh_replace_key(q, parent, key, d);
    return d;
}

/* Gives the page the font, under a name that nothing else has. Pages may share their fonts. */
static void name_font(struct copy *c, qpdf_oh page)
{
    qpdf_data q = c->q;
    qpdf_oh fonts = dictionary_in(q, dictionary_in(q, page, "/Resources"), "/Font");
    for (int i = 0;; i++) {
        (void)snprintf(c->name, sizeof c->name, "/Read%d", i);
        if (!qpdf_oh_has_key(q, fonts, c->name))
            break;
        qpdf_oh other = qpdf_oh_get_key(q, fonts, c->name);
        if (qpdf_oh_get_object_id(q, other) == qpdf_oh_get_object_id(q, c->font))
            return;
    }
    qpdf_oh_replace_key(q, fonts, c->name, c->font);
}

/* In front of the page's content: nothing that this leaves behind is in force there. */
static void add_content(qpdf_data q, qpdf_oh page, const struct buffer *text)
{
    qpdf_oh list = qpdf_oh_new_array(q), before = qpdf_oh_get_key(q, page, "/Contents");
    qpdf_oh stream = qpdf_oh_new_stream(q), none = qpdf_oh_new_null(q);
    qpdf_oh_replace_stream_data(q, stream, (const unsigned char *)text->data, text->len, none,
                                none);
    qpdf_oh_append_item(q, list, stream);
    int n = qpdf_oh_is_array(q, before) ? qpdf_oh_get_array_n_items(q, before) : 0;
    for (int i = 0; i < n; i++)
        qpdf_oh_append_item(q, list, qpdf_oh_get_array_item(q, before, i));
    if (qpdf_oh_is_stream(q, before))
        qpdf_oh_append_item(q, list, before);
    qpdf_oh_replace_key(q, page, "/Contents", list);
}

static bool write_words(struct copy *c, qpdf_oh page, const struct frame *f, int n)
{
    struct buffer text = BUFFER_INIT;
    bool ok = true;
    name_font(c, page);
    buffer_puts(&text, "q BT 3 Tr\n");
    for (int i = 0; ok && i < n; i++) {
        struct placed w;
        ok = next_word(c, &w);
        if (ok)
            append_word(c, f, &w, &text);
    }
    buffer_puts(&text, "ET Q\n");
    ok = ok && !buffer_failed(&text);
    if (ok)
        add_content(c->q, page, &text);
    buffer_free(&text);
    return ok;
}

/* Reads the words of a page into it. */
static bool complete_page(struct copy *c, int number, int n)
{
    struct document_page shown;
    if (!document_page_open(c->d, number, &shown))
        return false;
    qpdf_oh page = qpdf_get_page_n(c->q, (size_t)number - 1);
    const struct frame f = frame_of(c, page, &shown);
    document_page_close(&shown);
    return write_words(c, page, &f, n);
}

/* Completes the pages that are asked for and tells which they are. */
static bool complete_pages(struct copy *c, GArray *wanted)
{
    int number = 0, last = 0, n;
    for (const char *line; (line = next_line(c)) != NULL; last = number) {
        if (sscanf(line, "%d %d", &number, &n) != 2 || number <= last || number > c->d->pages)
            return false;
        g_array_append_val(wanted, number);
        if (n > 0 && !complete_page(c, number, n))
            return false;
    }
    return wanted->len > 0;
}

static bool remove_others(const struct copy *c, const GArray *wanted)
{
    guint left = wanted->len;
    for (int number = c->d->pages; number > 0; number--) {
        if (left > 0 && g_array_index(wanted, int, left - 1) == number)
            left--;
        else if (qpdf_remove_page(c->q, qpdf_get_page_n(c->q, (size_t)number - 1)) >= QPDF_ERRORS)
            return false;
    }
    return true;
}

/* --- the document --- */

static bool write_out(qpdf_data q, struct buffer *out)
{
    if (qpdf_has_error(q) || qpdf_init_write_memory(q) >= QPDF_ERRORS)
        return false;
    qpdf_set_preserve_encryption(q, QPDF_FALSE);
    qpdf_set_decode_level(q, qpdf_dl_none);
    qpdf_set_deterministic_ID(q, QPDF_TRUE);
    qpdf_set_minimum_pdf_version(q, "1.4");
    if (qpdf_write(q) >= QPDF_ERRORS)
        return false;
    buffer_append(out, (const char *)qpdf_get_buffer(q), qpdf_get_buffer_length(q));
    return !buffer_failed(out);
}

static bool make(struct copy *c, struct buffer *out)
{
    GArray *wanted = g_array_new(FALSE, FALSE, sizeof(int));
    c->letters = glyphless_new();
    c->font = qpdf_make_indirect_object(c->q, qpdf_oh_new_dictionary(c->q));
    bool ok = qpdf_get_num_pages(c->q) == c->d->pages &&
              qpdf_push_inherited_attributes_to_page(c->q) < QPDF_ERRORS &&
              complete_pages(c, wanted) && remove_others(c, wanted) &&
              glyphless_finish(c->letters, c->q, c->font) && write_out(c->q, out);
    glyphless_free(c->letters);
    g_array_unref(wanted);
    return ok;
}

/* NULL: it cannot be read. A document that had to be repaired can. */
static qpdf_data load(const void *bytes, size_t n, const char *password)
{
    qpdf_data q = qpdf_init();
    qpdf_silence_errors(q);
    qpdf_set_suppress_warnings(q, QPDF_TRUE);
    if (qpdf_read_memory(q, "", bytes, n, *password != '\0' ? password : NULL) < QPDF_ERRORS)
        return q;
    qpdf_cleanup(&q);
    return NULL;
}

/* The password is tried as UTF-8 and as Latin-1, as poppler tries it. */
static qpdf_data load_either(const void *bytes, size_t n, const char *password)
{
    qpdf_data q = load(bytes, n, password);
    if (q != NULL || *password == '\0')
        return q;
    char *latin = g_convert(password, -1, "ISO-8859-1", "UTF-8", NULL, NULL, NULL);
    q = latin != NULL ? load(bytes, n, latin) : NULL;
    g_free(latin);
    return q;
}

static bool copy_pdf(const struct document *d, const void *bytes, size_t n, struct buffer *pages,
                     struct buffer *out)
{
    struct copy c = {.d = d, .q = load_either(bytes, n, d->password), .at = pages->data};
    bool ok = c.q != NULL && make(&c, out);
    if (c.q != NULL)
        qpdf_cleanup(&c.q);
    return ok;
}

static cairo_status_t append_bytes(void *out, const unsigned char *bytes, unsigned int n)
{
    buffer_append(out, (const char *)bytes, n);
    return buffer_failed(out) ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

/* A PDF with a page for each image. */
static bool draw_images(const struct document *d, struct buffer *out)
{
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(append_bytes, out, 1, 1);
    cairo_t *cr = cairo_create(surface);
    bool ok = true;
    for (int i = 1; ok && i <= d->pages; i++) {
        double width, height;
        image_size(d->images, i, &width, &height);
        cairo_pdf_surface_set_size(surface, width, height);
        ok = image_draw(d->images, i, cr);
        cairo_show_page(cr);
    }
    ok = ok && cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    ok = ok && cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(surface);
    return ok;
}

bool searchable_write(const struct document *d, struct buffer *pages, struct buffer *out)
{
    struct buffer drawn = BUFFER_INIT;
    if (d->images != NULL) {
        bool ok = draw_images(d, &drawn) && copy_pdf(d, drawn.data, drawn.len, pages, out);
        buffer_free(&drawn);
        return ok;
    }
    GMappedFile *file = g_mapped_file_new_from_fd(d->fd, FALSE, NULL);
    bool ok = file != NULL && copy_pdf(d, g_mapped_file_get_contents(file),
                                       g_mapped_file_get_length(file), pages, out);
    if (file != NULL)
        g_mapped_file_unref(file);
    return ok;
}
