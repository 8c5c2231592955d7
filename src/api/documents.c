/* GET /documents/{pdf_id} and its pages' images, drawn by the page reader. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/handlers.h"
#include "core/extraction_request.h"
#include "extract/page_reader.h"

#define KEPT_S 20
#define CACHED "private, max-age=600"

/* Few widths, so that a page is drawn and kept a few times at most. */
static const int widths[] = {200, 400, 800, 1200, 1600, 2400};
#define DEFAULT_WIDTH 800

static enum err pass_deadline(void *self, struct error *e)
{
    const struct request *r = self;
    if (monotonic_us() <= r->deadline_us)
        return ERR_OK;
    return error_set(e, ERR_TIMEOUT, "Drawing the page took longer than %" PRId64 " s.",
                     (r->deadline_us - r->started_us) / US_PER_S);
}

void kept_document_drop(struct kept_document *k)
{
    if (k->until_us != 0)
        (void)close(k->fd);
    memset(k, 0, sizeof *k);
}

/* Puts the document's descriptor into app->kept, which keeps it. */
static enum err open_document(struct app *app, const char *pdf_id, struct error *e)
{
    const struct services *s = &app->services;
    struct kept_document *k = &app->kept;
    char blob[BLOB_NAME_MAX + 1];
    int64_t t = monotonic_us();
    if (k->until_us > t && strcmp(k->pdf_id, pdf_id) == 0)
        return ERR_OK;
    kept_document_drop(k);
    if (!pdf_id_valid(pdf_id))
        return error_set(e, ERR_NOT_FOUND, "There is no PDF %.64s; upload it first.", pdf_id);
    enum err err = pdf_find(s, pdf_id, blob, e);
    if (err == ERR_OK)
        err = s->blobs.ops->open(s->blobs.self, blob, &k->fd, e);
    if (err != ERR_OK)
        return err;
    (void)snprintf(k->pdf_id, sizeof k->pdf_id, "%.64s", pdf_id);
    k->until_us = t + KEPT_S * US_PER_S;
    return ERR_OK;
}

/* Opens the document of the request's path in a page reader. */
static enum err open_reader(struct app *app, struct request *r, struct page_reader **out,
                            int *pages, struct error *e)
{
    const struct config *cfg = app->services.cfg;
    struct page_reader_limits l = {.program = cfg->page_reader,
                                   .cpu_s = cfg->reader_cpu_s,
                                   .memory_bytes = cfg->reader_memory_bytes,
                                   .max_pages = cfg->max_pages,
                                   .max_raster_pixels = cfg->max_raster_pixels};
    struct checkpoint c = {pass_deadline, r};
    *out = NULL;
    enum err err = open_document(app, r->params[0], e);
    return err == ERR_OK ? page_reader_open(&l, app->kept.fd, &c, out, pages, e) : err;
}

enum err document_get(void *app, struct request *r, struct reply *p, struct error *e)
{
    struct page_reader *reader = NULL;
    struct page_size *sizes = NULL;
    int pages = 0;
    enum err err = open_reader(app, r, &reader, &pages, e);
    if (err == ERR_OK)
        err = page_reader_sizes(reader, &sizes, e);
    page_reader_close(reader);
    if (err != ERR_OK)
        return err;
    buffer_printf(&p->body, "{\"pdf_id\":\"%s\",\"pages_total\":%d,\"pages\":[", r->params[0],
                  pages);
    for (int i = 0; i < pages; i++)
        buffer_printf(&p->body, "%s{\"page\":%d,\"width\":%.3f,\"height\":%.3f}", i > 0 ? "," : "",
                      i + 1, sizes[i].width, sizes[i].height);
    buffer_puts(&p->body, "]}");
    reply_header(p, "Cache-Control", CACHED);
    free(sizes);
    return ERR_OK;
}

/* "7.png" */
static enum err read_page_number(const char *name, int *out, struct error *e)
{
    char *end;
    long n = strtol(name, &end, 10);
    if (name[0] < '1' || name[0] > '9' || strcmp(end, ".png") != 0 || n > INT32_MAX)
        return error_set(e, ERR_NOT_FOUND,
                         "There is no page %.20s; pages are 1.png, 2.png and so on.", name);
    *out = (int)n;
    return ERR_OK;
}

static enum err read_width(const struct request *r, int *out, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    char known[16];
    bool found = false;
    enum err err = request_query(r, "width", &text, &found, e);
    *out = found ? 0 : DEFAULT_WIDTH;
    for (size_t i = 0; found && text.len > 0 && i < sizeof widths / sizeof widths[0]; i++) {
        (void)snprintf(known, sizeof known, "%d", widths[i]);
        if (strcmp(text.data, known) == 0)
            *out = widths[i];
    }
    buffer_free(&text);
    if (err == ERR_OK && *out == 0)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "width: must be one of 200, 400, 800, 1200, 1600, 2400");
    return err;
}

enum err document_page_image(void *app, struct request *r, struct reply *p, struct error *e)
{
    struct page_reader *reader = NULL;
    int page = 0, pages = 0, width = 0;
    enum err err = read_page_number(r->params[1], &page, e);
    if (err == ERR_OK)
        err = read_width(r, &width, e);
    if (err == ERR_OK)
        err = open_reader(app, r, &reader, &pages, e);
    if (err == ERR_OK)
        err = page_reader_image(reader, page, width, &p->body, e);
    page_reader_close(reader);
    p->content_type = "image/png";
    reply_header(p, "Cache-Control", CACHED);
    return err;
}
