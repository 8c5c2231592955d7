/* Charts are no tables: filled areas in the pixels of a page, and what bars and keys make of words
 * that stand like cells. */
#include <stdlib.h>

#include "extract/charts.h"
#include "extract/detect.h"
#include "ocr/raster_areas.h"
#include "tests/unit/words.h"

/* --- areas in pixels --- */

#define ACROSS 200
#define DOWN   100

static void fill(struct raster *r, int x0, int y0, int x1, int y1, int level)
{
    for (int y = y0; y < y1; y++)
        memset(r->pixels + (size_t)(y * ACROSS + x0), level, (size_t)(x1 - x0));
}

static struct raster blank(void)
{
    struct raster r = {ACROSS, DOWN, 72, malloc((size_t)ACROSS * DOWN)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.pixels);
    fill(&r, 0, 0, ACROSS, DOWN, 255);
    return r;
}

/* The areas; the raster is freed. */
static struct box *areas_of(struct raster *r, size_t want)
{
    struct box *areas = NULL;
    struct error e;
    size_t n = 0;
    CU_ASSERT_EQUAL_FATAL(raster_find_areas(r, &areas, &n, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, want);
    raster_free(r);
    return areas;
}

static void area_has_text_on_it_and_ends_where_the_colour_does(void)
{
    struct raster r = blank();
    fill(&r, 20, 10, 60, 50, 100);
    fill(&r, 20, 50, 60, 90, 180); /* another colour: it stands on this one */
    fill(&r, 30, 20, 34, 28, 255); /* letters */
    fill(&r, 40, 20, 44, 28, 255);
    struct box *areas = areas_of(&r, 2);
    CU_ASSERT_DOUBLE_EQUAL(areas[0].x, 20.0 / ACROSS, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(areas[0].w, 40.0 / ACROSS, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(areas[0].y, 0.1, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(areas[0].h, 0.4, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(areas[1].y, 0.5, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(areas[1].h, 0.4, 1e-6);
    free(areas);
}

static void lines_letters_and_boxes_are_no_areas(void)
{
    struct raster r = blank();
    fill(&r, 10, 10, 190, 12, 0);
    fill(&r, 10, 10, 12, 90, 0);
    fill(&r, 188, 10, 190, 90, 0);
    fill(&r, 10, 88, 190, 90, 0);
    for (int x = 20; x < 180; x += 4)
        fill(&r, x, 40, x + 2, 50, 0);
    free(areas_of(&r, 0));
}

static void area_reaches_to_the_edges_of_the_page(void)
{
    struct raster r = blank();
    fill(&r, 0, 0, ACROSS, DOWN, 90);
    struct box *areas = areas_of(&r, 1);
    CU_ASSERT_TRUE(areas[0].x == 0 && areas[0].y == 0 && areas[0].w == 1 && areas[0].h == 1);
    free(areas);
}

/* --- bars and keys --- */

#define BARS 5
static const double lengths[BARS] = {60, 130, 85, 150, 100};

static struct box area(double x0, double y0, double x1, double y1)
{
    return (struct box){x0 / 600, y0 / 800, (x1 - x0) / 600, (y1 - y0) / 800};
}

static size_t detect(struct page_content *p)
{
    struct region *regions = NULL;
    struct error e;
    size_t n = 0;
    CU_ASSERT_EQUAL_FATAL(detect_regions(p, NULL, &regions, &n, &e), ERR_OK);
    free(regions);
    return n;
}

/* Rows of a name and four values, as in a table, and as many tables as are found on the page. */
static size_t tables_beside(struct box *areas, size_t n, double x)
{
    struct page_content p = {.info = page, .areas = areas, .n_areas = n};
    for (int row = 0; row < 5; row++) {
        put(&p.words, x, 110 + 16 * row, "name");
        for (int col = 0; col < 4; col++)
            put(&p.words, x + 60 + 50 * col, 110 + 16 * row, "12");
    }
    size_t found = detect(&p);
    word_list_free(&p.words);
    return found;
}

/* Bars from x on that stand on one line. */
static void stand(struct box *areas, size_t n, double x, double wide)
{
    for (size_t i = 0; i < n; i++) {
        double at = x + 50 * (double)i;
        areas[i] = area(at, 250 - lengths[i], at + wide, 250);
    }
}

static void values_among_standing_bars_are_no_table(void)
{
    struct box areas[BARS];
    stand(areas, BARS, 60, 30);
    CU_ASSERT_EQUAL(tables_beside(areas, BARS, 60), 0);
    CU_ASSERT_EQUAL(tables_beside(areas, 2, 60), 1);     /* two are no chart */
    CU_ASSERT_EQUAL(tables_beside(areas, BARS, 330), 1); /* the chart is beside it */
    areas[3].w *= 3;                                     /* nor are shades as different as this */
    areas[1].h = areas[0].h;
    areas[1].y = areas[0].y;
    CU_ASSERT_EQUAL(tables_beside(areas, BARS, 60), 1);
}

static void shades_of_one_height_are_a_table(void)
{
    struct box areas[BARS];
    for (int i = 0; i < BARS; i++)
        areas[i] = area(60 + 50 * i, 105, 90 + 50 * i, 190);
    CU_ASSERT_EQUAL(tables_beside(areas, BARS, 60), 1);
}

/* A name, a bar and its value, which stands `off` behind the bar or at `place` in all lines. */
static size_t tables_of_lying_bars(double off, double place)
{
    struct box areas[BARS];
    struct page_content p = {.info = page, .areas = areas, .n_areas = BARS};
    for (int i = 0; i < BARS; i++) {
        double length = i % 2 == 0 ? 60 : lengths[i];
        length += i == 4 ? 40 : 0;
        areas[i] = area(150, 110 + 20 * i, 150 + length, 120 + 20 * i);
        put(&p.words, 60, 110 + 20 * i, "name");
        put(&p.words, place > 0 ? place : 150 + length + off, 110 + 20 * i, "12");
    }
    size_t found = detect(&p);
    word_list_free(&p.words);
    return found;
}

static void values_behind_lying_bars_are_no_table(void)
{
    CU_ASSERT_EQUAL(tables_of_lying_bars(4, 0), 0);
    CU_ASSERT_EQUAL(tables_of_lying_bars(0, 400), 1);
}

static void lines_behind_keys_are_a_legend(void)
{
    struct box areas[4];
    for (int keys = 0; keys <= 4; keys += 4) {
        struct page_content p = {.info = page, .areas = areas, .n_areas = (size_t)keys};
        for (int i = 0; i < 4; i++) {
            areas[i] = area(50, 101 + 16 * i, 58, 109 + 16 * i);
            put(&p.words, 64, 100 + 16 * i, "barley");
            put(&p.words, 200, 100 + 16 * i, "12%");
        }
        CU_ASSERT_EQUAL(detect(&p), keys > 0 ? 0 : 1);
        word_list_free(&p.words);
    }
}

static const struct test_case tests[] = {
    TEST(area_has_text_on_it_and_ends_where_the_colour_does),
    TEST(lines_letters_and_boxes_are_no_areas),
    TEST(area_reaches_to_the_edges_of_the_page),
    TEST(values_among_standing_bars_are_no_table),
    TEST(shades_of_one_height_are_a_table),
    TEST(values_behind_lying_bars_are_no_table),
    TEST(lines_behind_keys_are_a_legend),
};

int main(void)
{
    return RUN_SUITE("charts", tests);
}
