/* Batches, an engine's structure and a structurer's, on sample documents with engines made up
 * here. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract/every_page.h"
#include "extract/pipeline.h"
#include "extract/sight.h"
#include "tests/unit/suite.h"

#define CALLS_MAX 16

/* What the engines were asked, and how they are to answer. */
static struct {
    size_t calls, images[CALLS_MAX];
    int64_t most_pixels;
    int widths[CALLS_MAX]; /* of the images seen */
    size_t n_widths;
    bool with_table, with_field;
} ocr;

static struct {
    size_t calls, images;
    const char *rows[8]; /* of one cell each */
    enum err fail;
} model;

static struct job_progress progress;

static const struct box whole = {0, 0, 1, 1};
static const struct box left = {0.1, 0.1, 0.1, 0.1};

static void add_word(struct ocr_result *out, double x, double y, const char *text)
{
    struct box b = {x, y, 0.05, 0.05};
    CU_ASSERT_EQUAL(word_list_add(&out->words, b, text, strlen(text), 0.5F, ENGINE_DOCUMENTAI),
                    ERR_OK);
}

static void add_table(struct ocr_result *out, struct box b, const char *text)
{
    struct table *t = realloc(out->tables, (out->n_tables + 1) * sizeof *t);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    out->tables = t;
    t[out->n_tables] = (struct table){.structure = STRUCTURE_DOCUMENTAI, .rows = 1, .cols = 1};
    t[out->n_tables].cells = calloc(1, sizeof *t->cells);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t[out->n_tables].cells);
    t[out->n_tables].n_cells = 1;
    t[out->n_tables++].cells[0] =
        (struct cell){.row_span = 1, .col_span = 1, .box = b, .text = strdup(text), .header = true};
}

static void add_field(struct ocr_result *out)
{
    out->fields = calloc(1, sizeof *out->fields);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out->fields);
    out->fields[out->n_fields++] = (struct form_field){
        .name = strdup("name"), .value = strdup("value"), .name_box = {0.5, 0.5, 0.1, 0.1}};
}

/* Four words under each other; the first is the image's width. */
static enum err recognize(void *self, const struct raster *images, size_t n, const char *languages,
                          const struct checkpoint *c, struct ocr_result *out, struct error *e)
{
    int64_t pixels = 0;
    (void)self, (void)languages;
    memset(out, 0, n * sizeof *out);
    CU_ASSERT_TRUE_FATAL(ocr.calls < CALLS_MAX);
    CU_ASSERT_TRUE(progress.pages_total >= progress.pages_done && progress.pages_total > 0);
    ocr.images[ocr.calls++] = n;
    for (size_t i = 0; i < n; i++) {
        char width[24];
        (void)snprintf(width, sizeof width, "%d", images[i].width);
        ocr.widths[ocr.n_widths++ % CALLS_MAX] = images[i].width;
        pixels += (int64_t)images[i].width * images[i].height;
        add_word(&out[i], 0.5, 0.2, width);
        add_word(&out[i], 0.5, 0.3, "b");
        add_word(&out[i], 0.5, 0.4, "c");
        add_word(&out[i], 0.5, 0.5, "d");
        if (ocr.with_table) {
            add_table(&out[i], (struct box){0.4, 0.4, 0.1, 0.1}, "inside");
            add_table(&out[i], (struct box){-1, 0.4, 0.1, 0.1}, "outside");
        }
        if (ocr.with_field)
            add_field(&out[i]);
    }
    ocr.most_pixels = pixels > ocr.most_pixels ? pixels : ocr.most_pixels;
    return checkpoint_pass(c, e);
}

static const struct ocr_engine_ops ocr_ops = {
    .engine = ENGINE_DOCUMENTAI, .batch = 3, .recognize = recognize};

