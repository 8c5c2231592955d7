#include "extract/page_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/media_type.h"
#include "base/spawn.h"
#include "extract/checks.h"
#include "ocr/raster_boxes.h"
#include "sandbox/child.h"

#define LINE_MAX_BYTES (1 << 20)  /* a word, a field, the sizes of 40,000 pages */
#define PAGE_MAX_BYTES (64 << 20) /* a page of a million words */
#define WORDS_MAX      2000000
#define RULES_DPI      72 /* a pixel a point: cairo draws a hairline no thinner than that */
#define RULES_SHARE    6  /* part of the CPU time that the rules of a page may take */
#define PAGE_MAX_PT    1e6
#define DPI_MAX        10000
#define PNG_MAX_BYTES  (256 << 20)

struct page_reader {
    struct page_reader_limits limits;
    struct child child;
    int pdf_fd; /* owned */
    int pages;
    char password[PDF_PASSWORD_MAX + 2]; /* the line that the child reads first */
};

static enum err damaged(struct page_reader *r, struct error *e)
{
    return child_damaged(&r->child, e);
}

/* Reads a line that is an object or an array of JSON; *left is what answers may still have. */
static enum err read_json(struct page_reader *r, size_t *left, json_t **out, struct error *e)
{
    const char *line;
    size_t n, max = *left < LINE_MAX_BYTES ? *left : LINE_MAX_BYTES;
    struct error ignored;
    *out = NULL;
    enum err err = child_line(&r->child, max, &line, &n, e);
    if (err != ERR_OK)
        return err;
    *left -= n;
    return json_parse(line, n, out, &ignored) == ERR_OK ? ERR_OK : damaged(r, e);
}

static enum err open_error(struct page_reader *r, const char *code, struct error *e)
{
    char head[MEDIA_TYPE_WINDOW];
    if (strcmp(code, "encrypted") == 0)
        return error_set(e, ERR_PASSWORD_REQUIRED, "The PDF is encrypted: its password is needed.");
    if (strcmp(code, "password") == 0)
        return error_set(e, ERR_PASSWORD_WRONG,
                         "The PDF is encrypted, and its password is another one.");
    if (strcmp(code, "image") == 0)
        return error_set(e, ERR_UNPROCESSABLE, "The image is damaged and cannot be read.");
    if (strcmp(code, "image_too_large") == 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The image is too large: it may have 32,766 pixels a side and 100 million "
                         "in all at most.");
    if (strcmp(code, "no_pages") == 0)
        return error_set(e, ERR_UNPROCESSABLE, "The PDF has no pages.");
    if (strcmp(code, "too_many_pages") == 0)
        return error_set(e, ERR_UNPROCESSABLE, "The document has more than %" PRId64 " pages.",
                         r->limits.max_pages);
    ssize_t n = pread(r->pdf_fd, head, sizeof head, 0);
    if (n >= 0 && media_type_of_bytes(head, (size_t)n) == NULL)
        return error_set(e, ERR_UNPROCESSABLE,
                         n == 0 ? "The file is empty."
                                : "The file is not a PDF, PNG, JPEG or TIFF file.");
    return damaged(r, e);
}

/* It gets the PDF at 3, and the password where nobody else sees it. */
static enum err start_child(struct page_reader *r, struct error *e)
{
    char cpu[24], memory[24], pages[24], pixels[24];
    const char *argv[] = {r->limits.program, cpu, memory, pages, pixels, NULL};
    (void)snprintf(cpu, sizeof cpu, "%" PRId64, r->limits.cpu_s);
    (void)snprintf(memory, sizeof memory, "%" PRId64, r->limits.memory_bytes);
    (void)snprintf(pages, sizeof pages, "%" PRId64, r->limits.max_pages);
    (void)snprintf(pixels, sizeof pixels, "%" PRId64, r->limits.max_raster_pixels);
    if (lseek(r->pdf_fd, 0, SEEK_SET) != 0)
        return error_set(e, err_of_errno(errno), "The PDF could not be read.");
    enum err err = child_start(&r->child, argv, r->pdf_fd, e);
    return err == ERR_OK ? child_send(&r->child, r->password, strlen(r->password), e) : err;
}

