/* Words to lines, tables, forms and regions, on words made up here. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "extract/decoys.h"
#include "extract/detect.h"
#include "extract/form.h"
#include "extract/grid.h"
#include "extract/region.h"
#include "extract/work_budget.h"
#include "ocr/raster_rules.h"
#include "tests/unit/suite.h"
#include "tests/unit/words.h"

static struct table build(struct word_list *words, const struct rule *rules, size_t n_rules,
                          bool *found)
{
    struct layout l;
    struct table t;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(layout_build(words, &page, whole, true, NULL, &l, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(grid_build(&l, rules, n_rules, &page, whole, &t, found, &e), ERR_OK);
    layout_free(&l);
    word_list_free(words);
    return t;
}

static const char *cell_text(const struct table *t, int row, int col)
{
    return cell_at(t, row, col)->text;
}

static struct rule across(double x0, double x1, double y)
{
    return (struct rule){{x0 / 600, y / 800, (x1 - x0) / 600, 0.5 / 800}, false};
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

/* Adds text whose right edge is at x, or whose middle is. */
static void put_at_right(struct word_list *l, double x, double y, const char *text)
{
    put(l, x - (double)strlen(text) * 6, y, text);
}

/* The currency has a column of its own but in the head, and so have brackets that close. */
static void signs_set_apart_belong_to_their_numbers(void)
{
    static const char *const own[] = {"310", "1204", "87"}, *const less[] = {"(12", "(9", "(140"};
    struct word_list w = {0};
    bool found;
    put_at_right(&w, 250, 100, "2019");
    put_at_right(&w, 350, 100, "change");
    for (int r = 0; r < 3; r++) {
        put(&w, 50, 116 + 16 * r, "name");
        put(&w, 180, 116 + 16 * r, "$");
        put_at_right(&w, 250, 116 + 16 * r, own[r]);
        put_at_right(&w, 350, 116 + 16 * r, less[r]);
        put(&w, 362, 116 + 16 * r, ")%");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.cols, 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 1), "$ 1204");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 2), "(9 )%");
    table_free(&t);
}

static void put_centred(struct word_list *l, double x, double y, const char *text)
{
    size_t spaces = 0;
    for (const char *p = text; *p != '\0'; p++)
        spaces += *p == ' ';
    put(l, x - ((double)strlen(text) * 6 - (double)spaces * 3) / 2, y, text);
}

static struct rule down(double x, double y0, double y1)
{
    return (struct rule){{x / 600, y0 / 800, 0.5 / 600, (y1 - y0) / 800}, true};
}

/* Columns five points apart, less than usual type leaves between words. */
static void columns_a_few_points_apart_are_found(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 6; r++) {
        put(&w, 50, 100 + r * 15, "label of it");
        put(&w, 115, 100 + r * 15, "4567");
        put(&w, 144, 100 + r * 15, "8901");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE_FATAL(t.rows == 6 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 5, 0), "label of it");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 5, 1), "4567");
    table_free(&t);
}

/* Hardly more than one space of a typewriter is between them: numbers part all the same;
 * but not the groups of one number. */
static void numbers_a_few_points_apart_are_parted(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 6; r++) {
        put(&w, 50, 100 + r * 15, "label");
        put(&w, 120, 100 + r * 15, "45.67");
        put(&w, 156.2, 100 + r * 15, r == 3 ? "9" : "8,901");
        put(&w, 250, 100 + r * 15, "1");
        put(&w, 262.2, 100 + r * 15, "234");
    }
    for (size_t i = 0; i < w.n; i++) /* boxes with the white around the letters */
        w.items[i].engine = ENGINE_TEXT;
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE_FATAL(t.rows == 6 && t.cols == 4);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 3, 1), "45.67");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 3, 2), "9");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 3, 3), "1 234");
    table_free(&t);
}

/* Some cells fill their column, and the next begins a point behind them. */
static void columns_that_touch_begin_at_one_place(void)
{
    static const char *const names[] = {"ab", "abcdefghij", "abcd efghi", "abcdef", "abcdefghi"};
    static const char *const towns[] = {"Rome", "New York", "Bern", "Sao Paulo", "Oslo"};
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 5; r++) {
        put(&w, 50, 100 + r * 15, names[r]);
        put(&w, 111, 100 + r * 15, towns[r]);
        put(&w, 250, 100 + r * 15, "4567");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE_FATAL(t.rows == 5 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 0), "abcdefghij");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 1), "New York");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 0), "abcd efghi");
    table_free(&t);
}

/* The second words of labels that begin alike start at one place, too. */
static void labels_that_begin_alike_are_one_column(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 6; r++) {
        put(&w, 50, 100 + r * 15, r % 2 == 0 ? "District north" : "District east");
        put(&w, 250, 100 + r * 15, "4567");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found && t.cols == 2);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 0), "District north");
    table_free(&t);
}

/* A typewriter's letters with its wide spaces: the words are 12 high, a letter 9 wide. bearings:
 * the white at both sides of a word, which is not in the boxes of OCR. */
static void expect_typed_columns(enum engine engine, double bearings)
{
    struct word_list w = {0};
    static const char *const words[] = {"steel", "of", "better", "kinds", "1204", "998"};
    static const int at[] = {0, 6, 9, 16, 30, 36};
    bool found;
    for (int r = 0; r < 4; r++)
        for (size_t i = 0; i < 6; i++) {
            size_t n = strlen(words[i]);
            struct box b = {(50 + at[i] * 9 + bearings / 2) / 600, (100 + r * 15) / 800.0,
                            ((double)n * 9 - bearings) / 600, 12.0 / 800};
            CU_ASSERT_EQUAL(word_list_add(&w, b, words[i], n, 1, engine), ERR_OK);
        }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE_FATAL(t.rows == 4 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 0), "steel of better kinds");
    table_free(&t);
}

static void wide_spaces_of_fixed_letters_part_no_columns(void)
{
    expect_typed_columns(ENGINE_TEXT, 0);
    expect_typed_columns(ENGINE_TESSERACT, 1.8);
}

/* The ink of some words stands half as far apart again as that of others: 3 points, and 4.3. The
 * columns of a text layer may be as close as that. */
static int columns_of_wide_ink(enum engine engine)
{
    static const double at[] = {50, 73, 97.3, 120.3, 300};
    static const char *const words[] = {"mean", "wage", "paid", "here", "1204"};
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 6; r++)
        for (size_t i = 0; i < 5; i++) {
            struct box b = {at[i] / 600, (100 + r * 15) / 800.0, 20.0 / 600, 10.0 / 800};
            CU_ASSERT_EQUAL(word_list_add(&w, b, words[i], 4, 1, engine), ERR_OK);
        }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    int columns = t.cols;
    table_free(&t);
    return columns;
}

static void spaces_of_ink_vary_more_than_those_of_letters(void)
{
    CU_ASSERT_EQUAL(columns_of_wide_ink(ENGINE_TEXT), 3);
    CU_ASSERT_EQUAL(columns_of_wide_ink(ENGINE_TESSERACT), 2);
}

static void leader_dots_are_no_text(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 3; r++) {
        put(&w, 50, 100 + r * 15, "credit ..................");
        put(&w, 220, 100 + r * 15, r == 1 ? "..." : "12");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL_FATAL(t.cols, 2);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 0), "credit");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 1), "...");
    table_free(&t);
}

