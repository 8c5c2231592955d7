#include "extract/page_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/source.h"
#include "base/spawn.h"
#include "extract/raster_rules.h"

#define LINE_MAX_BYTES (64 << 20) /* a page of a million words */
#define WORDS_MAX      2000000
#define WAIT_MS        500  /* how often the checkpoint is passed while waiting */
#define RULES_DPI      72   /* a pixel a point: cairo draws a hairline no thinner than that */
#define DEATH_MS       1000 /* what a reader that has closed its answers gets to end by itself */
#define PAGE_MAX_PT    1e6
#define PNG_MAX_BYTES  (256 << 20)

struct page_reader {
    pid_t pid;
    int to, from; /* pipes: commands, answers */
    struct checkpoint c;
    struct page_reader_limits limits;
    int pages;
    int64_t deadline_us; /* of the answer, monotonic */
    struct buffer in;    /* bytes read ahead */
};

static enum err damaged(struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE,
                     "The PDF is damaged and cannot be read; save it anew and upload it again.");
}

/* --- starting and ending the child --- */

/* The child gets the pipes, the PDF at 3 and nothing else. */
static int spawn_child(struct page_reader *r, int commands, int answers, int pdf)
{
    char cpu[24], memory[24], pages[24], pixels[24];
    const char *argv[] = {r->limits.program, cpu, memory, pages, pixels, NULL};
    const int fds[] = {commands, answers, -1, pdf};
    (void)snprintf(cpu, sizeof cpu, "%" PRId64, r->limits.cpu_s);
    (void)snprintf(memory, sizeof memory, "%" PRId64, r->limits.memory_bytes);
    (void)snprintf(pages, sizeof pages, "%" PRId64, r->limits.max_pages);
    (void)snprintf(pixels, sizeof pixels, "%" PRId64, r->limits.max_raster_pixels);
    return spawn_bare(argv, fds, sizeof fds / sizeof fds[0], &r->pid);
}

static enum err start_child(struct page_reader *r, int pdf_fd, struct error *e)
{
    int commands[2] = {-1, -1}, answers[2] = {-1, -1};
    int code = lseek(pdf_fd, 0, SEEK_SET) == 0 ? spawn_pipe(commands) : errno;
    if (code == 0)
        code = spawn_pipe(answers);
    if (code == 0)
        code = spawn_child(r, commands[0], answers[1], pdf_fd);
    spawn_close(&commands[0]);
    spawn_close(&answers[1]);
    r->to = commands[1];
    r->from = answers[0];
    if (code == 0 && fcntl(r->from, F_SETFL, O_NONBLOCK) != 0)
        code = errno;
    if (code == 0)
        return ERR_OK;
    error_set(e, err_of_errno(code), "The page reader could not be started.");
    return error_cause(e, "%s: %s; set PAGE_READER", r->limits.program, strerror(code));
}

/* Its wait status; it is killed when it does not end within patience_ms by itself. */
static int reap(struct page_reader *r, int patience_ms)
{
    static const struct timespec moment = {0, 10 * 1000000};
    int status = 0;
    if (r->pid <= 0)
        return 0;
    for (; patience_ms > 0 && waitpid(r->pid, &status, WNOHANG) == 0; patience_ms -= 10)
        (void)nanosleep(&moment, NULL);
    if (patience_ms <= 0) {
        (void)kill(r->pid, SIGKILL);
        while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        status = W_EXITCODE(1, 0); /* nobody else killed it */
    }
    r->pid = 0;
    return status;
}

/* The answers ended: why did the child die? */
static enum err explain_death(struct page_reader *r, struct error *e)
{
    int status = reap(r, DEATH_MS);
    if (WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 3)) {
        error_set(e, ERR_UNAVAILABLE, "The page reader could not be started.");
        return error_cause(e, "%s ended with status %d", r->limits.program, WEXITSTATUS(status));
    }
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number == SIGKILL || number == SIGTERM) /* from outside: its own limit sends SIGXCPU */
        error_set(e, ERR_UNAVAILABLE, "The page reader was killed; try again.");
    else if (number == SIGXCPU)
        error_set(e, ERR_UNPROCESSABLE,
                  "The PDF is too complex: reading it takes more than %" PRId64 " s.",
                  r->limits.cpu_s);
    else
        error_set(e, ERR_UNPROCESSABLE,
                  "The PDF is damaged or too large to read: the page reader broke off.");
    return error_cause(e, "the page reader ended: wait status %#x", (unsigned)status);
}

/* --- talking to it --- */

