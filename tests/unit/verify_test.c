/* What is left of a proposed table after checking it against the words, made up here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/verify.h"
#include "tests/unit/suite.h"
#include "tests/unit/words.h"

/* Cells are parted by '|', rows by '/'. */
static struct table_proposal propose(const char *text)
{
    struct table_proposal p = {0};
    p.cols = calloc(strlen(text) + 1, sizeof *p.cols);
    p.texts = calloc(strlen(text) + 1, sizeof *p.texts);
    CU_ASSERT_TRUE_FATAL(p.cols != NULL && p.texts != NULL);
    for (const char *at = text; *text != '\0'; at += *at != '\0') {
        size_t n = strcspn(at, "|/");
        p.texts[p.n_texts++] = strndup(at, n);
        p.cols[p.n_rows]++;
        at += n;
        p.n_rows += *at != '|';
        if (*at == '\0')
            break;
    }
    return p;
}

static char why[COVERAGE_WHY_MAX]; /* a table was not found */

static struct table verify(struct word_list *words, const char *proposal, bool *found)
{
    struct table_proposal p = propose(proposal);
    struct layout l;
    struct table t;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(layout_build(words, &page, whole, true, NULL, &l, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(verify_table(&p, &l, &t, found, why, &e), ERR_OK);
    layout_free(&l);
    table_proposal_free(&p);
    return t;
}

static void expect_text(const struct table *t, int row, int col, const char *want)
{
    CU_ASSERT_STRING_EQUAL(cell_at(t, row, col)->text, want);
}

static void expect_place(const struct table *t, int row, int col, double x, double y)
{
    CU_ASSERT_DOUBLE_EQUAL(cell_at(t, row, col)->box.x * 600, x, 0.01);
    CU_ASSERT_DOUBLE_EQUAL(cell_at(t, row, col)->box.y * 800, y, 0.01);
}

static void words_read_make_the_cells(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 100, "Full name");
    put(&w, 250, 100, "Sum");
    put(&w, 50, 120, "Ada");
    put(&w, 250, 120, "12.50");
    struct table t = verify(&w, " Full name|Sum\n/Ada|12.50", &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 2 && t.cols == 2 && t.n_cells == 4);
    expect_text(&t, 0, 0, "Full name");
    expect_text(&t, 1, 1, "12.50");
    CU_ASSERT_TRUE(cell_at(&t, 0, 1)->header && !cell_at(&t, 1, 1)->header);
    CU_ASSERT_EQUAL(cell_at(&t, 1, 1)->engine, ENGINE_TESSERACT);
    CU_ASSERT_DOUBLE_EQUAL(cell_at(&t, 1, 1)->confidence, 0.9, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(cell_at(&t, 0, 0)->box.w * 600, 8 * 6 + 3, 0.01);
    expect_place(&t, 1, 1, 250, 120);
    table_free(&t);
    word_list_free(&w);
}

static void invented_value_is_rejected(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 100, "Ada");
    put(&w, 250, 100, "12");
    put(&w, 50, 120, "Eve");
    put(&w, 250, 120, "13");
    struct table t = verify(&w, "Ada|12/Eve|1 3 total", &found);
    CU_ASSERT_TRUE_FATAL(found);
    const struct cell *c = cell_at(&t, 1, 1);
    CU_ASSERT_TRUE(c->rejected);
    CU_ASSERT_STRING_EQUAL(c->text, "");
    CU_ASSERT_EQUAL(c->confidence, 0);
    expect_place(&t, 1, 1, 250, 120);
    CU_ASSERT_FALSE(cell_at(&t, 0, 1)->rejected);
    table_free(&t);
    word_list_free(&w);
}

/* An invented value that stands elsewhere does not take the word of the cell it belongs to. */
static void value_of_another_row_stays_there(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 100, "Ada");
    put(&w, 50, 120, "Eve");
    put(&w, 250, 120, "7");
    put(&w, 50, 140, "Joe");
    struct table t = verify(&w, "Ada|7/Eve|7/Joe|", &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(cell_at(&t, 0, 1)->rejected);
    expect_text(&t, 1, 1, "7");
    CU_ASSERT_FALSE(cell_at(&t, 2, 1)->rejected);
    table_free(&t);
    word_list_free(&w);
}

static void repeated_values_go_to_their_places(void)
{
    struct word_list w = {0};
    bool found;
    const char *names[] = {"Ada", "Eve", "Joe"};
    for (int r = 0; r < 3; r++) {
        put(&w, 50, 100 + r * 20, names[r]);
        put(&w, 250, 100 + r * 20, "0");
        put(&w, 350, 100 + r * 20, "0");
        put(&w, 450, 100 + r * 20, r == 1 ? "5" : "0");
    }
    struct table t = verify(&w, "Ada|0|0|0/Eve|0|0|5/Joe|0|0|0", &found);
    CU_ASSERT_TRUE_FATAL(found);
    for (int r = 0; r < 3; r++)
        for (int c = 1; c < 4; c++)
            expect_place(&t, r, c, 150 + c * 100, 100 + r * 20);
    table_free(&t);
    word_list_free(&w);
}

/* No row has a value of its own: the reading order decides. */
static void equal_rows_keep_their_order(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 100 + r * 15, "yes");
        put(&w, 250, 100 + r * 15, "no");
        put(&w, 400, 100 + r * 15, "yes");
    }
    struct table t = verify(&w, "yes|no|yes/yes|no|yes/yes|no|yes/yes|no|yes", &found);
    CU_ASSERT_TRUE_FATAL(found);
    for (int r = 0; r < 4; r++) {
        expect_place(&t, r, 0, 50, 100 + r * 15);
        expect_place(&t, r, 1, 250, 100 + r * 15);
        expect_place(&t, r, 2, 400, 100 + r * 15);
    }
    table_free(&t);
    word_list_free(&w);
}