/* Starts the child and reads how many pages there are: as many as before, when it is started again.
 */
static enum err start(struct page_reader *r, struct error *e)
{
    json_t *answer = NULL;
    size_t left = LINE_MAX_BYTES;
    (void)snprintf(r->child.subject, sizeof r->child.subject, "The PDF");
    enum err err = start_child(r, e);
    if (err == ERR_OK)
        err = read_json(r, &left, &answer, e);
    if (err == ERR_OK) {
        const char *code = json_string_value(json_object_get(answer, "error"));
        json_int_t pages = json_integer_value(json_object_get(answer, "pages"));
        if (code != NULL)
            err = open_error(r, code, e);
        else if (pages < 1 || pages > r->limits.max_pages || (r->pages > 0 && pages != r->pages))
            err = damaged(r, e);
        r->pages = err == ERR_OK ? (int)pages : r->pages;
    }
    json_decref(answer);
    if (err != ERR_OK)
        child_end(&r->child);
    return err;
}

static enum err take_password(struct page_reader *r, const char *password, struct error *e)
{
    const char *text = password != NULL ? password : "";
    r->limits.password = NULL;
    if (strlen(text) > PDF_PASSWORD_MAX || strpbrk(text, "\r\n") != NULL)
        return error_set(e, ERR_UNPROCESSABLE,
                         "A password of a PDF has at most %d bytes and no line break.",
                         PDF_PASSWORD_MAX);
    (void)snprintf(r->password, sizeof r->password, "%s\n", text);
    return ERR_OK;
}

enum err page_reader_open(const struct page_reader_limits *l, int pdf_fd,
                          const struct checkpoint *c, struct page_reader **out, int *pages,
                          struct error *e)
{
    struct page_reader *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL)
        return error_no_memory(e);
    r->limits = *l;
    r->child = (struct child){.program = l->program,
                              .name = "page reader",
                              .setting = "PAGE_READER",
                              .cpu_limit_s = l->cpu_s,
                              .to = -1,
                              .from = -1};
    if (c != NULL)
        r->child.c = *c;
    r->pdf_fd = fcntl(pdf_fd, F_DUPFD_CLOEXEC, 0);
    enum err err = r->pdf_fd >= 0
                       ? take_password(r, l->password, e)
                       : error_set(e, err_of_errno(errno), "The PDF could not be opened.");
    if (err == ERR_OK)
        err = start(r, e);
    if (err != ERR_OK) {
        page_reader_close(r);
        return err;
    }
    *pages = r->pages;
    *out = r;
    return ERR_OK;
}

static enum err refused(struct page_reader *r, const char *code, struct error *e)
{
    if (code == NULL)
        return ERR_OK;
    if (strcmp(code, "page") == 0)
        return error_set(e, ERR_UNPROCESSABLE, "%s is missing in the PDF.", r->child.subject);
    if (strcmp(code, "raster") == 0)
        return error_set(e, ERR_UNPROCESSABLE, "%s cannot be drawn.", r->child.subject);
    if (strcmp(code, "memory") == 0)
        return error_set(e, ERR_UNPROCESSABLE, "%s is too large to be read.", r->child.subject);
    if (strcmp(code, "pdf") == 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The PDF is too damaged to be written anew as a searchable one; save it "
                         "anew, or ask for other formats.");
    return damaged(r, e);
}

/* Sends a command, which is about a page or (0) the document; *out is the answer's first line, an
 * object that is no error. A child that died over the last command is started again. */
static enum err ask(struct page_reader *r, int page, const char *command, int64_t cpu_s,
                    json_t **out, struct error *e)
{
    size_t left = LINE_MAX_BYTES;
    *out = NULL;
    enum err err = r->child.pid > 0 ? ERR_OK : start(r, e);
    if (page > 0)
        (void)snprintf(r->child.subject, sizeof r->child.subject, "Page %d", page);
    else
        (void)snprintf(r->child.subject, sizeof r->child.subject, "The PDF");
    if (err == ERR_OK) {
        child_allow(&r->child, cpu_s);
        err = child_send(&r->child, command, strlen(command), e);
    }
    if (err == ERR_OK)
        err = read_json(r, &left, out, e);
    if (err == ERR_OK && !json_is_object(*out))
        err = damaged(r, e);
    if (err != ERR_OK) {
        child_end(&r->child);
        return err;
    }
    return refused(r, json_string_value(json_object_get(*out, "error")), e);
}