/* Labels of two lines, 12 apart, with the values in the middle; rows are 6 farther apart. */
static void values_in_the_middle_of_a_wrapped_label_are_its_row(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 100 + r * 30, "average wages of the");
        put(&w, 50, 112 + r * 30, "regional industry");
        put(&w, 300, 106 + r * 30, "12.5");
        put(&w, 400, 106 + r * 30, "998");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 0), "average wages of the regional industry");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 1), "12.5");
    table_free(&t);
}

static void lines_set_closer_than_rows_are_one_cell(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 100 + r * 42, "topic");
        for (int c = 0; c < 2; c++) {
            put(&w, 150 + c * 200, 100 + r * 42, "first line of the words");
            put(&w, 150 + c * 200, 112 + r * 42, "quarterly lines of it");
            put(&w, 150 + c * 200, 124 + r * 42, "estimated");
        }
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE_FATAL(t.rows == 4 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 2),
                           "first line of the words quarterly lines of it estimated");
    table_free(&t);
}

static void title_of_a_section_has_its_row(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 7; r++) {
        put(&w, 50, 100 + r * 16, r == 1 || r == 4 ? "Section" : "item");
        for (int c = 0; c < 3 && r != 1 && r != 4; c++)
            put(&w, 200 + c * 80, 100 + r * 16, "125");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE_FATAL(t.rows == 7 && t.cols == 4);
    CU_ASSERT_EQUAL(cell_at(&t, 1, 0)->col_span, 4);
    CU_ASSERT_EQUAL(cell_at(&t, 4, 0)->col_span, 4);
    CU_ASSERT_EQUAL(cell_at(&t, 2, 0)->col_span, 1);
    CU_ASSERT_PTR_NULL(find_cell(&t, 4, 2));
    table_free(&t);
}

static void label_in_the_middle_of_rows_spans_them(void)
{
    struct word_list w = {0};
    static const char *const kind[] = {"low", "middle", "high"};
    bool found;
    for (int group = 0; group < 2; group++) {
        put(&w, 50, 116 + group * 48, group == 0 ? "North" : "South");
        for (int r = 0; r < 3; r++) {
            put(&w, 150, 100 + group * 48 + r * 16, kind[r]);
            put(&w, 250, 100 + group * 48 + r * 16, "12");
        }
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE_FATAL(t.rows == 6 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 0), "North");
    CU_ASSERT_EQUAL(cell_at(&t, 0, 0)->row_span, 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 3, 0), "South");
    CU_ASSERT_EQUAL(cell_at(&t, 3, 0)->row_span, 3);
    table_free(&t);
}

/* A cell of one line reaches over columns where another line of its row has a cell of its own. */
/* The label stands between its two rows, in a line that hardly reaches beside theirs. */
/* The label of the first column stands between the two lines, as one of two rows does; where it is
 * on the lower line, the upper one goes on below. */
static void heading_above_the_middle_of_a_label_spans(void)
{
    for (int between = 0; between <= 1; between++) {
        struct word_list w = {0};
        bool found;
        put(&w, 50, between ? 106 : 112, "label");
        put_centred(&w, 250, 100, "abc");
        put_centred(&w, 150, 112, "low");
        put_centred(&w, 250, 112, "mid");
        put_centred(&w, 350, 112, "high");
        for (int r = 0; r < 4; r++) {
            put(&w, 50, 128 + 14 * r, "name");
            for (int c = 0; c < 3; c++)
                put_centred(&w, 150 + 100 * c, 128 + 14 * r, "123");
        }
        struct table t = build(&w, NULL, 0, &found);
        CU_ASSERT_TRUE_FATAL(found);
        CU_ASSERT_EQUAL(t.rows, between ? 6 : 5);
        CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 2), between ? "abc" : "abc mid");
        table_free(&t);
    }
}

/* Each label would not have fitted beside the one above it, and values are missing. */
static void lines_set_alike_are_rows_though_cells_are_empty(void)
{
    static const char *const labels[] = {"barley oats", "meadow grass", "wheat straw",
                                         "clover seed", "barley meal"};
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 5; r++) {
        put(&w, 50, 100 + 14 * r, labels[r]);
        put_at_right(&w, 200 + 60 * (r % 2), 100 + 14 * r, "123");
        put_at_right(&w, 380, 100 + 14 * r, "45");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.rows, 5);
    table_free(&t);
}

/* Labels of two lines in the middle of three rows: each line stands between two rows, closer to
 * both than the lines of a label are to each other. */
static void label_of_two_lines_between_three_rows_joins_none(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 84, "place");
    put(&w, 220, 84, "class");
    put(&w, 320, 84, "value");
    for (int label = 0; label < 2; label++) {
        double y = 110 + 60 * label;
        put(&w, 50, y + 11, "meadow grass and");
        put(&w, 50, y + 29, "pastures uphill");
        for (int r = 0; r < 3; r++) {
            put(&w, 220, y + 20 * r, "class");
            put_at_right(&w, 350, y + 20 * r, "123");
        }
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.rows, 7);
    CU_ASSERT_EQUAL(cell_at(&t, 1, 0)->row_span, 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 0), "meadow grass and pastures uphill");
    CU_ASSERT_EQUAL(cell_at(&t, 4, 0)->row_span, 3);
    table_free(&t);
}

static void label_between_rows_is_a_column(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 80, "Area");
    put(&w, 300, 80, "Rate");
    for (int r = 0; r < 6; r++) {
        if (r % 2 == 0)
            put(&w, 50, 108 + r * 16, "the long name of an area");
        put(&w, 215, 100 + r * 16, r % 2 == 0 ? "High" : "Low");
        put(&w, 300, 100 + r * 16, "4567");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found && t.cols == 3 && t.rows == 7);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 0), "the long name of an area");
    CU_ASSERT_EQUAL(cell_at(&t, 1, 0)->row_span, 2);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 1), "High");
    table_free(&t);
}

/* Their heading is the only line with rows of its own in the column. */
static void labels_between_rows_are_a_column_under_a_short_heading(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 80, "Area");
    put(&w, 400, 80, "Rate");
    for (int r = 0; r < 12; r++) {
        if (r % 4 == 1)
            put(&w, 50, 109.8 + r * 19.6, "the long name of an area");
        put(&w, 315, 100 + r * 19.6, r % 2 == 0 ? "High" : "Low");
        put(&w, 400, 100 + r * 19.6, "4567");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found && t.cols == 3 && t.rows == 13);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 0), "the long name of an area");
    CU_ASSERT_EQUAL(cell_at(&t, 1, 0)->row_span, 4);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 1), "Low");
    table_free(&t);
}

