#include "extract/recognizer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "ocr/wire.h"
#include "sandbox/child.h"

#define PROCESSES    3                  /* kept, each with its language */
#define LARGE_PIXELS (16 * 1000 * 1000) /* an A4 page at 400 dpi */
#define RULES_MAX    1000000
#define WORDS_MAX    1000000
#define WORD_BYTES   65536
#define TEXT_BYTES   (64 << 20) /* of all words */
#define PLACE_MAX    4          /* of boxes: what was turned may stick out of its page */

struct process {
    struct child child;
    char language[LANGUAGES_MAX + 1]; /* or several: "eng+deu"; "": it only puts images upright */
    int64_t used_us;                  /* when it was last used */
};

struct recognizer {
    struct recognizer_limits limits;
    struct process processes[PROCESSES];
};

/* --- what a process says --- */

static bool box_is_valid(struct box b)
{
    return b.w >= 0 && b.h >= 0 && fmax(fmax(fabs(b.x), fabs(b.y)), fmax(b.w, b.h)) <= PLACE_MAX &&
           !isnan(b.x) && !isnan(b.y);
}

static bool answer_is_valid(const struct wire_answer *a)
{
    return a->status == WIRE_OK && a->quarters >= 0 && a->quarters <= 3 && fabs(a->angle) <= 1 &&
           a->n_rules <= RULES_MAX && a->n_words <= WORDS_MAX;
}

static enum err read_rules(struct child *p, size_t n, struct ocr_result *out, struct error *e)
{
    enum err err = ERR_OK;
    struct wire_rule rule;
    if ((out->rules = calloc(n + 1, sizeof *out->rules)) == NULL)
        return error_no_memory(e);
    for (; err == ERR_OK && out->n_rules < n; out->n_rules++) {
        err = child_bytes(p, &rule, sizeof rule, e);
        if (err == ERR_OK && !box_is_valid(rule.box))
            err = child_damaged(p, e);
        out->rules[out->n_rules] = (struct rule){rule.box, rule.vertical != 0};
    }
    return err;
}

static enum err read_word(struct child *p, size_t *left, struct word_list *out, struct error *e)
{
    struct wire_word w;
    char text[WORD_BYTES + 1];
    enum err err = child_bytes(p, &w, sizeof w, e);
    if (err == ERR_OK && (!box_is_valid(w.box) || !(w.confidence >= 0 && w.confidence <= 1) ||
                          w.length == 0 || w.length > WORD_BYTES || w.length > *left))
        err = child_damaged(p, e);
    if (err == ERR_OK)
        err = child_bytes(p, text, w.length, e);
    if (err != ERR_OK)
        return err;
    *left -= w.length;
    text[w.length] = '\0';
    if (strlen(text) != w.length || !text_is_utf8(text))
        return child_damaged(p, e);
    if (word_list_add(out, w.box, text, w.length, w.confidence, ENGINE_TESSERACT) != ERR_OK)
        return error_no_memory(e);
    out->items[out->n - 1].alone = w.alone != 0;
    return ERR_OK;
}

/* It has the image's pixels and no more: nothing is scaled up. */
static enum err read_upright(struct child *p, const struct wire_answer *a,
                             const struct raster *image, struct raster *out, struct error *e)
{
    int64_t most = (int64_t)image->width * image->height;
    if (a->width < 1 || a->height < 1 || (int64_t)a->width * a->height > most)
        return child_damaged(p, e);
    size_t n = (size_t)a->width * (size_t)a->height;
    *out = (struct raster){a->width, a->height, image->dpi, malloc(n)};
    return out->pixels != NULL ? child_bytes(p, out->pixels, n, e) : error_no_memory(e);
}

/* upright: NULL when it was not asked for. */
static enum err read_answer(struct child *p, const struct raster *image, struct ocr_result *out,
                            struct raster *upright, struct error *e)
{
    struct wire_answer a;
    size_t left = TEXT_BYTES;
    enum err err = child_bytes(p, &a, sizeof a, e);
    if (err == ERR_OK && a.status == WIRE_FAILED)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "%s is too large or holds too much to be read by OCR.", p->subject);
    else if (err == ERR_OK && !answer_is_valid(&a))
        err = child_damaged(p, e);
    if (err == ERR_OK) {
        out->pose = (struct pose){a.quarters, a.angle, image->width, image->height};
        err = read_rules(p, a.n_rules, out, e);
    }
    for (uint32_t i = 0; err == ERR_OK && i < a.n_words; i++)
        err = read_word(p, &left, &out->words, e);
    if (err == ERR_OK && upright != NULL)
        err = read_upright(p, &a, image, upright, e);
    return err;
}

/* --- the processes --- */

void recognizer_unavailable(struct error *e)
{
    (void)error_set(e, ERR_UNAVAILABLE, "The OCR engine is not available; tell the operator.");
}

static enum err no_language(const char *language, struct error *e)
{
    recognizer_unavailable(e);
    return error_cause(e,
                       "Tesseract has no data for \"%s\": install tesseract-ocr-%s or set "
                       "TESSDATA_PREFIX",
                       language, language);
}