static enum err propose(void *self, const struct raster *images, size_t n,
                        const struct checkpoint *c, struct table_proposal *out, struct error *e)
{
    (void)self;
    (void)images;
    (void)c;
    memset(out, 0, n * sizeof *out);
    model.calls++;
    model.images += n;
    if (model.fail != ERR_OK)
        return error_set(e, model.fail, "It is down.");
    for (size_t i = 0; i < n; i++) {
        out[i].cols = calloc(8, sizeof *out[i].cols);
        out[i].texts = calloc(8, sizeof *out[i].texts);
        CU_ASSERT_TRUE_FATAL(out[i].cols != NULL && out[i].texts != NULL);
        while (model.rows[out[i].n_rows] != NULL) {
            char width[24];
            (void)snprintf(width, sizeof width, "%d", ocr.widths[i < ocr.n_widths ? i : 0]);
            const char *text = model.rows[out[i].n_rows];
            out[i].texts[out[i].n_texts++] = strdup(strcmp(text, "width") == 0 ? width : text);
            out[i].cols[out[i].n_rows++] = 1;
        }
    }
    return ERR_OK;
}

static const struct structurer_ops model_ops = {.engine = ENGINE_GEMINI, .propose = propose};

static struct recognizer *recognizer;

static struct pipeline fresh(void)
{
    memset(&ocr, 0, sizeof ocr);
    memset(&model, 0, sizeof model);
    return (struct pipeline){.reader = {.program = "./pdf-ocr-page",
                                        .cpu_s = 30,
                                        .memory_bytes = INT64_C(1) << 40,
                                        .max_pages = 100,
                                        .max_raster_pixels = 40000000},
                             .ocr = {{&ocr_ops, NULL}},
                             .n_ocr = 1,
                             .recognizer = recognizer,
                             .ocr_dpi = 72};
}

static struct region region_of(int page, struct box box, enum region_type type)
{
    return (struct region){.page = page, .box = box, .type = type, .confidence = 1};
}

