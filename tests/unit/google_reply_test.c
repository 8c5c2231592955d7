/* Answers of Document AI and Gemini: the right ones, wrong ones, and mutations of the right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "google/documentai_reply.h"
#include "google/gemini_reply.h"
#include "tests/unit/suite.h"

#define MUTATIONS 20000

static json_t *parse(const char *text)
{
    json_error_t why;
    json_t *tree = json_loads(text, 0, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
    return tree;
}

static json_t *layout_from(const char *from, const char *to, double x, double y)
{
    json_t *tree = json_pack("{s{s[{ssss}]} sf s{s[{sfsf}{sfsf}]}}", "textAnchor", "textSegments",
                             "startIndex", from, "endIndex", to, "confidence", 0.5, "boundingPoly",
                             "normalizedVertices", "x", x, "y", y, "x", 0.9, "y", 0.9);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
    return tree;
}

static json_t *item(const char *from, const char *to, double x, double y)
{
    return json_pack("{so}", "layout", layout_from(from, to, x, y));
}

/* The defaults of Google's JSON are left out, and one box is in pixels. */
static json_t *first_token(void)
{
    return json_pack("{s{s{s[{ss}]} sf s{s[{}{si}{sisi}{si}]}}}", "layout", "textAnchor",
                     "textSegments", "endIndex", "6", "confidence", 0.75, "boundingPoly",
                     "vertices", "x", 20, "x", 20, "y", 10, "y", 10);
}

/* A B |
 * 1 x | */
static json_t *table(void)
{
    json_t *wide = item("10", "14", 0.1, 0.2);
    (void)json_object_set_new(wide, "rowSpan", json_integer(1));
    (void)json_object_set_new(wide, "colSpan", json_integer(2));
    return json_pack("{so s[{s[o{s{}si}]}] s[{s[oo]}]}", "layout",
                     layout_from("10", "18", 0.1, 0.2), "headerRows", "cells", wide, "layout",
                     "rowSpan", 2, "bodyRows", "cells", item("14", "16", 0.1, 0.3),
                     item("16", "18", 0.5, 0.3));
}

/* Offsets count code points, of which there are 18. */
static json_t *document(void)
{
    json_t *tokens = json_pack("[oooooo]", first_token(), item("6", "10", 0.2, 0.1),
                               item("10", "12", 0.1, 0.2), item("12", "14", 0.5, 0.2),
                               item("14", "16", 0.1, 0.3), item("16", "18", 0.5, 0.3));
    json_t *field = json_pack("{soso}", "fieldName", layout_from("0", "6", 0, 0), "fieldValue",
                              layout_from("6", "10", 0.2, 0.1));
    json_t *page = json_pack("{s{sisi} so s[o] s[o]}", "dimension", "width", 200, "height", 100,
                             "tokens", tokens, "tables", table(), "formFields", field);
    json_t *tree = json_pack("{s{ss s[o]}}", "document", "text",
                             "N\xC3\xA4me: Ada\nA B\n1 \xF0\x9D\x84\x9E\n", "pages", page);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
    return tree;
}

static enum err read_valid(bool structure, struct ocr_result *out)
{
    struct error e;
    json_t *tree = document();
    enum err err = documentai_reply_read(tree, structure, out, &e);
    json_decref(tree);
    return err;
}

static enum err read_document(const char *text, struct ocr_result *out, struct error *e)
{
    json_t *tree = parse(text);
    enum err err = documentai_reply_read(tree, true, out, e);
    json_decref(tree);
    return err;
}

