#include "extract/languages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "extract/recognizer.h"
#include "ports/extraction.h"
#include "sandbox/child.h"

#define KNOWN_US  (60 * US_PER_S)
#define CPU_S     5
#define NAMES_MAX 1000 /* Tesseract has about 160 */

void languages_free(struct languages *l)
{
    free(l->names);
    *l = (struct languages){0};
}

/* The names, and an empty line. */
static enum err read_names(struct child *program, struct buffer *names, struct error *e)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        const char *line;
        size_t n;
        enum err err = child_line(program, LANGUAGES_MAX, &line, &n, e);
        if (err != ERR_OK)
            return err;
        if (n == 0)
            return ERR_OK;
        buffer_append(names, line, n);
        buffer_puts(names, "\n");
    }
    return child_damaged(program, e);
}

static enum err ask(struct languages *l, const char *program, const char *tessdata_dir,
                    struct error *e)
{
    const char *argv[] = {program, "--languages", tessdata_dir != NULL ? tessdata_dir : "", NULL};
    struct child child = {.program = program,
                          .name = "OCR program",
                          .setting = "OCR_READER",
                          .cpu_limit_s = CPU_S,
                          .subject = "The list of languages",
                          .to = -1,
                          .from = -1};
    struct buffer names = BUFFER_INIT;
    enum err err = child_start(&child, argv, -1, e);
    buffer_puts(&names, "\n");
    if (err == ERR_OK)
        err = read_names(&child, &names, e);
    child_end(&child);
    languages_free(l);
    l->names = buffer_take(&names);
    l->until_us = monotonic_us() + KNOWN_US;
    if (err == ERR_OK)
        return l->names != NULL ? ERR_OK : error_no_memory(e);
    languages_free(l);
    struct error why = *e;
    recognizer_unavailable(e);
    return error_cause(e, "%s", why.cause[0] != '\0' ? why.cause : why.detail);
}

static bool is_known(const struct languages *l, const char *name)
{
    char line[LANGUAGES_MAX + 3];
    (void)snprintf(line, sizeof line, "\n%s\n", name);
    return strstr(l->names, line) != NULL;
}

static enum err refuse(const char *name, struct error *e)
{
    char package[LANGUAGES_MAX + 1];
    (void)snprintf(package, sizeof package, "%s", name);
    for (char *p = package; *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p;
    return error_set(e, ERR_UNPROCESSABLE,
                     "the language \"%s\" is not installed; on Debian it is in the package "
                     "tesseract-ocr-%s",
                     name, package);
}

enum err languages_check(struct languages *l, const char *program, const char *tessdata_dir,
                         const char *requested, struct error *e)
{
    char names[LANGUAGES_MAX + 1], *rest = NULL;
    enum err err = l->names == NULL || monotonic_us() > l->until_us
                       ? ask(l, program, tessdata_dir, e)
                       : ERR_OK;
    (void)snprintf(names, sizeof names, "%s", requested);
    for (char *name = strtok_r(names, "+", &rest); err == ERR_OK && name != NULL;
         name = strtok_r(NULL, "+", &rest))
        if (!is_known(l, name))
            err = refuse(name, e);
    return err;
}