static void words_are_merged_and_split(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 100, "12%");
    put(&w, 250, 100, "34 %");
    put(&w, 50, 120, "5 000");
    put(&w, 250, 120, "a b");
    struct table t = verify(&w, "12 %|34%/5000|a b", &found);
    CU_ASSERT_TRUE_FATAL(found);
    expect_text(&t, 0, 0, "12%");
    expect_text(&t, 0, 1, "34%");
    expect_text(&t, 1, 0, "5000");
    expect_text(&t, 1, 1, "a b");
    table_free(&t);
    word_list_free(&w);
}

static void borders_inside_tokens_do_not_move(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 100, "12 3");
    put(&w, 250, 100, "one");
    put(&w, 50, 120, "key");
    put(&w, 250, 120, "two");
    struct table t = verify(&w, "1 23|one/key|two", &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(cell_at(&t, 0, 0)->rejected);
    table_free(&t);
    word_list_free(&w);
}

/* Words of two columns next to each other do not make a number of their own. */
static void words_far_apart_are_not_merged(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 100, "12");
    put(&w, 250, 100, "34");
    put(&w, 450, 100, "a");
    for (int row = 1; row < 4; row++) {
        put(&w, 50, 100 + 20 * row, "key");
        put(&w, 250, 100 + 20 * row, "word");
        put(&w, 450, 100 + 20 * row, "b");
    }
    struct table t = verify(&w, "1234||a/key|word|b/key|word|b/key|word|b", &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(cell_at(&t, 0, 0)->rejected);
    table_free(&t);
    word_list_free(&w);
}

static void expect_lost(struct word_list *w, const char *proposal, const char *reason)
{
    bool found = true;
    struct table t = verify(w, proposal, &found);
    CU_ASSERT_FALSE(found);
    CU_ASSERT_PTR_NULL(t.cells);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, reason));
}

