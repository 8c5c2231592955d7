#include "ocr/read.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ocr/dividers.h"
#include "ocr/evidence.h"
#include "ocr/strip.h"
#include "ocr/words.h"

#define LINE_SURE       0.5F /* mean confidence of a line of text, at least */
#define CERTAINTY_SCALE 7.0F
#define DASH_SURE       0.9F /* confidence of a dash, which is told by its shape */
#define SAMPLE          16   /* lines that tell how well a page is read */
#define CELL_SURE       0.8  /* a cell of which a line's reading is less sure is read by itself, */
#define AGAIN           0.15 /* as long as all these are no more than this part of the lines, */
#define AGAIN_FREE      2000 /* and so many pixels of width, which are a moment's work */

TessBaseAPI *tesseract_load(const char *tessdata_dir, const char *language)
{
    /* One process a core is our parallelism; OpenMP's threads would only spin against it. Tesseract
     * asks for a number of threads in each region, which overrides omp_set_num_threads(). */
    omp_set_max_active_levels(0);
    TessBaseAPI *api = TessBaseAPICreate();
    if (api != NULL && TessBaseAPIInit2(api, tessdata_dir, language, OEM_LSTM_ONLY) == 0) {
        (void)TessBaseAPISetVariable(api, "debug_file", "/dev/null");
        (void)TessBaseAPISetVariable(api, "tessedit_do_invert", "0"); /* pages are dark on white */
        return api;
    }
    if (api != NULL)
        TessBaseAPIDelete(api);
    return NULL;
}

void tesseract_close(TessBaseAPI *api)
{
    if (api == NULL)
        return;
    TessBaseAPIEnd(api);
    TessBaseAPIDelete(api);
}

/* A language that there is not loads nothing, but tells Tesseract the folder. */
void tesseract_list(const char *tessdata_dir, FILE *out)
{
    TessBaseAPI *api = TessBaseAPICreate();
    if (api == NULL)
        return;
    (void)TessBaseAPIInit2(api, tessdata_dir, "none", OEM_LSTM_ONLY);
    char **names = TessBaseAPIGetAvailableLanguagesAsVector(api);
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        (void)fprintf(out, "%s\n", names[i]);
    TessDeleteTextArray(names);
    TessBaseAPIDelete(api);
}

/* --- a line --- */

struct reading {
    TessBaseAPI *api;
    PIX *page; /* 8 bits a pixel, dark on white, without rules */
    struct text_line *line;
    const struct strip *strip;
    const struct dividers *dividers;
    struct ocr_result *out;
    double spare; /* width of cells that may yet be read a second time */
};

static enum err add_word(struct reading *r, const char *text, const struct span *s,
                         float confidence, struct error *e)
{
    double w = pixGetWidth(r->page), h = pixGetHeight(r->page);
    struct box b = {s->x0 / w, s->y0 / h, (s->x1 - s->x0) / w, (s->y1 - s->y0) / h};
    return word_list_add(&r->out->words, b, text, strlen(text), confidence, ENGINE_TESSERACT) ==
                   ERR_OK
               ? ERR_OK
               : error_no_memory(e);
}

static bool take_word(void *self, const struct ink_word *w)
{
    struct reading *r = self;
    struct error e;
    return add_word(r, w->text, &w->box, w->confidence, &e) == ERR_OK;
}

/* Tesseract tells of a word what it tells of its least sure symbol, times 7 (its certainty scale);
 * of spaces as well, which are unsure where they are wide. So a symbol's own figure, on that scale.
 */
static float symbol_sure(float percent)
{
    return fmaxf(0, 1 - CERTAINTY_SCALE * (1 - percent / 100));
}

