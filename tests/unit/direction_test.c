/* The order in which words of a line are read, and turning pages whose text stands turned. */
#include <stdlib.h>
#include <string.h>

#include "extract/direction.h"
#include "extract/upright.h"
#include "tests/unit/suite.h"

#define WORDS_MAX 8
#define ALEF      "\xD7\x90"
#define BET       "\xD7\x91"
#define GIMEL     "\xD7\x92"
#define ALEF_AR   "\xD8\xA7"

/* Words given left to right, and how they are read. */
static void expect(const char *const *words, const char *want)
{
    struct word made[WORDS_MAX];
    struct item items[WORDS_MAX];
    struct buffer out = BUFFER_INIT;
    size_t n = 0;
    for (; words[n] != NULL; n++) {
        made[n] = (struct word){.text = (char *)words[n]};
        items[n] = (struct item){.word = &made[n]};
    }
    direction_append(items, n, &out);
    CU_ASSERT_STRING_EQUAL(out.data, want);
    buffer_free(&out);
}

static void words_of_latin_are_read_from_the_left(void)
{
    expect((const char *const[]){"total", "12", "units", NULL}, "total 12 units");
    expect((const char *const[]){"caf\xC3\xA9", "\xE2\x82\xAC", "5", NULL},
           "caf\xC3\xA9 \xE2\x82\xAC 5");
}

static void words_of_hebrew_and_arabic_are_read_from_the_right(void)
{
    expect((const char *const[]){GIMEL, BET, ALEF, NULL}, ALEF " " BET " " GIMEL);
    expect((const char *const[]){"2021", ALEF_AR, NULL}, ALEF_AR " 2021");
}

static void hebrew_inside_latin_is_turned_alone(void)
{
    expect((const char *const[]){"Hello", BET, ALEF, "World", "2021", NULL},
           "Hello " ALEF " " BET " World 2021");
    expect((const char *const[]){"one", "two", GIMEL, "7", ALEF, NULL},
           "one two " ALEF " 7 " GIMEL);
}

static void latin_inside_hebrew_keeps_its_order(void)
{
    expect((const char *const[]){GIMEL, "New", "York", BET, ALEF, NULL},
           ALEF " " BET " New York " GIMEL);
}

static struct page_reading page_of(const int *turns, size_t n)
{
    struct page_reading s = {.content.info = {.number = 1, .width = 600, .height = 800}};
    for (size_t i = 0; i < n; i++) {
        struct box b = {0.2, 0.1 * (double)(i + 1), 0.02, 0.06};
        CU_ASSERT_EQUAL_FATAL(word_list_add(&s.content.words, b, "word", 4, 1, ENGINE_TEXT),
                              ERR_OK);
        s.content.words.items[i].turn = turns[i];
    }
    return s;
}

static void page_is_turned_as_most_of_its_words_are(void)
{
    static const struct box all = {0, 0, 1, 1}, none = {0.5, 0, 0.5, 1};
    struct page_reading up = page_of((const int[]){270, 270, 270, 270, 0}, 5);
    struct page_reading down = page_of((const int[]){90, 90, 90, 90}, 4);
    struct page_reading heads = page_of((const int[]){270, 270, 0, 0, 0}, 5);
    CU_ASSERT_EQUAL(upright_quarters(&up, all), 1);
    CU_ASSERT_EQUAL(upright_quarters(&up, none), 0);
    CU_ASSERT_EQUAL(upright_quarters(&down, all), 3);
    CU_ASSERT_EQUAL(upright_quarters(&heads, all), 0);
    page_reading_free(&up);
    page_reading_free(&down);
    page_reading_free(&heads);
}

static void copy_is_upright_and_knows_the_way_back(void)
{
    struct page_reading s = page_of((const int[]){270, 270, 270, 270}, 4), turned;
    struct error e;
    s.content.rules = calloc(1, sizeof *s.content.rules);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s.content.rules);
    s.content.rules[s.content.n_rules++] = (struct rule){{0.1, 0.1, 0.001, 0.5}, true};
    CU_ASSERT_EQUAL_FATAL(upright_copy(&s, 1, &turned, &e), ERR_OK);
    const struct word *w = &turned.content.words.items[0];
    CU_ASSERT_EQUAL(w->turn, 0);
    CU_ASSERT_TRUE(w->box.w > w->box.h);
    CU_ASSERT_FALSE(turned.content.rules[0].vertical);
    CU_ASSERT_DOUBLE_EQUAL(turned.content.info.width, 800, 0.001);
    struct box back = pose_to_page(&turned.pose, w->box);
    CU_ASSERT_DOUBLE_EQUAL(back.x, 0.2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(back.h, 0.06, 1e-9);
    page_reading_free(&turned);
    page_reading_free(&s);
}

static const struct test_case tests[] = {
    TEST(words_of_latin_are_read_from_the_left),
    TEST(words_of_hebrew_and_arabic_are_read_from_the_right),
    TEST(hebrew_inside_latin_is_turned_alone),
    TEST(latin_inside_hebrew_keeps_its_order),
    TEST(page_is_turned_as_most_of_its_words_are),
    TEST(copy_is_upright_and_knows_the_way_back),
};

int main(void)
{
    return RUN_SUITE("direction", tests);
}