/* What comes after a wrong answer is not known: the child is ended. */
static enum err ended_on_error(struct page_reader *r, enum err err)
{
    if (err != ERR_OK)
        child_end(&r->child);
    return err;
}

static enum err check_page(const struct page_reader *r, int page, enum err kind, struct error *e)
{
    if (page >= 1 && page <= r->pages)
        return ERR_OK;
    return error_set(e, kind, "Page %d does not exist: the document has %d page%s.", page, r->pages,
                     r->pages == 1 ? "" : "s");
}

/* The four numbers that begin an item. False when it is not on a page. */
static bool read_box(json_t *item, struct box *b)
{
    *b = (struct box){
        json_number_value(json_array_get(item, 0)), json_number_value(json_array_get(item, 1)),
        json_number_value(json_array_get(item, 2)), json_number_value(json_array_get(item, 3))};
    return b->w >= 0 && b->h >= 0 && fmax(fmax(fabs(b->x), fabs(b->y)), fmax(b->w, b->h)) <= 2;
}

/* What has no place on the page is left out. */
static enum err lose(struct page_content *out, const struct page_reader *r, struct error *e)
{
    char text[160];
    (void)snprintf(text, sizeof text, "%s: some words have no place on the page and are left out.",
                   r->child.subject);
    if (out->warning == NULL && (out->warning = strdup(text)) == NULL)
        return error_no_memory(e);
    return ERR_OK;
}

/* [x, y, w, h, "text", turn?] */
static enum err read_word(struct page_reader *r, json_t *item, struct page_content *page,
                          struct error *e)
{
    struct word_list *out = &page->words;
    struct box b;
    json_t *text = json_array_get(item, 4);
    json_int_t turn = json_integer_value(json_array_get(item, 5));
    if (!json_is_string(text) || turn < 0 || turn > 270 || turn % 90 != 0)
        return damaged(r, e);
    if (!read_box(item, &b))
        return lose(page, r, e);
    if (word_list_add(out, b, json_string_value(text), json_string_length(text), 1, ENGINE_TEXT) !=
        ERR_OK)
        return error_no_memory(e);
    out->items[out->n - 1].turn = (int)turn;
    return ERR_OK;
}

/* [x, y, w, h, "name", "value"] */
static enum err read_field(struct page_reader *r, json_t *item, struct page_content *out,
                           struct error *e)
{
    struct filled_field *f = &out->fields[out->n_fields];
    const char *name = json_string_value(json_array_get(item, 4));
    const char *value = json_string_value(json_array_get(item, 5));
    if (name == NULL || value == NULL)
        return damaged(r, e);
    if (!read_box(item, &f->box))
        return lose(out, r, e);
    out->n_fields++;
    f->name = strdup(name);
    f->value = strdup(value);
    return f->name != NULL && f->value != NULL ? ERR_OK : error_no_memory(e);
}

static enum err too_much(const struct page_reader *r, struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE,
                     "%s has more text than a page may have, %d words or %d MiB of them.",
                     r->child.subject, WORDS_MAX, PAGE_MAX_BYTES >> 20);
}

/* Words and fields come a line each, so that no more than one is held twice. */
static enum err read_items(struct page_reader *r, size_t words, size_t fields,
                           struct page_content *out, struct error *e)
{
    size_t left = PAGE_MAX_BYTES;
    enum err err = ERR_OK;
    if (fields > 0 && (out->fields = calloc(fields, sizeof *out->fields)) == NULL)
        return error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < words + fields; i++) {
        json_t *item = NULL;
        if (left < LINE_MAX_BYTES)
            return too_much(r, e);
        err = read_json(r, &left, &item, e);
        if (err == ERR_OK)
            err = i < words ? read_word(r, item, out, e) : read_field(r, item, out, e);
        json_decref(item);
    }
    return err;
}

