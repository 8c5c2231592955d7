/* Lines of text in ink, turning pages, and what ink says against a reading. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocr/dividers.h"
#include "ocr/evidence.h"
#include "ocr/lines.h"
#include "ocr/mend.h"
#include "ocr/straighten.h"
#include "ocr/words.h"
#include "tests/unit/suite.h"

/* Glyphs 12 high on a baseline at 100, as wide as told: a dot is 2, a digit 8. */
static size_t put_glyphs(const char *shapes, struct span *out)
{
    size_t n = 0;
    int x = 10;
    for (const char *p = shapes; *p != '\0'; p++, n++) {
        bool digit = *p == '8', comma = *p == ',';
        out[n] = (struct span){x, digit ? 88 : 98, x + (digit ? 8 : 2), comma ? 102 : 100};
        x = out[n].x1 + 2;
    }
    return n;
}

static void expect_mended(const char *read, const char *shapes, const char *want)
{
    struct span glyphs[16];
    size_t n = put_glyphs(shapes, glyphs);
    struct text_run run = {.glyphs = glyphs, .n = n, .baseline = 100, .height = 12};
    struct buffer text = BUFFER_INIT;
    buffer_puts(&text, read);
    bool is_text = mend_word(&text, glyphs, n, &run, true);
    CU_ASSERT_EQUAL(is_text, want != NULL);
    if (want != NULL)
        CU_ASSERT_STRING_EQUAL(text.data, want);
    buffer_free(&text);
}

static void points_that_were_overlooked_are_put_in(void)
{
    expect_mended("09", "8.8", "0.9");
    expect_mended("48210", "88,888", "48,210");
    expect_mended("1234", "8,888.", "1,234");
    expect_mended("1.234567", "8,888,888", "1.234,567");
    expect_mended("(35)", "88.88", "(3.5)");
    expect_mended("83%", "8.88", "8.3%");
}

static void numbers_whose_glyphs_do_not_match_are_left_alone(void)
{
    expect_mended("09", "8.88", "09");
    expect_mended("12", "88", "12");
    expect_mended("a.b", "888", "a.b");
}

static void letters_among_digits_are_digits(void)
{
    expect_mended("O", "8", "0");
    expect_mended("1O.l", "88.8", "10.1");
    expect_mended("Ol", "88", "Ol");
}

static void remains_of_rules_are_no_text(void)
{
    expect_mended("|", "8", NULL);
    expect_mended("__", "8", NULL);
    expect_mended("-", ".", "-");
}

/* A line of one run: glyphs 8 wide and 12 high, and a low one; a white of 8 after the third. */
static const struct span some_glyphs[] = {
    {10, 88, 18, 100}, {20, 92, 28, 100}, {30, 88, 38, 100}, {46, 88, 54, 104}, {56, 92, 64, 100}};

struct heard {
    char text[100];
    int top[8], left[8];
    float sure[8];
    size_t n;
};

static bool hear(void *self, const struct ink_word *w)
{
    struct heard *h = self;
    (void)snprintf(h->text + strlen(h->text), sizeof h->text - strlen(h->text), "%s|", w->text);
    h->top[h->n] = w->box.y0;
    h->sure[h->n] = w->confidence;
    h->left[h->n++] = w->box.x0;
    return true;
}

static struct heard hear_run(struct span *glyphs, size_t n_glyphs, struct symbol *symbols, size_t n)
{
    struct text_run run = {{10, 88, glyphs[n_glyphs - 1].x1, 104}, glyphs, n_glyphs, 100, 12};
    struct text_line line = {.runs = &run, .n = 1, .box = run.box, .height = 12};
    struct heard h = {.n = 0};
    CU_ASSERT_TRUE_FATAL(ink_words(&line, symbols, n, hear, &h));
    return h;
}

static struct heard hear_symbols(struct symbol *symbols, size_t n)
{
    struct span glyphs[5];
    memcpy(glyphs, some_glyphs, sizeof glyphs);
    return hear_run(glyphs, 5, symbols, n);
}