static enum err run(const struct pipeline *p, const char *sample, struct extraction_request r,
                    struct extraction *out, struct error *e)
{
    int fd = open(sample, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    enum err err = pipeline_run(p, fd, &r, NULL, NULL, &progress, out, e);
    (void)close(fd);
    return err;
}

/* Five regions on two pages, in turn. */
static struct extraction_request some_regions(struct region out[5])
{
    for (int i = 0; i < 5; i++)
        out[i] = region_of(1 + i % 2, (struct box){0.4, 0.1 + i * 0.1, 0.3, 0.2}, REGION_TEXT);
    return (struct extraction_request){.engine = CHOICE_DOCUMENTAI, .regions = out, .n_regions = 5};
}

static void regions_of_a_page_share_its_reading(void)
{
    struct pipeline p = fresh();
    struct region regions[5];
    struct extraction x;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(run(&p, "samples/text-table.pdf", some_regions(regions), &x, &e), ERR_OK);
    CU_ASSERT_TRUE(ocr.calls == 1 && ocr.images[0] == 2);
    CU_ASSERT_EQUAL_FATAL(x.n_results, 5);
    for (size_t i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(x.results[i].region.page, 1 + (int)i % 2);
    CU_ASSERT_STRING_EQUAL(x.results[1].words.items[1].text, "b");
    CU_ASSERT_STRING_EQUAL(x.results[2].words.items[0].text, "b");
    CU_ASSERT_TRUE(progress.regions_done == 5 && progress.pages_done == 2);
    extraction_free(&x);
}

static void batches_keep_to_the_pixels_allowed(void)
{
    struct pipeline p = fresh();
    struct region regions[5];
    struct extraction x;
    struct error e;
    p.reader.max_raster_pixels = 600000; /* a page has 500,990 */
    CU_ASSERT_EQUAL_FATAL(run(&p, "samples/text-table.pdf", some_regions(regions), &x, &e), ERR_OK);
    CU_ASSERT_TRUE(ocr.calls == 2 && ocr.images[0] == 1 && ocr.images[1] == 1);
    CU_ASSERT_TRUE(ocr.most_pixels <= 602000); /* the reader rounds up */
    extraction_free(&x);
}

static void pages_are_read_in_windows(void)
{
    struct pipeline p = fresh();
    struct extraction_request r = {.engine = CHOICE_DOCUMENTAI, .agentic = true};
    struct extraction x;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(run(&p, "samples/text-table.pdf", r, &x, &e), ERR_OK);
    CU_ASSERT_TRUE(ocr.calls == 1 && ocr.images[0] == 2);
    CU_ASSERT_TRUE(x.pages_read == 2 && progress.pages_done == 2 && progress.pages_total == 2);
    extraction_free(&x);
}

/* A reader of three pages, of which the second cannot be read, nor the third drawn. */
static void write_reader_of_bad_pages(char path[])
{
    static const char script[] =
        "#!/bin/sh\necho '{\"pages\":3}'\n"
        "while read what n rest; do\n"
        "  case \"$what $n\" in\n"
        "  'page 2') kill -XCPU $$;;\n"
        "  page*) echo '{\"width\":9,\"height\":9,\"words\":1}'; echo "
        "\"[0.1,0.1,0.5,0.5,\\\"word$n\\\"]\";;\n"
        "  'raster 1') echo '{\"width\":80,\"height\":80,\"dpi\":72}'; printf %6400s;;\n"
        "  'rules 1') echo '{\"rules\":0}';;\n"
        "  images*) echo '{\"images\":0}';;\n"
        "  resolution*) echo '{\"dpi\":0}';;\n"
        "  raster* | rules*) kill -XCPU $$;;\n"
        "  esac\n"
        "done\n";
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && write(fd, script, sizeof script - 1) > 0 &&
                         fchmod(fd, 0700) == 0 && close(fd) == 0);
}

static void bad_page_costs_only_itself(void)
{
    char path[] = "/tmp/reader-XXXXXX";
    struct pipeline p = fresh();
    struct region regions[3] = {region_of(1, whole, REGION_TEXT), region_of(2, whole, REGION_AUTO),
                                region_of(3, whole, REGION_TEXT)};
    struct extraction_request r = {
        .engine = CHOICE_TEXT, .regions = regions, .n_regions = 3, .agentic = true};
    struct extraction x;
    struct error e;
    write_reader_of_bad_pages(path);
    p.reader.program = path;
    CU_ASSERT_EQUAL_FATAL(run(&p, "samples/form.pdf", r, &x, &e), ERR_OK);
    CU_ASSERT_EQUAL(x.outcome, OUTCOME_PARTIAL_SUCCESS);
    CU_ASSERT_TRUE(x.pages_read == 2 && progress.pages_done == 3 && progress.regions_done == 3);
    CU_ASSERT_STRING_EQUAL(x.results[0].words.items[0].text, "word1");
    CU_ASSERT_EQUAL(x.results[1].words.n, 0);
    CU_ASSERT_STRING_EQUAL(x.results[1].warning,
                           "Page 2 is too complex: reading it takes more than 30 s.");
    CU_ASSERT_STRING_EQUAL(x.results[2].words.items[0].text, "word3");
    CU_ASSERT_EQUAL_FATAL(x.n_problems, 2);
    CU_ASSERT_TRUE(x.problems[0].page == 2 && x.problems[1].page == 3);
    CU_ASSERT_STRING_EQUAL(x.problems[0].detail, x.results[1].warning);
    CU_ASSERT_PTR_NOT_NULL(strstr(x.debug_graph_json, "\"status\":\"failed\",\"page\":2"));
    extraction_free(&x);
    (void)unlink(path);
}

static void page_that_cannot_be_drawn_for_ocr_costs_only_itself(void)
{
    char path[] = "/tmp/reader-XXXXXX";
    struct pipeline p = fresh();
    struct extraction_request r = {.engine = CHOICE_DOCUMENTAI, .agentic = true};
    struct extraction x;
    struct error e;
    write_reader_of_bad_pages(path);
    p.reader.program = path;
    CU_ASSERT_EQUAL_FATAL(run(&p, "samples/form.pdf", r, &x, &e), ERR_OK);
    CU_ASSERT_TRUE(ocr.calls == 1 && ocr.images[0] == 1);
    CU_ASSERT_TRUE(x.pages_read == 1 && x.n_problems == 2);
    extraction_free(&x);
    (void)unlink(path);
}

static void text_layer_needs_no_engine(void)
{
    struct pipeline p = fresh();
    struct extraction_request r = {.agentic = true};
    struct extraction x;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(run(&p, "samples/text-table.pdf", r, &x, &e), ERR_OK);
    CU_ASSERT_EQUAL(ocr.calls, 0);
    CU_ASSERT_EQUAL_FATAL(x.n_results, 2);
    CU_ASSERT_EQUAL_FATAL(x.results[0].n_tables, 1);
    CU_ASSERT_EQUAL(x.results[0].tables[0].structure, STRUCTURE_GEOMETRY);
    extraction_free(&x);
}

static void run_one(const struct pipeline *p, enum region_type type, enum engine_choice choice,
                    struct extraction *x)
{
    struct region region = region_of(1, (struct box){0.1, 0.1, 0.8, 0.8}, type);
    struct extraction_request r = {.engine = choice, .regions = &region, .n_regions = 1};
    struct error e;
    CU_ASSERT_EQUAL_FATAL(run(p, "samples/scanned.pdf", r, x, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(x->n_results, 1);
}

static void table_of_the_engine_is_used(void)
{
    static const enum region_type types[] = {REGION_AUTO, REGION_TABLE};
    for (size_t i = 0; i < 2; i++) {
        struct pipeline p = fresh();
        struct extraction x;
        ocr.with_table = ocr.with_field = true;
        run_one(&p, types[i], CHOICE_AUTO, &x);
        CU_ASSERT_EQUAL_FATAL(x.results[0].n_tables, 1);
        const struct table *t = &x.results[0].tables[0];
        CU_ASSERT_EQUAL(t->structure, STRUCTURE_DOCUMENTAI);
        CU_ASSERT_STRING_EQUAL(t->cells[0].text, "inside");
        CU_ASSERT_TRUE(t->cells[0].header);
        CU_ASSERT_DOUBLE_EQUAL(t->cells[0].box.x, 0.4, 0.0001);
        CU_ASSERT_EQUAL(x.results[0].region.type, REGION_TABLE);
        CU_ASSERT_EQUAL(x.results[0].n_fields, 0);
        extraction_free(&x);
    }
}

static void fields_of_the_engine_are_used(void)
{
    static const enum region_type types[] = {REGION_AUTO, REGION_FORM};
    for (size_t i = 0; i < 2; i++) {
        struct pipeline p = fresh();
        struct extraction x;
        ocr.with_field = true;
        run_one(&p, types[i], CHOICE_AUTO, &x);
        CU_ASSERT_EQUAL(x.results[0].region.type, REGION_FORM);
        CU_ASSERT_EQUAL_FATAL(x.results[0].n_fields, 1);
        CU_ASSERT_STRING_EQUAL(x.results[0].fields[0].value, "value");
        extraction_free(&x);
    }
}

static struct pipeline with_model(void)
{
    struct pipeline p = fresh();
    p.structurer.ops = &model_ops;
    model.rows[0] = "width";
    model.rows[1] = "b";
    model.rows[2] = "c";
    model.rows[3] = "d";
    return p;
}

static void model_is_asked_where_no_table_was_found(void)
{
    struct pipeline p = with_model();
    struct extraction x;
    run_one(&p, REGION_TABLE, CHOICE_AUTO, &x);
    CU_ASSERT_TRUE(model.calls == 1 && model.images == 1);
    CU_ASSERT_EQUAL_FATAL(x.results[0].n_tables, 1);
    const struct table *t = &x.results[0].tables[0];
    CU_ASSERT_EQUAL(t->structure, STRUCTURE_GEMINI);
    CU_ASSERT_TRUE(t->rows == 4 && !t->cells[0].rejected);
    CU_ASSERT_STRING_EQUAL(t->cells[1].text, "b");
    CU_ASSERT_TRUE(x.outcome == OUTCOME_SUCCESS && progress.regions_done == 1);
    extraction_free(&x);
    p = with_model();
    run_one(&p, REGION_AUTO, CHOICE_AUTO, &x);
    CU_ASSERT_EQUAL(model.calls, 0);
    extraction_free(&x);
}

static void model_sees_several_regions_at_once(void)
{
    struct pipeline p = with_model();
    struct region regions[3];
    struct extraction_request r = {.regions = regions, .n_regions = 3};
    struct extraction x;
    struct error e;
    for (int i = 0; i < 3; i++)
        regions[i] = region_of(1, (struct box){0.1, 0.1, 0.8, 0.5 + i * 0.1}, REGION_TABLE);
    CU_ASSERT_EQUAL_FATAL(run(&p, "samples/scanned.pdf", r, &x, &e), ERR_OK);
    CU_ASSERT_TRUE(model.calls == 1 && model.images == 3);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(x.results[i].n_tables, 1);
    extraction_free(&x);
}

static void same_regions_are_read_once(void)
{
    struct pipeline p = with_model();
    struct region regions[200];
    struct extraction_request r = {.regions = regions, .n_regions = 200, .agentic = true};
    struct extraction x;
    struct error e;
    for (int i = 0; i < 200; i++) {
        regions[i] = region_of(1, whole, REGION_TABLE);
        (void)snprintf(regions[i].id, sizeof regions[i].id, "r%d", i);
    }
    regions[1].box.h = 0.9;
    regions[2].type = REGION_TEXT;
    CU_ASSERT_EQUAL_FATAL(run(&p, "samples/scanned.pdf", r, &x, &e), ERR_OK);
    CU_ASSERT_TRUE(model.calls == 1 && model.images == 2);
    CU_ASSERT_TRUE(progress.regions_done == 200 && progress.regions_total == 200);
    CU_ASSERT_EQUAL_FATAL(x.n_results, 200);
    for (int i = 0; i < 200; i++) {
        CU_ASSERT_STRING_EQUAL(x.results[i].region.id, regions[i].id);
        CU_ASSERT_EQUAL(x.results[i].repeated, i > 2);
    }
    CU_ASSERT_TRUE(x.results[199].n_tables == 1 && x.results[199].tables == x.results[0].tables);
    CU_ASSERT_EQUAL(x.results[2].n_tables, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(x.debug_graph_json, "r199"));
    extraction_free(&x);
}

static void model_that_fails_leaves_a_warning(void)
{
    struct pipeline p = with_model();
    struct extraction x;
    model.fail = ERR_UNAVAILABLE;
    run_one(&p, REGION_TABLE, CHOICE_AUTO, &x);
    CU_ASSERT_EQUAL(x.results[0].n_tables, 0);
    CU_ASSERT_EQUAL(x.results[0].words.n, 4);
    CU_ASSERT_STRING_EQUAL(x.results[0].warning,
                           "The structure of this table could not be checked by Gemini: It is "
                           "down.");
    CU_ASSERT_EQUAL(progress.regions_done, 1);
    extraction_free(&x);
}

static void model_asked_for_by_name_must_answer(void)
{
    struct pipeline p = with_model();
    struct region region = region_of(1, (struct box){0.1, 0.1, 0.8, 0.8}, REGION_AUTO);
    struct extraction_request r = {.engine = CHOICE_GEMINI, .regions = &region, .n_regions = 1};
    struct extraction x;
    struct error e;
    CU_ASSERT_EQUAL(run(&p, "samples/scanned.pdf", r, &x, &e), ERR_OK);
    CU_ASSERT_TRUE(ocr.calls == 1 && model.calls == 1);
    CU_ASSERT_EQUAL(x.results[0].region.type, REGION_TABLE);
    extraction_free(&x);
    model.fail = ERR_TIMEOUT;
    CU_ASSERT_EQUAL(run(&p, "samples/scanned.pdf", r, &x, &e), ERR_TIMEOUT);
    extraction_free(&x);
}

static void engines_that_are_not_there_are_refused(void)
{
    static const enum engine_choice choices[] = {CHOICE_TESSERACT, CHOICE_GEMINI};
    struct pipeline p = fresh();
    struct region region = region_of(1, left, REGION_TEXT);
    struct extraction_request r = {.regions = &region, .n_regions = 1};
    struct extraction x;
    struct error e;
    for (size_t i = 0; i < 2; i++) {
        r.engine = choices[i];
        CU_ASSERT_EQUAL(run(&p, "samples/scanned.pdf", r, &x, &e), ERR_UNPROCESSABLE);
        extraction_free(&x);
    }
    r.engine = CHOICE_TEXT;
    CU_ASSERT_EQUAL(run(&p, "samples/scanned.pdf", r, &x, &e), ERR_OK);
    CU_ASSERT_EQUAL(ocr.calls, 0);
    extraction_free(&x);
}

static void page_that_was_kept_has_its_words_as_they_were(void)
{
    struct sight page = {.unread = false}, again;
    struct buffer text = BUFFER_INIT;
    struct error e;
    struct word_list *words = &page.layer.content.words;
    page.layer.content.info.number = 1;
    CU_ASSERT_EQUAL_FATAL(word_list_add(words, left, "true", 4, 1, ENGINE_TEXT), ERR_OK);
    words->items[0].check = words->items[0].alone = true;
    words->items[0].turn = 90;
    page.layer.content.areas = malloc(sizeof(struct box));
    CU_ASSERT_PTR_NOT_NULL_FATAL(page.layer.content.areas);
    page.layer.content.areas[0] = left;
    page.layer.content.n_areas = 1;
    CU_ASSERT_EQUAL_FATAL(sight_write(&page, &text, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(sight_parse(text.data, text.len, &again, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(again.layer.content.words.n, 1);
    const struct word *w = &again.layer.content.words.items[0];
    CU_ASSERT_STRING_EQUAL(w->text, "true");
    CU_ASSERT_TRUE(w->check && w->alone && w->turn == 90 && w->engine == ENGINE_TEXT);
    CU_ASSERT_EQUAL_FATAL(again.layer.content.n_areas, 1);
    CU_ASSERT_EQUAL(again.layer.content.areas[0].h, left.h);
    buffer_free(&text);
    sight_free(&page);
    sight_free(&again);
}

static void regions_of_every_page_are_not_too_many(void)
{
    struct region regions[] = {{.id = "a", .page = 7}, {.id = "b", .page = PAGE_ALL}};
    struct page_range pages[] = {{2, 3}, {9, 0}};
    struct extraction_request r = {
        .regions = regions, .n_regions = 2, .pages = pages, .n_pages = 2};
    struct extraction_request out;
    struct error e;
    CU_ASSERT_EQUAL(every_page_expand(&r, 10, &out, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(out.n_regions, 5);
    CU_ASSERT_EQUAL(out.regions[0].page, 7);
    CU_ASSERT_EQUAL(out.regions[4].page, 10);
    CU_ASSERT_STRING_EQUAL(out.regions[4].id, "b-page-10");
    free(out.regions);
    r.n_pages = 0;
    CU_ASSERT_EQUAL(every_page_expand(&r, REGIONS_OF_PAGES_MAX, &out, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "fewer pages"));
    free(out.regions);
}

static const struct test_case tests[] = {
    TEST(page_that_was_kept_has_its_words_as_they_were),
    TEST(regions_of_a_page_share_its_reading),
    TEST(batches_keep_to_the_pixels_allowed),
    TEST(pages_are_read_in_windows),
    TEST(bad_page_costs_only_itself),
    TEST(page_that_cannot_be_drawn_for_ocr_costs_only_itself),
    TEST(text_layer_needs_no_engine),
    TEST(table_of_the_engine_is_used),
    TEST(fields_of_the_engine_are_used),
    TEST(model_is_asked_where_no_table_was_found),
    TEST(model_sees_several_regions_at_once),
    TEST(same_regions_are_read_once),
    TEST(model_that_fails_leaves_a_warning),
    TEST(model_asked_for_by_name_must_answer),
    TEST(regions_of_every_page_are_not_too_many),
    TEST(engines_that_are_not_there_are_refused),
};

int main(void)
{
    const struct recognizer_limits limits = {.program = "./pdf-ocr-recognize",
                                             .cpu_s = 60,
                                             .memory_bytes = INT64_C(1) << 40,
                                             .max_raster_pixels = 40000000};
    struct error e;
    if (recognizer_open(&limits, &recognizer, &e) != ERR_OK)
        return EXIT_FAILURE;
    int status = RUN_SUITE("pipeline", tests);
    recognizer_close(recognizer);
    return status;
}