static void document_gives_words(void)
{
    static const char *const want[] = {"N\xC3\xA4me:", "Ada", "A", "B", "1", "\xF0\x9D\x84\x9E"};
    struct ocr_result r;
    CU_ASSERT_EQUAL_FATAL(read_valid(true, &r), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(r.words.n, 6);
    for (size_t i = 0; i < 6; i++)
        CU_ASSERT_STRING_EQUAL(r.words.items[i].text, want[i]);
    struct word *first = &r.words.items[0];
    CU_ASSERT_DOUBLE_EQUAL(first->confidence, 0.75, 0.001);
    CU_ASSERT_EQUAL(first->engine, ENGINE_DOCUMENTAI);
    CU_ASSERT_TRUE(first->box.x == 0 && first->box.y == 0);
    CU_ASSERT_DOUBLE_EQUAL(first->box.w, 0.1, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(first->box.h, 0.1, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(r.words.items[1].box.x, 0.2, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(r.words.items[1].box.w, 0.7, 0.001);
    ocr_result_free(&r);
}

static void document_gives_tables(void)
{
    struct ocr_result r;
    CU_ASSERT_EQUAL_FATAL(read_valid(true, &r), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(r.n_tables, 1);
    const struct table *t = &r.tables[0];
    CU_ASSERT_EQUAL(t->structure, STRUCTURE_DOCUMENTAI);
    CU_ASSERT_TRUE(t->rows == 2 && t->cols == 3);
    CU_ASSERT_EQUAL_FATAL(t->n_cells, 4);
    CU_ASSERT_STRING_EQUAL(t->cells[0].text, "A B");
    CU_ASSERT_TRUE(t->cells[0].header && t->cells[0].col_span == 2);
    CU_ASSERT_TRUE(t->cells[1].col == 2 && t->cells[1].row_span == 2);
    CU_ASSERT_STRING_EQUAL(t->cells[1].text, "");
    CU_ASSERT_EQUAL(t->cells[1].confidence, 1);
    CU_ASSERT_TRUE(t->cells[3].row == 1 && t->cells[3].col == 1 && !t->cells[3].header);
    CU_ASSERT_STRING_EQUAL(t->cells[3].text, "\xF0\x9D\x84\x9E");
    ocr_result_free(&r);
}

static void document_gives_fields(void)
{
    struct ocr_result r;
    CU_ASSERT_EQUAL_FATAL(read_valid(true, &r), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(r.n_fields, 1);
    CU_ASSERT_STRING_EQUAL(r.fields[0].name, "N\xC3\xA4me");
    CU_ASSERT_STRING_EQUAL(r.fields[0].value, "Ada");
    CU_ASSERT_DOUBLE_EQUAL(r.fields[0].confidence, 0.5, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(r.fields[0].value_box.x, 0.2, 0.001);
    ocr_result_free(&r);
}

static void structure_is_left_out_on_request(void)
{
    struct ocr_result r;
    CU_ASSERT_EQUAL_FATAL(read_valid(false, &r), ERR_OK);
    CU_ASSERT_TRUE(r.words.n == 6 && r.n_tables == 0 && r.n_fields == 0);
    ocr_result_free(&r);
}

static void empty_page_has_no_words(void)
{
    struct ocr_result r;
    struct error e;
    CU_ASSERT_EQUAL(read_document("{\"document\":{\"pages\":[{}]}}", &r, &e), ERR_OK);
    CU_ASSERT_EQUAL(r.words.n, 0);
    CU_ASSERT_EQUAL(read_document("{\"document\":{}}", &r, &e), ERR_OK);
    ocr_result_free(&r);
}

#define TOKEN(anchor, poly)                                                                        \
    "{\"document\":{\"text\":\"ab\",\"pages\":[{\"tokens\":[{\"layout\":{\"textAnchor\":"          \
    "{\"textSegments\":[" anchor "]},\"boundingPoly\":" poly "}}]}]}}"
#define POLY "{\"normalizedVertices\":[{},{\"x\":1,\"y\":1}]}"

static void broken_documents_are_unavailable(void)
{
    static const char *const broken[] = {
        "[]",
        "{}",
        "{\"document\":[]}",
        "{\"document\":{\"text\":1}}",
        "{\"document\":{\"pages\":{}}}",
        "{\"document\":{\"pages\":[1]}}",
        "{\"document\":{\"pages\":[{\"tokens\":[1]}]}}",
        TOKEN("{\"endIndex\":\"3\"}", POLY),
        TOKEN("{\"startIndex\":\"2\",\"endIndex\":\"1\"}", POLY),
        TOKEN("{\"endIndex\":\"-1\"}", POLY),
        TOKEN("{\"endIndex\":\"1x\"}", POLY),
        TOKEN("{\"endIndex\":\"99999999999999999999\"}", POLY),
        TOKEN("{\"endIndex\":true}", POLY),
        TOKEN("{\"endIndex\":\"2\"},{\"endIndex\":\"2\"}", POLY),
        TOKEN("{\"endIndex\":\"1\"}", "{}"),
        TOKEN("{\"endIndex\":\"1\"}", "[]"),
        TOKEN("{\"endIndex\":\"1\"}", "{\"vertices\":[{\"x\":1}]}"),
        TOKEN("{\"endIndex\":\"1\"}", "{\"normalizedVertices\":[{\"x\":\"1\"}]}"),
        "{\"document\":{\"pages\":[{\"tables\":[{\"bodyRows\":[{\"cells\":[{\"colSpan\":100000}]}]"
        "}]}]}}",
        "{\"document\":{\"pages\":[{\"tables\":[{\"bodyRows\":[{\"cells\":[{\"rowSpan\":-1}]}]}]}]"
        "}}",
    };
    struct ocr_result r;
    struct error e;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        CU_ASSERT_EQUAL(read_document(broken[i], &r, &e), ERR_UNAVAILABLE);
        CU_ASSERT_STRING_EQUAL(e.detail, "Document AI gave an answer that cannot be used.");
        CU_ASSERT_TRUE(r.words.items == NULL && r.tables == NULL && r.fields == NULL);
    }
    CU_ASSERT_EQUAL(documentai_reply_read(NULL, true, &r, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(read_document(TOKEN("{\"endIndex\":1}", POLY), &r, &e), ERR_OK);
    ocr_result_free(&r);
}

/* --- Gemini --- */

#define ANSWER(reason, text)                                                                       \
    "{\"candidates\":[{\"finishReason\":\"" reason "\",\"content\":{\"role\":\"model\","           \
    "\"parts\":[{\"text\":\"" text "\"}]}}]}"

static enum err read_answer(const char *text, struct table_proposal *out, struct error *e)
{
    json_t *tree = parse(text);
    enum err err = gemini_reply_read(tree, out, e);
    json_decref(tree);
    return err;
}

static void answer_gives_rows(void)
{
    struct table_proposal p;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(read_answer("{\"candidates\":[{\"finishReason\":\"STOP\",\"content\":{"
                                      "\"parts\":[{\"text\":\"{\\\"rows\\\":[[\\\"a\\\",\"},"
                                      "{\"text\":\"\\\"b\\\"],[],[\\\"c\\\"]]}\"}]}}]}",
                                      &p, &e),
                          ERR_OK);
    CU_ASSERT_TRUE_FATAL(p.n_rows == 3 && p.n_texts == 3);
    CU_ASSERT_TRUE(p.cols[0] == 2 && p.cols[1] == 0 && p.cols[2] == 1);
    CU_ASSERT_STRING_EQUAL(p.texts[1], "b");
    CU_ASSERT_STRING_EQUAL(p.texts[2], "c");
    table_proposal_free(&p);
    CU_ASSERT_EQUAL(read_answer(ANSWER("STOP", "{\\\"rows\\\":[]}"), &p, &e), ERR_OK);
    CU_ASSERT_EQUAL(p.n_rows, 0);
    table_proposal_free(&p);
}

static void unfinished_answers_say_why(void)
{
    struct table_proposal p;
    struct error e;
    CU_ASSERT_EQUAL(read_answer(ANSWER("MAX_TOKENS", "{"), &p, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "too large"));
    CU_ASSERT_EQUAL(read_answer(ANSWER("SAFETY", ""), &p, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "SAFETY"));
    CU_ASSERT_EQUAL(read_answer("{\"promptFeedback\":{\"blockReason\":\"OTHER\"}}", &p, &e),
                    ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "OTHER"));
    CU_ASSERT_EQUAL(read_answer("{\"candidates\":[]}", &p, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_answer("{\"candidates\":{}}", &p, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(read_answer("{\"candidates\":[{\"finishReason\":\"STOP\"}]}", &p, &e),
                    ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(read_answer("{\"candidates\":[1]}", &p, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(gemini_reply_read(NULL, &p, &e), ERR_UNAVAILABLE);
}

static json_t *answer_with(const json_t *written)
{
    char *text = json_dumps(written, JSON_COMPACT);
    json_t *tree = json_pack("{s[{ss,s{s[{ss}]}}]}", "candidates", "finishReason", "STOP",
                             "content", "parts", "text", text);
    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
    return tree;
}

static enum err read_large(size_t rows, size_t cols, size_t bytes)
{
    struct table_proposal p;
    struct error e;
    char *text = malloc(bytes + 1);
    json_t *list = json_array();
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, 'x', bytes);
    text[bytes] = '\0';
    for (size_t i = 0; i < rows; i++) {
        json_t *row = json_array();
        for (size_t k = 0; k < cols; k++)
            (void)json_array_append_new(row, json_string(text));
        (void)json_array_append_new(list, row);
    }
    json_t *written = json_pack("{so}", "rows", list), *tree = answer_with(written);
    enum err err = gemini_reply_read(tree, &p, &e);
    CU_ASSERT_EQUAL(p.n_rows, err == ERR_OK ? rows : 0);
    table_proposal_free(&p);
    json_decref(written);
    json_decref(tree);
    free(text);
    return err;
}

static void tables_have_bounds(void)
{
    struct table_proposal p;
    struct error e;
    CU_ASSERT_EQUAL(read_large(GEMINI_ROWS_MAX, 1, 1), ERR_OK);
    CU_ASSERT_EQUAL(read_large(GEMINI_ROWS_MAX + 1, 1, 1), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_large(1, GEMINI_COLS_MAX, 1), ERR_OK);
    CU_ASSERT_EQUAL(read_large(1, GEMINI_COLS_MAX + 1, 1), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_large(1, 1, GEMINI_CELL_MAX), ERR_OK);
    CU_ASSERT_EQUAL(read_large(1, 1, GEMINI_CELL_MAX + 1), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_answer(ANSWER("STOP", "no table"), &p, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_answer(ANSWER("STOP", "{\\\"rows\\\":[[1]]}"), &p, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_answer(ANSWER("STOP", "[]"), &p, &e), ERR_UNPROCESSABLE);
}

/* --- mutations --- */

static unsigned long long state = 88172645463325252ULL;

static size_t below(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % n);
}

static json_t *odd_value(void)
{
    switch (below(11)) {
    case 0:
        return json_null();
    case 1:
        return json_true();
    case 2:
        return json_integer((json_int_t)below(40) - 5);
    case 3:
        return json_integer(INT64_MAX);
    case 4:
        return json_real(-1e300);
    case 5:
        return json_real((double)below(100) / 30 - 1);
    case 6:
        return json_sprintf("%d", (int)below(40) - 5);
    case 7:
        return json_string("18446744073709551616");
    case 8:
        return json_string("");
    case 9:
        return json_array();
    default:
        return json_object();
    }
}

static void mutate(json_t *at);

static void mutate_array(json_t *at, size_t n)
{
    size_t i = below(n);
    switch (below(6)) {
    case 0:
        (void)json_array_remove(at, i);
        break;
    case 1:
        (void)json_array_set_new(at, i, odd_value());
        break;
    case 2:
        (void)json_array_insert_new(at, i, json_deep_copy(json_array_get(at, i)));
        break;
    default:
        mutate(json_array_get(at, i));
    }
}

static void mutate_object(json_t *at, size_t n)
{
    void *place = json_object_iter(at);
    for (size_t i = below(n); i > 0; i--)
        place = json_object_iter_next(at, place);
    switch (below(8)) {
    case 0:
        (void)json_object_del(at, json_object_iter_key(place));
        break;
    case 1:
        (void)json_object_iter_set_new(at, place, odd_value());
        break;
    default:
        mutate(json_object_iter_value(place));
    }
}

/* Changes something at or below a value. */
static void mutate(json_t *at)
{
    if (json_array_size(at) > 0)
        mutate_array(at, json_array_size(at));
    else if (json_object_size(at) > 0)
        mutate_object(at, json_object_size(at));
    else if (json_is_integer(at))
        (void)json_integer_set(at, (json_int_t)below(3000) - 500);
    else if (json_is_real(at))
        (void)json_real_set(at, (double)below(300) / 100 - 1);
    else if (json_is_string(at))
        (void)json_string_set(at, below(2) == 0 ? "17" : "4");
}

static bool box_within(struct box b)
{
    return b.x >= 0 && b.y >= 0 && b.w >= -1 && b.h >= -1 && b.x + b.w <= 1.000001 &&
           b.y + b.h <= 1.000001 && b.w >= 0 && b.h >= 0;
}

static bool table_within(const struct table *t)
{
    bool ok = t->n_cells > 0 && box_within(t->box);
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        ok = ok && c->row >= 0 && c->col >= 0 && c->row_span >= 1 && c->col_span >= 1 &&
             c->row + c->row_span <= t->rows && c->col + c->col_span <= t->cols &&
             box_within(c->box) && c->text != NULL && c->confidence >= 0 && c->confidence <= 1;
        if (i > 0)
            ok = ok && (c->row > c[-1].row || (c->row == c[-1].row && c->col > c[-1].col));
    }
    return ok;
}

static bool result_within(const struct ocr_result *r)
{
    bool ok = true;
    for (size_t i = 0; i < r->words.n; i++) {
        const struct word *w = &r->words.items[i];
        ok = ok && box_within(w->box) && w->text[0] != '\0' && w->confidence >= 0 &&
             w->confidence <= 1;
    }
    for (size_t i = 0; i < r->n_tables; i++)
        ok = ok && table_within(&r->tables[i]);
    for (size_t i = 0; i < r->n_fields; i++)
        ok = ok && r->fields[i].name[0] != '\0' && r->fields[i].value != NULL &&
             box_within(r->fields[i].name_box) && box_within(r->fields[i].value_box);
    return ok;
}

static json_t *mutated(const json_t *valid)
{
    json_t *tree = json_deep_copy(valid);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
    for (size_t n = 1 + below(4); n > 0; n--)
        mutate(tree);
    return tree;
}

static void mutated_documents_do_no_harm(void)
{
    json_t *valid = document();
    size_t usable = 0, wrong = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        json_t *tree = mutated(valid);
        struct ocr_result r;
        struct error e;
        enum err err = documentai_reply_read(tree, true, &r, &e);
        usable += err == ERR_OK;
        wrong += err == ERR_OK ? !result_within(&r) : err != ERR_UNAVAILABLE;
        ocr_result_free(&r);
        json_decref(tree);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(usable > MUTATIONS / 20 && usable < MUTATIONS * 19 / 20);
    json_decref(valid);
}

static void mutated_answers_do_no_harm(void)
{
    json_t *written = parse("{\"rows\":[[\"a\",\"b\"],[\"1\",\"\",\"2\"]]}");
    size_t usable = 0, wrong = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        json_t *inner = mutated(written), *outer = answer_with(inner);
        json_t *tree = below(2) == 0 ? mutated(outer) : json_incref(outer);
        struct table_proposal p;
        struct error e;
        enum err err = gemini_reply_read(tree, &p, &e);
        size_t sum = 0;
        for (size_t k = 0; k < p.n_rows; k++)
            sum += p.cols[k];
        usable += err == ERR_OK;
        wrong += err == ERR_OK ? sum != p.n_texts || p.n_rows > GEMINI_ROWS_MAX
                               : err != ERR_UNAVAILABLE && err != ERR_UNPROCESSABLE;
        table_proposal_free(&p);
        json_decref(tree);
        json_decref(outer);
        json_decref(inner);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(usable > MUTATIONS / 20 && usable < MUTATIONS * 19 / 20);
    json_decref(written);
}

static const struct test_case tests[] = {
    TEST(document_gives_words),       TEST(document_gives_tables),
    TEST(document_gives_fields),      TEST(structure_is_left_out_on_request),
    TEST(empty_page_has_no_words),    TEST(broken_documents_are_unavailable),
    TEST(answer_gives_rows),          TEST(unfinished_answers_say_why),
    TEST(tables_have_bounds),         TEST(mutated_documents_do_no_harm),
    TEST(mutated_answers_do_no_harm),
};

int main(void)
{
    return RUN_SUITE("google replies", tests);
}
