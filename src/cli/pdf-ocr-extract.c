/* pdf-ocr-extract: the extraction pipeline on files, with no server. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cli/run.h"
#include "core/extraction_request.h"
#include "formats/format.h"

#define JOBS_MAX 256

static const char usage[] =
    "usage: pdf-ocr-extract [options] FILE...\n"
    "\n"
    "Writes the tables, forms and text of documents in one of several formats. Without --region\n"
    "the tables and forms are found. FILE - is standard input.\n"
    "\n"
    "  --page N              the page of the regions that follow (1)\n"
    "  --region X,Y,W,H      a region as fractions 0..1 of the page, origin top left; repeatable\n"
    "  --type TYPE           what the regions that follow are: auto, table, form, text (auto)\n"
    "  --pages LIST          where to look for regions: 1-3,7\n"
    "  --format FORMAT       %s (%s)\n"
    "  --tables HOW          several tables in CSV and TSV: all, merged (those of equal columns "
    "as\n"
    "                        one), zip (a file each) (all)\n"
    "  --table N             only the Nth table, as CSV or TSV\n"
    "  --source-columns      the page and the table's number before each row of CSV and TSV\n"
    "  --bom                 begin CSV and TSV with a byte order mark, as Excel wants it\n"
    "  --join-pages          make one of a table that goes on on the next page\n"
    "  --engine ENGINE       auto, text, tesseract (auto)\n"
    "  --lang LANGUAGES      what OCR reads, as Tesseract names it: eng+deu (OCR_LANGUAGE, else "
    "eng)\n"
    "  -o, --output FILE     instead of standard output; a folder: as --output-dir\n"
    "  --output-dir FOLDER   a file for each document, named after it\n"
    "  --jobs N              how many documents are read at once (1)\n"
    "  --password-file FILE  its first line is the password of encrypted PDFs\n"
    "  --password PASSWORD   others may see it; PDF_PASSWORD in the environment is as good\n"
    "  --debug-graph FILE    write the trace of the detection (JSON)\n"
    "  --keep-formulas       leave cells as they are that a spreadsheet would compute\n"
    "  --quiet               no progress line\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 done, 1 error, 2 wrong usage, 3 nothing found; of several documents, the "
    "worst.\n";

static void print_usage(FILE *to)
{
    struct buffer list = BUFFER_INIT;
    format_list(&list);
    (void)fprintf(to, usage, buffer_failed(&list) ? "" : list.data, format_names[0]);
    buffer_free(&list);
}

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
    c->has_page = true;
    return 0;
}

static int set_jobs(struct command *c, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n < 1 || n > JOBS_MAX)
        return wrong("--jobs", text, "a number from 1 to 256");
    c->jobs = (int)n;
    return 0;
}

static int set_table(struct command *c, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n < 1 || n > 1000000)
        return wrong("--table", text, "a number from 1");
    c->r.sheets.table = (int)n;
    return 0;
}

/* What is too long is cut: the reader tells that it is. */
static int set_password(struct command *c, const char *text)
{
    text_format(c->password, sizeof c->password, "%s", text);
    return 0;
}

/* It does not stay in the list of processes. */
static int take_password(struct command *c, char *text)
{
    (void)set_password(c, text);
    explicit_bzero(text, strlen(text));
    return 0;
}

static int read_password_file(struct command *c, const char *path)
{
    char line[sizeof c->password + 1];
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        (void)fprintf(stderr, "pdf-ocr-extract: --password-file %s: %s\n", path, strerror(errno));
        return -1;
    }
    if (fgets(line, sizeof line, f) == NULL)
        line[0] = '\0';
    (void)fclose(f);
    line[strcspn(line, "\r\n")] = '\0';
    (void)set_password(c, line);
    explicit_bzero(line, sizeof line);
    return 0;
}

static bool is_folder(const char *path)
{
    struct stat s;
    size_t n = strlen(path);
    return (n > 0 && path[n - 1] == '/') || (stat(path, &s) == 0 && S_ISDIR(s.st_mode));
}

