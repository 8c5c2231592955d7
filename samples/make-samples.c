/* Makes the project's sample PDFs, and with --expected what an extraction must give.
 *
 * usage: make-samples DIR | make-samples --expected NAME
 */
#include <cairo-pdf.h>
#include <cairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_W   595.0 /* A4 in points */
#define PAGE_H   842.0
#define SCAN_DPI 200.0

struct sheet {
    const char *name;
    const char *title;
    int rows, cols;
    const char *cells[12][4];
};

static const struct sheet text_table = {"text-table",
                                        "Stock of the warehouse",
                                        6,
                                        4,
                                        {{"Article", "Quantity", "Unit price", "Place"},
                                         {"Bolt, steel", "1200", "0.12", "A-01"},
                                         {"Nut, brass", "850", "0.09", "A-02"},
                                         {"Washer", "4000", "0.02", "B-11"},
                                         {"Hinge \"long\"", "75", "3.40", "C-03"},
                                         {"Wood screw", "310", "0.15", "C-07"}}};

static const struct sheet ruled_table = {"ruled-table",
                                         "Measurements of the week",
                                         5,
                                         3,
                                         {{"Station", "Temperature", "Rain"},
                                          {"North", "11.5", "0.0"},
                                          {"East", "", "2.4"},
                                          {"South", "14.1", "0.8"},
                                          {"West", "12.9", "1.1"}}};

static const struct sheet scanned = {"scanned",
                                     "Delivery note",
                                     4,
                                     3,
                                     {{"Item", "Count", "Weight"},
                                      {"Paper", "12", "24"},
                                      {"Folder", "40", "16"},
                                      {"Pencil", "96", "5"}}};

static const struct sheet form = {"form",
                                  "Registration",
                                  4,
                                  2,
                                  {{"Name", "Erika Mustermann"},
                                   {"Date of birth", "12.08.1964"},
                                   {"Town", "Cologne"},
                                   {"Member number", "4711"}}};

static const char *const left_column[] = {
    "The first column tells how the", "river was measured. Every", "morning the keeper wrote down",
    "the height of the water."};
static const char *const right_column[] = {
    "The second column goes on with", "the floods. In the year of the",
    "great one the mark was under", "water for eleven days."};