static void a_wide_white_parts_words_that_were_read_as_one(void)
{
    struct symbol symbols[] = {{"a", 10, 18, 0, true, 0.9F},
                               {"b", 20, 28, 0, false, 0.9F},
                               {"c", 31, 40, 0, false, 0.9F},
                               {"d", 45, 53, 0, false, 0.9F},
                               {"e", 56, 64, 0, false, 0.9F}};
    struct heard h = hear_symbols(symbols, 5);
    CU_ASSERT_STRING_EQUAL(h.text, "abc|de|");
    CU_ASSERT_EQUAL(h.left[1], 46);
    CU_ASSERT_EQUAL(h.top[0], 88);
    CU_ASSERT_EQUAL(h.top[1], 88);
    symbols[3].starts = false;
    symbols[2].starts = true; /* a place is good to a letter: it is the same white */
    CU_ASSERT_STRING_EQUAL(hear_symbols(symbols, 5).text, "ab|cde|");
}

/* The engine's places have drifted by a letter; there is ink for as many letters as symbols. */
static void letters_are_counted_up_to_a_white(void)
{
    struct symbol symbols[] = {{"a", 10, 18, 0, true, 0.9F},
                               {"b", 20, 28, 0, false, 0.8F},
                               {"c", 29, 33, 0, false, 0.9F},
                               {"d", 34, 42, 0, false, 0.7F},
                               {"e", 43, 64, 0, false, 0.9F}};
    struct heard h = hear_symbols(symbols, 5);
    CU_ASSERT_STRING_EQUAL(h.text, "abc|de|");
    CU_ASSERT_DOUBLE_EQUAL(h.sure[0], 0.8, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(h.sure[1], 0.7, 1e-6);
}

/* Two letters of ink stand for more symbols on either side; the engine's word is not parted twice.
 */
static void a_white_parts_once(void)
{
    struct symbol symbols[] = {{"a", 10, 16, 0, true, 0.9F},  {"b", 17, 22, 0, false, 0.9F},
                               {"c", 23, 28, 0, false, 0.9F}, {"d", 29, 33, 0, false, 0.9F},
                               {"e", 34, 38, 0, false, 0.9F}, {"f", 46, 50, 0, true, 0.9F},
                               {"g", 51, 55, 0, false, 0.9F}, {"h", 56, 60, 0, false, 0.9F},
                               {"i", 61, 64, 0, false, 0.9F}};
    CU_ASSERT_STRING_EQUAL(hear_symbols(symbols, 9).text, "abcde|fghi|");
}

/* A typewriter's letters: whites of 8 between letters, of 20 between words. */
static void whites_narrower_than_those_of_words_part_none(void)
{
    struct span glyphs[] = {
        {10, 88, 18, 100}, {26, 88, 34, 100}, {54, 88, 62, 100}, {70, 88, 78, 100}};
    struct symbol symbols[] = {{"a", 10, 18, 0, true, 0.9F},
                               {"b", 26, 34, 0, false, 0.9F},
                               {"c", 54, 62, 0, true, 0.9F},
                               {"d", 70, 78, 0, false, 0.9F}};
    CU_ASSERT_STRING_EQUAL(hear_run(glyphs, 4, symbols, 4).text, "ab|cd|");
}

static void marks_without_ink_are_no_words(void)
{
    struct symbol symbols[] = {{"a", 10, 18, 0, true, 0.9F},
                               {"b", 20, 28, 0, false, 0.9F},
                               {"c", 30, 38, 0, false, 0.9F},
                               {"=", 39, 45, 0, true, 0.9F},
                               {"d", 46, 64, 0, true, 0.9F}};
    CU_ASSERT_STRING_EQUAL(hear_symbols(symbols, 5).text, "abc|d|");
}

static void boxes_come_back_to_the_page(void)
{
    for (int quarters = 0; quarters < 4; quarters++) {
        struct pose p = {quarters, 0.05, 600, 800};
        struct box b = {0.2, 0.6, 0.1, 0.05}, back = pose_to_page(&p, pose_from_page(&p, b));
        CU_ASSERT_DOUBLE_EQUAL(back.x, b.x, 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(back.y, b.y, 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(back.w, b.w, 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(back.h, b.h, 1e-9);
    }
    struct pose quarter = {1, 0, 600, 800};
    struct box top_left = pose_from_page(&quarter, (struct box){0, 0, 0.1, 0.2});
    CU_ASSERT_DOUBLE_EQUAL(top_left.x, 0.8, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(top_left.y, 0, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(top_left.w, 0.2, 1e-9);
}

/* Blocks of 8 by 12 in two rows of two runs; a column between them is far. */
static PIX *two_rows(void)
{
    PIX *ink = pixCreate(400, 100, 1);
    for (int row = 0; row < 2; row++)
        for (int col = 0; col < 2; col++)
            for (int i = 0; i < 5; i++)
                (void)pixRasterop(ink, 20 + col * 200 + i * 10, 20 + row * 30, 8, 12, PIX_SET, NULL,
                                  0, 0);
    return ink;
}

static const struct dividers no_dividers;

static void cells_of_a_row_are_runs_of_a_line(void)
{
    PIX *ink = two_rows();
    struct text_lines lines;
    CU_ASSERT_TRUE_FATAL(lines_find(ink, 100, &no_dividers, &lines));
    CU_ASSERT_EQUAL_FATAL(lines.n, 2);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(lines.lines[i].n, 2);
        CU_ASSERT_EQUAL(lines.lines[i].runs[0].n, 5);
        CU_ASSERT_EQUAL(lines.lines[i].runs[1].box.x0, 220);
        CU_ASSERT_EQUAL(lines.lines[i].runs[0].baseline, 32 + 30 * (int)i);
    }
    lines_free(&lines);
    pixDestroy(&ink);
}

/* Letters of one word, and of two cells whose rule was erased between them. */
static void a_rule_parts_runs_however_close(void)
{
    const struct rule rule = {{43 / 400.0, 0, 2 / 400.0, 1}, true},
                      flat = {{0, 0.2, 1, 0.01}, false};
    const struct rule rules[] = {flat, rule};
    PIX *ink = two_rows();
    struct dividers dividers;
    struct text_lines lines;
    CU_ASSERT_TRUE_FATAL(dividers_take(rules, 2, 400, pixGetHeight(ink), &dividers));
    (void)pixRasterop(ink, 39, 0, 8, 400, PIX_CLR, NULL, 0, 0);
    CU_ASSERT_TRUE_FATAL(lines_find(ink, 100, &no_dividers, &lines));
    CU_ASSERT_EQUAL(lines.lines[0].n, 2);
    lines_free(&lines);
    CU_ASSERT_TRUE_FATAL(lines_find(ink, 100, &dividers, &lines));
    CU_ASSERT_EQUAL_FATAL(lines.lines[0].n, 3);
    CU_ASSERT_EQUAL(dividers_cell_end(&dividers, &lines.lines[0], 0), 1);
    CU_ASSERT_EQUAL(dividers_cell_end(&dividers, &lines.lines[0], 1), 2); /* a wide white */
    lines_free(&lines);
    dividers_free(&dividers);
    pixDestroy(&ink);
}

struct read_word {
    const char *text;
    double x;
    float confidence;
};

/* A line of two words, of which the second is read alone as told; "": not at all. */
static struct word_list choose(const char *by_line, float line_sure, const char *alone, float sure)
{
    const struct read_word words[] = {
        {"Oats", 0.1, 0.6F}, {by_line, 0.5, line_sure}, {alone, 0.5, sure}};
    struct word_list list = {0};
    size_t again = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct box box = {words[i].x, 0.1, 0.05, 0.01};
        again = i == 2 ? list.n : again;
        if (words[i].text[0] != '\0')
            CU_ASSERT_EQUAL_FATAL(word_list_add(&list, box, words[i].text, strlen(words[i].text),
                                                words[i].confidence, ENGINE_TESSERACT),
                                  ERR_OK);
    }
    evidence_choose(&list, 0, again, (struct reach){0.45, 0.6});
    CU_ASSERT_STRING_EQUAL(list.items[0].text, "Oats");
    CU_ASSERT_FALSE(list.items[0].alone);
    return list;
}

static void expect_chosen(struct word_list list, const char *want, bool alone)
{
    CU_ASSERT_EQUAL(list.n, want != NULL ? 2 : 1);
    if (list.n == 2 && want != NULL) {
        CU_ASSERT_STRING_EQUAL(list.items[1].text, want);
        CU_ASSERT_EQUAL(list.items[1].alone, alone);
    }
    word_list_free(&list);
}

static void the_reading_of_a_cell_with_the_better_evidence_stays(void)
{
    expect_chosen(choose("|5", 0.3F, "15", 0.9F), "15", true);
    expect_chosen(choose("", 0, "15", 0.4F), "15", true);
    expect_chosen(choose("1,234", 0.6F, "1,284", 0.5F), "1,234", false);
    expect_chosen(choose("1,234", 0.5F, "4", 0.9F), "1,234", false); /* it lost the rest */
    expect_chosen(choose("15", 0.7F, "15.II", 0.5F), "15", false);   /* it made something up */
    expect_chosen(choose("15", 0.7F, "", 0), "15", false);
    expect_chosen(choose("", 0, "", 0), NULL, false);
}

/* The evidence of words that the engine is 0.8 sure of. */
static double pose_of(const char *const *texts, size_t n)
{
    struct word_list list = {0};
    for (size_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL_FATAL(word_list_add(&list, (struct box){0, 0, 0.1, 0.1}, texts[i],
                                            strlen(texts[i]), 0.8F, ENGINE_TESSERACT),
                              ERR_OK);
    double sure = evidence_of_pose(&list);
    word_list_free(&list);
    return sure;
}

static void single_letters_do_not_tell_that_a_page_lies_flat(void)
{
    static const char *const flat[] = {"Members", "480", "-", "1"};
    static const char *const sideways[] = {"o", "4", "c", "H", "1", "u", "a", "ou"};
    CU_ASSERT_DOUBLE_EQUAL(pose_of(flat, 4), 0.8, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(pose_of(sideways, 8), 0.2, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(pose_of(NULL, 0), 0, 1e-6);
}

static void a_dash_is_told_by_its_shape(void)
{
    PIX *ink = two_rows();
    struct text_lines lines;
    (void)pixRasterop(ink, 150, 25, 6, 2, PIX_SET, NULL, 0, 0); /* in the middle of a line */
    (void)pixRasterop(ink, 150, 41, 6, 2, PIX_SET, NULL, 0, 0); /* between lines */
    CU_ASSERT_TRUE_FATAL(lines_find(ink, 100, &no_dividers, &lines));
    CU_ASSERT_EQUAL(lines.n_runs, 4);
    CU_ASSERT_EQUAL_FATAL(lines.n_dashes, 1);
    CU_ASSERT_EQUAL(lines.dashes[0].box.y0, 25);
    lines_free(&lines);
    pixDestroy(&ink);
}

static void skew_is_measured_and_undone(void)
{
    struct raster page = {600, 400, 100, malloc(600UL * 400)};
    struct pose pose;
    memset(page.pixels, 255, 600UL * 400);
    for (int x = 50; x < 550; x++) /* lines of letters that fall by 2 degrees */
        for (int line = 0; line < 12; line++)
            for (int k = 0; k < 8; k++)
                if (x % 8 < 5)
                    page.pixels[(40 + line * 25 + k + (int)(x * tan(0.035))) * 600 + x] = 0;
    PIX *upright = straighten(&page, 0, &pose);
    CU_ASSERT_PTR_NOT_NULL(upright);
    CU_ASSERT_EQUAL(pose.quarters, 0);
    CU_ASSERT_DOUBLE_EQUAL(pose.angle, -0.035, 0.004);
    pixDestroy(&upright);
    raster_free(&page);
}

/* How often a page is turned of which all lines, so far apart, have their words at the same places.
 */
static int turns_of_lines_alike(int width, int height, bool upright)
{
    struct raster page = {width, height, 100, malloc((size_t)width * (size_t)height)};
    struct pose pose;
    CU_ASSERT_PTR_NOT_NULL_FATAL(page.pixels);
    memset(page.pixels, 255, (size_t)width * (size_t)height);
    for (int y = 40; y < height - 40; y++)
        for (int x = 40; x < width - 40; x++) {
            int along = upright ? y : x, across = upright ? x : y;
            if (along % 40 < 22 && along % 8 < 6 && across % 22 < 8)
                page.pixels[y * width + x] = 0;
        }
    PIX *straight = straighten(&page, 0, &pose);
    CU_ASSERT_PTR_NOT_NULL(straight);
    pixDestroy(&straight);
    raster_free(&page);
    return pose.quarters;
}

static void lines_whose_words_stand_below_each_other_lie_flat(void)
{
    CU_ASSERT_EQUAL(turns_of_lines_alike(240, 1900, false), 0);
    CU_ASSERT_EQUAL(turns_of_lines_alike(1900, 240, true), 1);
}

static size_t count_dark(PIX *grey)
{
    l_int32 dark = 0;
    PIX *ink = grey != NULL ? pixThresholdToBinary(grey, 128) : NULL;
    CU_ASSERT_TRUE(ink != NULL && pixCountPixels(ink, &dark, NULL) == 0);
    pixDestroy(&ink);
    return (size_t)dark;
}

static void white_letters_on_black_are_turned_black(void)
{
    struct raster page = {600, 400, 100, calloc(600UL * 400, 1)};
    struct pose pose;
    CU_ASSERT_PTR_NOT_NULL_FATAL(page.pixels);
    for (int y = 40; y < 360; y++)
        for (int x = 50; x < 550; x++)
            if (y % 25 < 8 && x % 8 < 4)
                page.pixels[y * 600 + x] = 255;
    PIX *upright = straighten(&page, 0, &pose);
    size_t dark = count_dark(upright);
    CU_ASSERT_TRUE(dark > 5000 && dark < 100000);
    pixDestroy(&upright);
    raster_free(&page);
}

/* Pixels that are dark, once upright, of letters of a grey on a grey band. */
static size_t dark_in_band(uint8_t letters, uint8_t ground)
{
    struct raster page = {600, 400, 100, malloc(600UL * 400)};
    struct pose pose;
    CU_ASSERT_PTR_NOT_NULL_FATAL(page.pixels);
    memset(page.pixels, 255, 600UL * 400);
    for (int y = 100; y < 200; y++)
        for (int x = 50; x < 550; x++)
            page.pixels[y * 600 + x] = y > 140 && y < 152 && x % 8 < 3 ? letters : ground;
    PIX *upright = straighten(&page, 0, &pose);
    size_t dark = count_dark(upright);
    pixDestroy(&upright);
    raster_free(&page);
    return dark;
}

static void letters_on_a_shaded_band_are_dark_on_white(void)
{
    size_t light = dark_in_band(245, 140), black = dark_in_band(10, 140);
    CU_ASSERT_TRUE(light > 1000 && light < 4000);
    CU_ASSERT_TRUE(black > 1000 && black < 4000);
}

/* Words of five blocks; the one between the others stands 5 lower. */
static void words_on_two_baselines_are_two_runs(void)
{
    PIX *ink = pixCreate(400, 100, 1);
    struct text_lines lines;
    for (int i = 0; i < 5; i++) {
        (void)pixRasterop(ink, 20 + i * 10, 20, 8, 12, PIX_SET, NULL, 0, 0);
        (void)pixRasterop(ink, 80 + i * 10, 25, 8, 12, PIX_SET, NULL, 0, 0);
        (void)pixRasterop(ink, 140 + i * 10, 21, 8, 12, PIX_SET, NULL, 0, 0);
    }
    CU_ASSERT_TRUE_FATAL(lines_find(ink, 100, &no_dividers, &lines));
    CU_ASSERT_EQUAL(lines.n_runs, 3);
    CU_ASSERT_EQUAL(lines.n, 2);
    lines_free(&lines);
    pixDestroy(&ink);
}

/* Two words, and marks of 3 by 2 between them. */
static void marks_in_a_row_are_leaders_and_no_dashes(void)
{
    PIX *ink = two_rows();
    struct text_lines lines;
    for (int i = 0; i < 12; i++)
        (void)pixRasterop(ink, 80 + i * 10, 26, 3, 2, PIX_SET, NULL, 0, 0);
    CU_ASSERT_TRUE_FATAL(lines_find(ink, 100, &no_dividers, &lines));
    CU_ASSERT_EQUAL(lines.n_runs, 4);
    CU_ASSERT_EQUAL(lines.n_dashes, 0);
    lines_free(&lines);
    pixDestroy(&ink);
}

/* "acme" has no letter that is as high as the font. */
static void words_are_as_high_as_their_font(void)
{
    struct span glyphs[] = {
        {10, 92, 18, 100}, {20, 92, 28, 100}, {30, 92, 38, 100}, {40, 92, 48, 100}};
    struct symbol small[] = {{"a", 10, 18, 0, true, 1},
                             {"c", 20, 28, 0, false, 1},
                             {"m", 30, 38, 0, false, 1},
                             {"e", 40, 48, 0, false, 1}};
    struct text_run run = {{10, 92, 48, 100}, glyphs, 4, 100, 8};
    struct text_line line = {.runs = &run, .n = 1, .box = run.box, .height = 8};
    struct heard h = {.n = 0};
    CU_ASSERT_TRUE(ink_words(&line, small, 4, hear, &h));
    CU_ASSERT_EQUAL(h.top[0], 88);
    CU_ASSERT_DOUBLE_EQUAL(line.ascent, 11.6, 1e-6);
    struct span box = {60, 95, 64, 97};
    stand_in_line(&line, 100, &box);
    CU_ASSERT_EQUAL(box.y0, 88);
    CU_ASSERT_EQUAL(box.y1, 103);
}

static const struct test_case tests[] = {
    TEST(points_that_were_overlooked_are_put_in),
    TEST(numbers_whose_glyphs_do_not_match_are_left_alone),
    TEST(letters_among_digits_are_digits),
    TEST(remains_of_rules_are_no_text),
    TEST(a_wide_white_parts_words_that_were_read_as_one),
    TEST(letters_are_counted_up_to_a_white),
    TEST(a_white_parts_once),
    TEST(whites_narrower_than_those_of_words_part_none),
    TEST(marks_without_ink_are_no_words),
    TEST(a_dash_is_told_by_its_shape),
    TEST(words_on_two_baselines_are_two_runs),
    TEST(marks_in_a_row_are_leaders_and_no_dashes),
    TEST(words_are_as_high_as_their_font),
    TEST(boxes_come_back_to_the_page),
    TEST(cells_of_a_row_are_runs_of_a_line),
    TEST(a_rule_parts_runs_however_close),
    TEST(the_reading_of_a_cell_with_the_better_evidence_stays),
    TEST(single_letters_do_not_tell_that_a_page_lies_flat),
    TEST(skew_is_measured_and_undone),
    TEST(lines_whose_words_stand_below_each_other_lie_flat),
    TEST(white_letters_on_black_are_turned_black),
    TEST(letters_on_a_shaded_band_are_dark_on_white),
};

int main(void)
{
    return RUN_SUITE("ocr", tests);
}
