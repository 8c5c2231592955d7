/* What is made of the letters that poppler gives, with poppler's functions replaced by a page that
 * a test writes. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reader/words.h"
#include "tests/unit/suite.h"

#define LETTERS_MAX 400

/* The page: a text, and a box for each of its characters but bidi controls. */
static struct {
    GString *text;
    PopplerRectangle boxes[LETTERS_MAX];
    guint n;
} made;

void poppler_page_get_size(PopplerPage *page, double *width, double *height)
{
    (void)page;
    *width = 600;
    *height = 800;
}

char *poppler_page_get_text_for_area(PopplerPage *page, PopplerRectangle *area)
{
    (void)page;
    (void)area;
    return g_strdup(made.text->str);
}

gboolean poppler_page_get_text_layout_for_area(PopplerPage *page, PopplerRectangle *area,
                                               PopplerRectangle **boxes, guint *n)
{
    (void)page;
    (void)area;
    *boxes = g_new(PopplerRectangle, made.n + 1);
    memcpy(*boxes, made.boxes, made.n * sizeof *made.boxes);
    *n = made.n;
    return TRUE;
}

static void begin(void)
{
    if (made.text != NULL)
        (void)g_string_free(made.text, TRUE);
    made.text = g_string_new(NULL);
    made.n = 0;
}

static void letter_in(const char *letter, PopplerRectangle box)
{
    CU_ASSERT_TRUE_FATAL(made.n < LETTERS_MAX);
    g_string_append(made.text, letter);
    made.boxes[made.n++] = box;
}

/* Letters 6 wide and `size` high from x on, `step` from one to the next. */
static void write_text(double x, double y, double size, double step, const char *text)
{
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p), x += step) {
        char one[8] = "";
        memcpy(one, p, (size_t)(g_utf8_next_char(p) - p));
        letter_in(one, (PopplerRectangle){x, y, x + 6, y + size});
    }
}

/* The words, a space between each two. */
static char *read_page(bool *lost)
{
    GString *all = g_string_new(NULL);
    GArray *words = words_of_page(NULL, lost);
    for (guint i = 0; i < words->len; i++) {
        const struct page_word *w = &g_array_index(words, struct page_word, i);
        g_string_append_printf(all, "%s%s", i > 0 ? " " : "", w->text);
    }
    g_array_unref(words);
    return g_string_free(all, FALSE);
}

static void reads(const char *want)
{
    bool lost;
    char *text = read_page(&lost);
    CU_ASSERT_STRING_EQUAL(text, want);
    CU_ASSERT_FALSE(lost);
    g_free(text);
}

static void words_end_at_spaces_and_wide_gaps(void)
{
    begin();
    write_text(50, 100, 10, 6, "two words");
    write_text(200, 100, 10, 6, "column");
    reads("two words column");
}

static void ligatures_and_forms_are_letters(void)
{
    begin();
    write_text(50, 100, 10, 6, "of\uFB01ce \uFEDF\uFE8E");
    reads("office \u0644\u0627");
}

static void soft_hyphens_are_left_out(void)
{
    begin();
    write_text(50, 100, 10, 6, "agree\u00ADment");
    reads("agreement");
}

static void leaders_are_left_out(void)
{
    begin();
    write_text(50, 100, 10, 6, "Oats........12 ... 7");
    reads("Oats 12 ... 7");
}

static void letters_drawn_twice_count_once(void)
{
    begin();
    for (int i = 0; i < 3; i++) {
        const char letters[][2] = {"s", "u", "m"};
        letter_in(letters[i], (PopplerRectangle){50 + 6 * i, 100, 56 + 6 * i, 110});
        letter_in(letters[i], (PopplerRectangle){50.4 + 6 * i, 100, 56.4 + 6 * i, 110});
    }
    reads("sum");
}

static void words_drawn_twice_count_once(void)
{
    begin();
    write_text(50, 100, 10, 6, "total ");
    write_text(50.5, 100, 10, 6, "total");
    reads("total");
}

static void spaced_letters_are_one_word(void)
{
    begin();
    for (int i = 0; i < 5; i++) {
        const char letters[][2] = {"T", "O", "T", "A", "L"};
        letter_in(letters[i], (PopplerRectangle){50 + 10 * i, 100, 56 + 10 * i, 110});
        letter_in(" ", (PopplerRectangle){56 + 10 * i, 100, 60 + 10 * i, 110});
    }
    reads("TOTAL");
}

static void raised_digits_are_superscripts_of_their_own(void)
{
    begin();
    write_text(50, 100, 10, 6, "24.91");
    letter_in("2", (PopplerRectangle){80, 98, 83, 104});
    write_text(50, 200, 10, 6, " more words of usual height");
    reads("24.91 \u00B2 more words of usual height");
}

static void controls_of_direction_have_no_box(void)
{
    begin();
    g_string_append(made.text, "\u202B");
    write_text(50, 100, 10, 6, "\u05D0\u05D1");
    g_string_append(made.text, "\u202C");
    write_text(200, 100, 10, 6, "end");
    reads("\u05D0\u05D1 end");
}