/* Rules part groups of rows; a label of two lines stands beside three of them. */
static void rows_without_a_number_are_rows_between_rules(void)
{
    static const char *const values[] = {"47", "9.2",  "-",  "n/a", "1,951",
                                         "38", "3.67", "58", "62"};
    struct word_list w = {0};
    struct rule rules[5];
    bool found;
    put(&w, 50, 80, "Area");
    put(&w, 400, 80, "Rate");
    for (int r = 0; r < 9; r++) {
        if (r % 3 == 1) {
            put(&w, 50, 93.5 + r * 18, "the long name");
            put(&w, 50, 106.5 + r * 18, "of an area");
        }
        put(&w, 315, 100 + r * 18, r % 2 == 0 ? "High" : "Low");
        put(&w, 400, 100 + r * 18, values[r]);
    }
    for (int i = 0; i < 5; i++)
        rules[i] = (struct rule){
            {40.0 / 600, (i == 0 ? 76 : 41 + i * 54) / 800.0, 400.0 / 600, 0.5 / 800}, false};
    struct table t = build(&w, rules, 5, &found);
    CU_ASSERT_TRUE_FATAL(found && t.cols == 3 && t.rows == 10);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 3, 2), "-");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 4, 2), "n/a");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 5, 2), "1,951");
    table_free(&t);
}

/* Headings over pairs of columns, whose first rows lack a value each. */
static void headings_over_sparse_rows_do_not_join_columns(void)
{
    static const int at[] = {150, 210, 280, 340, 410, 470};
    struct word_list w = {0};
    bool found;
    for (int c = 0; c < 6; c += 2)
        put(&w, at[c], 80, "wide heading");
    for (int c = 0; c < 6; c++)
        put(&w, at[c], 95, c % 2 == 0 ? "men" : "all");
    for (int r = 0; r < 6; r++) {
        put(&w, 50, 110 + r * 15, "place");
        for (int c = 0; c < 6; c++)
            if (r > 3 || c != r)
                put(&w, at[c], 110 + r * 15, "4567");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found && t.cols == 7);
    CU_ASSERT_EQUAL(cell_at(&t, 0, 1)->col_span, 2);
    table_free(&t);
}

static void no_two_cells_overlap(void)
{
    struct word_list w = {0};
    struct rule rules[4];
    bool found, taken[4][8] = {{false}};
    for (int r = 0; r < 3; r++) {
        put(&w, 50, 100 + r * 40, "name");
        put(&w, 200, 100 + r * 40, r == 1 ? "a text that reaches over" : "12");
        put(&w, 300, 112 + r * 40, "34");
        put(&w, 400, 112 + r * 40, "56");
    }
    for (int i = 0; i < 4; i++)
        rules[i] = across(40, 500, 95 + i * 40);
    struct table t = build(&w, rules, 4, &found);
    CU_ASSERT_TRUE_FATAL(found && t.rows <= 4 && t.cols <= 8);
    for (size_t i = 0; i < t.n_cells; i++)
        for (int r = 0; r < t.cells[i].row_span; r++)
            for (int c = 0; c < t.cells[i].col_span; c++) {
                bool *place = &taken[t.cells[i].row + r][t.cells[i].col + c];
                CU_ASSERT_FALSE(*place);
                *place = true;
            }
    table_free(&t);
}

/* A chart's labels make a grid with few cells filled: less sure than a table of full rows. */
static void grid_with_few_filled_cells_is_less_sure(void)
{
    struct word_list full = {0}, few = {0};
    bool found;
    for (int r = 0; r < 6; r++)
        for (int c = 0; c < 6; c++) {
            put(&full, 50 + c * 80, 100 + r * 20, "12");
            if (r == c || r + c == 5)
                put(&few, 50 + c * 80, 100 + r * 20, "12");
        }
    struct table sure = build(&full, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    struct table unsure = build(&few, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT(sure.confidence > 0.85 && sure.confidence < 0.9);
    CU_ASSERT(unsure.confidence < sure.confidence - 0.1);
    table_free(&sure);
    table_free(&unsure);
}

static void heading_across_narrow_columns_does_not_hide_them(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 80, "topic");
    put(&w, 200, 80, "one question about all of these answers");
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 100 + r * 15, "subject");
        put(&w, 220, 100 + r * 15, "12");
        put(&w, 300, 100 + r * 15, "34");
        put(&w, 380, 100 + r * 15, "56");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 5 && t.cols == 4);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 4, 2), "34");
    CU_ASSERT_EQUAL(cell_at(&t, 0, 1)->col_span, 3);
    CU_ASSERT_TRUE(cell_at(&t, 0, 1)->header && cell_at(&t, 1, 2)->header);
    CU_ASSERT_FALSE(cell_at(&t, 2, 1)->header);
    table_free(&t);
}

/* The heading covers all but half a point of the white between the first two columns. */
static void short_heading_over_columns_does_not_hide_them(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 236.5, 80, "about all");
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 100 + r * 15, "subject");
        put(&w, 212, 100 + r * 15, "1234");
        put(&w, 246, 100 + r * 15, "5678");
        put(&w, 300, 100 + r * 15, "56");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE_FATAL(t.rows == 5 && t.cols == 4);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 4, 1), "1234");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 4, 2), "5678");
    table_free(&t);
}

static void heading_at_left_and_values_at_right_are_one_column(void)
{
    struct word_list w = {0};
    bool found;
    put(&w, 50, 80, "name");
    put(&w, 200, 80, "good");
    put(&w, 300, 80, "fair");
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 100 + r * 15, "subject");
        put_at_right(&w, 280, 100 + r * 15, "12");
        put_at_right(&w, 380, 100 + r * 15, "345");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.cols, 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 2), "fair");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 2), "345");
    table_free(&t);
}

static void values_on_two_sides_stay_two_columns(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 6; r++) {
        put(&w, 50, 100 + r * 15, "booking");
        put(&w, r % 2 == 0 ? 200 : 300, 100 + r * 15, "12.50");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.cols, 3);
    table_free(&t);
}

static void heading_between_two_columns_is_over_both(void)
{
    struct word_list w = {0};
    bool found;
    put_centred(&w, 140, 80, "pair");
    put_centred(&w, 390, 80, "couple");
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 100 + r * 15, "left");
        put_at_right(&w, 230, 100 + r * 15, "first");
        put(&w, 300, 100 + r * 15, "right");
        put_at_right(&w, 480, 100 + r * 15, "other");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.cols, 4);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 0), "pair");
    CU_ASSERT_EQUAL(cell_at(&t, 0, 0)->col_span, 2);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 2), "couple");
    table_free(&t);
}

static void long_cell_is_parted_from_its_neighbour(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 12; r++) {
        put(&w, 50, 100 + r * 15, r == 5 ? "worry over all" : "calm");
        put(&w, 132, 100 + r * 15, "count");
        put(&w, 300, 100 + r * 15, "7");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.cols, 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 5, 0), "worry over all");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 5, 1), "count");
    table_free(&t);
}

static void justified_text_between_rules_is_one_column(void)
{
    struct word_list w = {0};
    struct rule rules[3] = {down(45, 90, 190), down(195, 90, 190), down(345, 90, 190)};
    bool found;
    put(&w, 50, 100, "number");
    put(&w, 140, 100, "of");
    put(&w, 50, 112, "all");
    put(&w, 140, 112, "firms");
    put(&w, 200, 100, "share");
    for (int r = 0; r < 5; r++) {
        put(&w, 50, 130 + r * 12, "12");
        put(&w, 200, 130 + r * 12, "3");
    }
    struct table t = build(&w, rules, 3, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.cols, 2);
    table_free(&t);
}

