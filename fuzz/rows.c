/* Any JSON as a document that the migration reads, any text as a time, any bytes as a number. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "google/bigquery_number.h"
#include "google/client.h"
#include "migrate/row.h"
#include "migrate/times.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing here may ask anybody. */
void google_reply_clear(struct google_reply *r)
{
    (void)r;
}

enum err google_call(struct google_client *c, const struct google_request *q,
                     struct google_reply *r, struct error *e)
{
    (void)c;
    (void)q;
    (void)r;
    (void)e;
    abort();
}

/* A row is one line of JSON, a document that is none leaves the line as it was. */
static void convert(const struct bigquery_table *t, const json_t *document)
{
    struct buffer line = BUFFER_INIT;
    struct row row;
    struct error e = {0};
    buffer_puts(&line, "before\n");
    size_t before = line.len;
    enum err err = row_convert(t, document, "bucket", &line, &row, &e);
    if (err != ERR_OK) {
        if (err != ERR_UNPROCESSABLE || line.len != before || e.detail[0] == '\0')
            abort();
    } else {
        json_t *read = json_loadb(line.data + before, line.len - before, JSON_ALLOW_NUL, NULL);
        if (read == NULL || strchr(line.data + before, '\n') != line.data + line.len - 1 ||
            !json_is_string(json_object_get(read, t->id)))
            abort();
        json_decref(read);
    }
    free(row.id);
    buffer_free(&line);
}

static void read_time(const uint8_t *data, size_t size)
{
    int64_t us = 0;
    char *text = strndup((const char *)data, size);
    if (text == NULL)
        abort();
    if (time_from_text(text, &us) &&
        (us < INT64_C(-62135596800000000) || us > INT64_C(253402300799999999)))
        abort();
    free(text);
}

static void write_number(const uint8_t *data)
{
    double number;
    struct buffer out = BUFFER_INIT;
    memcpy(&number, data, sizeof number);
    if (!isfinite(number))
        return;
    bigquery_put_number(&out, number);
    double read = strtod(out.data, NULL);
    if (memcmp(&read, &number, sizeof read) != 0)
        abort();
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *tree = NULL;
    struct error e;
    read_time(data, size);
    if (size >= sizeof(double))
        write_number(data);
    if (json_parse((const char *)data, size, &tree, &e) != ERR_OK)
        return 0;
    for (size_t i = 0; i < BIGQUERY_TABLES; i++)
        convert(&bigquery_tables[i], tree);
    json_decref(tree);
    return 0;
}
