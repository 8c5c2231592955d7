/* Words to lines, tables, forms and regions, on words made up here. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "extract/detect.h"
#include "extract/form.h"
#include "extract/grid.h"
#include "extract/raster_rules.h"
#include "tests/unit/suite.h"

static const struct page_info page = {1, 600, 800, 0};
static const struct box whole = {0, 0, 1, 1};

/* Adds the words of a text at a place in points, 10 high, 6 a letter. */
static void put(struct word_list *l, double x, double y, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        struct box b = {x / 600, y / 800, (double)n * 6 / 600, 10.0 / 800};
        CU_ASSERT_EQUAL(word_list_add(l, b, text, n, 1, ENGINE_TEXT), ERR_OK);
        x += (double)(n + 1) * 6 - 3;
        text += n + (text[n] == ' ');
    }
}

static struct table build(struct word_list *words, const struct rule *rules, size_t n_rules,
                          bool *found)
{
    struct layout l;
    struct table t;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(layout_build(words, &page, whole, &l, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(grid_build(&l, rules, n_rules, &page, whole, &t, found, &e), ERR_OK);
    layout_free(&l);
    word_list_free(words);
    return t;
}

static const char *cell_text(const struct table *t, int row, int col)
{
    for (size_t i = 0; i < t->n_cells; i++)
        if (t->cells[i].row == row && t->cells[i].col == col)
            return t->cells[i].text;
    return NULL;
}

static void columns_without_rules_are_found(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 100 + r * 15, "left one");
        put(&w, 200, 100 + r * 15, r == 2 ? "" : "12.5");
        put(&w, 300 + r * 4, 100 + r * 15, "right");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 4 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 0), "left one");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 1), "");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 3, 2), "right");
    table_free(&t);
}

static void continued_cell_is_one_row(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 3; r++) {
        put(&w, 50, 100 + r * 40, "key");
        put(&w, 200, 100 + r * 40, "first part");
        put(&w, 400, 100 + r * 40, "9");
        put(&w, 200, 112 + r * 40, "second part");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 3 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 1), "first part second part");
    table_free(&t);
}

static void ruled_rows_hold_all_their_lines(void)
{
    struct word_list w = {0};
    struct rule rules[4];
    bool found;
    for (int r = 0; r < 3; r++) {
        put(&w, 50, 100 + r * 30, "alpha");
        put(&w, 50, 111 + r * 30, "beta");
        put(&w, 300, 105 + r * 30, "7");
    }
    for (int i = 0; i < 4; i++)
        rules[i] = (struct rule){{40.0 / 600, (95 + i * 30) / 800.0, 0.8, 0.5 / 800}, false};
    struct table t = build(&w, rules, 4, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 3 && t.cols == 2);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 0), "alpha beta");
    table_free(&t);
}

static void heading_over_columns_spans_them(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 190, 85, "a heading over both of them");
    for (int r = 0; r < 12; r++) {
        put(&w, 50, 100 + r * 15, "name");
        put(&w, 200, 100 + r * 15, "1");
        put(&w, 300, 100 + r * 15, "2");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.cols, 3);
    for (size_t i = 0; i < t.n_cells; i++)
        if (t.cells[i].row == 0 && t.cells[i].col == 1)
            CU_ASSERT_EQUAL(t.cells[i].col_span, 2);
    table_free(&t);
}

static void running_text_is_no_table(void)
{
    struct word_list w = {0};
    struct page_content p = {.info = page};
    struct region *regions = NULL;
    struct error e;
    size_t n = 0;
    bool found;
    for (int r = 0; r < 10; r++)
        put(&w, 50, 100 + r * 14, "all the words of this line follow each other with no gap");
    p.words = w;
    CU_ASSERT_EQUAL(detect_regions(&p, &regions, &n, &e), ERR_OK);
    CU_ASSERT_EQUAL(n, 0);
    free(regions);
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_FALSE(found);
    table_free(&t);
}

