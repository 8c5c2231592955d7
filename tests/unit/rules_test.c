/* Rules of dots and dashes in the ink of a page, and what is whitened of it. */
#include <stdlib.h>
#include <string.h>

#include "ocr/dashed_rules.h"
#include "ocr/erase.h"
#include "tests/unit/suite.h"

#define WIDTH  400
#define HEIGHT 200

/* A white page on which a pixel is a point. */
static PIX *blank(void)
{
    PIX *grey = pixCreate(WIDTH, HEIGHT, 8);
    CU_ASSERT_PTR_NOT_NULL_FATAL(grey);
    (void)pixSetAll(grey);
    (void)pixSetResolution(grey, 72, 72);
    return grey;
}

static void draw(PIX *grey, int x, int y, int w, int h)
{
    (void)pixRasterop(grey, x, y, w, h, PIX_CLR, NULL, 0, 0);
}

/* Marks so long, one to begin every step pixels. */
static void draw_row(PIX *grey, int x0, int x1, int y, int mark, int step)
{
    for (int x = x0; x + mark <= x1; x += step)
        draw(grey, x, y, mark, 1);
}

static struct ocr_result dashed(PIX *grey)
{
    struct ocr_result r = {.n_rules = 0};
    struct ink ink;
    struct error e;
    CU_ASSERT_TRUE_FATAL(ink_find(grey, &ink));
    CU_ASSERT_EQUAL(dashed_rules_add(&ink, &r.rules, &r.n_rules, &e), ERR_OK);
    ink_free(&ink);
    return r;
}

static void expect_rules(PIX *grey, size_t n)
{
    struct ocr_result r = dashed(grey);
    CU_ASSERT_EQUAL(r.n_rules, n);
    ocr_result_free(&r);
}

static void rows_of_dots_and_dashes_are_rules(void)
{
    PIX *grey = blank();
    draw_row(grey, 20, 220, 50, 1, 3);
    draw_row(grey, 20, 220, 100, 6, 10);
    struct ocr_result r = dashed(grey);
    CU_ASSERT_EQUAL_FATAL(r.n_rules, 2);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_FALSE(r.rules[i].vertical);
        CU_ASSERT_DOUBLE_EQUAL(r.rules[i].box.x * WIDTH, 20, 0.01);
        CU_ASSERT_DOUBLE_EQUAL(r.rules[i].box.y * HEIGHT, i == 0 ? 50 : 100, 0.01);
        CU_ASSERT_TRUE(r.rules[i].box.w * WIDTH > 190);
    }
    ocr_result_free(&r);
}

static void a_rule_of_dots_may_run_down_and_cross_another(void)
{
    PIX *grey = blank();
    draw_row(grey, 20, 220, 100, 2, 4);
    for (int y = 20; y < 180; y += 4)
        draw(grey, 120, y, 1, 2);
    struct ocr_result r = dashed(grey);
    CU_ASSERT_EQUAL_FATAL(r.n_rules, 2);
    CU_ASSERT_FALSE(r.rules[0].vertical);
    CU_ASSERT_TRUE(r.rules[1].vertical);
    CU_ASSERT_TRUE(r.rules[1].box.h * HEIGHT > 150);
    ocr_result_free(&r);
}

/* Dashes of 6 to the right and down, from a corner that is one piece. */
static void rules_of_dashes_reach_their_corner(void)
{
    PIX *grey = blank();
    draw_row(grey, 28, 220, 50, 6, 10);
    for (int y = 58; y < 180; y += 10)
        draw(grey, 20, y, 1, 6);
    draw(grey, 20, 50, 5, 1);
    draw(grey, 20, 50, 1, 5);
    struct ocr_result r = dashed(grey);
    CU_ASSERT_EQUAL_FATAL(r.n_rules, 2);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_DOUBLE_EQUAL(r.rules[i].box.x * WIDTH, 20, 0.01);
        CU_ASSERT_DOUBLE_EQUAL(r.rules[i].box.y * HEIGHT, 50, 0.01);
    }
    ocr_result_free(&r);
}

