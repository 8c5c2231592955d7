#include "move/move.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/config.h"
#include "move/row_store.h"
#include "postgres/settings.h"

#define LISTED_MAX 100 /* keys of a table that are told of */

static const struct setting_table *const tables[] = {&postgres_settings, &config_service,
                                                     &config_log, NULL};

static const struct kind {
    const char *name;
    enum err (*open)(const struct config *cfg, bool make, struct row_store *out, struct error *e);
} kinds[] = {{"sqlite", sqlite_rows_open}, {"postgres", postgres_rows_open}};

#define N_KINDS (sizeof kinds / sizeof kinds[0])

enum difference { DIFF_MISSING, DIFF_DIFFERING, DIFF_NEWER, DIFF_EXTRA, DIFF_MAX };
static const char *const difference_names[DIFF_MAX] = {"missing", "differing", "newer", "extra"};

/* The rows of one side, one after the other. */
struct side {
    const struct row_store *store;
    struct move_page page;
    size_t at;
    bool last; /* there is no page behind this one */
};

struct pass {
    const struct move_options *o;
    const struct move_table *table;
    struct side source, target;
    bool writes, tells;
    int64_t rows, written, counts[DIFF_MAX];
    crypto_generichash_state print;               /* of the source's rows, in their order */
    const struct move_row *batch[MOVE_PAGE_ROWS]; /* to write; rows of the source's page */
    size_t n_batch;
};

static enum err flush(struct pass *p, struct error *e)
{
    if (p->n_batch == 0)
        return ERR_OK;
    const struct row_store *target = p->target.store;
    enum err err = target->ops->write(target->self, p->table, p->batch, p->n_batch, e);
    p->written += (int64_t)p->n_batch;
    p->n_batch = 0;
    return err;
}

/* *out is the side's row; NULL behind the last one. What was read is valid until the next page. */
static enum err current(struct pass *p, struct side *s, const struct move_row **out,
                        struct error *e)
{
    char *key[MOVE_KEYS_MAX] = {NULL, NULL};
    const char *after[MOVE_KEYS_MAX] = {"", ""};
    enum err err = ERR_OK;
    if (s->at == s->page.n && !s->last) {
        err = s == &p->source ? flush(p, e) : ERR_OK;
        for (size_t k = 0; s->page.n > 0 && k < p->table->n_keys; k++) {
            struct move_row *end = &s->page.rows[s->page.n - 1];
            after[k] = key[k] = end->values[k];
            end->values[k] = NULL;
        }
        move_page_clear(&s->page);
        s->at = 0;
        if (err == ERR_OK)
            err = s->store->ops->read(s->store->self, p->table, after, &s->page, e);
        s->last = s->page.n < MOVE_PAGE_ROWS;
        for (size_t k = 0; k < MOVE_KEYS_MAX; k++)
            free(key[k]);
    }
    *out = err == ERR_OK && s->at < s->page.n ? &s->page.rows[s->at] : NULL;
    return err;
}

static void tell_difference(const struct pass *p, enum difference d, const struct move_row *r)
{
    if (!p->tells || p->counts[d] > LISTED_MAX)
        return;
    if (!p->o->json) {
        (void)printf("%s %s:", p->table->name, difference_names[d]);
        for (size_t k = 0; k < p->table->n_keys; k++)
            (void)printf(" %s", r->values[k]);
        (void)putchar('\n');
        return;
    }
    struct buffer key = BUFFER_INIT;
    for (size_t k = 0; k < p->table->n_keys; k++) {
        buffer_puts(&key, k > 0 ? "," : "");
        buffer_json_string(&key, r->values[k]);
    }
    (void)printf("{\"event\":\"difference\",\"table\":\"%s\",\"difference\":\"%s\",\"key\":[%s]}\n",
                 p->table->name, difference_names[d], key.data != NULL ? key.data : "");
    buffer_free(&key);
}

