/* Results read back from their JSON, and edited. */
#include "core/edits.h"

#include <stdlib.h>
#include <string.h>

#include "core/result_read.h"
#include "formats/format.h"
#include "tests/unit/suite.h"

static const struct box somewhere = {0.1, 0.2, 0.3, 0.4};

static struct table a_table(void)
{
    static const char *const texts[] = {"a", "b", "1", "2"};
    struct table t = {.rows = 2, .cols = 2, .box = somewhere, .confidence = 0.9F};
    t.cells = calloc(4, sizeof *t.cells);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t.cells);
    for (int i = 0; i < 4; i++)
        t.cells[t.n_cells++] = (struct cell){.row = i / 2,
                                             .col = i % 2,
                                             .row_span = 1,
                                             .col_span = 1,
                                             .page = 1 + i / 2,
                                             .box = somewhere,
                                             .text = strdup(texts[i]),
                                             .confidence = 0.5F,
                                             .engine = ENGINE_TESSERACT,
                                             .header = i < 2};
    return t;
}

/* A table; a region whose rows are part of it; a form. */
static struct extraction some(void)
{
    struct extraction x = {.n_results = 3,
                           .results = calloc(3, sizeof *x.results),
                           .outcome = OUTCOME_PARTIAL_SUCCESS,
                           .pages_total = 3,
                           .pages_read = 2};
    struct error e;
    CU_ASSERT_PTR_NOT_NULL_FATAL(x.results);
    for (size_t i = 0; i < 3; i++) {
        x.results[i].region = (struct region){.page = (int)i + 1, .box = somewhere, .type = 1};
        x.results[i].text = strdup("as read");
    }
    strcpy(x.results[2].region.id, "Form");
    x.results[0].tables = calloc(1, sizeof *x.results[0].tables);
    x.results[2].fields = calloc(1, sizeof *x.results[2].fields);
    CU_ASSERT_TRUE_FATAL(x.results[0].tables != NULL && x.results[2].fields != NULL);
    x.results[0].tables[0] = a_table();
    x.results[0].n_tables = 1;
    x.results[1].joined_to = 1;
    x.results[1].warning = strdup("empty");
    x.results[2].fields[0] = (struct form_field){
        .name = strdup("Name"), .value = strdup("Erika \"E\""), .value_box = somewhere};
    x.results[2].n_fields = 1;
    CU_ASSERT_EQUAL(word_list_add(&x.results[2].words, somewhere, "Erika", 5, 1, ENGINE_TEXT),
                    ERR_OK);
    CU_ASSERT_EQUAL(extraction_add_problem(&x, 3, "blank", &e), ERR_OK);
    return x;
}

static char *written(const struct extraction *x, const char *format)
{
    const struct format_options o = {0};
    struct buffer out = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(format_write(x, format_index(format), &o, &out, &e), ERR_OK);
    return buffer_take(&out);
}

