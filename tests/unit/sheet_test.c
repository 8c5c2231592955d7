/* Several tables where a format is rows of cells and nothing else. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "formats/format.h"
#include "tests/unit/suite.h"

/* A table with a head "a" and "b" (or other) and a row. */
static struct table table_of(const char *head, const char *left, const char *right)
{
    struct table t = {.rows = 2, .cols = 2, .cells = calloc(4, sizeof *t.cells), .n_cells = 4};
    const char *const texts[] = {head, "b", left, right};
    CU_ASSERT_PTR_NOT_NULL_FATAL(t.cells);
    for (int i = 0; i < 4; i++)
        t.cells[i] = (struct cell){.row = i / 2,
                                   .col = i % 2,
                                   .row_span = 1,
                                   .col_span = 1,
                                   .header = i < 2,
                                   .text = strdup(texts[i])};
    return t;
}

/* Tables on page 1, 2 and 3; a line of text on page 4. */
static struct extraction some(void)
{
    struct extraction x = {.n_results = 4, .results = calloc(4, sizeof *x.results)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(x.results);
    for (int i = 0; i < 4; i++)
        x.results[i].region.page = i + 1;
    for (int i = 0; i < 3; i++) {
        x.results[i].tables = calloc(1, sizeof *x.results[i].tables);
        CU_ASSERT_PTR_NOT_NULL_FATAL(x.results[i].tables);
        x.results[i].n_tables = 1;
    }
    x.results[0].tables[0] = table_of("a", "1", "2");
    x.results[1].tables[0] = table_of("other", "3", "4");
    x.results[2].tables[0] = table_of("a", "5", "6");
    x.results[3].text = strdup("a line");
    return x;
}

static enum err write_some(struct sheet_choices c, struct buffer *out, struct error *e)
{
    struct extraction x = some();
    const struct format_options o = {.sheets = c};
    enum err err = format_write(&x, format_index("csv"), &o, out, e);
    extraction_free(&x);
    return err;
}

static void expect(struct sheet_choices c, const char *want)
{
    struct buffer out = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL(write_some(c, &out, &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(out.data, want);
    buffer_free(&out);
}

static void tables_stand_one_under_the_other(void)
{
    expect((struct sheet_choices){0},
           "a,b\r\n1,2\r\n\r\nother,b\r\n3,4\r\n\r\na,b\r\n5,6\r\n\r\na line\r\n");
}

static void tables_of_the_same_head_are_merged(void)
{
    expect((struct sheet_choices){.tables = TABLES_MERGED},
           "a,b\r\n1,2\r\n5,6\r\n\r\nother,b\r\n3,4\r\n\r\na line\r\n");
}

static void rows_say_where_they_come_from(void)
{
    expect((struct sheet_choices){.tables = TABLES_MERGED, .source_columns = true},
           "page,table,a,b\r\n1,1,1,2\r\n3,3,5,6\r\n\r\npage,table,other,b\r\n2,2,3,4\r\n\r\n"
           "4,,a line\r\n");
}

static void one_table_stands_alone_behind_a_mark(void)
{
    struct buffer out = BUFFER_INIT;
    struct error e;
    expect((struct sheet_choices){.table = 2, .bom = true}, "\xEF\xBB\xBFother,b\r\n3,4\r\n");
    CU_ASSERT_EQUAL(write_some((struct sheet_choices){.table = 4}, &out, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_STRING_EQUAL(e.detail, "table: there is no table 4; 3 were found.");
    buffer_free(&out);
}

static void expect_file(struct archive *a, const char *name, const char *want)
{
    struct archive_entry *entry;
    char bytes[64] = "";
    CU_ASSERT_EQUAL_FATAL(archive_read_next_header(a, &entry), ARCHIVE_OK);
    CU_ASSERT_STRING_EQUAL(archive_entry_pathname(entry), name);
    CU_ASSERT_EQUAL(archive_read_data(a, bytes, sizeof bytes - 1), (la_ssize_t)strlen(want));
    CU_ASSERT_STRING_EQUAL(bytes, want);
}

static void tables_are_files_of_a_zip(void)
{
    const struct sheet_choices c = {.tables = TABLES_ZIP, .bom = true};
    struct archive_entry *entry;
    struct buffer out = BUFFER_INIT, again = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(write_some(c, &out, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(write_some(c, &again, &e), ERR_OK);
    CU_ASSERT_TRUE(out.len == again.len && memcmp(out.data, again.data, out.len) == 0);
    struct archive *a = archive_read_new();
    CU_ASSERT_EQUAL_FATAL(archive_read_support_format_zip(a), ARCHIVE_OK);
    CU_ASSERT_EQUAL_FATAL(archive_read_open_memory(a, out.data, out.len), ARCHIVE_OK);
    expect_file(a, "table-1.csv",
                "\xEF\xBB\xBF"
                "a,b\r\n1,2\r\n");
    expect_file(a, "table-2.csv", "\xEF\xBB\xBFother,b\r\n3,4\r\n");
    expect_file(a, "table-3.csv",
                "\xEF\xBB\xBF"
                "a,b\r\n5,6\r\n");
    expect_file(a, "text-1.csv",
                "\xEF\xBB\xBF"
                "a line\r\n");
    CU_ASSERT_EQUAL(archive_read_next_header(a, &entry), ARCHIVE_EOF);
    (void)archive_read_free(a);
    buffer_free(&out);
    buffer_free(&again);
    CU_ASSERT_STRING_EQUAL(format_extension(format_index("tsv"), &c), "tsv.zip");
    CU_ASSERT_STRING_EQUAL(format_media_type(format_index("tsv"), &c), "application/zip");
    CU_ASSERT_STRING_EQUAL(format_media_type_of_file("a.tsv.zip"), "application/zip");
    CU_ASSERT_STRING_EQUAL(format_extension(format_index("json"), &c), "json");
}

static void zip_has_no_more_files_than_people_can_use(void)
{
    const struct format_options o = {.sheets.tables = TABLES_ZIP};
    static struct region_result results[10000];
    static struct table tables[10000];
    struct extraction x = {.results = results};
    struct buffer out = BUFFER_INIT;
    struct error e;
    for (int i = 0; i < 10000; i++)
        results[i] = (struct region_result){.tables = &tables[i], .n_tables = 1};
    x.n_results = 1000;
    CU_ASSERT_EQUAL(format_write(&x, 0, &o, &out, &e), ERR_OK);
    x.n_results = 10000;
    CU_ASSERT_EQUAL(format_write(&x, 0, &o, &out, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "tables: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "10000"));
    buffer_free(&out);
}

static void zip_keeps_to_the_size_of_results(void)
{
    struct extraction x = some();
    const struct format_options o = {.max_bytes = 100, .sheets.tables = TABLES_ZIP};
    struct buffer out = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL(format_write(&x, 0, &o, &out, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "more than 100 bytes"));
    buffer_free(&out);
    extraction_free(&x);
}

static const struct test_case tests[] = {
    TEST(tables_stand_one_under_the_other), TEST(tables_of_the_same_head_are_merged),
    TEST(rows_say_where_they_come_from),    TEST(one_table_stands_alone_behind_a_mark),
    TEST(tables_are_files_of_a_zip),        TEST(zip_has_no_more_files_than_people_can_use),
    TEST(zip_keeps_to_the_size_of_results),
};

int main(void)
{
    return RUN_SUITE("sheet", tests);
}