static void chance_gap_between_rules_is_no_border(void)
{
    struct word_list w = {0};
    struct rule rules[3] = {down(45, 90, 190), down(195, 90, 190), down(345, 90, 190)};
    bool found;
    for (int r = 0; r < 6; r++) {
        put(&w, 50, 100 + r * 15, r % 2 == 0 ? "member" : "company");
        put(&w, r % 2 == 0 ? 95 : 102, 100 + r * 15, "states");
        put(&w, 200, 100 + r * 15, "3");
    }
    struct table t = build(&w, rules, 3, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.cols, 2);
    table_free(&t);
}

/* Rows of two lines: rules part all columns at every second line, the last two at each. */
static size_t rule_pairs(struct word_list *w, struct rule *rules)
{
    size_t n = 0;
    for (int r = 0; r < 8; r++) {
        rules[n++] = across(r % 2 == 0 ? 45 : 195, 400, 95 + r * 15);
        put(w, 50, 100 + r * 15, r % 2 == 0 ? "broken" : "bones");
        put(w, 200, 100 + r * 15, r % 2 == 0 ? "count" : "share");
        put(w, 350, 100 + r * 15, "7");
    }
    rules[n++] = across(45, 400, 95 + 8 * 15);
    return n;
}

/* A word space lies where the border is ruled in the other rows. */
static void heading_is_not_torn_where_its_border_has_no_rule(void)
{
    for (int ruled = 0; ruled <= 1; ruled++) {
        struct word_list w = {0};
        struct rule rules[] = {
            down(45, 90, 150),  down(150, 90, 150),  down(225, ruled ? 90 : 106, 150),
            down(300, 90, 150), across(45, 300, 90), across(45, 300, 150)};
        bool found;
        put(&w, 181, 94, "Mexican American");
        for (int r = 1; r < 4; r++) {
            put(&w, 50, 94 + 16 * r, "name");
            put(&w, 160, 94 + 16 * r, "12");
            put(&w, 240, 94 + 16 * r, "34");
        }
        struct table t = build(&w, rules, 6, &found);
        CU_ASSERT_TRUE_FATAL(found);
        CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 1), ruled ? "Mexican" : "Mexican American");
        CU_ASSERT_EQUAL(cell_at(&t, 0, 1)->col_span, ruled ? 1 : 2);
        table_free(&t);
    }
}

static void cell_that_no_rule_parts_spans_rows(void)
{
    struct word_list w = {0};
    struct rule rules[9];
    bool found;
    struct table t = build(&w, rules, rule_pairs(&w, rules), &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 8 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 0), "broken bones");
    CU_ASSERT_EQUAL(cell_at(&t, 2, 0)->row_span, 2);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 3, 1), "share");
    CU_ASSERT_PTR_NULL(find_cell(&t, 3, 0));
    table_free(&t);
}

static void strokes_of_letters_part_no_cells(void)
{
    struct word_list w = {0};
    struct rule rules[10];
    bool found;
    size_t n = rule_pairs(&w, rules);
    rules[n++] = across(51, 85, 138); /* in the word that starts the third row */
    struct table t = build(&w, rules, n, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 0), "broken bones");
    table_free(&t);
}

static void rule_that_is_lost_once_joins_no_cells(void)
{
    struct word_list w = {0};
    struct rule rules[9];
    bool found;
    size_t n = 0;
    for (int r = 0; r < 6; r++) {
        rules[n++] = across(r == 3 ? 195 : 45, 400, 95 + r * 15);
        put(&w, 50, 100 + r * 15, "name");
        put(&w, 200, 100 + r * 15, "7");
        put(&w, 350, 100 + r * 15, "8");
    }
    struct table t = build(&w, rules, n, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 6 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 0), "name");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 3, 0), "name");
    table_free(&t);
}

static void rules_over_totals_join_no_labels(void)
{
    struct word_list w = {0};
    struct rule rules[6];
    bool found;
    size_t n = 0;
    for (int r = 0; r < 12; r++) {
        if (r % 3 == 2)
            rules[n++] = across(300, 480, 99 + r * 11);
        put(&w, 50, 100 + r * 11, r % 3 == 2 ? "Total" : "Item");
        put(&w, 330, 100 + r * 11, "12");
        put(&w, 450, 100 + r * 11, "34");
    }
    struct table t = build(&w, rules, n, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 12 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 0), "Total");
    table_free(&t);
}

static void text_centred_where_no_rule_stands_spans_columns(void)
{
    struct word_list w = {0};
    struct rule rules[16];
    size_t n = 0;
    bool found;
    for (int i = 0; i < 5; i++) /* two of the inner ones start under the first row */
        rules[n++] = down(45 + i * 100, i == 2 || i == 3 ? 110 : 95, 170);
    for (int r = 0; r < 6; r++)
        rules[n++] = across(45, 445, 95 + r * 15);
    put(&w, 50, 98, "kind");
    put_centred(&w, 295, 98, "year");
    for (int r = 1; r < 5; r++) {
        put(&w, 50, 98 + r * 15, "sort");
        put(&w, 160, 98 + r * 15, "1");
        put(&w, 290, 98 + r * 15, "2");
        put(&w, 400, 98 + r * 15, "3");
    }
    struct table t = build(&w, rules, n, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 5 && t.cols == 4);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 1), "year");
    CU_ASSERT_EQUAL(cell_at(&t, 0, 1)->col_span, 3);
    table_free(&t);
}

static void broken_rules_part_rows_of_many_lines(void)
{
    struct word_list w = {0};
    struct rule rules[32];
    size_t n = 0;
    bool found;
    for (int r = 0; r < 3; r++) {
        for (int i = 0; i < 6; i++) /* one rule, in runs */
            rules[n++] = across(45 + i * 60, 103 + i * 60, 95 + r * 75);
        for (int i = 0; i < 3; i++) /* a short one, thrice */
            rules[n++] = across(45, 95, 135 + r * 75);
        put(&w, 300, 100 + r * 75, "7");
        for (int i = 0; i < 6; i++)
            put(&w, 50, 100 + r * 75 + i * 12, "Line");
    }
    struct table t = build(&w, rules, n, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 3 && t.cols == 2);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 0), "Line Line Line Line Line Line");
    table_free(&t);
}

static void rows_of_text_are_no_heading(void)
{
    struct word_list w = {0};
    bool found;
    for (int r = 0; r < 6; r++) {
        put(&w, 50, 100 + r * 12, "Name");
        put(&w, 200, 100 + r * 12, "Town");
        put(&w, 300, 100 + r * 12, r == 2 ? "Street 4" : "Street");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.rows, 6);
    table_free(&t);
}

static void label_that_breaks_off_goes_on_below(void)
{
    struct word_list w = {0};
    bool found;
    static const char *const labels[] = {"plain", "coffee, tea,", "Cocoa", "Total", "of", "costs"};
    for (int r = 0; r < 6; r++) {
        put(&w, 50, 100 + r * 15, labels[r]);
        put(&w, 250, 100 + r * 15, r == 2 || r == 4 ? "" : "1.5");
        put(&w, 350, 100 + r * 15, r == 2 || r == 4 ? "" : "2.5");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 4 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 1, 0), "coffee, tea, Cocoa");
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 2, 0), "Total of");
    table_free(&t);
}