/* A model that was told to leave something out, or did so by itself, is not believed. */
static void table_that_leaves_words_out_is_refused(void)
{
    struct word_list w = {0};
    struct buffer all = BUFFER_INIT, but_one = BUFFER_INIT, but_a_column = BUFFER_INIT;
    bool found;
    for (int row = 0; row < 30; row++) {
        char key[8], word[8];
        (void)snprintf(key, sizeof key, "k%d", row);
        (void)snprintf(word, sizeof word, "w%d", row);
        put(&w, 50, 20 * (row + 1), key);
        put(&w, 250, 20 * (row + 1), word);
        put(&w, 450, 20 * (row + 1), "x");
        buffer_printf(&all, "%s%s|%s|x", row > 0 ? "/" : "", key, word);
        if (row != 17)
            buffer_printf(&but_one, "%s%s|%s|x", row > 0 ? "/" : "", key, word);
        buffer_printf(&but_a_column, "%s%s|%s", row > 0 ? "/" : "", key, word);
    }
    struct table t = verify(&w, all.data, &found);
    CU_ASSERT_TRUE(found);
    table_free(&t);
    expect_lost(&w, but_one.data, "a row is missing");
    expect_lost(&w, but_a_column.data, "30 of the 90 words");
    put(&w, 50, 4, "Title"); /* of the region, not of the table */
    t = verify(&w, all.data, &found);
    CU_ASSERT_TRUE(found);
    table_free(&t);
    buffer_free(&all);
    buffer_free(&but_one);
    buffer_free(&but_a_column);
    word_list_free(&w);
}

static void cell_of_several_lines_is_put_together(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 2; r++) {
        put(&w, 50, 100 + r * 40, r == 0 ? "Ada" : "Eve");
        put(&w, 200, 100 + r * 40, "first part");
        put(&w, 200, 112 + r * 40, "second part");
    }
    struct table t = verify(&w, "Ada|first part second part/Eve|first part second part", &found);
    CU_ASSERT_TRUE_FATAL(found);
    for (int r = 0; r < 2; r++) {
        expect_text(&t, r, 1, "first part second part");
        expect_place(&t, r, 1, 200, 100 + r * 40);
        CU_ASSERT_DOUBLE_EQUAL(cell_at(&t, r, 1)->box.h * 800, 22, 0.01);
    }
    table_free(&t);
    word_list_free(&w);
}

static void ragged_rows_are_padded(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 100, "title");
    put(&w, 50, 120, "a");
    put(&w, 150, 120, "b");
    put(&w, 250, 120, "c");
    struct table t = verify(&w, "title/a|b|c", &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 2 && t.cols == 3 && t.n_cells == 6);
    expect_text(&t, 0, 2, "");
    CU_ASSERT_FALSE(cell_at(&t, 0, 2)->rejected);
    expect_text(&t, 1, 2, "c");
    table_free(&t);
    word_list_free(&w);
}

static void a_word_serves_once(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 100, "one");
    put(&w, 150, 100, "two");
    struct table t = verify(&w, "one|two|one", &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(cell_at(&t, 0, 0)->rejected + cell_at(&t, 0, 2)->rejected, 1);
    table_free(&t);
    word_list_free(&w);
}

static void poor_proposals_are_refused(void)
{
    static const char *const proposals[] = {"", "|/|", "x|y/z|q", "one|x|y", "x"};
    struct word_list w = {0};
    bool found = true;
    put(&w, 50, 100, "one two");
    for (size_t i = 0; i < sizeof proposals / sizeof proposals[0]; i++) {
        struct table t = verify(&w, proposals[i], &found);
        CU_ASSERT_FALSE(found);
        CU_ASSERT_PTR_NULL(t.cells);
    }
    word_list_free(&w);
    struct table t = verify(&w, "one|two", &found);
    CU_ASSERT_FALSE(found);
    table_free(&t);
}

/* The words of a table, a cell each: left edges at columns, rows 20 apart. */
static void put_table(struct word_list *l, const char *text, const double *columns)
{
    struct table_proposal p = propose(text);
    size_t next = 0;
    for (size_t row = 0; row < p.n_rows; row++)
        for (size_t col = 0; col < p.cols[row]; col++)
            put(l, columns[col], 100 + 20 * (double)row, p.texts[next++]);
    table_proposal_free(&p);
}

