/* Any JSON as what Document AI and Gemini answer, and any text as what the model wrote. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "google/documentai_reply.h"
#include "google/gemini_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_box(struct box b)
{
    must(b.x >= 0 && b.y >= 0 && b.w >= 0 && b.h >= 0 && b.x + b.w <= 1.0001 &&
         b.y + b.h <= 1.0001);
}

static void read_document(const json_t *reply, bool structure)
{
    struct ocr_result r;
    struct error e;
    enum err err = documentai_reply_read(reply, structure, &r, &e);
    must(err == ERR_OK || (r.words.n == 0 && r.n_tables == 0 && r.n_fields == 0));
    for (size_t i = 0; i < r.words.n; i++)
        check_box(r.words.items[i].box);
    for (size_t i = 0; i < r.n_tables; i++)
        for (size_t k = 0; k < r.tables[i].n_cells; k++)
            must(r.tables[i].cells[k].row >= 0 && r.tables[i].cells[k].col >= 0 &&
                 r.tables[i].cells[k].row + r.tables[i].cells[k].row_span <= r.tables[i].rows &&
                 r.tables[i].cells[k].col + r.tables[i].cells[k].col_span <= r.tables[i].cols);
    ocr_result_free(&r);
}

static void read_table(const json_t *reply)
{
    struct table_proposal p;
    struct error e;
    size_t texts = 0;
    enum err err = gemini_reply_read(reply, &p, &e);
    must(err == ERR_OK || (p.n_rows == 0 && p.texts == NULL));
    for (size_t i = 0; i < p.n_rows; i++)
        texts += p.cols[i];
    must(texts == p.n_texts && p.n_rows <= GEMINI_ROWS_MAX);
    for (size_t i = 0; i < p.n_texts; i++)
        must(strlen(p.texts[i]) <= GEMINI_CELL_MAX);
    table_proposal_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *tree = NULL;
    struct error e;
    json_t *said = json_pack("{s:[{s:s,s:{s:[{s:s%}]}}]}", "candidates", "finishReason", "STOP",
                             "content", "parts", "text", (const char *)data, size);
    if (said != NULL) /* it is UTF-8 */
        read_table(said);
    json_decref(said);
    if (json_parse((const char *)data, size, &tree, &e) != ERR_OK)
        return 0;
    read_document(tree, false);
    read_document(tree, true);
    read_table(tree);
    json_decref(tree);
    return 0;
}