/* The symbol at which the iterator stands; false: there is none, or white space. */
static bool take_symbol(const struct reading *r, TessResultIterator *it, struct symbol *out)
{
    const TessPageIterator *at = TessResultIteratorGetPageIteratorConst(it);
    char *text = TessResultIteratorGetUTF8Text(it, RIL_SYMBOL);
    int x0, y0, x1, y1;
    bool ok = text != NULL && strspn(text, " \n") < strlen(text) && strlen(text) < SYMBOL_BYTES &&
              TessPageIteratorBoundingBox(at, RIL_SYMBOL, &x0, &y0, &x1, &y1);
    if (ok) {
        int middle = strip_to_page(r->strip, r->line, (x0 + x1) / 2, &out->run);
        out->x0 = middle - (x1 - x0) / 2;
        out->x1 = middle + (x1 - x0) / 2;
        out->starts = TessPageIteratorIsAtBeginningOf(at, RIL_WORD);
        out->confidence = symbol_sure(TessResultIteratorConfidence(it, RIL_SYMBOL));
        (void)memcpy(out->text, text, strlen(text) + 1);
    }
    TessDeleteText(text);
    return ok;
}

static enum err take_symbols(const struct reading *r, TessResultIterator *it,
                             struct symbol **symbols, size_t *n, struct error *e)
{
    size_t room = 0;
    bool starts = false; /* of a word whose first symbol was not taken */
    do {
        if (*n == room) {
            room = room > 0 ? 2 * room : 128;
            struct symbol *grown = realloc(*symbols, room * sizeof *grown);
            if (grown == NULL)
                return error_no_memory(e);
            *symbols = grown;
        }
        struct symbol *s = &(*symbols)[*n];
        s->starts = false;
        if (take_symbol(r, it, s)) {
            s->starts = s->starts || starts;
            starts = false;
            ++*n;
        } else {
            starts = starts || TessPageIteratorIsAtBeginningOf(
                                   TessResultIteratorGetPageIteratorConst(it), RIL_WORD);
        }
    } while (TessResultIteratorNext(it, RIL_SYMBOL));
    return ERR_OK;
}

static enum err take_words(struct reading *r, struct error *e)
{
    TessResultIterator *it = TessBaseAPIGetIterator(r->api);
    struct symbol *symbols = NULL;
    size_t n = 0;
    if (it == NULL) /* nothing was recognised */
        return ERR_OK;
    enum err err = take_symbols(r, it, &symbols, &n, e);
    if (err == ERR_OK && !ink_words(r->line, symbols, n, take_word, r))
        err = error_no_memory(e);
    free(symbols);
    TessResultIteratorDelete(it);
    return err;
}

static enum err recognize_strip(struct reading *r, struct error *e)
{
    TessBaseAPISetPageSegMode(r->api, PSM_SINGLE_LINE);
    TessBaseAPISetImage2(r->api, r->strip->image);
    TessBaseAPISetSourceResolution(r->api, pixGetXRes(r->page));
    return TessBaseAPIRecognize(r->api, NULL) == 0
               ? ERR_OK
               : error_set(e, ERR_INTERNAL, "The OCR engine could not read the region.");
}

/* Words of a list from first on, to its end. */
static struct word_list words_from(const struct word_list *all, size_t first)
{
    return (struct word_list){.items = all->items + first, .n = all->n - first};
}

/* A line that is not sure as a whole has no sure words. */
static float doubt_line(struct word_list *words, size_t first)
{
    const struct word_list own = words_from(words, first);
    float sure = own.n > 0 ? (float)word_list_confidence(&own) : 0;
    for (size_t i = 0; sure < LINE_SURE && i < own.n; i++)
        if (own.items[i].confidence > sure)
            own.items[i].confidence = sure;
    return sure;
}

/* Adds the words of a line, or of a cell of it. */
static enum err read_runs(struct reading *r, const struct text_lines *all, struct text_line *line,
                          struct error *e)
{
    struct strip strip;
    r->line = line;
    if (!strip_cut(r->page, all, line, &strip))
        return error_no_memory(e);
    r->strip = &strip;
    enum err err = recognize_strip(r, e);
    if (err == ERR_OK)
        err = take_words(r, e);
    TessBaseAPIClear(r->api);
    strip_free(&strip);
    r->strip = NULL;
    return err;
}

/* --- cells of ruled grids --- */

/* A cell whose ink was not read, or of which the reading is not sure, is read without its
 * neighbours; the reading with the better evidence stays. first: of the line's words. */