static enum err read_page(struct page_reader *r, json_t *answer, int page, struct page_content *out,
                          struct error *e)
{
    json_int_t words = json_integer_value(json_object_get(answer, "words"));
    json_int_t fields = json_integer_value(json_object_get(answer, "fields"));
    out->info.number = page;
    out->info.width = json_number_value(json_object_get(answer, "width"));
    out->info.height = json_number_value(json_object_get(answer, "height"));
    if (words < 0 || fields < 0)
        return damaged(r, e);
    if (words > WORDS_MAX || fields > WORDS_MAX)
        return too_much(r, e);
    enum err err = json_is_true(json_object_get(answer, "lost")) ? lose(out, r, e) : ERR_OK;
    if (err == ERR_OK)
        err = read_items(r, (size_t)words, (size_t)fields, out, e);
    if (err == ERR_OK && (out->info.width <= 0 || out->info.width > PAGE_MAX_PT ||
                          out->info.height <= 0 || out->info.height > PAGE_MAX_PT))
        return error_set(e, ERR_UNPROCESSABLE, "%s has no size that can be shown.",
                         r->child.subject);
    return err;
}

static enum err read_pixels(struct page_reader *r, json_t *answer, struct raster *out,
                            struct error *e)
{
    json_int_t width = json_integer_value(json_object_get(answer, "width"));
    json_int_t height = json_integer_value(json_object_get(answer, "height"));
    json_int_t dpi = json_integer_value(json_object_get(answer, "dpi"));
    /* The child rounds up, hence a row and a column more than the limit. */
    if (width < 1 || height < 1 || width > 32767 || height > 32767 || dpi < 1 || dpi > DPI_MAX ||
        width * height > r->limits.max_raster_pixels + width + height)
        return damaged(r, e);
    size_t n = (size_t)width * (size_t)height;
    *out = (struct raster){(int)width, (int)height, (int)dpi, malloc(n)};
    return out->pixels != NULL ? child_bytes(&r->child, out->pixels, n, e) : error_no_memory(e);
}

static enum err draw(struct page_reader *r, int page, struct box part, double dpi, int64_t cpu_s,
                     struct raster *out, struct error *e)
{
    char command[160];
    json_t *answer = NULL;
    memset(out, 0, sizeof *out);
    (void)snprintf(command, sizeof command, "raster %d %.9f %.9f %.9f %.9f %.9f\n", page, part.x,
                   part.y, part.w, part.h, dpi);
    enum err err = ask(r, page, command, cpu_s, &answer, e);
    if (err == ERR_OK)
        err = ended_on_error(r, read_pixels(r, answer, out, e));
    json_decref(answer);
    if (err != ERR_OK)
        raster_free(out);
    return err;
}

/* [x, y, w, h, flag], or without a flag; *known: it has a place on the page. */
static enum err read_drawn(struct page_reader *r, size_t *left, struct box *box, bool *flag,
                           bool *known, struct error *e)
{
    json_t *item = NULL;
    enum err err = read_json(r, left, &item, e);
    *known = err == ERR_OK && read_box(item, box);
    *flag = json_is_true(json_array_get(item, 4));
    json_decref(item);
    return err;
}

static json_int_t count_of(const json_t *answer, const char *name)
{
    return json_integer_value(json_object_get(answer, name));
}

