/* Check boxes in pixels and among words, and the pairs of names and values of a form. */
#include <stdlib.h>

#include "extract/checks.h"
#include "extract/form.h"
#include "extract/layout.h"
#include "ocr/raster_boxes.h"
#include "tests/unit/words.h"

/* --- in pixels --- */

static struct raster blank(int side)
{
    struct raster r = {side, side, 72, malloc((size_t)side * (size_t)side)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.pixels);
    memset(r.pixels, 255, (size_t)side * (size_t)side);
    return r;
}

static void dot(struct raster *r, int x, int y, int level)
{
    r->pixels[y * r->width + x] = (uint8_t)level;
}

static void outline(struct raster *r, int x, int y, int w, int h, int pen, int level)
{
    for (int i = 0; i < w; i++)
        for (int k = 0; k < h; k++)
            if (i < pen || k < pen || i >= w - pen || k >= h - pen)
                dot(r, x + i, y + k, level);
}

/* How many boxes there are; *first is the first of them. */
static size_t boxes_in(struct raster *r, struct check_box *first)
{
    struct check_box *boxes = NULL;
    struct error e;
    size_t n = 0;
    CU_ASSERT_EQUAL(raster_find_boxes(r, &boxes, &n, &e), ERR_OK);
    if (n > 0)
        *first = boxes[0];
    free(boxes);
    raster_free(r);
    return n;
}

static void squares_are_boxes_whatever_their_pen_and_size(void)
{
    for (int side = 6; side <= 24; side += 3)
        for (int pen = 1; pen <= 2; pen++) {
            struct raster r = blank(60);
            struct check_box b = {{0, 0, 0, 0}, true};
            outline(&r, 30, 12, side, side, pen, pen == 1 ? 190 : 0);
            CU_ASSERT_EQUAL_FATAL(boxes_in(&r, &b), 1);
            CU_ASSERT_FALSE(b.marked);
            CU_ASSERT_DOUBLE_EQUAL(b.box.x, 0.5, 0.001);
            CU_ASSERT_DOUBLE_EQUAL(b.box.y, 0.2, 0.001);
            CU_ASSERT_DOUBLE_EQUAL(b.box.w, side / 60.0, 0.001);
        }
}

static void box_with_a_cross_is_marked(void)
{
    struct raster r = blank(60);
    struct check_box b;
    outline(&r, 20, 20, 11, 11, 1, 0);
    for (int i = 0; i < 11; i++) {
        dot(&r, 20 + i, 20 + i, 60);
        dot(&r, 30 - i, 20 + i, 60);
    }
    CU_ASSERT_EQUAL_FATAL(boxes_in(&r, &b), 1);
    CU_ASSERT_TRUE(b.marked);
}

static void grids_bars_and_filled_squares_are_no_boxes(void)
{
    struct check_box b;
    struct raster cells = blank(60), wide = blank(60), filled = blank(60), large = blank(60),
                  edge = blank(60);
    for (int i = 0; i < 3; i++)
        outline(&cells, 10 + 10 * i, 20, 11, 11, 1, 0);
    CU_ASSERT_EQUAL(boxes_in(&cells, &b), 0);
    outline(&wide, 10, 10, 20, 10, 1, 0);
    CU_ASSERT_EQUAL(boxes_in(&wide, &b), 0);
    outline(&filled, 10, 10, 10, 10, 5, 0);
    CU_ASSERT_EQUAL(boxes_in(&filled, &b), 0);
    outline(&large, 10, 10, 40, 40, 1, 0);
    CU_ASSERT_EQUAL(boxes_in(&large, &b), 0);
    outline(&edge, 0, 0, 60, 60, 30, 0); /* a black page */
    CU_ASSERT_EQUAL(boxes_in(&edge, &b), 0);
}

/* --- among words --- */

static struct check_box box_at(double x, double y, bool marked)
{
    return (struct check_box){{x / 600, y / 800, 10.0 / 600, 10.0 / 800}, marked};
}

static const char *last_word(const struct page_content *p)
{
    return p->words.items[p->words.n - 1].text;
}