/* Which of two rows of the same key was changed last; only jobs tell. */
static bool is_newer(const struct move_table *t, const struct move_row *target,
                     const struct move_row *source)
{
    return t->version > 0 && strtoll(target->values[t->version], NULL, 10) >
                                 strtoll(source->values[t->version], NULL, 10);
}

/* Takes note of a source's row and the target's of the same key; one of them may be NULL. */
static void judge(struct pass *p, const struct move_row *source, const struct move_row *target)
{
    unsigned char print[2][MOVE_PRINT_BYTES];
    enum difference d = DIFF_MISSING;
    if (source != NULL) {
        move_row_print(p->table, source, print[0]);
        (void)crypto_generichash_update(&p->print, print[0], sizeof print[0]);
        p->rows++;
    }
    if (source != NULL && target != NULL) {
        move_row_print(p->table, target, print[1]);
        if (memcmp(print[0], print[1], sizeof print[0]) == 0)
            return;
        d = is_newer(p->table, target, source) ? DIFF_NEWER : DIFF_DIFFERING;
    } else if (source == NULL) {
        d = DIFF_EXTRA;
    }
    p->counts[d]++;
    tell_difference(p, d, source != NULL ? source : target);
    if (p->writes && (d == DIFF_MISSING || d == DIFF_DIFFERING))
        p->batch[p->n_batch++] = source;
}

static enum err walk(struct pass *p, struct error *e)
{
    const struct move_row *source = NULL, *target = NULL;
    enum err err = ERR_OK;
    while (err == ERR_OK && *p->o->stop == 0) {
        err = current(p, &p->source, &source, e);
        if (err == ERR_OK)
            err = current(p, &p->target, &target, e);
        if (err != ERR_OK || (source == NULL && target == NULL))
            break;
        int order = source == NULL   ? 1
                    : target == NULL ? -1
                                     : move_row_compare(p->table, source, target);
        judge(p, order <= 0 ? source : NULL, order >= 0 ? target : NULL);
        p->source.at += order <= 0;
        p->target.at += order >= 0;
    }
    return err == ERR_OK ? flush(p, e) : err;
}

/* Goes through a table on both sides. */
static enum err run_pass(struct pass *p, struct error *e)
{
    (void)crypto_generichash_init(&p->print, NULL, 0, MOVE_PRINT_BYTES);
    enum err err = walk(p, e);
    move_page_clear(&p->source.page);
    move_page_clear(&p->target.page);
    return err;
}

struct move {
    const struct move_options *o;
    struct row_store source, target;
    struct move_table tables[MOVE_TABLES];
    struct pass pass; /* large: pages of both sides */
};

static struct pass *begin(struct move *m, size_t table)
{
    memset(&m->pass, 0, sizeof m->pass);
    m->pass.o = m->o;
    m->pass.table = &m->tables[table];
    m->pass.source.store = &m->source;
    m->pass.target.store = &m->target;
    return &m->pass;
}

/* What somebody has made or changed there since would be overwritten. */
static enum err check_unused(struct move *m, struct error *e)
{
    struct pass *p = begin(m, 0);
    enum err err = run_pass(p, e);
    if (err == ERR_OK && p->counts[DIFF_NEWER] + p->counts[DIFF_EXTRA] > 0)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "The job store \"%s\" is in use: %" PRId64 " of its jobs are not in "
                        "\"%s\", and %" PRId64 " are newer there. Move into an empty one.",
                        m->o->to, p->counts[DIFF_EXTRA], m->o->from, p->counts[DIFF_NEWER]);
    return err;
}