static void lines_closer_than_rows_are_one_row(void)
{
    struct word_list w = {0};
    bool found;
    double y = 100;
    for (int r = 0; r < 6; r++, y += 20) {
        put(&w, 50, y, r == 4 ? "Other" : "Row");
        put(&w, 250, y, "1.5");
        put(&w, 350, y, "2.5");
        if (r == 4)
            put(&w, 50, y += 11, "Things");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(t.rows, 6);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 4, 0), "Other Things");
    table_free(&t);
}

static void headings_of_two_lines_are_one_row(void)
{
    struct word_list w = {0};
    bool found;
    put_centred(&w, 230, 85, "Number of");
    put_centred(&w, 380, 85, "Percent of");
    put(&w, 50, 97, "State");
    put_centred(&w, 230, 97, "schools");
    put_centred(&w, 380, 97, "pupils");
    for (int r = 0; r < 4; r++) {
        put(&w, 50, 109 + r * 12, "Name");
        put_centred(&w, 230, 109 + r * 12, "12");
        put_centred(&w, 380, 109 + r * 12, "3.5");
    }
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(t.rows == 5 && t.cols == 3);
    CU_ASSERT_STRING_EQUAL(cell_text(&t, 0, 1), "Number of schools");
    table_free(&t);
}

static size_t detect(struct page_content *p, struct region *out, size_t max)
{
    struct region *regions = NULL;
    struct error e;
    size_t n = 0;
    CU_ASSERT_EQUAL_FATAL(detect_regions(p, NULL, &regions, &n, &e), ERR_OK);
    for (size_t i = 0; i < n && i < max; i++)
        out[i] = regions[i];
    free(regions);
    word_list_free(&p->words);
    return n;
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
    CU_ASSERT_EQUAL(detect_regions(&p, NULL, &regions, &n, &e), ERR_OK);
    CU_ASSERT_EQUAL(n, 0);
    free(regions);
    struct table t = build(&w, NULL, 0, &found);
    CU_ASSERT_FALSE(found);
    table_free(&t);
}

static size_t detect_items(const char *const *marks, size_t n)
{
    struct page_content p = {.info = page};
    for (size_t i = 0; i < n; i++) {
        put(&p.words, 60, 100 + 15 * (double)i, marks[i]);
        put(&p.words, 90, 100 + 15 * (double)i, i % 2 == 0 ? "some words" : "other words here");
    }
    return detect(&p, NULL, 0);
}

static void lists_are_no_tables(void)
{
    static const char *const bullets[] = {"\xE2\x80\xA2", "\xE2\x80\xA2", "\xE2\x80\xA2", "-"};
    static const char *const numbers[] = {"1.", "2.", "3.", "4."};
    static const char *const counted[] = {"1", "2", "3", "4"};
    static const char *const letters[] = {"(a)", "(b)", "(c)", "(iv)"};
    static const char *const labels[] = {"1204", "998", "310", "12"};
    CU_ASSERT_EQUAL(detect_items(bullets, 4), 0);
    CU_ASSERT_EQUAL(detect_items(numbers, 4), 0);
    CU_ASSERT_EQUAL(detect_items(counted, 4), 0);
    CU_ASSERT_EQUAL(detect_items(letters, 4), 0);
    CU_ASSERT_EQUAL(detect_items(labels, 4), 1);
}

static size_t detect_pages(const char *head, const char *const *pages, size_t n)
{
    static const char *const titles[] = {"Preface",      "How it began", "The work",
                                         "What it cost", "Its use",      "What is left"};
    struct page_content p = {.info = page};
    put(&p.words, 60, 100, "Part");
    put_at_right(&p.words, 400, 100, head);
    for (size_t i = 0; i < n; i++) {
        put(&p.words, 60, 115 + 15 * (double)i, titles[i]);
        put_at_right(&p.words, 400, 115 + 15 * (double)i, pages[i]);
    }
    return detect(&p, NULL, 0);
}

static void contents_are_no_table(void)
{
    static const char *const pages[] = {"iv", "1", "17", "17", "80", "112"};
    static const char *const values[] = {"12", "1", "17", "17", "80", "112"};
    CU_ASSERT_EQUAL(detect_pages("Page", pages, 6), 0);
    CU_ASSERT_EQUAL(detect_pages("Page", values, 6), 1);
    CU_ASSERT_EQUAL(detect_pages("Page", pages, 4), 1);
    CU_ASSERT_EQUAL(detect_pages("2", pages, 6), 1);
}

/* Two columns with a wide space in each line, at other places. */
static void justified_columns_are_no_table(void)
{
    static const char *const begin[] = {"a bc defg hi jk", "abc d ef ghi",
                                        "abcdefghijklmno pq r st"};
    static const char *const end[] = {"ghijk", "ghijklmnopqrstuvw", "ghijk"};
    struct page_content p = {.info = page};
    for (int r = 0; r < 9; r++)
        for (int side = 0; side < 2; side++) {
            double x = side == 0 ? 50 : 320;
            put(&p.words, x, 100 + r * 14, begin[r % 3]);
            put_at_right(&p.words, x + 220, 100 + r * 14, end[r % 3]);
        }
    CU_ASSERT_EQUAL(detect(&p, NULL, 0), 0);
}

/* Each bar ends elsewhere, and its value stands behind it. */
static void values_of_bars_are_no_table(void)
{
    static const char *const names[] = {"north", "south", "east", "west"};
    static const double at[] = {210, 330, 265, 430};
    struct page_content p = {.info = page};
    for (int r = 0; r < 4; r++) {
        put(&p.words, 60, 100 + r * 16, names[r]);
        put(&p.words, at[r], 100 + r * 16, "12");
    }
    CU_ASSERT_EQUAL(detect(&p, NULL, 0), 0);
}

/* A table of so many rows and columns, whose filled cells are given as row * 10 + col. */
static bool looks_like_bars(int rows, int cols, const int *filled, size_t n)
{
    struct cell cells[20];
    struct table t = {.rows = rows, .cols = cols, .cells = cells, .n_cells = n};
    CU_ASSERT_TRUE_FATAL(n <= 20);
    for (size_t i = 0; i < n; i++)
        cells[i] = (struct cell){.row = filled[i] / 10,
                                 .col = filled[i] % 10,
                                 .row_span = 1,
                                 .col_span = 1,
                                 .text = (char *)"7"};
    return decoy_is_bars(&t);
}

static void one_value_a_row_and_column_are_bars(void)
{
    static const int bars[] = {0, 3, 10, 11, 20, 24, 30, 32, 40, 41, 42, 43, 44};
    static const int sparse[] = {0, 1, 2, 3, 4, 10, 11, 13, 20, 22, 24, 30, 31, 34};
    static const int two[] = {0, 10, 20, 21};
    CU_ASSERT_TRUE(looks_like_bars(5, 5, bars, 13));
    CU_ASSERT_FALSE(looks_like_bars(4, 5, sparse, 14));
    CU_ASSERT_FALSE(looks_like_bars(3, 2, two, 4)); /* too narrow to tell */
}

