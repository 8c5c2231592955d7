/* GET /documents, /documents/{pdf_id} and its pages' images, drawn by the page reader. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/handlers.h"
#include "api/pdf_password.h"
#include "auth/limits.h"
#include "base/clock.h"
#include "core/document_erase.h"
#include "core/document_owner.h"
#include "core/extraction_request.h"
#include "core/program_limits.h"
#include "extract/page_reader.h"

#define KEPT_S 20
#define LIST_S 1 /* of an api worker, which others wait for */
#define SLOW_S 2 /* a failure that took less does not have to be remembered */

/* Few widths, so that a page is drawn and kept a few times at most. */
static const int widths[] = {200, 400, 800, 1200, 1600, 2400};
#define DEFAULT_WIDTH 800

/* What could not be drawn after a long time, with this password, is not tried again for a while, at
 * any width: for all page workers, counted as a limit. */
static const struct limit one_try = {.interval_us = 300 * US_PER_S, .burst = 1};

static void slow_name(const struct request *r, enum err kind, char *out, size_t size)
{
    const char *password = request_header(r, "X-PDF-Password");
    unsigned char hash[crypto_generichash_BYTES_MIN] = {0};
    char hex[2 * sizeof hash + 1];
    if (password != NULL)
        (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)password,
                                 strlen(password), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)snprintf(out, size, "%s %.64s %.20s %s", err_code(kind), r->params[0], r->params[1], hex);
}

static void slow_remember(const struct request *r, enum err kind)
{
    char name[160];
    int64_t now_us = monotonic_us();
    if ((kind != ERR_TIMEOUT && kind != ERR_UNPROCESSABLE) ||
        now_us - r->started_us < SLOW_S * US_PER_S)
        return;
    slow_name(r, kind, name, sizeof name);
    (void)limits_take(&one_try, name, now_us);
}

/* Fails as the try before did. */
static enum err slow_check(const struct request *r, struct error *e)
{
    static const enum err kinds[] = {ERR_TIMEOUT, ERR_UNPROCESSABLE};
    char name[160];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        slow_name(r, kinds[i], name, sizeof name);
        struct limit_state s = limits_look(&one_try, name, monotonic_us());
        if (s.allowed)
            continue;
        (void)error_set(e, kinds[i],
                        "This could not be drawn a moment ago, which took long; it is not tried "
                        "again for some minutes.");
        e->retry_after_s = (int)s.retry_after_s;
        return e->kind;
    }
    return ERR_OK;
}

/* What a password opened is kept nowhere: it would be there for who has none. */
static const char *cache_control(const struct request *r)
{
    return request_header(r, "X-PDF-Password") != NULL ? "no-store" : "private, max-age=600";
}

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
static enum err open_document(struct app *app, const struct request *r, struct error *e)
{
    const char *pdf_id = r->params[0], *version = r->page_version;
    const struct services *s = &app->services;
    struct kept_document *k = &app->kept;
    char blob[BLOB_NAME_MAX + 1];
    int64_t t = monotonic_us();
    if (k->until_us > t && strcmp(k->pdf_id, pdf_id) == 0 && strcmp(k->version, version) == 0)
        return ERR_OK;
    kept_document_drop(k);
    if (!pdf_id_valid(pdf_id))
        return pdf_not_found(pdf_id, e);
    enum err err = pdf_find(s, pdf_id, blob, NULL, e);
    if (err == ERR_OK)
        err = s->blobs.ops->open(s->blobs.self, blob, version, &k->fd, e);
    if (err == ERR_GONE)
        err = error_set(e, ERR_UNAVAILABLE, "The PDF was replaced a moment ago; try again.");
    if (err != ERR_OK)
        return err;
    (void)snprintf(k->pdf_id, sizeof k->pdf_id, "%.64s", pdf_id);
    (void)snprintf(k->version, sizeof k->version, "%.63s", version);
    k->until_us = t + KEPT_S * US_PER_S;
    return ERR_OK;
}

/* Opens the document of the request's path in a page reader. */
static enum err open_reader(struct app *app, struct request *r, struct page_reader **out,
                            int *pages, struct error *e)
{
    const struct config *cfg = app->services.cfg;
    char password[PDF_PASSWORD_MAX + 1];
    struct page_reader_limits l = page_reader_limits_of(cfg);
    struct checkpoint c = {pass_deadline, r};
    *out = NULL;
    enum err err = pdf_password_header(r, password, e);
    l.password = password;
    if (err == ERR_OK)
        err = open_document(app, r, e);
    if (err == ERR_OK)
        err = page_reader_open(&l, app->kept.fd, &c, out, pages, e);
    explicit_bzero(password, sizeof password);
    return err;
}