/* some() by way of its JSON. */
static struct extraction read_back(void)
{
    struct extraction x = some(), out;
    struct error e;
    json_t *tree = NULL;
    char *text = written(&x, "json");
    CU_ASSERT_EQUAL_FATAL(json_parse(text, strlen(text), &tree, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(result_read(tree, &out, &e), ERR_OK);
    json_decref(tree);
    free(text);
    extraction_free(&x);
    return out;
}

static void result_is_read_back_as_it_was(void)
{
    struct extraction x = some(), again = read_back();
    static const char *const all[] = {"json", "csv", "html"};
    for (int i = 0; i < 3; i++) {
        char *want = written(&x, all[i]), *got = written(&again, all[i]);
        CU_ASSERT_STRING_EQUAL(got, want);
        free(want);
        free(got);
    }
    extraction_free(&x);
    extraction_free(&again);
}

static void other_json_is_no_result(void)
{
    static const char *const others[] = {
        "[]",
        "{\"regions\":[]}",
        "{\"regions\":[{}],\"summary\":{}}",
        "{\"regions\":[{\"region_id\":\"r\",\"joined_to\":7}],\"summary\":{}}",
        "{\"regions\":[{\"region_id\":\"r\",\"cells\":[{\"table\":0}]}],\"summary\":{}}",
        "{\"regions\":[{\"region_id\":\"r\",\"tables\":[{\"rows\":1,\"cols\":1}],"
        "\"cells\":[{\"row\":0,\"col\":1,\"row_span\":1,\"col_span\":1}]}],\"summary\":{}}"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct extraction x;
        struct error e;
        json_t *tree = json_loads(others[i], 0, NULL);
        CU_ASSERT_EQUAL(result_read(tree, &x, &e), ERR_GONE);
        json_decref(tree);
    }
}

static enum err edit(struct extraction *x, const char *text, struct error *e)
{
    json_t *tree = NULL;
    CU_ASSERT_EQUAL_FATAL(json_parse(text, strlen(text), &tree, e), ERR_OK);
    const struct json_at root = json_root(tree);
    enum err err = edits_apply(&root, x, e);
    json_decref(tree);
    return err;
}

static void table_is_as_it_was_edited(void)
{
    struct extraction x = read_back();
    struct error e;
    CU_ASSERT_EQUAL(
        edit(&x,
             "{\"edits\":[{\"region_index\":0,\"table\":0,\"rows\":3,\"cols\":2,\"cells\":["
             "{\"row\":2,\"col\":1,\"text\":\"new\"},"
             "{\"row\":0,\"col\":0,\"col_span\":2,\"header\":true,\"text\":\"ab\",\"was\":[0,0]},"
             "{\"row\":1,\"col\":0,\"row_span\":2,\"text\":\"1\",\"was\":[1,0]},"
             "{\"row\":1,\"col\":1,\"text\":\"3\",\"was\":[1,1]}]}]}",
             &e),
        ERR_OK);
    const struct table *t = &x.results[0].tables[0];
    CU_ASSERT_TRUE_FATAL(t->rows == 3 && t->cols == 2 && t->n_cells == 4);
    CU_ASSERT_TRUE(t->cells[0].edited && t->cells[0].header && t->cells[0].confidence == 1);
    CU_ASSERT_TRUE(!t->cells[1].edited && t->cells[1].confidence == 0.5F && t->cells[1].page == 2);
    CU_ASSERT_TRUE(t->cells[2].edited && t->cells[3].edited);
    char *csv = written(&x, "csv"), *json = written(&x, "json");
    CU_ASSERT_STRING_EQUAL(csv, "ab,\r\n1,3\r\n,new\r\n\r\nName,\"Erika \"\"E\"\"\"\r\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"edited\":true,\"text\":\"ab\""));
    free(csv);
    free(json);
    extraction_free(&x);
}

static void form_is_as_it_was_edited(void)
{
    struct extraction x = read_back();
    struct error e;
    CU_ASSERT_EQUAL(edit(&x,
                         "{\"forms\":[{\"region_index\":2,\"fields\":["
                         "{\"name\":\"Place\",\"value\":\"\"},"
                         "{\"name\":\"Name\",\"value\":\"Eva\",\"was\":0},"
                         "{\"name\":\"Name\",\"value\":\"Erika \\\"E\\\"\",\"was\":0}]}]}",
                         &e),
                    ERR_OK);
    const struct region_result *r = &x.results[2];
    CU_ASSERT_EQUAL_FATAL(r->n_fields, 3);
    CU_ASSERT_TRUE(r->fields[0].edited && r->fields[0].confidence == 1);
    CU_ASSERT_TRUE(r->fields[1].edited && r->fields[1].confidence == 1 &&
                   r->fields[1].value_box.x == somewhere.x);
    CU_ASSERT_TRUE(!r->fields[2].edited && r->fields[2].confidence == 0);
    char *csv = written(&x, "csv"), *json = written(&x, "json");
    CU_ASSERT_PTR_NOT_NULL(strstr(csv, "Place,\r\nName,Eva\r\nName,\"Erika \"\"E\"\"\"\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"value\":\"Eva\",\"edited\":true"));
    free(csv);
    free(json);
    extraction_free(&x);
}

static void removed_region_takes_those_whose_rows_it_has(void)
{
    struct extraction x = read_back();
    struct error e;
    CU_ASSERT_EQUAL(edit(&x, "{\"removed\":[0]}", &e), ERR_OK);
    CU_ASSERT_TRUE_FATAL(x.n_results == 1);
    CU_ASSERT_STRING_EQUAL(x.results[0].region.id, "Form");
    extraction_free(&x);
    x = read_back();
    CU_ASSERT_EQUAL(edit(&x, "{\"removed\":[2,2]}", &e), ERR_OK);
    CU_ASSERT_TRUE(x.n_results == 2 && x.results[1].joined_to == 1);
    extraction_free(&x);
}

#define FORM "{\"forms\":[{\"region_index\":2,\"fields\":["
#define EDIT "{\"edits\":[{\"region_index\":0,\"table\":0,\"rows\":1,\"cols\":2,\"cells\":"

static void what_is_not_there_is_refused(void)
{
    static const struct {
        const char *body, *detail;
    } cases[] = {
        {"{\"removed\":[3]}", "/removed/0: there is no such region; there are 3"},
        {"{\"edits\":[{\"region_index\":3}]}",
         "/edits/0/region_index: there is no such region; there are 3"},
        {"{\"edits\":[{\"region_index\":2,\"table\":0}]}",
         "/edits/0/table: the region has no such table; it has 0"},
        {EDIT "[{\"row\":0,\"col\":0,\"was\":[2,0]}]}]}",
         "/edits/0/cells/0/was: the table has no cell there"},
        {EDIT "[{\"row\":1,\"col\":0}]}]}", "/edits/0/cells/0/row: must be"},
        {EDIT "[{\"row\":0,\"col\":1,\"col_span\":2}]}]}", "/edits/0/cells/0/col_span: must be"},
        {EDIT "[{\"row\":0,\"col\":0,\"col_span\":2},{\"row\":0,\"col\":1}]}]}",
         "/edits/0/cells/1: lies over another cell"},
        {EDIT "[{\"row\":0,\"col\":0}]}]}", "/edits/0/cells: no cell has row 0, column 1"},
        {"{\"edits\":[{\"region_index\":0,\"table\":0,\"rows\":1001,\"cols\":1000,\"cells\":[]}]}",
         "/edits/0/cols: must be"},
        {"{\"forms\":[{\"region_index\":3,\"fields\":[]}]}",
         "/forms/0/region_index: there is no such region; there are 3"},
        {"{\"forms\":[{\"region_index\":2,\"fields\":[]}]}",
         "/forms/0/fields: must hold at least one field"},
        {FORM "{\"name\":\"a\",\"value\":\"b\",\"was\":0},{\"name\":\"a\",\"value\":\"b\",\"was\":"
              "1}]}]}",
         "/forms/0/fields/1/was: the region has no such field; it has 1"},
        {FORM "{\"name\":\"a\"}]}]}", "/forms/0/fields/0/value: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct extraction x = read_back();
        struct error e = {0};
        CU_ASSERT_EQUAL(edit(&x, cases[i].body, &e), ERR_UNPROCESSABLE);
        CU_ASSERT_NSTRING_EQUAL(e.detail, cases[i].detail, strlen(cases[i].detail));
        extraction_free(&x);
    }
}

static const struct test_case tests[] = {
    TEST(result_is_read_back_as_it_was),
    TEST(other_json_is_no_result),
    TEST(table_is_as_it_was_edited),
    TEST(form_is_as_it_was_edited),
    TEST(removed_region_takes_those_whose_rows_it_has),
    TEST(what_is_not_there_is_refused),
};

int main(void)
{
    return RUN_SUITE("edits", tests);
}