static void two_lines_of_pairs_are_a_table(void)
{
    struct page_content p = {.info = page};
    struct region found[2];
    put(&p.words, 60, 100, "Members");
    put(&p.words, 170, 100, "480");
    put(&p.words, 230, 100, "Graduates");
    put(&p.words, 340, 100, "3495");
    put(&p.words, 60, 116, "Guests");
    put(&p.words, 170, 116, "484");
    put(&p.words, 230, 116, "Teachers");
    put(&p.words, 340, 116, "4880");
    CU_ASSERT_EQUAL(detect(&p, found, 2), 1);
    CU_ASSERT_EQUAL(found[0].type, REGION_TABLE);
}

/* A head and a foot of a page that have runs, too. */
static void two_lines_that_are_not_aligned_are_no_table(void)
{
    struct page_content p = {.info = page};
    put(&p.words, 60, 100, "Report");
    put(&p.words, 250, 100, "2020");
    put(&p.words, 450, 100, "Page 3");
    put(&p.words, 90, 116, "North");
    put(&p.words, 300, 116, "11 May");
    put(&p.words, 500, 116, "draft");
    CU_ASSERT_EQUAL(detect(&p, NULL, 0), 0);
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
    CU_ASSERT_EQUAL(detect_regions(&p, NULL, &regions, &n, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, 1);
    CU_ASSERT_EQUAL(regions[0].type, REGION_TABLE);
    CU_ASSERT_DOUBLE_EQUAL(regions[0].box.y * 800, 198, 1);
    CU_ASSERT_DOUBLE_EQUAL(regions[0].box.h * 800, 78, 1);
    free(regions);
    page_content_free(&p);
}

/* A frame of rows 15 high and columns 100 wide; returns the rules that it has. */
static size_t add_frame(struct rule *rules, double x, double y, int rows, int cols)
{
    size_t n = 0;
    for (int r = 0; r <= rows; r++)
        rules[n++] = across(x, x + cols * 100, y + r * 15);
    for (int c = 0; c <= cols; c++)
        rules[n++] = down(x + c * 100, y, y + rows * 15);
    return n;
}

static void fill_frame(struct word_list *w, double x, double y, int rows, int cols,
                       const char *text)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++)
            put(w, x + c * 100 + 5, y + r * 15 + 3, text);
}

static void framed_tables_are_bounded_by_their_rules(void)
{
    struct rule rules[32];
    struct page_content p = {.info = page, .rules = rules};
    struct region r[4];
    put(&p.words, 50, 88, "first caption");
    p.n_rules = add_frame(rules, 50, 100, 4, 3);
    fill_frame(&p.words, 50, 100, 4, 3, "7");
    put(&p.words, 50, 165, "second caption");
    p.n_rules += add_frame(rules + p.n_rules, 50, 180, 3, 2);
    fill_frame(&p.words, 50, 180, 3, 2, "8");
    rules[p.n_rules++] = across(51, 75, 97.4); /* a stroke of the caption */
    CU_ASSERT_EQUAL_FATAL(detect(&p, r, 4), 2);
    CU_ASSERT_EQUAL(r[0].type, REGION_TABLE);
    CU_ASSERT_DOUBLE_EQUAL(r[0].box.y * 800, 98, 1);
    CU_ASSERT_DOUBLE_EQUAL(r[0].box.h * 800, 64, 1);
    CU_ASSERT_DOUBLE_EQUAL(r[1].box.y * 800, 178, 1);
    CU_ASSERT_DOUBLE_EQUAL(r[1].box.w * 600, 204, 1);
}

static void frame_in_a_cell_is_no_second_table(void)
{
    struct rule rules[32];
    struct page_content p = {.info = page, .rules = rules};
    struct region r[4];
    p.n_rules = add_frame(rules, 70, 120, 3, 2);
    fill_frame(&p.words, 70, 120, 3, 2, "7");
    for (int i = 0; i < 3; i++) {
        rules[p.n_rules++] = across(50, 550, 100 + i * 80);
        rules[p.n_rules++] = down(50 + i * 250, 100, 260);
    }
    put(&p.words, 320, 130, "other");
    put(&p.words, 70, 210, "lower");
    put(&p.words, 320, 210, "last");
    CU_ASSERT_EQUAL_FATAL(detect(&p, r, 4), 1);
    CU_ASSERT_DOUBLE_EQUAL(r[0].box.h * 800, 164, 1);
}

static void regions_come_from_top_to_bottom(void)
{
    struct rule rules[16];
    struct page_content p = {.info = page, .rules = rules};
    struct region r[4];
    for (int i = 0; i < 5; i++) {
        put(&p.words, 50, 100 + i * 16, "row");
        put(&p.words, 250, 100 + i * 16, "3");
        put(&p.words, 400, 100 + i * 16, "4");
    }
    p.n_rules = add_frame(rules, 50, 300, 4, 3);
    fill_frame(&p.words, 50, 300, 4, 3, "7");
    CU_ASSERT_EQUAL_FATAL(detect(&p, r, 4), 2);
    CU_ASSERT_TRUE(r[0].box.y < r[1].box.y);
}

static void border_of_the_page_is_no_table(void)
{
    struct rule rules[8];
    struct page_content p = {.info = page, .rules = rules};
    struct region r[4];
    rules[p.n_rules++] = across(20, 580, 20);
    rules[p.n_rules++] = across(20, 580, 780);
    rules[p.n_rules++] = down(20, 20, 780);
    rules[p.n_rules++] = down(580, 20, 780);
    for (int i = 0; i < 5; i++) {
        put(&p.words, 50, 100 + i * 16, "row");
        put(&p.words, 250, 100 + i * 16, "3");
        put(&p.words, 400, 100 + i * 16, "4");
    }
    CU_ASSERT_EQUAL_FATAL(detect(&p, r, 4), 1);
    CU_ASSERT_DOUBLE_EQUAL(r[0].box.y * 800, 98, 1);
}

static void grid_of_a_chart_is_no_table(void)
{
    struct rule rules[32];
    struct page_content p = {.info = page, .rules = rules};
    struct region r[4];
    p.n_rules = add_frame(rules, 100, 100, 8, 4);
    put(&p.words, 110, 103, "400");
    put(&p.words, 110, 178, "200");
    put(&p.words, 310, 148, "peak");
    CU_ASSERT_EQUAL(detect(&p, r, 4), 0);
}

static void framed_names_and_values_are_a_form(void)
{
    struct rule rules[16];
    struct page_content p = {.info = page, .rules = rules};
    struct region r[4];
    p.n_rules = add_frame(rules, 50, 100, 4, 2);
    for (int i = 0; i < 4; i++) {
        put(&p.words, 55, 103 + i * 15, "Name:");
        put(&p.words, 155, 103 + i * 15, "value");
    }
    CU_ASSERT_EQUAL_FATAL(detect(&p, r, 4), 1);
    CU_ASSERT_EQUAL(r[0].type, REGION_FORM);
}

