/* Whether tables of two pages are one, and what becomes of them. */
#include <stdio.h>
#include <stdlib.h>

#include "extract/join.h"
#include "tests/unit/words.h"

#define RESULTS 4

static struct region_result results[RESULTS];
static struct around around[RESULTS];
static struct extraction x;

/* A table of three columns at a place of a page; rows end with NULL, and cells are split at |. The
 * first row is the head. */
static void add(int page_number, double x0, double y0, const char *const *rows)
{
    struct region_result *r = &results[x.n_results++];
    struct table *t = calloc(1, sizeof *t);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    *r = (struct region_result){.region = {.page = page_number, .type = REGION_TABLE}};
    r->tables = t;
    r->n_tables = 1;
    *t = (struct table){.cols = 3, .box = {x0, y0, 0.6, 0}, .confidence = 1};
    for (; rows[t->rows] != NULL; t->rows++) {
        const char *text = rows[t->rows];
        for (int col = 0; col < 3; col++) {
            size_t n = strcspn(text, "|");
            t->cells = realloc(t->cells, (t->n_cells + 1) * sizeof *t->cells);
            CU_ASSERT_PTR_NOT_NULL_FATAL(t->cells);
            t->cells[t->n_cells++] =
                (struct cell){.row = t->rows,
                              .col = col,
                              .row_span = 1,
                              .col_span = 1,
                              .box = {x0 + 0.2 * col, y0 + 0.02 * t->rows, 0.1, 0.01},
                              .text = strndup(text, n),
                              .header = t->rows == 0};
            text += n + (text[n] == '|');
        }
    }
    t->box.h = 0.02 * t->rows;
    r->region.box = t->box;
}

static void begin(void)
{
    memset(results, 0, sizeof results);
    memset(around, 0, sizeof around);
    x = (struct extraction){.results = results};
}

static void join(void)
{
    struct error e;
    CU_ASSERT_EQUAL_FATAL(join_tables(&x, around, &e), ERR_OK);
}

static void end(void)
{
    for (size_t i = 0; i < x.n_results; i++)
        region_result_free(&results[i]);
}

static const char *const counts[] = {"Place|2019|2020", "North|10|12", "South|9|7", NULL};
static const char *const last[] = {"Centre|5|2", "Coast|1|1", NULL};
static const char *const more[] = {"West|4|11", "East|3|8", NULL};

/* Whether a table of the next page joins `counts`. */
static bool joins(const char *const *rows, double x0)
{
    add(1, 0.1, 0.8, counts);
    add(2, x0, 0.1, rows);
    join();
    bool joined = results[1].joined_to == 1;
    CU_ASSERT_EQUAL(results[1].n_tables, joined ? 0 : 1);
    CU_ASSERT_EQUAL(results[0].n_tables, 1);
    end();
    return joined;
}

static void rows_of_the_next_page_follow_with_their_page_and_place(void)
{
    begin();
    add(1, 0.1, 0.8, counts);
    add(2, 0.1, 0.1, more);
    join();
    const struct table *t = &results[0].tables[0];
    CU_ASSERT_EQUAL_FATAL(t->rows, 5);
    CU_ASSERT_STRING_EQUAL(cell_at(t, 3, 0)->text, "West");
    CU_ASSERT_EQUAL(cell_at(t, 3, 0)->page, 2);
    CU_ASSERT_DOUBLE_EQUAL(cell_at(t, 3, 0)->box.y, 0.1, 1e-9);
    CU_ASSERT_FALSE(cell_at(t, 3, 0)->header);
    CU_ASSERT_EQUAL(cell_at(t, 2, 0)->page, 1);
    CU_ASSERT_TRUE(cell_at(t, 0, 0)->header);
    CU_ASSERT_EQUAL(results[1].joined_to, 1);
    end();
}

static void a_repeated_head_is_there_once(void)
{
    static const char *const again[] = {"Place|2019|2020", "West|4|11", NULL};
    begin();
    add(1, 0.1, 0.8, counts);
    add(2, 0.1, 0.1, again);
    join();
    const struct table *t = &results[0].tables[0];
    CU_ASSERT_EQUAL_FATAL(t->rows, 4);
    CU_ASSERT_STRING_EQUAL(cell_at(t, 3, 0)->text, "West");
    CU_ASSERT_EQUAL(t->n_cells, 12);
    end();
}

