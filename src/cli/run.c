#include "cli/run.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/documents.h"
#include "core/config.h"
#include "core/program_limits.h"
#include "extract/languages.h"
#include "extract/pipeline.h"
#include "formats/format.h"
#include "tesseract/settings.h"

/* What the processes of a run share. */
struct shared {
    atomic_size_t next; /* the document that is taken up next */
    atomic_size_t done;
};

struct run {
    const struct command *c;
    const struct config *cfg;
    struct shared *shared;
    bool show; /* progress, on a terminal */
};

/* What is shown while a document is read. */
struct progress {
    struct job_progress p;
    const char *name; /* NULL: there is only one document */
};

static void complain(const char *name, const char *kind, const struct error *e)
{
    (void)fprintf(stderr, "pdf-ocr-extract: %s%s%s%s%s%s\n", name != NULL ? name : "",
                  name != NULL ? ": " : "", kind, e->detail, e->cause[0] != '\0' ? " " : "",
                  e->cause);
}

static enum exit_status worse(enum exit_status a, enum exit_status b)
{
    return a == EXIT_ERROR || b == EXIT_ERROR ? EXIT_ERROR : a != EXIT_DONE ? a : b;
}

/* --- one document --- */

static enum err show_progress(void *self, struct error *e)
{
    const struct progress *s = self;
    (void)e;
    (void)fprintf(stderr, "\r%s%spages %d/%d, regions %d/%d ", s->name != NULL ? s->name : "",
                  s->name != NULL ? ": " : "", s->p.pages_done, s->p.pages_total, s->p.regions_done,
                  s->p.regions_total);
    return ERR_OK;
}

static enum err write_results(const struct command *c, const char *path, const struct extraction *x,
                              struct error *e)
{
    struct format_options options = {.escape_formulas = c->r.escape_formulas,
                                     .sheets = c->r.sheets};
    struct buffer out = BUFFER_INIT, to = BUFFER_INIT;
    document_output(c, path, &to);
    enum err err =
        buffer_failed(&to) ? error_no_memory(e) : format_write(x, c->r.format, &options, &out, e);
    if (err == ERR_OK)
        err = document_write(to.data, out.data != NULL ? out.data : "", out.len, e);
    if (err == ERR_OK && c->graph != NULL)
        err = document_write(c->graph, x->debug_graph_json, strlen(x->debug_graph_json), e);
    buffer_free(&out);
    buffer_free(&to);
    return err;
}

static enum exit_status extract_document(const struct run *u, const struct pipeline *p,
                                         const char *path)
{
    const struct command *c = u->c;
    const char *name = document_name(path);
    struct extraction x = {0};
    struct error e = {0};
    struct progress progress = {.name = c->n_files > 1 ? name : NULL};
    struct checkpoint check = {u->show ? show_progress : NULL, &progress};
    int fd = -1;
    enum err err = document_open_file(path, &fd, &e);
    if (err == ERR_OK)
        err = pipeline_run(p, fd, &c->r, &check, NULL, &progress.p, &x, &e);
    if (fd >= 0)
        (void)close(fd);
    if (u->show)
        (void)fputs("\r\033[K", stderr);
    for (size_t i = 0; i < x.n_problems; i++) {
        struct error warning = {0};
        (void)error_set(&warning, ERR_UNPROCESSABLE, "%s", x.problems[i].detail);
        complain(name, "warning: ", &warning);
    }
    if (err == ERR_OK)
        err = write_results(c, path, &x, &e);
    enum exit_status status =
        x.outcome == OUTCOME_NO_MATCH && x.document == NULL ? EXIT_NOTHING_FOUND : EXIT_DONE;
    if (err != ERR_OK) {
        complain(name, "", &e);
        status = EXIT_ERROR;
    } else if (status == EXIT_NOTHING_FOUND && !c->quiet) {
        (void)error_set(&e, ERR_UNPROCESSABLE, "nothing was found.");
        complain(name, "", &e);
    }
    extraction_free(&x);
    return status;
}

/* --- all documents --- */