static void use_font(cairo_t *cr, double size, int bold)
{
    cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

static void put(cairo_t *cr, double x, double y, const char *text)
{
    cairo_move_to(cr, x, y);
    cairo_show_text(cr, text);
}

static void draw_title(cairo_t *cr, const char *text)
{
    use_font(cr, 18, 1);
    put(cr, 60, 80, text);
}

static void draw_sheet(cairo_t *cr, const struct sheet *s, double row_height, int rules)
{
    double width = 475.0 / s->cols;
    draw_title(cr, s->title);
    for (int r = 0; r < s->rows; r++) {
        use_font(cr, 12, r == 0);
        for (int c = 0; c < s->cols; c++)
            put(cr, 66 + c * width, 140 + r * row_height, s->cells[r][c]);
    }
    cairo_set_line_width(cr, 0.8);
    for (int r = 0; rules && r <= s->rows; r++) {
        cairo_move_to(cr, 60, 124 + r * row_height);
        cairo_line_to(cr, 535, 124 + r * row_height);
    }
    for (int c = 0; rules && c <= s->cols; c++) {
        cairo_move_to(cr, 60 + c * width, 124);
        cairo_line_to(cr, 60 + c * width, 124 + s->rows * row_height);
    }
    cairo_stroke(cr);
}

static void draw_form(cairo_t *cr, const struct sheet *s)
{
    char name[64];
    draw_title(cr, s->title);
    use_font(cr, 12, 0);
    for (int r = 0; r < s->rows; r++) {
        (void)snprintf(name, sizeof name, "%s:", s->cells[r][0]);
        put(cr, 60, 140 + r * 28, name);
        put(cr, 220, 140 + r * 28, s->cells[r][1]);
    }
}

static void draw_columns(cairo_t *cr)
{
    draw_title(cr, "Two columns");
    use_font(cr, 11, 0);
    for (int i = 0; i < 4; i++) {
        put(cr, 60, 140 + i * 15, left_column[i]);
        put(cr, 320, 140 + i * 15, right_column[i]);
    }
}

/* A page that is nothing but a picture, a little askew and grainy, as from a scanner. */
static void draw_scan(cairo_t *pdf)
{
    int width = (int)(PAGE_W * SCAN_DPI / 72), height = (int)(PAGE_H * SCAN_DPI / 72);
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(image);
    unsigned seed = 1;
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_scale(cr, SCAN_DPI / 72, SCAN_DPI / 72);
    cairo_rotate(cr, 0.002);
    cairo_set_source_rgb(cr, 0.1, 0.1, 0.1);
    draw_sheet(cr, &scanned, 30, 0);
    cairo_destroy(cr);
    cairo_surface_flush(image);
    unsigned char *data = cairo_image_surface_get_data(image);
    for (int i = 0; i < width * height / 200; i++) {
        seed = seed * 1103515245U + 12345U;
        size_t at = (size_t)((seed >> 4) % (unsigned)(width * height)) * 4;
        data[at] = data[at + 1] = data[at + 2] = 190;
    }
    cairo_surface_mark_dirty(image);
    cairo_scale(pdf, 72 / SCAN_DPI, 72 / SCAN_DPI);
    cairo_set_source_surface(pdf, image, 0, 0);
    cairo_paint(pdf);
    cairo_surface_destroy(image);
}

/* The only text that is no picture. */
static void draw_stamp(cairo_t *cr)
{
    cairo_identity_matrix(cr);
    cairo_set_source_rgb(cr, 0, 0, 0.6);
    use_font(cr, 10, 0);
    put(cr, 400, 800, "Received 17 May");
}

static int write_sample(const char *dir, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s.pdf", dir, name);
    cairo_surface_t *pdf = cairo_pdf_surface_create(path, PAGE_W, PAGE_H);
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATE_DATE, "2026-01-01T00:00:00Z");
    cairo_t *cr = cairo_create(pdf);
    if (strcmp(name, "text-table") == 0) {
        draw_sheet(cr, &text_table, 22, 0);
        cairo_show_page(cr);
        draw_sheet(cr, &ruled_table, 26, 0);
    } else if (strcmp(name, "ruled-table") == 0) {
        draw_sheet(cr, &ruled_table, 26, 1);
    } else if (strcmp(name, "scanned") == 0) {
        draw_scan(cr);
    } else if (strcmp(name, "stamped") == 0) {
        draw_scan(cr);
        draw_stamp(cr);
    } else if (strcmp(name, "form") == 0) {
        draw_form(cr, &form);
    } else {
        draw_columns(cr);
    }
    cairo_show_page(cr);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(pdf);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(pdf);
    cairo_surface_destroy(pdf);
    if (status != CAIRO_STATUS_SUCCESS)
        (void)fprintf(stderr, "make-samples: %s: %s\n", path, cairo_status_to_string(status));
    return status == CAIRO_STATUS_SUCCESS ? 0 : 1;
}

static void print_cell(const char *text)
{
    int quote = strpbrk(text, ",\"") != NULL;
    if (quote)
        (void)putchar('"');
    for (const char *p = text; *p != '\0'; p++)
        (void)(*p == '"' ? fputs("\"\"", stdout) : putchar(*p));
    if (quote)
        (void)putchar('"');
}

static int print_expected(const char *name)
{
    static const struct sheet *const sheets[] = {&text_table, &ruled_table, &scanned, &form};
    for (size_t i = 0; i < sizeof sheets / sizeof sheets[0]; i++) {
        if (strcmp(sheets[i]->name, name) != 0)
            continue;
        for (int r = 0; r < sheets[i]->rows; r++) {
            for (int c = 0; c < sheets[i]->cols; c++) {
                if (c > 0)
                    (void)putchar(',');
                print_cell(sheets[i]->cells[r][c]);
            }
            (void)fputs("\r\n", stdout);
        }
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"text-table", "ruled-table", "scanned",
                                        "form",       "two-columns", "stamped"};
    int failed = 0;
    if (argc == 3 && strcmp(argv[1], "--expected") == 0)
        return print_expected(argv[2]);
    if (argc != 2) {
        (void)fputs("usage: make-samples DIR | make-samples --expected NAME\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        failed |= write_sample(argv[1], names[i]);
    return failed;
}