static void table_between_paragraphs_is_detected(void)
{
    struct page_content p = {.info = page};
    struct region *regions = NULL;
    struct error e;
    size_t n = 0;
    for (int r = 0; r < 4; r++)
        put(&p.words, 50, 100 + r * 14, "all the words of this line follow each other with no gap");
    for (int r = 0; r < 5; r++) {
        put(&p.words, 50, 200 + r * 16, "row");
        put(&p.words, 250, 200 + r * 16, "3");
        put(&p.words, 400, 200 + r * 16, "4");
    }
    CU_ASSERT_EQUAL(detect_regions(&p, &regions, &n, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, 1);
    CU_ASSERT_EQUAL(regions[0].type, REGION_TABLE);
    CU_ASSERT_DOUBLE_EQUAL(regions[0].box.y * 800, 198, 1);
    CU_ASSERT_DOUBLE_EQUAL(regions[0].box.h * 800, 78, 1);
    free(regions);
    page_content_free(&p);
}

static void names_and_values_share_lines(void)
{
    struct word_list w = {0};
    struct layout l;
    struct form_field *fields = NULL;
    struct error e;
    size_t n = 0;
    put(&w, 50, 100, "Full name: Ada L.");
    put(&w, 300, 100, "Born: 1815");
    put(&w, 50, 120, "Town:");
    put(&w, 200, 120, "London");
    CU_ASSERT_EQUAL_FATAL(layout_build(&w, &page, whole, &l, &e), ERR_OK);
    CU_ASSERT_EQUAL(form_find(&l, &page, &fields, &n, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, 3);
    CU_ASSERT_STRING_EQUAL(fields[0].name, "Full name");
    CU_ASSERT_STRING_EQUAL(fields[0].value, "Ada L.");
    CU_ASSERT_STRING_EQUAL(fields[1].name, "Born");
    CU_ASSERT_STRING_EQUAL(fields[2].value, "London");
    for (size_t i = 0; i < n; i++)
        form_field_free(&fields[i]);
    free(fields);
    layout_free(&l);
    word_list_free(&w);
}

static void columns_of_text_are_read_one_by_one(void)
{
    struct word_list w = {0};
    struct layout l;
    struct buffer text = BUFFER_INIT;
    struct error e;
    put(&w, 50, 80, "a title that runs across both of the columns of this page here");
    for (int r = 0; r < 3; r++) {
        put(&w, 50, 110 + r * 12, "left left left left");
        put(&w, 320, 110 + r * 12, "right right right");
    }
    CU_ASSERT_EQUAL_FATAL(layout_build(&w, &page, whole, &l, &e), ERR_OK);
    CU_ASSERT_EQUAL(layout_text(&l, &text, &e), ERR_OK);
    const char *first_right = strstr(text.data, "right"), *last_left = NULL;
    for (const char *p = text.data; (p = strstr(p, "left")) != NULL; p++)
        last_left = p;
    CU_ASSERT_TRUE(last_left != NULL && first_right > last_left);
    CU_ASSERT_EQUAL(strncmp(text.data, "a title", 7), 0);
    buffer_free(&text);
    layout_free(&l);
    word_list_free(&w);
}

static void long_thin_runs_of_pixels_are_rules(void)
{
    struct raster image = {200, 100, 72, malloc(20000)};
    struct rule *rules = NULL;
    struct error e;
    size_t n = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(image.pixels);
    memset(image.pixels, 255, 20000);
    memset(image.pixels + 50 * 200 + 20, 0, 100); /* a line */
    for (int y = 10; y < 90; y++)
        image.pixels[y * 200 + 150] = 0;
    for (int y = 60; y < 80; y++) /* a filled box */
        memset(image.pixels + y * 200 + 20, 0, 60);
    memset(image.pixels + 5 * 200 + 5, 0, 6); /* a stroke of a letter */
    CU_ASSERT_EQUAL(raster_find_rules(&image, &rules, &n, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    CU_ASSERT_FALSE(rules[0].vertical);
    CU_ASSERT_DOUBLE_EQUAL(rules[0].box.x, 0.1, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(rules[0].box.w, 0.5, 0.001);
    CU_ASSERT_TRUE(rules[1].vertical);
    free(rules);
    raster_free(&image);
}

static const struct test_case tests[] = {
    TEST(columns_without_rules_are_found),    TEST(continued_cell_is_one_row),
    TEST(ruled_rows_hold_all_their_lines),    TEST(heading_over_columns_spans_them),
    TEST(running_text_is_no_table),           TEST(table_between_paragraphs_is_detected),
    TEST(names_and_values_share_lines),       TEST(columns_of_text_are_read_one_by_one),
    TEST(long_thin_runs_of_pixels_are_rules),
};

int main(void)
{
    return RUN_SUITE("extract", tests);
}
