/* Any bytes as the body of POST /extract, of POST /batches, of POST /feedback/corrections and of
 * PUT /templates/{id}. What is accepted must survive being written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "core/batch_request.h"
#include "core/extraction_request.h"
#include "core/feedback.h"
#include "core/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config cfg = {.max_regions = 200, .max_batch_items = 50};

/* No template is there. */
static enum err open_nothing(void *self, const char *name, const char *version, int *fd,
                             struct error *e)
{
    (void)self, (void)version;
    *fd = -1;
    return blob_not_found(name, e);
}

static void read_request(json_t *tree, bool agentic)
{
    struct extraction_request a, b;
    struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
    struct error e;
    if (extraction_request_read(tree, agentic, &cfg, &a, &e) != ERR_OK)
        return;
    extraction_request_write(&a, &first);
    if (extraction_request_parse(first.data, first.len, &cfg, &b, &e) != ERR_OK)
        abort();
    extraction_request_write(&b, &second);
    if (strcmp(first.data, second.data) != 0)
        abort();
    buffer_free(&first);
    buffer_free(&second);
    extraction_request_free(&a);
    extraction_request_free(&b);
}

static void read_template(json_t *tree)
{
    const struct services s = {.cfg = &cfg, .clock = &system_clock};
    static char first[] = "{\"template_id\":\"i\",\"name\":\"a\",\"regions\":[],"
                          "\"created_at\":\"2024-01-02T03:04:05Z\"}";
    const struct buffer now = {.data = first, .len = sizeof first - 1};
    struct buffer changed = BUFFER_INIT, again = BUFFER_INIT;
    struct error e;
    json_t *stored = NULL;
    if (template_change(&s, &now, tree, &changed, &e) == ERR_OK &&
        (json_parse(changed.data, changed.len, &stored, &e) != ERR_OK ||
         template_change(&s, &changed, tree, &again, &e) != ERR_OK))
        abort();
    json_decref(stored);
    buffer_free(&changed);
    buffer_free(&again);
}

static void read_batch(json_t *tree)
{
    static const struct blob_store_ops ops = {.open = open_nothing};
    const struct services s = {.cfg = &cfg, .blobs = {.ops = &ops}};
    struct batch_request asked;
    struct error e;
    (void)batch_request_read(&s, "owner", tree, &asked, &e);
    batch_request_free(&asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *tree = NULL;
    struct feedback f;
    struct error e;
    if (json_parse((const char *)data, size, &tree, &e) != ERR_OK)
        return 0;
    read_request(tree, false);
    read_request(tree, true);
    read_template(tree);
    if (feedback_read(tree, &system_clock, &f, &e) == ERR_OK)
        feedback_clear(&f);
    read_batch(tree);
    json_decref(tree);
    return 0;
}
