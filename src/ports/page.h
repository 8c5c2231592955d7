/* What is read off a page: words, ruling lines, pixels.
 *
 * All boxes are fractions 0..1 of the page as it is shown (after CropBox and Rotate), origin top
 * left, so that words of the text layer and of any OCR engine are alike.
 */
#ifndef PDF_OCR_PORTS_PAGE_H
#define PDF_OCR_PORTS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json_writer.h"
#include "ports/engine.h"

struct box {
    double x, y, w, h;
};

/* Puts "bbox":{"x":...,"y":...,"w":...,"h":...} into the object at hand. */
void box_write(struct json_writer *w, struct box b, int decimals);

struct word {
    struct box box;
    char *text;       /* UTF-8, owned */
    float confidence; /* 0..1; 1 for the text layer */
    enum engine engine;
    int turn;   /* degrees clockwise by which the letters are turned on the page: 0, 90, 180, 270 */
    bool check; /* a check box that is drawn: the text is true or false */
    bool alone; /* read with its cell alone, which was surer than with all of its line */
};

struct word_list {
    struct word *items;
    size_t n, cap;
};

/* Appends a word; text is copied. ERR_INTERNAL when memory is out. */
enum err word_list_add(struct word_list *l, struct box box, const char *text, size_t text_len,
                       float confidence, enum engine engine);
/* Mean confidence of the words, by their length; 0 when there are none. */
double word_list_confidence(const struct word_list *l);

void word_list_free(struct word_list *l);

/* A straight ruling line, horizontal or vertical; box is thin one way. */
struct rule {
    struct box box;
    bool vertical;
};

/* A small square, and whether something is drawn in it. */
struct check_box {
    struct box box;
    bool marked;
};

struct page_info {
    int number;           /* 1-based */
    double width, height; /* points, as shown */
    int rotation;         /* 0, 90, 180, 270: already applied */
};

/* A field of the document's own form (AcroForm) that is shown. */
struct filled_field {
    struct box box;
    char *name, *value; /* owned; true or false of a check box; empty: not filled in */
};

#define PAGE_AREAS_MAX 2000

struct page_content {
    struct page_info info;
    struct word_list words; /* of the text layer, in the reader's order */
    struct rule *rules;
    size_t n_rules;
    struct box *areas; /* owned, PAGE_AREAS_MAX at most; filled with one colour: bars, shades */
    size_t n_areas;
    struct filled_field *fields; /* owned */
    size_t n_fields;
    double image_coverage; /* part of the page covered by images, 0..1 */
    char *warning;         /* owned, may be NULL: what of the page could not be read, and why */
};

void page_content_free(struct page_content *p);

/* 8-bit grey pixels, 0 black, rows of `width` bytes. */
struct raster {
    int width, height;
    int dpi;
    uint8_t *pixels; /* owned */
};

void raster_free(struct raster *r);

/* Called by long work between steps and at least every second where the engine allows it. Anything
 * but ERR_OK stops the work, which then returns that error: a cancelled job, a lost lease, a
 * deadline. */
struct checkpoint {
    enum err (*call)(void *self, struct error *e);
    void *self; /* call may be NULL: nothing to check */
};

enum err checkpoint_pass(const struct checkpoint *c, struct error *e);

#endif