static enum err wait_readable(struct page_reader *r, struct error *e)
{
    struct pollfd p = {.fd = r->from, .events = POLLIN};
    for (;;) {
        int n = poll(&p, 1, WAIT_MS);
        if (n > 0)
            return ERR_OK;
        if (n < 0 && errno != EINTR)
            return error_set(e, ERR_INTERNAL, "poll: %s", strerror(errno));
        enum err err = checkpoint_pass(&r->c, e);
        if (err != ERR_OK)
            return err;
        if (monotonic_us() > r->deadline_us)
            return error_set(e, ERR_UNPROCESSABLE,
                             "The PDF is too complex: reading it takes too "
                             "long.");
    }
}

static enum err read_more(struct page_reader *r, struct error *e)
{
    char chunk[65536];
    for (;;) {
        ssize_t n = read(r->from, chunk, sizeof chunk);
        if (n > 0) {
            buffer_append(&r->in, chunk, (size_t)n);
            return buffer_failed(&r->in) ? error_no_memory(e) : ERR_OK;
        }
        if (n == 0)
            return explain_death(r, e);
        if (errno != EAGAIN && errno != EINTR)
            return error_set(e, ERR_INTERNAL, "read: %s", strerror(errno));
        enum err err = wait_readable(r, e);
        if (err != ERR_OK)
            return err;
    }
}

