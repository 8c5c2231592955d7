/* Any bytes as the body of POST /jobs/{id}/results/{format}, beside a result of two regions; behind
 * a NUL as the result that is read back. What is edited must still be one that can be written and
 * read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/edits.h"
#include "core/result_read.h"
#include "core/sheet_request.h"
#include "formats/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BOX "{\"x\":0.1,\"y\":0.1,\"w\":0.1,\"h\":0.1}"
#define CELL(row, col)                                                                             \
    "{\"table\":0,\"page\":1,\"row\":" #row ",\"col\":" #col                                       \
    ",\"row_span\":1,\"col_span\":1,\"text\":\"=a\",\"bbox\":" BOX ",\"confidence\":0.5}"
#define MAX_BYTES 1000000

static const char result[] =
    "{\"regions\":[{\"region_index\":0,\"region_id\":\"a\",\"page\":1,\"region_type\":\"table\","
    "\"bbox\":" BOX ",\"confidence\":1,\"engine\":\"text\",\"text\":\"t\",\"tables\":[{\"rows\":2,"
    "\"cols\":2,\"bbox\":" BOX ",\"confidence\":1}],\"cells\":[" CELL(0, 0) "," CELL(0, 1) "," CELL(
        1, 0) "," CELL(1, 1) "]},{\"region_index\":1,\"region_id\":\"b\",\"page\":2,\"bbox\":" BOX
                             ",\"joined_to\":0,\"structured_data\":{\"form_fields\":[{\"name\":"
                             "\"n\",\"value\":\"v\",\"bbox\":" BOX "}]}}],\"summary\":{}}";

static bool read_back(const char *text, size_t n, struct extraction *out)
{
    json_t *tree = NULL;
    struct error e;
    bool ok = json_parse(text, n, &tree, &e) == ERR_OK && result_read(tree, out, &e) == ERR_OK;
    json_decref(tree);
    return ok;
}

static void write_all(const struct extraction *x, const struct sheet_choices *sheets)
{
    for (int f = 0; f < (int)format_count(); f++) {
        const struct format_options o = {
            .max_bytes = MAX_BYTES, .escape_formulas = true, .sheets = *sheets};
        struct buffer out = BUFFER_INIT;
        struct extraction again = {0};
        struct error e;
        enum err err = format_write(x, f, &o, &out, &e);
        if (err == ERR_OK && f == format_index("json") && !read_back(out.data, out.len, &again))
            abort();
        extraction_free(&again);
        buffer_free(&out);
    }
}

static void edit(const char *body, size_t n, struct extraction *x)
{
    json_t *tree = NULL;
    struct error e;
    struct extraction_request asked = {.format = format_index("csv")};
    if (json_parse(body, n, &tree, &e) == ERR_OK) {
        const struct json_at root = json_root(tree);
        if (json_read_object(&root, &e) == ERR_OK &&
            sheet_request_read(&root, &asked, &e) == ERR_OK && edits_apply(&root, x, &e) == ERR_OK)
            write_all(x, &asked.sheets);
    }
    json_decref(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *nul = size > 0 ? memchr(data, '\0', size) : NULL;
    size_t body = nul != NULL ? (size_t)(nul - text) : size;
    struct extraction x = {0};
    const char *from = nul != NULL ? nul + 1 : result;
    size_t n = nul != NULL ? size - body - 1 : sizeof result - 1;
    if (read_back(from, n, &x))
        edit(text, body, &x);
    else if (nul == NULL)
        abort();
    extraction_free(&x);
    return 0;
}
