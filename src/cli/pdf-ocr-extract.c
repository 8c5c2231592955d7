/* pdf-ocr-extract: the extraction pipeline on a file, with no server. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/config.h"
#include "core/extraction_request.h"
#include "extract/languages.h"
#include "extract/pipeline.h"
#include "formats/format.h"

enum exit_status { EXIT_DONE, EXIT_ERROR, EXIT_USAGE, EXIT_NOTHING_FOUND };

static const char usage[] =
    "usage: pdf-ocr-extract [options] FILE.pdf\n"
    "\n"
    "Writes the tables, forms and text of a PDF in one of several formats. Without --region the\n"
    "tables and forms are found.\n"
    "\n"
    "  --page N              the page of the regions that follow (1)\n"
    "  --region X,Y,W,H      a region as fractions 0..1 of the page, origin top left; repeatable\n"
    "  --type TYPE           what the regions that follow are: auto, table, form, text (auto)\n"
    "  --pages LIST          where to look for regions: 1-3,7\n"
    "  --format FORMAT       %s (%s)\n"
    "  --join-pages          make one of a table that goes on on the next page\n"
    "  --engine ENGINE       auto, text, tesseract (auto)\n"
    "  --lang LANGUAGES      what OCR reads, as Tesseract names it: eng+deu (OCR_LANGUAGE, else "
    "eng)\n"
    "  --output FILE         instead of standard output\n"
    "  --debug-graph FILE    write the trace of the detection (JSON)\n"
    "  --keep-formulas       leave cells as they are that a spreadsheet would compute\n"
    "  --quiet               no progress line\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 done, 1 error, 2 wrong usage, 3 nothing found.\n";

static void print_usage(FILE *to)
{
    struct buffer list = BUFFER_INIT;
    format_list(&list);
    (void)fprintf(to, usage, buffer_failed(&list) ? "" : list.data, format_names[0]);
    buffer_free(&list);
}

struct command {
    struct extraction_request r;
    const char *file, *output, *graph;
    bool quiet;
    int page;
    enum region_type type;
};

static int find_name(const char *const *names, const char *text, const char *option)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    (void)fprintf(stderr, "pdf-ocr-extract: %s cannot be \"%s\"; see --help\n", option, text);
    return -1;
}

static int wrong(const char *option, const char *text, const char *expected)
{
    (void)fprintf(stderr, "pdf-ocr-extract: %s \"%s\": %s expected\n", option, text, expected);
    return -1;
}

static int add_region(struct command *c, const char *text)
{
    struct box b;
    int used = 0;
    if (sscanf(text, "%lf,%lf,%lf,%lf%n", &b.x, &b.y, &b.w, &b.h, &used) != 4 ||
        text[used] != '\0' || !isfinite(b.x + b.y + b.w + b.h) || b.x < 0 || b.y < 0 || b.w <= 0 ||
        b.h <= 0 || b.x + b.w > 1.0001 || b.y + b.h > 1.0001)
        return wrong("--region", text, "X,Y,W,H within 0..1");
    struct region *grown = realloc(c->r.regions, (c->r.n_regions + 1) * sizeof *grown);
    if (grown == NULL)
        return wrong("--region", text, "more memory");
    c->r.regions = grown;
    struct region *g = &grown[c->r.n_regions];
    *g = (struct region){.page = c->page, .box = b, .type = c->type, .confidence = 1};
    (void)snprintf(g->id, sizeof g->id, "region-%zu", c->r.n_regions++);
    return 0;
}

static int set_pages(struct command *c, const char *text)
{
    struct error e;
    if (page_ranges_read(text, &c->r, &e) == ERR_OK)
        return 0;
    (void)fprintf(stderr, "pdf-ocr-extract: --pages \"%s\": %s\n", text, e.detail);
    return -1;
}

static int set_page(struct command *c, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n < 1 || n > 1000000)
        return wrong("--page", text, "a number from 1");
    c->page = (int)n;
    return 0;
}

static int set_languages(struct command *c, const char *text)
{
    char names[LANGUAGES_MAX + 1], *rest = names;
    struct error e = {0};
    if (strlen(text) >= sizeof names)
        return wrong("--lang", text, "languages such as eng+deu");
    (void)snprintf(names, sizeof names, "%s", text);
    c->r.languages[0] = '\0';
    for (char *name; (name = strsep(&rest, "+")) != NULL;)
        if (languages_add(name, &c->r, &e) != ERR_OK)
            return wrong("--lang", text, "languages such as eng+deu");
    return 0;
}

static int take_option(struct command *c, int option, const char *value)
{
    int name = 0;
    switch (option) {
    case 'p':
        return set_page(c, value);
    case 'r':
        return add_region(c, value);
    case 'P':
        return set_pages(c, value);
    case 't':
        name = find_name(region_type_names, value, "--type");
        c->type = (enum region_type)name;
        return name < 0 ? -1 : 0;
    case 'f':
        name = find_name(format_names, value, "--format");
        c->r.format = name;
        return name < 0 ? -1 : 0;
    case 'e':
        name = find_name(engine_choice_names, value, "--engine");
        c->r.engine = (enum engine_choice)name;
        return name < 0 ? -1 : 0;
    case 'l':
        return set_languages(c, value);
    case 'o':
        c->output = value;
        return 0;
    case 'g':
        c->graph = value;
        return 0;
    case 'E':
        c->r.escape_formulas = false;
        return 0;
    case 'j':
        c->r.join_pages = true;
        return 0;
    case 'q':
        c->quiet = true;
        return 0;
    default:
        return -1;
    }
}

/* Returns -1 to go on, else the exit status. */
static int read_command(int argc, char **argv, struct command *c)
{
    static const struct option options[] = {{"page", required_argument, NULL, 'p'},
                                            {"region", required_argument, NULL, 'r'},
                                            {"pages", required_argument, NULL, 'P'},
                                            {"type", required_argument, NULL, 't'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"engine", required_argument, NULL, 'e'},
                                            {"lang", required_argument, NULL, 'l'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"debug-graph", required_argument, NULL, 'g'},
                                            {"keep-formulas", no_argument, NULL, 'E'},
                                            {"join-pages", no_argument, NULL, 'j'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h' || option == 'V') {
            if (option == 'h')
                print_usage(stdout);
            else
                (void)puts("pdf-ocr-extract " PACKAGE_VERSION);
            return EXIT_DONE;
        }
        if (take_option(c, option, optarg) != 0)
            return EXIT_USAGE;
    }
    if (optind != argc - 1) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    c->file = argv[optind];
    c->r.agentic = c->r.n_regions == 0 || c->graph != NULL;
    return -1;
}