static void caption_and_note_are_left_out_but_not_what_rules_enclose(void)
{
    struct rule rules[4];
    struct page_content p = {.info = page, .rules = rules};
    struct region r[4];
    put(&p.words, 50, 100, "Caption");
    rules[p.n_rules++] = across(50, 450, 113);
    put(&p.words, 260, 116, "heading");
    for (int i = 0; i < 5; i++) {
        put(&p.words, 50, 132 + i * 16, "row");
        put(&p.words, 250, 132 + i * 16, "3");
        put(&p.words, 400, 132 + i * 16, "4");
    }
    rules[p.n_rules++] = across(50, 450, 210);
    put(&p.words, 50, 214, "Source");
    CU_ASSERT_EQUAL_FATAL(detect(&p, r, 4), 1);
    CU_ASSERT_DOUBLE_EQUAL(r[0].box.y * 800, 114, 1);
    CU_ASSERT_DOUBLE_EQUAL((r[0].box.y + r[0].box.h) * 800, 208, 1);
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
    CU_ASSERT_EQUAL_FATAL(layout_build(&w, &page, whole, true, NULL, &l, &e), ERR_OK);
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
    CU_ASSERT_EQUAL_FATAL(layout_build(&w, &page, whole, true, NULL, &l, &e), ERR_OK);
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

static void rules_on_and_beside_a_shade_are_found(void)
{
    struct raster image = {200, 100, 72, malloc(20000)};
    struct rule *rules = NULL;
    struct error e;
    size_t n = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(image.pixels);
    memset(image.pixels, 255, 20000);
    for (int y = 20; y < 60; y++) /* a shaded head */
        memset(image.pixels + y * 200 + 20, 170, 160);
    memset(image.pixels + 40 * 200 + 30, 0, 60); /* a line in it */
    for (int y = 60; y < 90; y++)                /* a line that starts at its lower edge */
        image.pixels[y * 200 + 100] = 0;
    memset(image.pixels + 80 * 200 + 40, 0, 120); /* one that crosses it */
    CU_ASSERT_EQUAL(raster_find_rules(&image, &rules, &n, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, 3);
    CU_ASSERT_DOUBLE_EQUAL(rules[0].box.y, 0.4, 0.011);
    CU_ASSERT_DOUBLE_EQUAL(rules[0].box.w, 0.3, 0.011);
    CU_ASSERT_DOUBLE_EQUAL(rules[1].box.w, 0.6, 0.011);
    CU_ASSERT_TRUE(rules[2].vertical);
    CU_ASSERT_DOUBLE_EQUAL(rules[2].box.h, 0.3, 0.011);
    free(rules);
    raster_free(&image);
}

/* --- hostile pages --- */

static const struct page_info large = {1, 60000, 60000, 0};

/* Two words a line, and rules 10 apart, down or across. */
static struct page_content hostile(size_t lines, size_t rules, bool vertical)
{
    struct page_content p = {.info = large, .rules = calloc(rules, sizeof *p.rules)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(p.rules);
    for (size_t i = 0; i < lines; i++)
        for (int k = 0; k < 2; k++) {
            struct box b = {k * 0.5, (double)i * 20 / large.height, 1e-4, 10 / large.height};
            CU_ASSERT_EQUAL_FATAL(word_list_add(&p.words, b, "1", 1, 1, ENGINE_TEXT), ERR_OK);
        }
    for (p.n_rules = 0; p.n_rules < rules; p.n_rules++) {
        double at = ((double)p.n_rules + 1) * 10 / large.width;
        p.rules[p.n_rules].vertical = vertical;
        p.rules[p.n_rules].box =
            vertical ? (struct box){at, 0, 1e-6, 1} : (struct box){0, at, 1, 1e-6};
    }
    return p;
}

static enum err extract_whole(struct page_content *p, const struct checkpoint *c, struct error *e)
{
    struct page_reading s = {.content = *p};
    struct region_result out = {.region = {.page = 1, .box = whole, .type = REGION_TABLE}};
    enum err err = region_extract(&s, &out, c, e);
    region_result_free(&out);
    return err;
}

static enum err stop_at_third(void *self, struct error *e)
{
    size_t *passed = self;
    return ++*passed < 3 ? ERR_OK : error_set(e, ERR_TIMEOUT, "It took too long.");
}

static void checkpoint_ends_a_hostile_page(void)
{
    struct page_content p = hostile(5000, 5000, false);
    struct region *regions = NULL;
    struct error e;
    size_t n = 0, passed = 0;
    const struct checkpoint c = {stop_at_third, &passed};
    CU_ASSERT_EQUAL(extract_whole(&p, &c, &e), ERR_TIMEOUT);
    CU_ASSERT_EQUAL(passed, 3);
    passed = 0;
    CU_ASSERT_EQUAL(detect_regions(&p, &c, &regions, &n, &e), ERR_TIMEOUT);
    CU_ASSERT_EQUAL(passed, 3);
    free(regions);
    page_content_free(&p);
}

static void page_of_too_many_cells_is_refused(void)
{
    struct page_content p = hostile(1000, 1100, true);
    struct error e;
    CU_ASSERT_EQUAL(extract_whole(&p, NULL, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "too complex"));
    p.n_rules = 900;
    CU_ASSERT_EQUAL(extract_whole(&p, NULL, &e), ERR_OK);
    page_content_free(&p);
}

static void page_of_too_many_steps_is_refused(void)
{
    struct work_budget p = {0};
    struct error e;
    CU_ASSERT_EQUAL(work_budget_spend(&p, WORK_BUDGET_STEPS / 2, 2, &e), ERR_OK);
    CU_ASSERT_EQUAL(work_budget_spend(&p, 1, 1, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "too complex"));
    CU_ASSERT_EQUAL(work_budget_spend(&p, SIZE_MAX, SIZE_MAX, &e), ERR_UNPROCESSABLE);
}

static void a_region_of_a_skewed_page_has_the_words_of_both_its_places(void)
{
    struct page_reading s = {.content.info = page, .pose = {0, 0.03, 600, 800}, .by_ocr = true};
    struct region_result r = {.region = {.page = 1, .type = REGION_TEXT, .confidence = 1}};
    struct error e;
    put(&s.content.words, 60, 400, "Straight");
    struct box b = s.content.words.items[0].box;
    r.region.box = (struct box){b.x, b.y + 0.2 * b.h, b.w, 0.6 * b.h};
    CU_ASSERT_EQUAL_FATAL(region_extract(&s, &r, NULL, &e), ERR_OK);
    CU_ASSERT_EQUAL(r.words.n, 1);
    struct box marked = r.region.box;
    region_result_free(&r);
    r = (struct region_result){.region = {.page = 1, .type = REGION_TEXT, .confidence = 1}};
    r.region.box = pose_to_page(&s.pose, marked);
    CU_ASSERT_EQUAL_FATAL(region_extract(&s, &r, NULL, &e), ERR_OK);
    CU_ASSERT_EQUAL(r.words.n, 1);
    region_result_free(&r);
    page_reading_free(&s);
}

static enum layer_fault judged(const char *const *texts, size_t n, double images, double char_width)
{
    struct page_content content = {.info = page, .image_coverage = images};
    for (size_t i = 0; i < n; i++) {
        size_t chars = 0;
        for (const char *p = texts[i]; *p != '\0'; p++)
            chars += (*p & 0xc0) != 0x80;
        struct box b = {0.1, 0.1 + 0.7 * (double)i / (double)n,
                        (double)chars * char_width * 12 / page.width, 12 / page.height};
        CU_ASSERT_EQUAL_FATAL(
            word_list_add(&content.words, b, texts[i], strlen(texts[i]), 1, ENGINE_TEXT), ERR_OK);
    }
    enum layer_fault fault = layer_assess(&content);
    if (fault == LAYER_PARTIAL)
        CU_ASSERT_TRUE(layer_asks_for_images(&content));
    page_content_free(&content);
    return fault;
}

static void layers_of_no_text_are_noticed(void)
{
    static const char *const text[] = {"Money", "held", "on", "accounts", "McNeil", "1250", "kWh"};
    static const char *const shifted[] = {"FRPSDQ\\", "\x14\x15\x13", "\x1b\x17", "SULFH[V",
                                          "YDOXH"};
    static const char *const strange[] = {
        "\xee\x80\x81\xee\x80\x82", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\x01\x02\x03\x04"};
    static const char *const han[] = {"\xe5\xad\x97\xe6\xaf\x8d\xe8\xa1\xa8",
                                      "\xe5\xad\x97\xe6\xaf\x8d\xe8\xa1\xa8",
                                      "\xe5\xad\x97\xe6\xaf\x8d\xe8\xa1\xa8"};
    static const char *const signs[] = {"\xc2\xa3\xc2\xab\xc2\xa8\xc2\xb0",
                                        "\xc2\xa6\xc2\xb1\xc2\xb4"
                                        "\xc2\xae",
                                        "\xc2\xa4\xc2\xa8\xc2\xbd"};
    static const char *const quoted[] = {"\xc2\xab"
                                         "mots\xc2\xbb",
                                         "\xc2\xa3"
                                         "12",
                                         "calme"};
    static const char *const endless[] = {"DLIAGQQRISEUMWIAOIUAMPAULIAVRRISAWENNIX"};
    static const char *const cyrillic[] = {"\xd0\xb4\xd0\xbe\xd0\xbc", "\xd0\xb4\xd0\xbe\xd0\xbc",
                                           "\xd0\xb4\xd0\xbe\xd0\xbc"};
    CU_ASSERT_EQUAL(judged(text, 7, 0, 0.5), LAYER_FITS);
    CU_ASSERT_EQUAL(judged(cyrillic, 3, 0, 0.5), LAYER_FITS);
    CU_ASSERT_EQUAL(judged(shifted, 5, 0, 0.5), LAYER_RUBBISH);
    CU_ASSERT_EQUAL(judged(strange, 3, 0, 0.5), LAYER_RUBBISH);
    CU_ASSERT_EQUAL(judged(signs, 3, 0, 0.5), LAYER_RUBBISH);
    CU_ASSERT_EQUAL(judged(quoted, 3, 0, 0.5), LAYER_FITS);
    CU_ASSERT_EQUAL(judged(endless, 1, 0, 0.5), LAYER_RUBBISH);
    CU_ASSERT_EQUAL(judged(han, 3, 0, 1), LAYER_FITS);
    CU_ASSERT_EQUAL(judged(han, 3, 0, 0.5), LAYER_RUBBISH);
    CU_ASSERT_EQUAL(judged(text, 7, 1, 0.5), LAYER_PARTIAL);
    CU_ASSERT_EQUAL(judged(NULL, 0, 1, 0.5), LAYER_FITS);
}

static const struct test_case tests[] = {
    TEST(layers_of_no_text_are_noticed),
    TEST(a_region_of_a_skewed_page_has_the_words_of_both_its_places),
    TEST(columns_without_rules_are_found),
    TEST(continued_cell_is_one_row),
    TEST(columns_a_few_points_apart_are_found),
    TEST(numbers_a_few_points_apart_are_parted),
    TEST(columns_that_touch_begin_at_one_place),
    TEST(labels_that_begin_alike_are_one_column),
    TEST(wide_spaces_of_fixed_letters_part_no_columns),
    TEST(spaces_of_ink_vary_more_than_those_of_letters),
    TEST(leader_dots_are_no_text),
    TEST(values_in_the_middle_of_a_wrapped_label_are_its_row),
    TEST(lines_set_closer_than_rows_are_one_cell),
    TEST(title_of_a_section_has_its_row),
    TEST(label_in_the_middle_of_rows_spans_them),
    TEST(heading_above_the_middle_of_a_label_spans),
    TEST(lines_set_alike_are_rows_though_cells_are_empty),
    TEST(label_of_two_lines_between_three_rows_joins_none),
    TEST(label_between_rows_is_a_column),
    TEST(labels_between_rows_are_a_column_under_a_short_heading),
    TEST(rows_without_a_number_are_rows_between_rules),
    TEST(headings_over_sparse_rows_do_not_join_columns),
    TEST(no_two_cells_overlap),
    TEST(grid_with_few_filled_cells_is_less_sure),
    TEST(ruled_rows_hold_all_their_lines),
    TEST(heading_over_columns_spans_them),
    TEST(heading_across_narrow_columns_does_not_hide_them),
    TEST(short_heading_over_columns_does_not_hide_them),
    TEST(heading_at_left_and_values_at_right_are_one_column),
    TEST(values_on_two_sides_stay_two_columns),
    TEST(heading_between_two_columns_is_over_both),
    TEST(long_cell_is_parted_from_its_neighbour),
    TEST(justified_text_between_rules_is_one_column),
    TEST(signs_set_apart_belong_to_their_numbers),
    TEST(heading_is_not_torn_where_its_border_has_no_rule),
    TEST(cell_that_no_rule_parts_spans_rows),
    TEST(strokes_of_letters_part_no_cells),
    TEST(chance_gap_between_rules_is_no_border),
    TEST(rules_over_totals_join_no_labels),
    TEST(rule_that_is_lost_once_joins_no_cells),
    TEST(rows_of_text_are_no_heading),
    TEST(text_centred_where_no_rule_stands_spans_columns),
    TEST(broken_rules_part_rows_of_many_lines),
    TEST(label_that_breaks_off_goes_on_below),
    TEST(lines_closer_than_rows_are_one_row),
    TEST(headings_of_two_lines_are_one_row),
    TEST(running_text_is_no_table),
    TEST(lists_are_no_tables),
    TEST(contents_are_no_table),
    TEST(justified_columns_are_no_table),
    TEST(values_of_bars_are_no_table),
    TEST(one_value_a_row_and_column_are_bars),
    TEST(two_lines_of_pairs_are_a_table),
    TEST(two_lines_that_are_not_aligned_are_no_table),
    TEST(table_between_paragraphs_is_detected),
    TEST(framed_tables_are_bounded_by_their_rules),
    TEST(frame_in_a_cell_is_no_second_table),
    TEST(regions_come_from_top_to_bottom),
    TEST(border_of_the_page_is_no_table),
    TEST(grid_of_a_chart_is_no_table),
    TEST(framed_names_and_values_are_a_form),
    TEST(caption_and_note_are_left_out_but_not_what_rules_enclose),
    TEST(names_and_values_share_lines),
    TEST(columns_of_text_are_read_one_by_one),
    TEST(long_thin_runs_of_pixels_are_rules),
    TEST(rules_on_and_beside_a_shade_are_found),
    TEST(checkpoint_ends_a_hostile_page),
    TEST(page_of_too_many_cells_is_refused),
    TEST(page_of_too_many_steps_is_refused),
};

int main(void)
{
    return RUN_SUITE("extract", tests);
}