/* The same word in each row, with an l in it. */
static void letters_below_each_other_are_no_rule(void)
{
    PIX *grey = blank();
    for (int y = 20; y < 180; y += 12)
        draw(grey, 120, y, 1, 8);
    expect_rules(pixCopy(NULL, grey), 1);
    for (int y = 20; y < 180; y += 12)
        draw(grey, 122, y + 2, 1, 6);
    expect_rules(grey, 0);
}

static void dots_from_a_word_to_a_word_are_no_rule(void)
{
    PIX *grey = blank();
    draw_row(grey, 60, 260, 50, 1, 3);
    expect_rules(pixCopy(NULL, grey), 1);
    draw(grey, 50, 42, 6, 9); /* a letter on their line */
    expect_rules(grey, 0);
}

static void points_of_numbers_below_each_other_are_no_rule(void)
{
    PIX *grey = blank();
    for (int y = 20; y < 180; y += 9)
        draw(grey, 120, y, 1, 1);
    expect_rules(grey, 0);
}

static void rows_shorter_than_a_word_or_with_wide_gaps_are_no_rules(void)
{
    PIX *grey = blank();
    draw_row(grey, 20, 50, 50, 1, 3);
    draw_row(grey, 20, 220, 100, 6, 20);
    expect_rules(grey, 0);
}

static void a_crowd_of_specks_has_no_rules(void)
{
    PIX *grey = pixCreate(2000, 2000, 8);
    struct ink ink;
    struct ocr_result r = {.n_rules = 0};
    struct error e;
    CU_ASSERT_PTR_NOT_NULL_FATAL(grey);
    (void)pixSetAll(grey);
    (void)pixSetResolution(grey, 200, 200);
    for (int y = 0; y < 2000; y += 4)
        for (int x = 0; x < 2000; x += 4)
            draw(grey, x, y, 1, 1);
    CU_ASSERT_TRUE_FATAL(ink_find(grey, &ink));
    CU_ASSERT_TRUE(ink.crowded);
    CU_ASSERT_EQUAL(boxaGetCount(ink.pieces), 0);
    CU_ASSERT_EQUAL(dashed_rules_add(&ink, &r.rules, &r.n_rules, &e), ERR_OK);
    CU_ASSERT_EQUAL(r.n_rules, 0);
    ink_free(&ink);
}

/* --- erasing --- */

static struct rule rule_at(double x, double y, double w, double h)
{
    return (struct rule){{x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT}, h > w};
}

static bool is_dark(const struct ink *ink, int x, int y)
{
    l_uint32 grey = 255, bit = 0;
    (void)pixGetPixel(ink->grey, x, y, &grey);
    (void)pixGetPixel(ink->all, x, y, &bit);
    CU_ASSERT_EQUAL(grey < 128, bit == 1);
    return bit == 1;
}

/* Erases the rules of the page. */
static struct ink erased(PIX *grey, const struct rule *rules, size_t n, struct ocr_result *r)
{
    struct ink ink;
    struct error e;
    *r = (struct ocr_result){.rules = malloc(n * sizeof *rules), .n_rules = n};
    CU_ASSERT_TRUE_FATAL(ink_find(grey, &ink) && r->rules != NULL);
    memcpy(r->rules, rules, n * sizeof *rules);
    CU_ASSERT_EQUAL(erase_rules(&ink, r, &e), ERR_OK);
    return ink;
}

static void noise_is_not_followed(void)
{
    PIX *grey = blank();
    struct ink ink;
    unsigned state = 1;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            state = state * 1664525U + 1013904223U;
            if (state >> 31 == 0)
                draw(grey, x, y, 1, 1);
        }
    CU_ASSERT_TRUE_FATAL(ink_find(grey, &ink));
    CU_ASSERT_TRUE(ink.noise && ink.crowded);
    CU_ASSERT_EQUAL(boxaGetCount(ink.pieces), 0);
    ink_free(&ink);
}