/* Rules, check boxes and filled areas, a line each. */
static enum err read_rules(struct page_reader *r, const json_t *answer, struct page_content *out,
                           struct error *e)
{
    json_int_t n = count_of(answer, "rules"), n_boxes = count_of(answer, "boxes");
    json_int_t n_areas = count_of(answer, "areas");
    size_t left = PAGE_MAX_BYTES, n_checks = 0;
    bool known, flag;
    if (n < 0 || n > WORDS_MAX || n_boxes < 0 || n_boxes > RASTER_BOXES_MAX || n_areas < 0 ||
        n_areas > PAGE_AREAS_MAX)
        return damaged(r, e);
    struct check_box *checks = calloc((size_t)n_boxes + 1, sizeof *checks);
    out->rules = calloc((size_t)n + 1, sizeof *out->rules);
    out->areas = calloc((size_t)n_areas + 1, sizeof *out->areas);
    enum err err =
        out->rules != NULL && out->areas != NULL && checks != NULL ? ERR_OK : error_no_memory(e);
    for (json_int_t i = 0; err == ERR_OK && i < n; i++) {
        struct rule *rule = &out->rules[out->n_rules];
        err = read_drawn(r, &left, &rule->box, &rule->vertical, &known, e);
        out->n_rules += known;
    }
    for (json_int_t i = 0; err == ERR_OK && i < n_boxes; i++) {
        struct check_box *check = &checks[n_checks];
        err = read_drawn(r, &left, &check->box, &check->marked, &known, e);
        n_checks += known;
    }
    for (json_int_t i = 0; err == ERR_OK && i < n_areas; i++) {
        err = read_drawn(r, &left, &out->areas[out->n_areas], &flag, &known, e);
        out->n_areas += known;
    }
    if (err == ERR_OK)
        err = checks_add_words(out, checks, n_checks, e);
    free(checks);
    return err;
}

/* A page that cannot be drawn, or only with much effort, keeps its words. */
static enum err find_rules(struct page_reader *r, int page, struct page_content *out,
                           struct error *e)
{
    char command[48];
    json_t *answer = NULL;
    int64_t share = r->limits.cpu_s / RULES_SHARE;
    (void)snprintf(command, sizeof command, "rules %d %d\n", page, RULES_DPI);
    enum err err = ask(r, page, command, share > 1 ? share : 1, &answer, e);
    if (err == ERR_OK) {
        err = ended_on_error(r, read_rules(r, answer, out, e));
    } else if (err == ERR_UNPROCESSABLE) {
        free(out->warning);
        out->warning = strdup(e->detail);
        err = out->warning != NULL ? ERR_OK : error_no_memory(e);
    }
    json_decref(answer);
    return err;
}

enum err page_reader_page(struct page_reader *r, int page, struct page_content *out,
                          struct error *e)
{
    char command[48];
    json_t *answer = NULL;
    memset(out, 0, sizeof *out);
    enum err err = check_page(r, page, ERR_UNPROCESSABLE, e);
    (void)snprintf(command, sizeof command, "page %d\n", page);
    if (err == ERR_OK)
        err = ask(r, page, command, r->limits.cpu_s, &answer, e);
    if (err == ERR_OK)
        err = ended_on_error(r, read_page(r, answer, page, out, e));
    json_decref(answer);
    if (err == ERR_OK && out->words.n > 0)
        err = find_rules(r, page, out, e);
    if (err != ERR_OK)
        page_content_free(out);
    return err;
}

/* A number that a page has, by the command of one word; more than most is too much. */
static enum err ask_number(struct page_reader *r, int page, const char *word, const char *name,
                           double most, double *out, struct error *e)
{
    char command[48];
    json_t *answer = NULL;
    *out = 0;
    enum err err = check_page(r, page, ERR_UNPROCESSABLE, e);
    (void)snprintf(command, sizeof command, "%s %d\n", word, page);
    if (err == ERR_OK)
        err = ask(r, page, command, r->limits.cpu_s, &answer, e);
    if (err == ERR_OK)
        *out = fmax(0, fmin(most, json_number_value(json_object_get(answer, name))));
    json_decref(answer);
    return err;
}

enum err page_reader_images(struct page_reader *r, int page, double *out, struct error *e)
{
    return ask_number(r, page, "images", "images", 1, out, e);
}

enum err page_reader_resolution(struct page_reader *r, int page, double *dpi, struct error *e)
{
    return ask_number(r, page, "resolution", "dpi", DPI_MAX, dpi, e);
}

enum err page_reader_raster(struct page_reader *r, int page, struct box part, double dpi,
                            struct raster *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    enum err err = check_page(r, page, ERR_UNPROCESSABLE, e);
    return err == ERR_OK ? draw(r, page, part, dpi, r->limits.cpu_s, out, e) : err;
}