/* What is left of a proposal over the words of another table, as propose() takes it; "" for none.
 */
static void expect_left(const char *words, const char *proposal, const char *left)
{
    static const double columns[] = {50, 250, 350, 450};
    struct word_list w = {0};
    struct buffer text = BUFFER_INIT;
    bool found;
    put_table(&w, words, columns);
    struct table t = verify(&w, proposal, &found);
    for (size_t i = 0; i < t.n_cells; i++) {
        if (i > 0)
            buffer_puts(&text, t.cells[i].col > 0 ? "|" : "/");
        buffer_puts(&text, t.cells[i].text);
    }
    CU_ASSERT_STRING_EQUAL(text.data != NULL ? text.data : "", left);
    if (text.data != NULL && strcmp(text.data, left) != 0)
        (void)printf("left: %s\n", text.data);
    buffer_free(&text);
    table_free(&t);
    word_list_free(&w);
}

static void values_moved_to_another_row_are_rejected(void)
{
    static const char three[] = "Item|Count|Weight/Paper|12|24/Folder|40|16/Glue|70|80";
    expect_left(three, three, three);
    expect_left(three, "Item|Count|Weight/Paper|40|16/Folder|12|24/Glue|70|80",
                "Item|Count|Weight/|40|16/|12|24/Glue|70|80");
    expect_left(three, "Item|Count|Weight/Paper|40|24/Folder|12|16/Glue|70|80",
                "Item|Count|Weight/Paper||24/Folder||16/Glue|70|80");
    expect_left(three, "Item|Count|Weight/Paper|12|16/Folder|40|/Glue|70|80",
                "Item|Count|Weight/Paper|12|/Folder|40|/Glue|70|80");
    expect_left(three, "Item|Count|Weight/Paper|12|/Folder|40|24/Glue|70|80",
                "Item|Count|Weight/Paper|12|/Folder|40|/Glue|70|80");
    expect_left("Item|Count/Paper|12/Folder|40/Glue|70", "Item|Count/Paper|40/Folder|12/Glue|70",
                "Item|Count/Paper|/Folder|/Glue|70");
}

static void values_moved_to_another_column_are_rejected(void)
{
    static const char three[] = "Item|Count|Weight/Paper|12|24/Folder|40|16/Glue|70|80";
    expect_left(three, "Item|Count|Weight/Paper|24|12/Folder|40|16/Glue|70|80",
                "Item|Count|Weight/Paper||/Folder|40|16/Glue|70|80");
    expect_left(three, "Item|Count|Weight/Paper|24|/Folder|40|16/Glue|70|80",
                "Item|Count|Weight/Paper||/Folder|40|16/Glue|70|80");
    expect_left("Item|Count|Weight/Paper|12|24", "Item|Count|Weight/Paper|24|12",
                "Item|Count|Weight/Paper||");
    expect_left("Name|A|B|C/x|||5/y|1|2|3/z|4|6|7", "Name|A|B|C/x||5|/y|1|2|3/z|4|6|7",
                "Name|A|B|C/x|||/y|1|2|3/z|4|6|7");
}

static void expect_all(struct word_list *w, const char *proposal)
{
    bool found;
    struct table t = verify(w, proposal, &found);
    CU_ASSERT_TRUE(found);
    for (size_t i = 0; i < t.n_cells; i++)
        if (t.cells[i].rejected)
            (void)printf("rejected: row %d, column %d\n", t.cells[i].row, t.cells[i].col);
    for (size_t i = 0; i < t.n_cells; i++)
        CU_ASSERT_FALSE(t.cells[i].rejected);
    table_free(&t);
    word_list_free(w);
}