static void box_is_a_word_beside_others(void)
{
    struct page_content p = {.info = page};
    struct check_box boxes[] = {box_at(50, 100, true), box_at(50, 120, false),
                                box_at(50, 400, true)};
    struct error e;
    put(&p.words, 70, 100, "yes");
    put(&p.words, 70, 120, "no");
    CU_ASSERT_EQUAL(checks_add_words(&p, boxes, 3, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(p.words.n, 4); /* nothing stands beside the third */
    CU_ASSERT_STRING_EQUAL(p.words.items[2].text, "true");
    CU_ASSERT_STRING_EQUAL(p.words.items[3].text, "false");
    CU_ASSERT_TRUE(p.words.items[3].check);
    page_content_free(&p);
}

static void mark_of_a_font_marks_its_box(void)
{
    struct page_content p = {.info = page};
    struct check_box b = box_at(50, 100, false);
    struct error e;
    put(&p.words, 52, 100, "X");
    put(&p.words, 70, 100, "yes");
    CU_ASSERT_EQUAL(checks_add_words(&p, &b, 1, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(p.words.n, 2);
    CU_ASSERT_STRING_EQUAL(p.words.items[0].text, "yes");
    CU_ASSERT_STRING_EQUAL(last_word(&p), "true");
    page_content_free(&p);
}

static void box_around_text_or_a_field_is_none(void)
{
    struct page_content p = {.info = page};
    struct check_box b[] = {box_at(50, 100, false), box_at(200, 100, true)};
    struct error e;
    put(&p.words, 52, 100, "7");
    put(&p.words, 70, 100, "framed");
    p.fields = calloc(1, sizeof *p.fields);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p.fields);
    p.fields[0].box = b[1].box;
    p.n_fields = 1;
    CU_ASSERT_EQUAL(checks_add_words(&p, b, 2, &e), ERR_OK);
    CU_ASSERT_EQUAL(p.words.n, 2);
    page_content_free(&p);
}

/* --- pairs --- */

static void put_check(struct word_list *w, double x, double y, bool marked)
{
    put(w, x, y, marked ? "true" : "false");
    w->items[w->n - 1].check = true;
    w->items[w->n - 1].box.w = 10.0 / 600;
}

struct found {
    struct form_field *fields;
    size_t n, checks;
    double share;
};

static struct found find(struct word_list *w)
{
    struct layout l;
    struct found f = {NULL, 0, 0, 0};
    struct error e;
    CU_ASSERT_EQUAL_FATAL(layout_build(w, &page, whole, true, NULL, &l, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(form_find(&l, &page, &f.fields, &f.n, &e), ERR_OK);
    f.checks = form_checks(&l);
    f.share = form_share(&l);
    layout_free(&l);
    word_list_free(w);
    return f;
}

static void is_pair(const struct found *f, size_t i, const char *name, const char *value)
{
    CU_ASSERT_TRUE_FATAL(i < f->n);
    CU_ASSERT_STRING_EQUAL(f->fields[i].name, name);
    CU_ASSERT_STRING_EQUAL(f->fields[i].value, value);
}

static void found_free(struct found *f)
{
    for (size_t i = 0; i < f->n; i++)
        form_field_free(&f->fields[i]);
    free(f->fields);
}

static void check_box_and_its_label_are_a_pair(void)
{
    struct word_list w = {0};
    put_check(&w, 50, 100, true);
    put(&w, 66, 100, "I own it");
    put_check(&w, 200, 100, false);
    put(&w, 216, 100, "I rent it");
    put(&w, 50, 120, "Organic");
    put_check(&w, 200, 120, true);
    struct found f = find(&w);
    CU_ASSERT_EQUAL_FATAL(f.n, 3);
    is_pair(&f, 0, "I own it", "true");
    is_pair(&f, 1, "I rent it", "false");
    is_pair(&f, 2, "Organic", "true");
    CU_ASSERT_EQUAL(f.checks, 3);
    CU_ASSERT_DOUBLE_EQUAL(f.share, 0.5, 1e-9); /* a table may have the second line */
    found_free(&f);
}

static void name_before_check_boxes_has_the_labels_of_the_marked(void)
{
    struct word_list w = {0};
    put(&w, 50, 100, "Use:");
    put_check(&w, 100, 100, true);
    put(&w, 116, 100, "barley");
    put_check(&w, 200, 100, false);
    put(&w, 216, 100, "oats");
    put_check(&w, 300, 100, true);
    put(&w, 316, 100, "rye");
    put(&w, 50, 120, "Agreed:");
    put_check(&w, 120, 120, false);
    struct found f = find(&w);
    CU_ASSERT_EQUAL_FATAL(f.n, 5);
    is_pair(&f, 0, "Use", "barley, rye");
    is_pair(&f, 4, "Agreed", "false");
    found_free(&f);
}

static void boxes_of_a_font_are_check_boxes(void)
{
    struct word_list w = {0};
    put(&w, 50, 100, "☐");
    put(&w, 70, 100, "no");
    put(&w, 50, 120, "☒");
    put(&w, 70, 120, "yes");
    struct found f = find(&w);
    CU_ASSERT_EQUAL_FATAL(f.n, 2);
    is_pair(&f, 0, "no", "false");
    is_pair(&f, 1, "yes", "true");
    CU_ASSERT_DOUBLE_EQUAL(f.share, 1, 1e-9);
    found_free(&f);
}

static const struct test_case tests[] = {
    TEST(squares_are_boxes_whatever_their_pen_and_size),
    TEST(box_with_a_cross_is_marked),
    TEST(grids_bars_and_filled_squares_are_no_boxes),
    TEST(box_is_a_word_beside_others),
    TEST(mark_of_a_font_marks_its_box),
    TEST(box_around_text_or_a_field_is_none),
    TEST(check_box_and_its_label_are_a_pair),
    TEST(name_before_check_boxes_has_the_labels_of_the_marked),
    TEST(boxes_of_a_font_are_check_boxes),
};

int main(void)
{
    return RUN_SUITE("forms", tests);
}