static enum err start(const struct recognizer *r, struct process *p, struct error *e)
{
    char cpu[24], memory[24], pixels[24];
    const struct recognizer_limits *l = &r->limits;
    const char *folder = l->tessdata_dir != NULL ? l->tessdata_dir : "";
    const char *argv[] = {l->program, cpu, memory, pixels, p->language, folder, NULL};
    struct wire_answer ready;
    (void)snprintf(cpu, sizeof cpu, "%" PRId64, l->cpu_s);
    (void)snprintf(memory, sizeof memory, "%" PRId64, l->memory_bytes);
    (void)snprintf(pixels, sizeof pixels, "%" PRId64, l->max_raster_pixels);
    enum err err = child_start(&p->child, argv, -1, e);
    if (err == ERR_OK)
        err = child_bytes(&p->child, &ready, sizeof ready, e);
    if (err == ERR_OK && ready.status == WIRE_NO_LANGUAGE)
        return no_language(p->language, e);
    return err == ERR_OK && ready.status != WIRE_OK ? child_damaged(&p->child, e) : err;
}

/* The one that has the language, or the one that was used the longest time ago. */
static struct process *process_for(struct recognizer *r, const char *language)
{
    struct process *oldest = &r->processes[0];
    for (size_t i = 0; i < PROCESSES; i++) {
        struct process *p = &r->processes[i];
        if (p->child.pid > 0 && strcmp(p->language, language) == 0)
            return p;
        if (p->used_us < oldest->used_us)
            oldest = p;
    }
    child_end(&oldest->child);
    (void)snprintf(oldest->language, sizeof oldest->language, "%s", language);
    return oldest;
}

static enum err talk(const struct recognizer *r, struct process *p, enum wire_verb verb,
                     const struct raster *image, struct ocr_result *out, struct raster *upright,
                     struct error *e)
{
    const struct wire_command command = {(int32_t)verb, image->width, image->height, image->dpi};
    enum err err = child_lives(&p->child) ? ERR_OK : start(r, p, e);
    if (err == ERR_OK) {
        child_allow(&p->child, r->limits.cpu_s);
        err = child_send(&p->child, &command, sizeof command, e);
    }
    if (err == ERR_OK)
        err = child_send(&p->child, image->pixels, (size_t)image->width * (size_t)image->height, e);
    return err == ERR_OK ? read_answer(&p->child, image, out, upright, e) : err;
}

static void forget(struct ocr_result *out, struct raster *upright)
{
    ocr_result_free(out);
    if (upright != NULL)
        raster_free(upright);
}

/* A process that has read other images is not what they left it as: where it fails, a new one tells
 * whether it is the image's fault. Time that was used up is: it was all the image's. */
static enum err talk_anew(const struct recognizer *r, struct process *p, enum wire_verb verb,
                          const struct raster *image, struct ocr_result *out,
                          struct raster *upright, struct error *e)
{
    bool was_used = child_lives(&p->child);
    enum err err = talk(r, p, verb, image, out, upright, e);
    if (err != ERR_UNPROCESSABLE || !was_used || p->child.used_up)
        return err;
    child_end(&p->child);
    forget(out, upright);
    return talk(r, p, verb, image, out, upright, e);
}

static enum err ask(struct recognizer *r, const char *language, enum wire_verb verb,
                    const struct raster *image, const struct checkpoint *c, struct ocr_result *out,
                    struct raster *upright, struct error *e)
{
    struct process *p = process_for(r, language);
    memset(out, 0, sizeof *out);
    if (upright != NULL)
        memset(upright, 0, sizeof *upright);
    p->used_us = monotonic_us();
    p->child.c = c != NULL ? *c : (struct checkpoint){NULL, NULL};
    enum err err = talk_anew(r, p, verb, image, out, upright, e);
    if (err != ERR_OK || (int64_t)image->width * image->height > LARGE_PIXELS ||
        child_cpu_s(&p->child) >= r->limits.cpu_s)
        child_end(&p->child);
    if (err != ERR_OK)
        forget(out, upright);
    return err;
}

enum err recognizer_prepare(struct recognizer *r, const struct raster *image,
                            const struct checkpoint *c, struct ocr_result *out,
                            struct raster *upright, struct error *e)
{
    return ask(r, "", WIRE_PREPARE, image, c, out, upright, e);
}

/* --- the engine --- */

static enum err recognize(void *self, const struct raster *images, size_t n, const char *languages,
                          const struct checkpoint *c, struct ocr_result *out, struct error *e)
{
    struct recognizer *r = self;
    const char *requested = languages[0] != '\0' ? languages : r->limits.language;
    enum err err = ERR_OK;
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = ask(r, requested, WIRE_READ, &images[i], c, &out[i], NULL, e);
    for (size_t i = 0; err != ERR_OK && i < n; i++)
        ocr_result_free(&out[i]);
    return err;
}

static void engine_close(void *self)
{
    (void)self;
}

static const struct ocr_engine_ops ops = {
    .engine = ENGINE_TESSERACT,
    .batch = 1,
    .puts_upright = true,
    .recognize = recognize,
    .close = engine_close,
};

struct ocr_engine recognizer_engine(struct recognizer *r)
{
    return (struct ocr_engine){&ops, r};
}

enum err recognizer_open(const struct recognizer_limits *l, struct recognizer **out,
                         struct error *e)
{
    struct recognizer *r = calloc(1, sizeof *r);
    *out = r;
    if (r == NULL)
        return error_no_memory(e);
    r->limits = *l;
    for (size_t i = 0; i < PROCESSES; i++)
        r->processes[i].child = (struct child){.program = l->program,
                                               .name = "OCR program",
                                               .setting = "OCR_READER",
                                               .cpu_limit_s = l->cpu_s,
                                               .death_from_outside = SIGSYS,
                                               .subject = "The page",
                                               .to = -1,
                                               .from = -1};
    return ERR_OK;
}

void recognizer_close(struct recognizer *r)
{
    for (size_t i = 0; r != NULL && i < PROCESSES; i++)
        child_end(&r->processes[i].child);
    free(r);
}