static enum err show_progress(void *self, struct error *e)
{
    const struct job_progress *p = self;
    (void)e;
    (void)fprintf(stderr, "\rpages %d/%d, regions %d/%d ", p->pages_done, p->pages_total,
                  p->regions_done, p->regions_total);
    return ERR_OK;
}

static enum err write_file(const char *path, const char *bytes, size_t n, struct error *e)
{
    FILE *f = path != NULL ? fopen(path, "wb") : stdout;
    bool ok = f != NULL && fwrite(bytes, 1, n, f) == n && fflush(f) == 0;
    int code = errno;
    if (f != NULL && f != stdout && fclose(f) != 0 && ok) {
        ok = false;
        code = errno;
    }
    return ok ? ERR_OK
              : error_set(e, ERR_UNAVAILABLE, "Cannot write %s: %s",
                          path != NULL ? path : "the output", strerror(code));
}

static enum err extract(const struct command *c, const struct pipeline *p, struct extraction *x,
                        struct error *e)
{
    struct job_progress progress = {0};
    bool show = !c->quiet && isatty(STDERR_FILENO) == 1;
    struct checkpoint check = {show ? show_progress : NULL, &progress};
    int fd = open(c->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(e, ERR_NOT_FOUND, "Cannot open %s: %s", c->file, strerror(errno));
    enum err err = pipeline_run(p, fd, &c->r, &check, &progress, x, e);
    (void)close(fd);
    if (show)
        (void)fputs("\r\033[K", stderr);
    return err;
}

static enum err check_languages(const struct command *c, const struct config *cfg, struct error *e)
{
    struct languages known = {0};
    struct error why;
    if (c->r.languages[0] == '\0')
        return ERR_OK;
    enum err err =
        languages_check(&known, cfg->ocr_reader, cfg->tessdata_dir, c->r.languages, &why);
    languages_free(&known);
    if (err == ERR_UNPROCESSABLE)
        return error_set(e, err, "--lang: %s", why.detail);
    if (err != ERR_OK)
        *e = why;
    return err;
}

static enum err write_output(const struct command *c, const struct extraction *x, struct error *e)
{
    struct format_options options = {.escape_formulas = c->r.escape_formulas};
    struct buffer out = BUFFER_INIT;
    enum err err = format_write(x, c->r.format, &options, &out, e);
    if (err == ERR_OK)
        err = write_file(c->output, out.data != NULL ? out.data : "", out.len, e);
    if (err == ERR_OK && c->graph != NULL)
        err = write_file(c->graph, x->debug_graph_json, strlen(x->debug_graph_json), e);
    buffer_free(&out);
    return err;
}

/* Uses the program beside this one, as in a build folder, unless the setting names another. */
static void use_own_program(const char *folder, const char *setting, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n > 0 && (size_t)n < sizeof path && access(path, X_OK) == 0)
        (void)setenv(setting, path, 0);
}

