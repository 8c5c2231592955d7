/* The words that a searchable PDF gets of a page. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "extract/searchable.h"
#include "tests/unit/suite.h"

#define HALF_TURN 3.14159265358979323846

static void add(struct word_list *l, struct box b, const char *text)
{
    CU_ASSERT_EQUAL_FATAL(word_list_add(l, b, text, strlen(text), 1, ENGINE_TESSERACT), ERR_OK);
}

/* A page of 200 by 100 points, read by OCR; sight_free frees its words. */
static struct sight read_page(struct box b, const char *text)
{
    struct sight page = {.layer.content.info = {3, 200, 100, 0}, .ocr.by_ocr = true};
    add(&page.ocr.content.words, b, text);
    return page;
}

/* What is written of a page, which is freed. */
static const char *written(struct sight *page)
{
    static char text[256];
    struct buffer out = BUFFER_INIT;
    searchable_add(page, &out);
    CU_ASSERT_FALSE_FATAL(buffer_failed(&out));
    (void)snprintf(text, sizeof text, "%s", out.data);
    buffer_free(&out);
    sight_free(page);
    return text;
}

static void word_lies_where_it_is_seen(void)
{
    struct sight page = read_page((struct box){.1, .2, .3, .1}, "Grüße");
    CU_ASSERT_STRING_EQUAL(written(&page), "3 1\n20.0000 30.0000 60.0000 0.0000 10.0000 Grüße\n");
}

/* Of a page that was turned a quarter clockwise to be read, which is 100 by 200 upright, the words
 * lead upwards. */
static void words_of_a_turned_page_lead_where_it_was_read(void)
{
    struct sight page = read_page((struct box){.1, .2, .3, .1}, "up");
    double numbers[5];
    page.ocr.pose = (struct pose){1, 0, 200, 100};
    CU_ASSERT_EQUAL_FATAL(sscanf(written(&page), "3 1\n%lf %lf %lf %lf %lf up", &numbers[0],
                                 &numbers[1], &numbers[2], &numbers[3], &numbers[4]),
                          5);
    static const double wanted[] = {60, 90, 0, -30, 20};
    for (int i = 0; i < 5; i++)
        CU_ASSERT_DOUBLE_EQUAL(numbers[i], wanted[i], 1e-3);
}

static void words_of_a_skewed_page_keep_their_length_and_height(void)
{
    struct sight page = read_page((struct box){.1, .2, .3, .1}, "askew");
    double dx, dy, height;
    page.ocr.pose = (struct pose){0, HALF_TURN / 60, 200, 100};
    CU_ASSERT_EQUAL_FATAL(sscanf(written(&page), "3 1\n%*f %*f %lf %lf %lf", &dx, &dy, &height), 3);
    CU_ASSERT_DOUBLE_EQUAL(hypot(dx, dy), 60, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(fabs(atan2(dy, dx)), HALF_TURN / 60, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(height, 10, 1e-3);
}

static void line_breaks_and_what_is_no_word_stay_away(void)
{
    struct sight page = read_page((struct box){.1, .2, .3, .1}, "a\nb");
    add(&page.ocr.content.words, (struct box){.5, .2, .1, .1}, "true");
    page.ocr.content.words.items[1].check = true;
    add(&page.ocr.content.words, (struct box){.7, .2, 0, .1}, "flat");
    CU_ASSERT_STRING_EQUAL(written(&page), "3 1\n20.0000 30.0000 60.0000 0.0000 10.0000 a b\n");
}

static void page_with_a_good_layer_stays_as_it_is(void)
{
    struct sight page = read_page((struct box){.1, .2, .3, .1}, "read");
    add(&page.layer.content.words, (struct box){.5, .5, .1, .1}, "printed");
    CU_ASSERT_STRING_EQUAL(written(&page), "3 0\n");
}

static void words_of_a_stamp_are_not_written_again(void)
{
    struct sight page = read_page((struct box){.1, .2, .3, .1}, "stamp");
    page.layer.fault = LAYER_PARTIAL;
    add(&page.layer.content.words, (struct box){.1, .2, .3, .1}, "Stamp");
    add(&page.ocr.content.words, (struct box){.1, .4, .3, .1}, "seen");
    CU_ASSERT_STRING_EQUAL(written(&page), "3 1\n20.0000 50.0000 60.0000 0.0000 10.0000 seen\n");
}

static void rubbish_is_no_reason_to_leave_words_out(void)
{
    struct sight page = read_page((struct box){.1, .2, .3, .1}, "word");
    page.layer.fault = LAYER_RUBBISH;
    add(&page.layer.content.words, (struct box){.1, .2, .3, .1}, "xqzt");
    CU_ASSERT_STRING_EQUAL(written(&page), "3 1\n20.0000 30.0000 60.0000 0.0000 10.0000 word\n");
}

static void unread_page_is_there_without_words(void)
{
    struct sight page = {.layer.content.info = {.number = 4}, .unread = true};
    CU_ASSERT_STRING_EQUAL(written(&page), "4 0\n");
}

int main(void)
{
    static const struct test_case tests[] = {
        TEST(word_lies_where_it_is_seen),
        TEST(words_of_a_turned_page_lead_where_it_was_read),
        TEST(words_of_a_skewed_page_keep_their_length_and_height),
        TEST(line_breaks_and_what_is_no_word_stay_away),
        TEST(page_with_a_good_layer_stays_as_it_is),
        TEST(words_of_a_stamp_are_not_written_again),
        TEST(rubbish_is_no_reason_to_leave_words_out),
        TEST(unread_page_is_there_without_words),
    };
    return RUN_SUITE("searchable", tests);
}