enum err page_reader_sizes(struct page_reader *r, struct page_size **out, struct error *e)
{
    json_t *answer = NULL;
    *out = NULL;
    enum err err = ask(r, 0, "sizes\n", r->limits.cpu_s, &answer, e);
    const json_t *sizes = json_object_get(answer, "sizes");
    if (err == ERR_OK && json_array_size(sizes) != (size_t)r->pages)
        err = damaged(r, e);
    if (err == ERR_OK && (*out = calloc((size_t)r->pages, sizeof **out)) == NULL)
        err = error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < (size_t)r->pages; i++) {
        const json_t *size = json_array_get(sizes, i);
        (*out)[i] = (struct page_size){json_number_value(json_array_get(size, 0)),
                                       json_number_value(json_array_get(size, 1))};
        if (!(fmax((*out)[i].width, (*out)[i].height) <= PAGE_MAX_PT) ||
            fmin((*out)[i].width, (*out)[i].height) < 0)
            err = damaged(r, e);
    }
    json_decref(answer);
    if (err != ERR_OK) {
        free(*out);
        *out = NULL;
    }
    return err;
}

/* A file of n bytes that begins with its signature. */
static enum err read_file(struct page_reader *r, json_int_t n, const char *signature, char **out,
                          struct error *e)
{
    size_t head = strlen(signature);
    if (n <= (json_int_t)head)
        return damaged(r, e);
    *out = malloc((size_t)n);
    enum err err = *out != NULL ? child_bytes(&r->child, *out, (size_t)n, e) : error_no_memory(e);
    return err == ERR_OK && memcmp(*out, signature, head) != 0 ? damaged(r, e) : err;
}

static enum err read_png(struct page_reader *r, json_int_t n, struct buffer *png, struct error *e)
{
    char *bytes = NULL;
    enum err err =
        n <= PNG_MAX_BYTES ? read_file(r, n, "\x89PNG\r\n\x1a\n", &bytes, e) : damaged(r, e);
    if (err == ERR_OK) {
        buffer_append(png, bytes, (size_t)n);
        err = buffer_failed(png) ? error_no_memory(e) : ERR_OK;
    }
    free(bytes);
    return err;
}

enum err page_reader_image(struct page_reader *r, int page, int width, struct buffer *png,
                           struct error *e)
{
    char command[48];
    json_t *answer = NULL;
    enum err err = check_page(r, page, ERR_NOT_FOUND, e);
    (void)snprintf(command, sizeof command, "image %d %d\n", page, width);
    if (err == ERR_OK)
        err = ask(r, page, command, r->limits.cpu_s, &answer, e);
    if (err == ERR_OK)
        err = ended_on_error(
            r, read_png(r, json_integer_value(json_object_get(answer, "bytes")), png, e));
    json_decref(answer);
    return err;
}

static enum err read_pdf(struct page_reader *r, json_int_t n, size_t max_bytes, char **out,
                         struct error *e)
{
    if (max_bytes > 0 && n > 0 && (size_t)n > max_bytes)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The result as pdf would have more than %zu bytes; ask for fewer pages.",
                         max_bytes);
    return n <= r->limits.memory_bytes ? read_file(r, n, "%PDF-", out, e) : damaged(r, e);
}

enum err page_reader_searchable(struct page_reader *r, const struct buffer *pages, size_t max_bytes,
                                char **out, size_t *n, struct error *e)
{
    struct buffer command = BUFFER_INIT;
    json_t *answer = NULL;
    *out = NULL;
    buffer_printf(&command, "pdf %zu\n", pages->len);
    buffer_append(&command, pages->data, pages->len);
    enum err err = buffer_failed(&command) ? error_no_memory(e)
                                           : ask(r, 0, command.data, r->limits.cpu_s, &answer, e);
    buffer_free(&command);
    json_int_t bytes = json_integer_value(json_object_get(answer, "bytes"));
    if (err == ERR_OK)
        err = ended_on_error(r, read_pdf(r, bytes, max_bytes, out, e));
    json_decref(answer);
    *n = (size_t)bytes;
    if (err != ERR_OK) {
        free(*out);
        *out = NULL;
    }
    return err;
}

void page_reader_close(struct page_reader *r)
{
    if (r == NULL)
        return;
    child_end(&r->child);
    spawn_close(&r->pdf_fd);
    explicit_bzero(r->password, sizeof r->password);
    free(r);
}