static void use_own_programs(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return;
    self[n] = '\0';
    use_own_program(dirname(self), "PAGE_READER", "pdf-ocr-page");
    use_own_program(self, "OCR_READER", "pdf-ocr-recognize");
}

static int run(const struct command *c)
{
    struct config cfg;
    struct error e = {0};
    struct extraction x = {0};
    struct recognizer *recognizer = NULL;
    int status = EXIT_ERROR;
    use_own_programs();
    enum err err = config_load(&cfg, &e);
    if (err == ERR_OK)
        err = check_languages(c, &cfg, &e);
    if (err == ERR_OK) {
        const struct recognizer_limits limits = {.program = cfg.ocr_reader,
                                                 .tessdata_dir = cfg.tessdata_dir,
                                                 .language = cfg.ocr_language,
                                                 .cpu_s = cfg.ocr_cpu_s,
                                                 .memory_bytes = cfg.ocr_memory_bytes,
                                                 .max_raster_pixels = cfg.max_raster_pixels};
        err = recognizer_open(&limits, &recognizer, &e);
    }
    if (err == ERR_OK) {
        struct pipeline p = {.reader = {.program = cfg.page_reader,
                                        .cpu_s = cfg.reader_cpu_s,
                                        .memory_bytes = cfg.reader_memory_bytes,
                                        .max_pages = cfg.max_pages,
                                        .max_raster_pixels = cfg.max_raster_pixels},
                             .ocr = {recognizer_engine(recognizer)},
                             .n_ocr = 1,
                             .recognizer = recognizer,
                             .engine = (enum engine_choice)cfg.engine,
                             .ocr_dpi = (int)cfg.ocr_dpi};
        err = extract(c, &p, &x, &e);
    }
    for (size_t i = 0; i < x.n_problems; i++)
        (void)fprintf(stderr, "pdf-ocr-extract: warning: %s\n", x.problems[i].detail);
    if (err == ERR_OK)
        err = write_output(c, &x, &e);
    if (err == ERR_OK)
        status = x.outcome == OUTCOME_NO_MATCH ? EXIT_NOTHING_FOUND : EXIT_DONE;
    if (err != ERR_OK)
        (void)fprintf(stderr, "pdf-ocr-extract: %s%s%s\n", e.detail, e.cause[0] != '\0' ? " " : "",
                      e.cause);
    extraction_free(&x);
    recognizer_close(recognizer);
    config_free(&cfg);
    return status;
}

int main(int argc, char **argv)
{
    struct command c = {.r.escape_formulas = true, .page = 1, .type = REGION_AUTO};
    (void)signal(SIGPIPE, SIG_IGN);
    log_setup(LOG_WARNING, LOG_FORMAT_TEXT, "extract");
    int status = read_command(argc, argv, &c);
    if (status < 0)
        status = sodium_init() < 0 ? EXIT_ERROR : run(&c);
    extraction_request_free(&c.r);
    return status;
}