static void consume(struct buffer *b, size_t n)
{
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

/* Reads one line of JSON; an {"error"} is left to the caller. */
static enum err read_answer(struct page_reader *r, json_t **out, struct error *e)
{
    size_t searched = 0;
    char *end = NULL;
    enum err err = ERR_OK;
    *out = NULL;
    while (err == ERR_OK) {
        end =
            r->in.len > searched ? memchr(r->in.data + searched, '\n', r->in.len - searched) : NULL;
        if (end != NULL)
            break;
        searched = r->in.len;
        if (searched > LINE_MAX_BYTES)
            return damaged(e);
        err = read_more(r, e);
    }
    if (err != ERR_OK)
        return err;
    size_t n = (size_t)(end - r->in.data);
    struct error ignored;
    err = json_parse(r->in.data, n, out, &ignored);
    consume(&r->in, n + 1);
    return err == ERR_OK && json_is_object(*out) ? ERR_OK : damaged(e);
}

/* Each command has the time of a reader to itself, however long the document and whatever was done
 * with the last answer. The child cannot move its limits: its sandbox forbids it. */
static void allow_time(struct page_reader *r)
{
    clockid_t clock;
    struct timespec used;
    struct rlimit limit;
    r->deadline_us = monotonic_us() + (2 * r->limits.cpu_s + 10) * US_PER_S;
    if (clock_getcpuclockid(r->pid, &clock) != 0 || clock_gettime(clock, &used) != 0 ||
        prlimit(r->pid, RLIMIT_CPU, NULL, &limit) != 0)
        return;
    rlim_t wanted = (rlim_t)(used.tv_sec + r->limits.cpu_s + 1);
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    (void)prlimit(r->pid, RLIMIT_CPU, &limit, NULL);
}

static enum err send_command(struct page_reader *r, const char *text, struct error *e)
{
    size_t n = strlen(text);
    if (r->pid <= 0)
        return damaged(e);
    allow_time(r);
    return write(r->to, text, n) == (ssize_t)n ? ERR_OK : explain_death(r, e);
}

/* Sends a command; *out is the answer, which is no error. */
static enum err ask(struct page_reader *r, const char *command, json_t **out, struct error *e)
{
    enum err err = send_command(r, command, e);
    *out = NULL;
    if (err == ERR_OK)
        err = read_answer(r, out, e);
    return err == ERR_OK && json_object_get(*out, "error") != NULL ? damaged(e) : err;
}

static enum err open_error(const struct page_reader *r, const char *code, int pdf_fd,
                           struct error *e)
{
    char head[1024];
    if (strcmp(code, "encrypted") == 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The PDF is encrypted; remove its password and upload it again.");
    if (strcmp(code, "no_pages") == 0)
        return error_set(e, ERR_UNPROCESSABLE, "The PDF has no pages.");
    if (strcmp(code, "too_many_pages") == 0)
        return error_set(e, ERR_UNPROCESSABLE, "The PDF has more than %" PRId64 " pages.",
                         r->limits.max_pages);
    ssize_t n = pread(pdf_fd, head, sizeof head, 0);
    if (n >= 0 && memmem(head, (size_t)n, "%PDF-", 5) == NULL)
        return error_set(e, ERR_UNPROCESSABLE,
                         n == 0 ? "The file is empty." : "The file is not a PDF.");
    return damaged(e);
}

enum err page_reader_open(const struct page_reader_limits *l, int pdf_fd,
                          const struct checkpoint *c, struct page_reader **out, int *pages,
                          struct error *e)
{
    struct page_reader *r = calloc(1, sizeof *r);
    json_t *answer = NULL;
    *out = NULL;
    if (r == NULL)
        return error_no_memory(e);
    r->to = r->from = -1;
    r->limits = *l;
    if (c != NULL)
        r->c = *c;
    r->deadline_us = monotonic_us() + (2 * l->cpu_s + 10) * US_PER_S;
    enum err err = start_child(r, pdf_fd, e);
    if (err == ERR_OK)
        err = read_answer(r, &answer, e);
    if (err == ERR_OK) {
        const char *code = json_string_value(json_object_get(answer, "error"));
        r->pages = (int)json_integer_value(json_object_get(answer, "pages"));
        if (code != NULL)
            err = open_error(r, code, pdf_fd, e);
        else if (r->pages < 1 || r->pages > l->max_pages)
            err = damaged(e);
    }
    json_decref(answer);
    if (err != ERR_OK) {
        page_reader_close(r);
        return err;
    }
    *pages = r->pages;
    *out = r;
    return ERR_OK;
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

/* [x, y, w, h, "text", turn?] */
static enum err read_word(json_t *item, struct word_list *out, struct error *e)
{
    struct box b;
    json_t *text = json_array_get(item, 4);
    json_int_t turn = json_integer_value(json_array_get(item, 5));
    if (!json_is_string(text) || !read_box(item, &b) || turn < 0 || turn > 270 || turn % 90 != 0)
        return damaged(e);
    if (word_list_add(out, b, json_string_value(text), json_string_length(text), 1, ENGINE_TEXT) !=
        ERR_OK)
        return error_no_memory(e);
    out->items[out->n - 1].turn = (int)turn;
    return ERR_OK;
}

/* [x, y, w, h, "name", "value"] */
static enum err read_field(json_t *item, struct page_content *out, struct error *e)
{
    struct filled_field *f = &out->fields[out->n_fields];
    const char *name = json_string_value(json_array_get(item, 4));
    const char *value = json_string_value(json_array_get(item, 5));
    if (name == NULL || value == NULL || !read_box(item, &f->box))
        return damaged(e);
    out->n_fields++;
    f->name = strdup(name);
    f->value = strdup(value);
    return f->name != NULL && f->value != NULL ? ERR_OK : error_no_memory(e);
}

static enum err read_fields(json_t *fields, struct page_content *out, struct error *e)
{
    size_t n = json_array_size(fields);
    enum err err = ERR_OK;
    if (n > WORDS_MAX)
        return damaged(e);
    if (n > 0 && (out->fields = calloc(n, sizeof *out->fields)) == NULL)
        return error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = read_field(json_array_get(fields, i), out, e);
    return err;
}

static enum err read_page(json_t *answer, int page, struct page_content *out, struct error *e)
{
    json_t *words = json_object_get(answer, "words");
    enum err err = ERR_OK;
    out->info.number = page;
    out->info.width = json_number_value(json_object_get(answer, "width"));
    out->info.height = json_number_value(json_object_get(answer, "height"));
    out->image_coverage = json_number_value(json_object_get(answer, "images"));
    if (out->info.width <= 0 || out->info.width > PAGE_MAX_PT || out->info.height <= 0 ||
        out->info.height > PAGE_MAX_PT || json_array_size(words) > WORDS_MAX)
        return damaged(e);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(words); i++)
        err = read_word(json_array_get(words, i), &out->words, e);
    return err == ERR_OK ? read_fields(json_object_get(answer, "fields"), out, e) : err;
}

enum err page_reader_page(struct page_reader *r, int page, struct page_content *out,
                          struct error *e)
{
    static const struct box whole = {0, 0, 1, 1};
    char command[32];
    json_t *answer = NULL;
    struct raster image = {0};
    memset(out, 0, sizeof *out);
    enum err err = check_page(r, page, ERR_UNPROCESSABLE, e);
    (void)snprintf(command, sizeof command, "page %d\n", page);
    if (err == ERR_OK && (err = ask(r, command, &answer, e)) == ERR_OK)
        err = read_page(answer, page, out, e);
    json_decref(answer);
    if (err == ERR_OK && out->words.n > 0 &&
        (err = page_reader_raster(r, page, whole, RULES_DPI, &image, e)) == ERR_OK)
        err = raster_find_rules(&image, &out->rules, &out->n_rules, e);
    raster_free(&image);
    if (err != ERR_OK)
        page_content_free(out);
    return err;
}

static enum err read_pixels(struct page_reader *r, json_t *answer, struct raster *out,
                            struct error *e)
{
    json_int_t width = json_integer_value(json_object_get(answer, "width"));
    json_int_t height = json_integer_value(json_object_get(answer, "height"));
    json_int_t dpi = json_integer_value(json_object_get(answer, "dpi"));
    /* The child rounds up, hence a row and a column more than the limit. */
    if (width < 1 || height < 1 || width > 32767 || height > 32767 || dpi < 1 || dpi > 10000 ||
        width * height > r->limits.max_raster_pixels + width + height)
        return damaged(e);
    size_t n = (size_t)width * (size_t)height, have = 0;
    *out = (struct raster){(int)width, (int)height, (int)dpi, malloc(n)};
    enum err err = out->pixels != NULL ? ERR_OK : error_no_memory(e);
    while (err == ERR_OK && have < n) {
        size_t part = r->in.len < n - have ? r->in.len : n - have;
        if (part == 0) {
            err = read_more(r, e);
            continue;
        }
        memcpy(out->pixels + have, r->in.data, part);
        consume(&r->in, part);
        have += part;
    }
    return err;
}

enum err page_reader_raster(struct page_reader *r, int page, struct box part, int dpi,
                            struct raster *out, struct error *e)
{
    char command[160];
    json_t *answer = NULL;
    memset(out, 0, sizeof *out);
    enum err err = check_page(r, page, ERR_UNPROCESSABLE, e);
    (void)snprintf(command, sizeof command, "raster %d %.9f %.9f %.9f %.9f %d\n", page, part.x,
                   part.y, part.w, part.h, dpi);
    if (err == ERR_OK && (err = ask(r, command, &answer, e)) == ERR_OK)
        err = read_pixels(r, answer, out, e);
    json_decref(answer);
    if (err != ERR_OK)
        raster_free(out);
    return err;
}

enum err page_reader_sizes(struct page_reader *r, struct page_size **out, struct error *e)
{
    json_t *answer = NULL;
    *out = NULL;
    enum err err = ask(r, "sizes\n", &answer, e);
    const json_t *sizes = json_object_get(answer, "sizes");
    if (err == ERR_OK && json_array_size(sizes) != (size_t)r->pages)
        err = damaged(e);
    if (err == ERR_OK && (*out = calloc((size_t)r->pages, sizeof **out)) == NULL)
        err = error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < (size_t)r->pages; i++) {
        const json_t *size = json_array_get(sizes, i);
        (*out)[i] = (struct page_size){json_number_value(json_array_get(size, 0)),
                                       json_number_value(json_array_get(size, 1))};
        if (!(fmax((*out)[i].width, (*out)[i].height) <= PAGE_MAX_PT) ||
            fmin((*out)[i].width, (*out)[i].height) < 0)
            err = damaged(e);
    }
    json_decref(answer);
    if (err != ERR_OK) {
        free(*out);
        *out = NULL;
    }
    return err;
}

static enum err read_png(struct page_reader *r, json_int_t n, struct buffer *png, struct error *e)
{
    static const char signature[] = "\x89PNG\r\n\x1a\n";
    size_t start = png->len;
    enum err err = n > 8 && n <= PNG_MAX_BYTES ? ERR_OK : damaged(e);
    while (err == ERR_OK && png->len - start < (size_t)n) {
        size_t left = (size_t)n - (png->len - start);
        size_t part = r->in.len < left ? r->in.len : left;
        if (part == 0) {
            err = read_more(r, e);
            continue;
        }
        buffer_append(png, r->in.data, part);
        consume(&r->in, part);
        if (buffer_failed(png))
            err = error_no_memory(e);
    }
    if (err == ERR_OK && memcmp(png->data + start, signature, sizeof signature - 1) != 0)
        err = damaged(e);
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
        err = ask(r, command, &answer, e);
    if (err == ERR_OK)
        err = read_png(r, json_integer_value(json_object_get(answer, "bytes")), png, e);
    json_decref(answer);
    return err;
}

void page_reader_close(struct page_reader *r)
{
    if (r == NULL)
        return;
    spawn_close(&r->to);
    spawn_close(&r->from);
    (void)reap(r, 0);
    buffer_free(&r->in);
    free(r);
}