static enum err read_cell(struct reading *r, const struct text_lines *all, struct text_line *cell,
                          size_t first, struct error *e)
{
    struct word_list *words = &r->out->words;
    double page = pixGetWidth(r->page), width = cell->box.x1 - cell->box.x0;
    const struct reach reach = {cell->box.x0 / page, cell->box.x1 / page};
    struct evidence by_line = evidence_of(words, first, words->n, reach);
    size_t again = words->n;
    if ((by_line.letters > 0 && by_line.sure >= CELL_SURE * by_line.letters) || width > r->spare)
        return ERR_OK;
    r->spare -= width;
    enum err err = read_runs(r, all, cell, e);
    if (err == ERR_OK)
        evidence_choose(words, first, again, reach);
    return err;
}

static struct text_line cell_of(const struct text_line *line, size_t from, size_t end)
{
    struct text_line cell = *line;
    cell.runs += from;
    cell.n = end - from;
    cell.box = cell.runs[0].box;
    for (size_t i = 0; i < cell.n; i++) {
        const struct span *b = &cell.runs[i].box;
        cell.box.x1 = b->x1 > cell.box.x1 ? b->x1 : cell.box.x1;
        cell.box.y0 = b->y0 < cell.box.y0 ? b->y0 : cell.box.y0;
        cell.box.y1 = b->y1 > cell.box.y1 ? b->y1 : cell.box.y1;
    }
    return cell;
}

/* first: of the line's words. */
static enum err read_cells(struct reading *r, const struct text_lines *all,
                           const struct text_line *line, size_t first, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t from = 0, end; err == ERR_OK && from < line->n; from = end) {
        end = dividers_cell_end(r->dividers, line, from);
        struct text_line cell = cell_of(line, from, end);
        if (cell.n < line->n)
            err = read_cell(r, all, &cell, first, e);
    }
    return err;
}

/* --- all lines --- */

static enum err read_line(struct reading *r, struct text_lines *all, size_t index, struct error *e)
{
    struct text_line *line = &all->lines[index];
    size_t first = r->out->words.n;
    enum err err = read_runs(r, all, line, e);
    r->spare += AGAIN * (line->box.x1 - line->box.x0);
    if (err == ERR_OK)
        err = read_cells(r, all, line, first, e);
    line->confidence = doubt_line(&r->out->words, first);
    return err;
}

/* A dash is as sure as the line on which it stands, and as high. */
static enum err add_dash(struct reading *r, const struct text_lines *all, const struct dash *d,
                         struct error *e)
{
    const struct text_line *line = &all->lines[d->line];
    float sure = line->confidence;
    struct span box = d->box;
    stand_in_line(line, line->runs[0].baseline, &box);
    return add_word(r, "-", &box, sure < DASH_SURE ? sure : DASH_SURE, e);
}

/* Reads every step-th line, or the others. */
static enum err read_lines(struct reading *r, struct text_lines *all, size_t step, bool others,
                           struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < all->n; i++)
        if ((i % step != 0) == others)
            err = read_line(r, all, i, e);
    return err;
}

/* Lines all over the page first: they tell whether it is worth the time. */
static enum err read_if_sure(struct reading *r, struct text_lines *all, double least, bool *whole,
                             struct error *e)
{
    size_t step = all->n / SAMPLE + 1;
    enum err err = read_lines(r, all, step, false, e);
    *whole = err == ERR_OK && evidence_of_pose(&r->out->words) >= least;
    if (*whole)
        err = read_lines(r, all, step, true, e);
    for (size_t i = 0; err == ERR_OK && *whole && i < all->n_dashes; i++)
        err = add_dash(r, all, &all->dashes[i], e);
    return err;
}

enum err tesseract_read(TessBaseAPI *api, const struct ink *ink, double least,
                        struct ocr_result *out, bool *whole, struct error *e)
{
    struct dividers dividers;
    struct reading r = {api, ink->grey, .dividers = &dividers, .out = out, .spare = AGAIN_FREE};
    struct text_lines lines = {0};
    *whole = ink->noise;
    if (ink->noise)
        return ERR_OK;
    bool ok = dividers_take(out->rules, out->n_rules, pixGetWidth(ink->grey),
                            pixGetHeight(ink->grey), &dividers) &&
              lines_find(ink->all, pixGetXRes(ink->grey), &dividers, &lines);
    enum err err = ok ? read_if_sure(&r, &lines, least, whole, e) : error_no_memory(e);
    lines_free(&lines);
    dividers_free(&dividers);
    return err;
}
