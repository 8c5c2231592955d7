/* Writing an extraction in each format. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "formats/format.h"
#include "formats/number.h"
#include "tests/unit/suite.h"

static struct extraction one_table(const char *const *texts, int rows, int cols)
{
    struct extraction x = {.outcome = OUTCOME_SUCCESS, .n_results = 1};
    x.results = calloc(1, sizeof *x.results);
    struct region_result *r = x.results;
    r->region = (struct region){.id = "r", .page = 1, .type = REGION_TABLE};
    r->tables = calloc(1, sizeof *r->tables);
    r->n_tables = 1;
    struct table *t = r->tables;
    *t = (struct table){.rows = rows, .cols = cols};
    t->cells = calloc((size_t)(rows * cols), sizeof *t->cells);
    for (int i = 0; i < rows * cols; i++)
        t->cells[t->n_cells++] = (struct cell){.row = i / cols,
                                               .col = i % cols,
                                               .row_span = 1,
                                               .col_span = 1,
                                               .text = strdup(texts[i])};
    return x;
}

static enum err write_as(const char *format, const struct extraction *x, bool escape,
                         struct buffer *out)
{
    struct format_options options = {.escape_formulas = escape};
    struct error e;
    int f = format_index(format);
    CU_ASSERT_TRUE_FATAL(f >= 0);
    return format_write(x, f, &options, out, &e);
}

static void expect(struct extraction x, const char *format, bool escape, const char *want)
{
    struct buffer out = BUFFER_INIT;
    CU_ASSERT_EQUAL(write_as(format, &x, escape, &out), ERR_OK);
    CU_ASSERT_STRING_EQUAL(out.data, want);
    buffer_free(&out);
    extraction_free(&x);
}

static void csv_quotes_what_rfc_4180_says(void)
{
    static const char *const texts[] = {"a,b",   "say \"x\"", "two\nlines",
                                        " lead", "trail ",    "plain"};
    expect(one_table(texts, 2, 3), "csv", false,
           "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n\" lead\",\"trail \",plain\r\n");
}

static void tsv_has_no_tabs_inside_cells(void)
{
    static const char *const texts[] = {"a\tb", "c\r\nd", "e,f", "\"g\""};
    expect(one_table(texts, 2, 2), "tsv", false, "a b\tc  d\r\ne,f\t\"g\"\r\n");
}

static void formulas_are_neutralised_and_numbers_left_alone(void)
{
    static const char *const texts[] = {"=1+2", "-12.5", "@x", "+cmd|x", "-x", "a=b"};
    expect(one_table(texts, 1, 6), "csv", true, "'=1+2,-12.5,'@x,'+cmd|x,'-x,a=b\r\n");
    static const char *const amounts[] = {"-1,234.50",
                                          "- 5 %",
                                          "-1e5",
                                          "-",
                                          "+$(12.00)",
                                          "\xE2\x88\x92"
                                          "3"};
    expect(one_table(amounts, 1, 6), "tsv", true,
           "-1,234.50\t- 5 %\t-1e5\t-\t+$(12.00)\t\xE2\x88\x92"
           "3\r\n");
    static const char *const hidden[] = {"a;=1+2",
                                         "a\n=b",
                                         "+E1",
                                         "\xEF\xBC\x9D"
                                         "1",
                                         "-5;@x",
                                         "a;b\r-c"};
    expect(one_table(hidden, 1, 6), "csv", true,
           "a;'=1+2,\"a\n'=b\",'+E1,'\xEF\xBC\x9D"
           "1,-5;'@x,\"a;b\r'-c\"\r\n");
}

static void json_result_is_json_whatever_the_text(void)
{
    static const char *const texts[] = {"\"", "\\", "\x01", "\xFF", "\xC3\xA9", ""};
    struct extraction x = one_table(texts, 2, 3);
    struct buffer out = BUFFER_INIT;
    x.results[0].tables[0].structure = STRUCTURE_GEMINI;
    x.results[0].tables[0].cells[5].rejected = true;
    CU_ASSERT_EQUAL(write_as("json", &x, false, &out), ERR_OK);
    json_t *tree = json_loadb(out.data, out.len, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
    json_t *region = json_array_get(json_object_get(tree, "regions"), 0);
    json_t *cells = json_object_get(region, "cells");
    json_t *table = json_array_get(json_object_get(region, "tables"), 0);
    CU_ASSERT_EQUAL(json_array_size(cells), 6);
    CU_ASSERT_TRUE(json_is_true(json_object_get(json_array_get(cells, 4), "verified")));
    CU_ASSERT_TRUE(json_is_false(json_object_get(json_array_get(cells, 5), "verified")));
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(table, "structure")), "gemini");
    json_decref(tree);
    buffer_free(&out);
    extraction_free(&x);
}

static void cells_that_nobody_checked_are_not_called_verified(void)
{
    static const char *const texts[] = {"a", "b"};
    for (int s = 0; s < STRUCTURE__MAX; s++) {
        struct extraction x = one_table(texts, 1, 2);
        struct buffer out = BUFFER_INIT;
        x.results[0].tables[0].structure = (enum structure)s;
        CU_ASSERT_EQUAL(write_as("json", &x, false, &out), ERR_OK);
        CU_ASSERT_EQUAL(strstr(out.data, "\"verified\":null") == NULL, s == STRUCTURE_GEMINI);
        CU_ASSERT_EQUAL(strstr(out.data, "\"verified\":true") != NULL, s == STRUCTURE_GEMINI);
        buffer_free(&out);
        extraction_free(&x);
    }
}

static void markdown_has_a_head_and_escapes_what_it_would_read(void)
{
    static const char *const texts[] = {"Name", "a|b", "*x*", "two\nlines"};
    expect(one_table(texts, 2, 2), "markdown", false,
           "| Name | a\\|b |\n| --- | --- |\n| \\*x\\* | two<br>lines |\n");
}

static struct extraction only_text(const char *text)
{
    struct extraction x = {.outcome = OUTCOME_SUCCESS, .n_results = 1};
    x.results = calloc(1, sizeof *x.results);
    x.results[0].text = strdup(text);
    return x;
}

static void markdown_text_begins_no_list_and_no_heading(void)
{
    expect(only_text("# 1\n12. May\n- a\nplain <b>\n2 > 1\n"), "markdown", false,
           "\\# 1  \n12\\. May  \n\\- a  \nplain \\<b\\>  \n2 \\> 1  \n");
}

static void html_keeps_spans_and_head(void)
{
    static const char *const texts[] = {"A & <b>", "x"};
    struct extraction x = one_table(texts, 2, 1);
    struct table *t = x.results[0].tables;
    struct buffer out = BUFFER_INIT;
    t->cols = 2;
    t->cells[0].col_span = 2;
    t->cells[0].header = true;
    CU_ASSERT_EQUAL(write_as("html", &x, false, &out), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data,
                                  "<table>\n<tr><th colspan=\"2\">A &amp; &lt;b&gt;</th></tr>\n"
                                  "<tr><td>x</td></tr>\n</table>\n"));
    buffer_free(&out);
    extraction_free(&x);
}

static void xlsx_is_the_same_whenever_it_is_written(void)
{
    static const char *const texts[] = {"=1+2", "12", "007", ""};
    struct extraction x = one_table(texts, 2, 2);
    struct buffer a = BUFFER_INIT, b = BUFFER_INIT;
    CU_ASSERT_EQUAL(write_as("xlsx", &x, false, &a), ERR_OK);
    CU_ASSERT_EQUAL(write_as("xlsx", &x, false, &b), ERR_OK);
    CU_ASSERT_TRUE(a.len > 1000 && a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    buffer_free(&a);
    buffer_free(&b);
    extraction_free(&x);
}

static void table_beyond_a_sheet_is_refused_as_xlsx(void)
{
    static const char *const texts[] = {"a"};
    struct extraction x = one_table(texts, 1, 1);
    struct buffer out = BUFFER_INIT;
    x.results[0].tables[0].cells[0].col = 16384;
    CU_ASSERT_EQUAL(write_as("xlsx", &x, false, &out), ERR_UNPROCESSABLE);
    buffer_free(&out);
    extraction_free(&x);
}

static void numbers_are_what_a_number_gives_back(void)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},
                {"-12.50", -12.5},
                {"+7", 7},
                {"1,234", 1234},
                {"12,345,678.9", 12345678.9},
                {"0.05", 0.05},
                {"123456789012345", 123456789012345.0}};
    static const char *const bad[] = {
        "",       "-",   "007", "1,23", "1234,567", "1.2.3", "1e5",    "0x1A",
        "12 %",   "nan", "1.",  ".5",   "1,",       ",123",  "1,2345", "1234567890123456",
        "1,234.", "12a", " 1"};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT_TRUE(number_read(good[i].text, &value) && value == good[i].value);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(number_read(bad[i], &value));
}

/* --- all formats --- */