static void tell_summary(struct pass *p, int64_t written)
{
    unsigned char print[MOVE_PRINT_BYTES];
    char hex[MOVE_PRINT_BYTES * 2 + 1];
    const int64_t *n = p->counts;
    (void)crypto_generichash_final(&p->print, print, sizeof print);
    (void)sodium_bin2hex(hex, sizeof hex, print, sizeof print);
    (void)printf(p->o->json ? "{\"event\":\"summary\",\"table\":\"%s\",\"rows\":%" PRId64
                              ",\"written\":%" PRId64 ",\"missing\":%" PRId64
                              ",\"differing\":%" PRId64 ",\"newer\":%" PRId64 ",\"extra\":%" PRId64
                              ",\"fingerprint\":\"%s\"}\n"
                            : "%-12s rows %" PRId64 ", written %" PRId64 ", missing %" PRId64
                              ", differing %" PRId64 ", newer %" PRId64 ", extra %" PRId64
                              ", fingerprint %.16s\n",
                 p->table->name, p->rows, written, n[DIFF_MISSING], n[DIFF_DIFFERING],
                 n[DIFF_NEWER], n[DIFF_EXTRA], hex);
}

/* Writes a table where that is asked for, and compares it. *differs is set, never cleared. */
static enum err move_table(struct move *m, size_t table, bool *differs, struct error *e)
{
    struct pass *p = begin(m, table);
    int64_t written = 0;
    enum err err = ERR_OK;
    if (m->o->mode == MOVE_COPY) {
        p->writes = true;
        err = run_pass(p, e);
        written = p->written;
        p = begin(m, table);
    }
    p->tells = m->o->mode != MOVE_FORETELL;
    if (err == ERR_OK && *m->o->stop == 0)
        err = run_pass(p, e);
    if (err != ERR_OK || *m->o->stop != 0)
        return err;
    tell_summary(p, written);
    (void)fflush(stdout);
    if (m->o->mode != MOVE_FORETELL && p->counts[DIFF_MISSING] + p->counts[DIFF_DIFFERING] > 0)
        *differs = true;
    return ERR_OK;
}

/* NULL: there is none of that name. */
static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; name != NULL && i < N_KINDS; i++)
        if (strcmp(name, kinds[i].name) == 0)
            return &kinds[i];
    return NULL;
}

static enum err open_stores(struct move *m, const struct config *cfg, struct error *e)
{
    const struct kind *from = find_kind(m->o->from), *to = find_kind(m->o->to);
    if (from == NULL || to == NULL || from == to)
        return error_set(e, ERR_UNPROCESSABLE,
                         "Give --from and --to: one is sqlite, the other is postgres.");
    enum err err = from->open(cfg, false, &m->source, e);
    return err == ERR_OK ? to->open(cfg, true, &m->target, e) : err;
}

static enum err run(struct move *m, const struct config *cfg, bool *differs, struct error *e)
{
    enum err err = open_stores(m, cfg, e);
    if (err == ERR_OK)
        err = m->source.ops->hold(m->source.self, e);
    move_tables_describe(m->tables);
    if (err == ERR_OK && m->o->mode == MOVE_COPY)
        err = check_unused(m, e);
    for (size_t i = 0; err == ERR_OK && *m->o->stop == 0 && i < MOVE_TABLES; i++)
        err = move_table(m, i, differs, e);
    if (m->target.ops != NULL)
        m->target.ops->close(m->target.self);
    if (m->source.ops != NULL)
        m->source.ops->close(m->source.self);
    return err;
}

int move_run(const struct move_options *o, struct error *e)
{
    struct config cfg;
    struct move *m = calloc(1, sizeof *m);
    bool differs = false;
    enum err err = m != NULL ? config_load(&cfg, tables, e) : error_no_memory(e);
    if (err == ERR_OK) {
        log_setup((enum log_level)cfg.log_level, (enum log_format)cfg.log_format, "migrate");
        m->o = o;
        err = run(m, &cfg, &differs, e);
        config_free(&cfg);
    }
    free(m);
    if (err != ERR_OK)
        return 2;
    if (*o->stop != 0) {
        (void)fputs("Stopped; run it again to go on.\n", stderr);
        return 128 + (int)*o->stop;
    }
    return differs ? 1 : 0;
}