static void a_table_may_go_on_over_many_pages_in_any_order(void)
{
    begin();
    add(3, 0.1, 0.1, last);
    add(1, 0.1, 0.7, counts);
    add(2, 0.1, 0.1, more);
    join();
    CU_ASSERT_EQUAL_FATAL(results[1].n_tables, 1);
    CU_ASSERT_EQUAL(results[1].tables[0].rows, 7);
    CU_ASSERT_EQUAL(cell_at(&results[1].tables[0], 6, 0)->page, 3);
    CU_ASSERT_EQUAL(results[0].joined_to, 2);
    CU_ASSERT_EQUAL(results[2].joined_to, 2);
    end();
}

static void pages_between_part_tables(void)
{
    begin();
    add(1, 0.1, 0.8, counts);
    add(3, 0.1, 0.1, more);
    join();
    CU_ASSERT_EQUAL(results[1].joined_to, 0);
    end();
}

static void other_columns_part_tables(void)
{
    begin();
    CU_ASSERT_TRUE(joins(more, 0.11));
    begin();
    CU_ASSERT_FALSE(joins(more, 0.22)); /* the columns stand elsewhere */
    begin();
    add(1, 0.1, 0.8, counts);
    add(2, 0.1, 0.1, more);
    results[1].tables[0].cols = 4; /* the last one is empty */
    join();
    CU_ASSERT_EQUAL(results[1].joined_to, 0);
    end();
}

static void a_head_of_its_own_parts_tables(void)
{
    static const char *const other[] = {"Town|Men|Women", "West|4|11", "East|3|8", NULL};
    begin();
    CU_ASSERT_FALSE(joins(other, 0.1));
}

static void what_stands_between_parts_tables(void)
{
    static const char *const again[] = {"Place|2019|2020", "West|4|11", NULL};
    begin();
    around[0].below = 40;
    CU_ASSERT_FALSE(joins(more, 0.1));
    begin();
    around[1].above = 40;
    CU_ASSERT_FALSE(joins(more, 0.1));
    begin();
    around[0].below = 40; /* notes below a table whose head is repeated */
    CU_ASSERT_TRUE(joins(again, 0.1));
    begin();
    around[0].below = 400;
    CU_ASSERT_FALSE(joins(again, 0.1));
}

static void a_caption_with_another_number_parts_tables(void)
{
    static const char *const again[] = {"Place|2019|2020", "West|4|11", NULL};
    begin();
    strcpy(around[0].number, "1");
    strcpy(around[1].number, "2");
    CU_ASSERT_FALSE(joins(again, 0.1));
    begin();
    strcpy(around[0].number, "1");
    strcpy(around[1].number, "1");
    CU_ASSERT_TRUE(joins(again, 0.1));
}

static void only_the_last_of_a_page_and_the_first_of_the_next_are_joined(void)
{
    begin();
    add(1, 0.1, 0.5, counts);
    add(1, 0.1, 0.8, counts);
    add(2, 0.1, 0.1, more);
    add(2, 0.1, 0.5, more);
    join();
    CU_ASSERT_EQUAL(results[0].tables[0].rows, 3);
    CU_ASSERT_EQUAL(results[1].tables[0].rows, 5);
    CU_ASSERT_EQUAL(results[2].joined_to, 2);
    CU_ASSERT_EQUAL(results[3].joined_to, 0);
    end();
}

static void words_around_are_counted_without_running_heads(void)
{
    struct word_list l = {0};
    struct around a;
    put(&l, 50, 20, "Annual report 2020");
    put(&l, 50, 100, "Chapter 9 ends here");
    put(&l, 50, 200, "Table 2.1: what was sold in 2020");
    put(&l, 50, 215, "in thousands");
    put(&l, 50, 240, "North 10 12");
    put(&l, 50, 600, "continued");
    put(&l, 300, 780, "Page 7");
    join_look(&l, (struct box){0.05, 0.29, 0.6, 0.1}, &a);
    CU_ASSERT_EQUAL(a.above, 13);
    CU_ASSERT_EQUAL(a.below, 1);
    CU_ASSERT_STRING_EQUAL(a.number, "2.1");
    word_list_free(&l);
}

static const struct test_case tests[] = {
    TEST(rows_of_the_next_page_follow_with_their_page_and_place),
    TEST(a_repeated_head_is_there_once),
    TEST(a_table_may_go_on_over_many_pages_in_any_order),
    TEST(pages_between_part_tables),
    TEST(other_columns_part_tables),
    TEST(a_head_of_its_own_parts_tables),
    TEST(what_stands_between_parts_tables),
    TEST(a_caption_with_another_number_parts_tables),
    TEST(only_the_last_of_a_page_and_the_first_of_the_next_are_joined),
    TEST(words_around_are_counted_without_running_heads),
};

int main(void)
{
    return RUN_SUITE("join", tests);
}