static int set_output(struct command *c, const char *path, bool folder)
{
    if (*path == '\0')
        return wrong(folder ? "--output-dir" : "--output", path, "a path");
    c->output = path;
    c->into_folder = folder;
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

static int take_option(struct command *c, int option, char *value)
{
    int name = 0;
    switch (option) {
    case 'p':
        return set_page(c, value);
    case 'r':
        return add_region(c, value);
    case 'P':
        c->has_pages = true;
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
    case 'T':
        name = find_name(tables_choice_names, value, "--tables");
        c->r.sheets.tables = (enum tables_choice)name;
        return name < 0 ? -1 : 0;
    case 'N':
        return set_table(c, value);
    case 'S':
        c->r.sheets.source_columns = true;
        return 0;
    case 'B':
        c->r.sheets.bom = true;
        return 0;
    case 'l':
        return set_languages(c, value);
    case 'o':
        return set_output(c, value, is_folder(value));
    case 'd':
        return set_output(c, value, true);
    case 'n':
        return set_jobs(c, value);
    case 'w':
        return take_password(c, value);
    case 'W':
        return read_password_file(c, value);
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

static int conflict(const char *why)
{
    (void)fprintf(stderr, "pdf-ocr-extract: %s; see --help\n", why);
    return -1;
}

static int check_sheets(const struct command *c)
{
    const struct sheet_choices *s = &c->r.sheets;
    bool any = s->tables != TABLES_ALL || s->table > 0 || s->source_columns || s->bom;
    if (any && !formats[c->r.format].is_sheet)
        return conflict("--tables, --table, --source-columns and --bom are for csv and tsv");
    if (s->table > 0 && s->tables != TABLES_ALL)
        return conflict("--table gives one table, so there are no --tables");
    return 0;
}

/* What options say together. */
static int check_command(const struct command *c)
{
    size_t inputs = 0;
    for (size_t i = 0; i < c->n_files; i++)
        inputs += strcmp(c->files[i], STANDARD_INPUT) == 0;
    if (inputs > 1)
        return conflict("standard input can be read only once");
    if (c->has_pages && c->r.n_regions > 0)
        return conflict("--pages tells where to look for regions, and --region gives them: use "
                        "--page before --region");
    if (c->has_page && c->r.n_regions == 0)
        return conflict("--page is for a --region that follows it; --pages tells where to look");
    if (c->n_files > 1 && !c->into_folder)
        return conflict("several documents need a folder for their results: --output-dir");
    if (c->n_files > 1 && c->graph != NULL)
        return conflict("--debug-graph is for one document");
    return check_sheets(c);
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
                                            {"tables", required_argument, NULL, 'T'},
                                            {"table", required_argument, NULL, 'N'},
                                            {"source-columns", no_argument, NULL, 'S'},
                                            {"bom", no_argument, NULL, 'B'},
                                            {"lang", required_argument, NULL, 'l'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"output-dir", required_argument, NULL, 'd'},
                                            {"jobs", required_argument, NULL, 'n'},
                                            {"password", required_argument, NULL, 'w'},
                                            {"password-file", required_argument, NULL, 'W'},
                                            {"debug-graph", required_argument, NULL, 'g'},
                                            {"keep-formulas", no_argument, NULL, 'E'},
                                            {"join-pages", no_argument, NULL, 'j'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "o:", options, NULL)) != -1;) {
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
    if (optind == argc) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    c->files = argv + optind;
    c->n_files = (size_t)(argc - optind);
    c->r.searchable = format_wants_document(&c->r);
    c->r.agentic = c->r.n_regions == 0 || c->graph != NULL;
    return check_command(c) == 0 ? -1 : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct command c = {.r.escape_formulas = true, .page = 1, .type = REGION_AUTO, .jobs = 1};
    const char *password = getenv("PDF_PASSWORD");
    (void)signal(SIGPIPE, SIG_IGN);
    log_setup(LOG_WARNING, LOG_FORMAT_TEXT, "extract");
    if (password != NULL)
        (void)set_password(&c, password);
    int status = read_command(argc, argv, &c);
    if (status < 0)
        status = sodium_init() < 0 ? EXIT_ERROR : (int)run_command(&c);
    extraction_request_free(&c.r);
    explicit_bzero(c.password, sizeof c.password);
    return status;
}