enum err document_admit(void *app, const struct request *r, struct buffer *version, struct error *e)
{
    char blob[BLOB_NAME_MAX + 1], now[BLOB_VERSION_MAX + 1];
    const struct services *s = &((struct app *)app)->services;
    const char *pdf_id = r->params[0];
    if (!pdf_id_valid(pdf_id))
        return pdf_not_found(pdf_id, e);
    enum err err = document_owner_check(s, request_owner(r), pdf_id, e);
    if (err != ERR_OK || !pdf_replaceable(pdf_id))
        return err;
    err = pdf_find(s, pdf_id, blob, now, e);
    if (err == ERR_OK)
        buffer_puts(version, now);
    return err;
}

enum err document_get(void *app, struct request *r, struct reply *p, struct error *e)
{
    struct page_reader *reader = NULL;
    struct page_size *sizes = NULL;
    int pages = 0;
    enum err err = slow_check(r, e);
    if (err != ERR_OK)
        return err;
    err = open_reader(app, r, &reader, &pages, e);
    if (err == ERR_OK)
        err = page_reader_sizes(reader, &sizes, e);
    page_reader_close(reader);
    slow_remember(r, err);
    if (err != ERR_OK)
        return err;
    buffer_printf(&p->body, "{\"pdf_id\":\"%s\",\"pages_total\":%d,\"pages\":[", r->params[0],
                  pages);
    for (int i = 0; i < pages; i++)
        buffer_printf(&p->body, "%s{\"page\":%d,\"width\":%.3f,\"height\":%.3f}", i > 0 ? "," : "",
                      i + 1, sizes[i].width, sizes[i].height);
    buffer_puts(&p->body, "]}");
    reply_header(p, "Cache-Control", "%s", cache_control(r));
    free(sizes);
    return ERR_OK;
}

static void append_document(const struct owned_document *d, struct buffer *out)
{
    buffer_printf(out, "{\"pdf_id\":\"%s\",\"file_name\":", d->pdf_id);
    buffer_json_string(out, d->file_name);
    buffer_printf(out, ",\"size\":%" PRIu64 ",\"uploaded_at\":", d->size);
    buffer_json_time(out, d->uploaded_us);
    buffer_puts(out, "}");
}

enum err document_list(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct owned_documents page = {0};
    char token[128];
    int size = 50;
    bool found;
    enum err err = page_query_read(r, &size, token, &found, e);
    if (err == ERR_OK && found && !pdf_id_valid(token))
        err = error_set(e, ERR_BAD_REQUEST, "page_token is not one that this service gave.");
    if (err == ERR_OK)
        err = document_owner_list(s, r->auth.subject, token, (size_t)size,
                                  r->started_us + LIST_S * US_PER_S, &page, e);
    buffer_puts(&p->body, "{\"documents\":[");
    for (size_t i = 0; i < page.n; i++) {
        buffer_puts(&p->body, i > 0 ? ",\n" : "\n");
        append_document(&page.items[i], &p->body);
    }
    buffer_puts(&p->body, "],\"next_page_token\":");
    buffer_json_string(&p->body, page.last_id[0] != '\0' ? page.last_id : NULL);
    buffer_puts(&p->body, "}");
    reply_header(p, "Cache-Control", "no-store");
    owned_documents_free(&page);
    return err;
}

enum err document_delete(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    bool with_jobs;
    enum err err = request_query_flag(r, "jobs", &with_jobs, e);
    if (err == ERR_OK && !pdf_id_valid(r->params[0]))
        err = pdf_not_found(r->params[0], e);
    if (err == ERR_OK)
        err = document_erase(s, r->auth.subject, r->params[0], with_jobs, r->deadline_us, e);
    if (err == ERR_OK)
        p->status = 204;
    return err;
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
        err = slow_check(r, e);
    if (err != ERR_OK)
        return err;
    err = open_reader(app, r, &reader, &pages, e);
    if (err == ERR_OK)
        err = page_reader_image(reader, page, width, &p->body, e);
    page_reader_close(reader);
    slow_remember(r, err);
    p->content_type = "image/png";
    reply_header(p, "Cache-Control", "%s", cache_control(r));
    return err;
}