static void every_format_has_its_own_name_and_extension(void)
{
    CU_ASSERT_TRUE(format_count() >= 3);
    for (int i = 0; formats[i].name != NULL; i++) {
        CU_ASSERT_EQUAL(format_index(formats[i].name), i);
        CU_ASSERT_STRING_EQUAL(format_names[i], formats[i].name);
        CU_ASSERT_TRUE(strlen(formats[i].name) <= FORMAT_NAME_MAX);
        for (int k = 0; k < i; k++)
            CU_ASSERT_STRING_NOT_EQUAL(formats[i].extension, formats[k].extension);
    }
    CU_ASSERT_EQUAL(format_index("xyz"), -1);
}

static void every_format_writes_an_extraction_that_found_nothing(void)
{
    struct extraction x = {.outcome = OUTCOME_NO_MATCH};
    for (int i = 0; formats[i].name != NULL; i++) {
        struct buffer out = BUFFER_INIT;
        CU_ASSERT_EQUAL(write_as(formats[i].name, &x, false, &out), ERR_OK);
        buffer_free(&out);
    }
}

static void result_of_more_bytes_than_allowed_is_refused(void)
{
    struct extraction x = {0};
    struct format_options any = {0}, most, less;
    struct error e;
    for (int f = 0; formats[f].name != NULL; f++) {
        struct buffer whole = BUFFER_INIT, same = BUFFER_INIT, cut = BUFFER_INIT;
        CU_ASSERT_EQUAL_FATAL(format_write(&x, f, &any, &whole, &e), ERR_OK);
        most = (struct format_options){.max_bytes = whole.len};
        less = (struct format_options){.max_bytes = whole.len - 1};
        CU_ASSERT_EQUAL(format_write(&x, f, &most, &same, &e), ERR_OK);
        if (whole.len > 1) {
            CU_ASSERT_EQUAL(format_write(&x, f, &less, &cut, &e), ERR_UNPROCESSABLE);
            CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, formats[f].name));
        }
        buffer_free(&whole);
        buffer_free(&same);
        buffer_free(&cut);
    }
}