static void rules_are_whitened_and_letters_stay(void)
{
    PIX *grey = blank();
    struct ocr_result r;
    draw(grey, 20, 100, 300, 1);
    draw(grey, 100, 0, 1, 200);
    draw(grey, 50, 88, 6, 9); /* a letter 3 above the rule */
    const struct rule rules[] = {rule_at(20, 100, 300, 1), rule_at(100, 0, 1, 200)};
    struct ink ink = erased(grey, rules, 2, &r);
    CU_ASSERT_EQUAL(r.n_rules, 2);
    CU_ASSERT_FALSE(is_dark(&ink, 200, 100));
    CU_ASSERT_FALSE(is_dark(&ink, 100, 199));
    CU_ASSERT_TRUE(is_dark(&ink, 50, 88));
    CU_ASSERT_TRUE(is_dark(&ink, 55, 96));
    ocr_result_free(&r);
    ink_free(&ink);
}

/* A dash is as long as some rules. */
static void short_flat_rules_stay_in_the_image(void)
{
    PIX *grey = blank();
    struct ocr_result r;
    draw(grey, 20, 100, 14, 1);
    const struct rule rules[] = {rule_at(20, 100, 14, 1)};
    struct ink ink = erased(grey, rules, 1, &r);
    CU_ASSERT_EQUAL(r.n_rules, 1);
    CU_ASSERT_TRUE(is_dark(&ink, 25, 100));
    ocr_result_free(&r);
    ink_free(&ink);
}

/* An E 40 high. */
static void strokes_of_large_letters_are_no_rules(void)
{
    PIX *grey = blank();
    struct ocr_result r;
    draw(grey, 50, 50, 6, 40);
    for (int y = 50; y <= 84; y += 17)
        draw(grey, 50, y, 26, 6);
    const struct rule rules[] = {rule_at(50, 50, 6, 40), rule_at(50, 50, 26, 6),
                                 rule_at(50, 84, 26, 6)};
    struct ink ink = erased(grey, rules, 3, &r);
    CU_ASSERT_EQUAL(r.n_rules, 0);
    CU_ASSERT_TRUE(is_dark(&ink, 51, 70));
    CU_ASSERT_TRUE(is_dark(&ink, 60, 51));
    ocr_result_free(&r);
    ink_free(&ink);
}

/* A frame of thick lines, as large as that letter. */
static void a_box_is_erased_however_thick_its_sides(void)
{
    PIX *grey = blank();
    struct ocr_result r;
    draw(grey, 50, 50, 40, 3);
    draw(grey, 50, 87, 40, 3);
    draw(grey, 50, 50, 3, 40);
    draw(grey, 87, 50, 3, 40);
    const struct rule rules[] = {rule_at(50, 50, 40, 3), rule_at(50, 87, 40, 3),
                                 rule_at(50, 50, 3, 40), rule_at(87, 50, 3, 40)};
    struct ink ink = erased(grey, rules, 4, &r);
    CU_ASSERT_EQUAL(r.n_rules, 4);
    CU_ASSERT_FALSE(is_dark(&ink, 51, 70));
    CU_ASSERT_FALSE(is_dark(&ink, 70, 88));
    ocr_result_free(&r);
    ink_free(&ink);
}

static const struct test_case tests[] = {
    TEST(rows_of_dots_and_dashes_are_rules),
    TEST(a_rule_of_dots_may_run_down_and_cross_another),
    TEST(rules_of_dashes_reach_their_corner),
    TEST(letters_below_each_other_are_no_rule),
    TEST(dots_from_a_word_to_a_word_are_no_rule),
    TEST(points_of_numbers_below_each_other_are_no_rule),
    TEST(rows_shorter_than_a_word_or_with_wide_gaps_are_no_rules),
    TEST(a_crowd_of_specks_has_no_rules),
    TEST(noise_is_not_followed),
    TEST(rules_are_whitened_and_letters_stay),
    TEST(short_flat_rules_stay_in_the_image),
    TEST(strokes_of_large_letters_are_no_rules),
    TEST(a_box_is_erased_however_thick_its_sides),
};

int main(void)
{
    return RUN_SUITE("rules", tests);
}