/* Takes up documents until there are no more, with engines of its own. */
static enum exit_status extract_documents(const struct run *u)
{
    const struct config *cfg = u->cfg;
    struct recognizer *recognizer = NULL;
    struct error e = {0};
    enum exit_status status = EXIT_DONE;
    const struct recognizer_limits limits = tesseract_limits(cfg);
    if (recognizer_open(&limits, &recognizer, &e) != ERR_OK) {
        complain(NULL, "", &e);
        return EXIT_ERROR;
    }
    struct pipeline p = {.reader = page_reader_limits_of(cfg),
                         .ocr = {recognizer_engine(recognizer)},
                         .n_ocr = 1,
                         .recognizer = recognizer,
                         .engine = (enum engine_choice)cfg->engine,
                         .ocr_dpi = (int)cfg->ocr_dpi};
    p.reader.password = u->c->password;
    for (size_t i; (i = atomic_fetch_add(&u->shared->next, 1)) < u->c->n_files;) {
        status = worse(status, extract_document(u, &p, u->c->files[i]));
        atomic_fetch_add(&u->shared->done, 1);
    }
    recognizer_close(recognizer);
    return status;
}

/* It ends with its parent, and its exit status is what came of its documents. */
static pid_t start_process(const struct run *u)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    enum exit_status status = extract_documents(u);
    (void)fflush(NULL);
    _exit((int)status);
}

static enum exit_status wait_process(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_ERROR;
    return WIFEXITED(status) ? (enum exit_status)WEXITSTATUS(status) : EXIT_ERROR;
}

static enum exit_status extract_at_once(const struct run *u)
{
    size_t n = 0, most = (size_t)u->c->jobs < u->c->n_files ? (size_t)u->c->jobs : u->c->n_files;
    enum exit_status status = EXIT_DONE;
    pid_t *pids = calloc(most, sizeof *pids);
    if (pids == NULL)
        return EXIT_ERROR;
    while (n < most && (pids[n] = start_process(u)) > 0)
        n++;
    for (size_t i = 0; i < n; i++)
        status = worse(status, wait_process(pids[i]));
    free(pids);
    size_t left = u->c->n_files - atomic_load(&u->shared->done);
    if (left == 0)
        return status;
    (void)fprintf(stderr, "pdf-ocr-extract: %zu of %zu documents were not extracted.\n", left,
                  u->c->n_files);
    return EXIT_ERROR;
}

static enum exit_status run_documents(const struct command *c, const struct config *cfg)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        (void)fprintf(stderr, "pdf-ocr-extract: %s\n", strerror(errno));
        return EXIT_ERROR;
    }
    struct run u = {.c = c, .cfg = cfg, .shared = shared};
    bool one_by_one = c->jobs == 1 || c->n_files == 1;
    u.show = one_by_one && !c->quiet && isatty(STDERR_FILENO) == 1;
    enum exit_status status = one_by_one ? extract_documents(&u) : extract_at_once(&u);
    (void)munmap(shared, sizeof *shared);
    return status;
}

/* --- settings --- */

static enum err check_languages(const struct command *c, const struct config *cfg, struct error *e)
{
    const struct recognizer_limits limits = tesseract_limits(cfg);
    struct languages known = {0};
    struct error why;
    if (c->r.languages[0] == '\0')
        return ERR_OK;
    enum err err =
        languages_check(&known, limits.program, limits.tessdata_dir, c->r.languages, &why);
    languages_free(&known);
    if (err == ERR_UNPROCESSABLE)
        return error_set(e, err, "--lang: %s", why.detail);
    if (err != ERR_OK)
        *e = why;
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

static const struct setting_table *const tables[] = {
    &config_service, &config_programs, &tesseract_settings, &config_ocr, &config_log, NULL};

enum exit_status run_command(const struct command *c)
{
    struct config cfg;
    struct error e = {0};
    enum exit_status status = EXIT_ERROR;
    use_own_programs();
    enum err err = config_load(&cfg, tables, &e);
    if (err == ERR_OK)
        err = check_languages(c, &cfg, &e);
    if (err == ERR_OK)
        err = documents_check_names(c, &e);
    if (err == ERR_OK)
        err = documents_make_folder(c, &e);
    if (err == ERR_OK)
        status = run_documents(c, &cfg);
    else
        complain(NULL, "", &e);
    config_free(&cfg);
    return status;
}