static void turned_letters_are_told(void)
{
    bool lost;
    begin();
    for (int i = 0; i < 4; i++)
        letter_in("a", (PopplerRectangle){50, 300 - 6 * i, 60, 306 - 6 * i});
    GArray *words = words_of_page(NULL, &lost);
    CU_ASSERT_EQUAL_FATAL(words->len, 1);
    CU_ASSERT_EQUAL(g_array_index(words, struct page_word, 0).turn, 270);
    g_array_unref(words);
}

static void boxes_of_negative_size_are_turned_round(void)
{
    bool lost;
    begin();
    for (int i = 0; i < 4; i++)
        letter_in("a", (PopplerRectangle){56 + 6 * i, 110, 50 + 6 * i, 100});
    GArray *words = words_of_page(NULL, &lost);
    CU_ASSERT_EQUAL_FATAL(words->len, 1);
    const PopplerRectangle *b = &g_array_index(words, struct page_word, 0).box;
    CU_ASSERT_TRUE(b->x1 == 50 && b->x2 == 74 && b->y1 == 100 && b->y2 == 110);
    CU_ASSERT_FALSE(lost);
    g_array_unref(words);
}

static void letters_in_no_place_are_left_out_and_told(void)
{
    bool lost;
    begin();
    write_text(50, 100, 10, 6, "kept ");
    letter_in("x", (PopplerRectangle){NAN, 100, 60, 110});
    letter_in("x", (PopplerRectangle){50, 100, INFINITY, 110});
    letter_in("x", (PopplerRectangle){50, -1e9, 60, 110});
    char *text = read_page(&lost);
    CU_ASSERT_STRING_EQUAL(text, "kept");
    CU_ASSERT_TRUE(lost);
    g_free(text);
}

/* A number of any kind; the same at each run. */
static double any_number(void)
{
    static const double odd[] = {0,   -0.0, 1e-300, -1e-300, 1e6,      -1e6,      1e300,
                                 NAN, -1,   600,    800,     INFINITY, -INFINITY, 1e-9};
    static uint32_t seed = 7;
    seed = seed * 1664525 + 1013904223;
    uint32_t r = seed >> 8;
    return r % 3 == 0 ? odd[r % (sizeof odd / sizeof *odd)] : (double)(r % 200000) / 100 - 700;
}

static bool is_sound(const struct page_word *w)
{
    const PopplerRectangle *b = &w->box;
    return isfinite(b->x1) && isfinite(b->x2) && isfinite(b->y1) && isfinite(b->y2) &&
           b->x1 <= b->x2 && b->y1 <= b->y2 && w->turn % 90 == 0 && w->text[0] != '\0';
}

/* Letters with boxes of any kind, size and order cost no more than themselves. */
static void no_box_costs_a_page(void)
{
    static const char *const letters[] = {"a", "B",      "7",      ".",      "-",
                                          " ", "\u05D0", "\uFB01", "\u00AD", "_"};
    for (int round = 0; round < 2000; round++) {
        bool lost, sound = true, kept = false;
        begin();
        write_text(50, 100, 10, 6, "kept ");
        for (int i = 0; i < 60; i++)
            letter_in(letters[(round + i * i) % 10],
                      (PopplerRectangle){any_number(), any_number(), any_number(), any_number()});
        GArray *words = words_of_page(NULL, &lost);
        for (guint i = 0; i < words->len; i++) {
            const struct page_word *w = &g_array_index(words, struct page_word, i);
            sound = sound && is_sound(w);
            kept = kept || strcmp(w->text, "kept") == 0;
        }
        g_array_unref(words);
        CU_ASSERT_TRUE_FATAL(sound);
        CU_ASSERT_TRUE_FATAL(kept);
    }
}

static void values_have_a_place_in_their_area(void)
{
    GArray *words = words_none();
    const PopplerRectangle area = {100, 100, 160, 120}, nowhere = {NAN, 0, 1, 1};
    words_add_value(words, "a long value that has no room\nlast", &area);
    words_add_value(words, "", &area);
    words_add_value(words, "\xFF", &area);
    words_add_value(words, "lost", &nowhere);
    CU_ASSERT_EQUAL_FATAL(words->len, 8);
    for (guint i = 0; i < words->len; i++) {
        const PopplerRectangle *b = &g_array_index(words, struct page_word, i).box;
        CU_ASSERT_TRUE(b->x1 >= 100 && b->x2 <= 160.001 && b->y2 - b->y1 == 10);
    }
    CU_ASSERT_TRUE(g_array_index(words, struct page_word, 7).box.y1 == 110);
    g_array_unref(words);
}

static const struct test_case tests[] = {
    TEST(words_end_at_spaces_and_wide_gaps),
    TEST(ligatures_and_forms_are_letters),
    TEST(soft_hyphens_are_left_out),
    TEST(leaders_are_left_out),
    TEST(letters_drawn_twice_count_once),
    TEST(words_drawn_twice_count_once),
    TEST(spaced_letters_are_one_word),
    TEST(raised_digits_are_superscripts_of_their_own),
    TEST(controls_of_direction_have_no_box),
    TEST(turned_letters_are_told),
    TEST(boxes_of_negative_size_are_turned_round),
    TEST(letters_in_no_place_are_left_out_and_told),
    TEST(no_box_costs_a_page),
    TEST(values_have_a_place_in_their_area),
};

int main(void)
{
    int status = RUN_SUITE("words", tests);
    begin();
    (void)g_string_free(made.text, TRUE);
    return status;
}