static void media_type_of_a_file_is_told_by_its_extension(void)
{
    CU_ASSERT_STRING_EQUAL(format_media_type_of_file("a.b/result.csv"), "text/csv; charset=utf-8");
    CU_ASSERT_STRING_EQUAL(format_media_type_of_file("csv"), "application/octet-stream");
    CU_ASSERT_STRING_EQUAL(format_media_type_of_file("a.csv2"), "application/octet-stream");
}

static void list_for_people_ends_with_or(void)
{
    struct buffer out = BUFFER_INIT;
    format_list(&out);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "csv, "));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, " or "));
    buffer_free(&out);
}

static const struct test_case tests[] = {
    TEST(csv_quotes_what_rfc_4180_says),
    TEST(tsv_has_no_tabs_inside_cells),
    TEST(formulas_are_neutralised_and_numbers_left_alone),
    TEST(json_result_is_json_whatever_the_text),
    TEST(cells_that_nobody_checked_are_not_called_verified),
    TEST(markdown_has_a_head_and_escapes_what_it_would_read),
    TEST(markdown_text_begins_no_list_and_no_heading),
    TEST(html_keeps_spans_and_head),
    TEST(xlsx_is_the_same_whenever_it_is_written),
    TEST(table_beyond_a_sheet_is_refused_as_xlsx),
    TEST(numbers_are_what_a_number_gives_back),
    TEST(every_format_has_its_own_name_and_extension),
    TEST(every_format_writes_an_extraction_that_found_nothing),
    TEST(result_of_more_bytes_than_allowed_is_refused),
    TEST(media_type_of_a_file_is_told_by_its_extension),
    TEST(list_for_people_ends_with_or),
};

int main(void)
{
    return RUN_SUITE("format", tests);
}