static void headings_over_several_columns_stay(void)
{
    static const double columns[] = {50, 250, 350, 450};
    struct word_list w = {0};
    put(&w, 200, 80, "Prices and weights of all"); /* over all four */
    put_table(&w, "Item|Count|Weight|Sum/Paper|12|24|3/Folder|40|16|5", columns);
    expect_all(&w, "Prices and weights of all/Item|Count|Weight|Sum/Paper|12|24|3/Folder|40|16|5");
    put(&w, 306, 80, "2023"); /* between the second and the third */
    put(&w, 450, 80, "Total");
    put_table(&w, "Item|Count|Weight|Sum/Paper|12|24|3/Folder|40|16|5", columns);
    expect_all(&w, "|2023||Total/Item|Count|Weight|Sum/Paper|12|24|3/Folder|40|16|5");
}

static void names_beside_several_rows_stay(void)
{
    static const double columns[] = {150, 250, 350};
    struct word_list w = {0};
    put(&w, 50, 120, "Europe"); /* beside the middle of three */
    put(&w, 50, 170, "Asia");   /* between two */
    put_table(&w, "Berlin|12|24/Rome|40|16/Oslo|3|5/Osaka|70|71/Delhi|80|81", columns);
    expect_all(&w, "Europe|Berlin|12|24/|Rome|40|16/|Oslo|3|5/Asia|Osaka|70|71/|Delhi|80|81");
}

static void cells_of_unlike_height_are_on_one_row(void)
{
    struct word_list w = {0};
    for (int r = 0; r < 2; r++) {
        put(&w, 50, 100 + r * 50, r == 0 ? "Ada" : "Eve");
        put(&w, 150, 100 + r * 50, r == 0 ? "red green" : "yellow brown");
        put(&w, 150, 112 + r * 50, r == 0 ? "and blue" : "and black");
        put(&w, 150, 124 + r * 50, r == 0 ? "and grey" : "and white");
        put(&w, 300, 124 + r * 50, r == 0 ? "11" : "12"); /* at the bottom */
        put(&w, 400, 112 + r * 50, r == 0 ? "21" : "22"); /* in the middle */
    }
    expect_all(&w, "Ada|red green and blue and grey|11|21/Eve|yellow brown and black and white|12|"
                   "22");
}

static void alignment_does_not_matter(void)
{
    struct word_list w = {0};
    put(&w, 50, 100, "Item");
    put(&w, 250, 100, "Qty"); /* left, its numbers right, in a wide column */
    put(&w, 450, 100, "Price");
    for (int r = 1; r < 4; r++) {
        put(&w, 50, 100 + r * 14, r == 1 ? "Paper" : r == 2 ? "Folder" : "Glue");
        put(&w, r == 1 ? 340 : 352, 100 + r * 14 + 3, r == 1 ? "120" : r == 2 ? "4" : "5");
        put(&w, 450, 100 + r * 14 + 6, r == 1 ? "9.50" : r == 2 ? "8.00" : "7.25"); /* askew */
    }
    expect_all(&w, "Item|Qty|Price/Paper|120|9.50/Folder|4|8.00/Glue|5|7.25");
}

static const struct test_case tests[] = {
    TEST(words_read_make_the_cells),
    TEST(invented_value_is_rejected),
    TEST(value_of_another_row_stays_there),
    TEST(repeated_values_go_to_their_places),
    TEST(equal_rows_keep_their_order),
    TEST(words_are_merged_and_split),
    TEST(borders_inside_tokens_do_not_move),
    TEST(words_far_apart_are_not_merged),
    TEST(table_that_leaves_words_out_is_refused),
    TEST(cell_of_several_lines_is_put_together),
    TEST(ragged_rows_are_padded),
    TEST(a_word_serves_once),
    TEST(poor_proposals_are_refused),
    TEST(values_moved_to_another_row_are_rejected),
    TEST(values_moved_to_another_column_are_rejected),
    TEST(headings_over_several_columns_stay),
    TEST(names_beside_several_rows_stay),
    TEST(cells_of_unlike_height_are_on_one_row),
    TEST(alignment_does_not_matter),
};

int main(void)
{
    return RUN_SUITE("verify", tests);
}
