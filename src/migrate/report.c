#include "migrate/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define BAR_EVERY_US  (US_PER_S / 10)
#define LINE_EVERY_US (5 * US_PER_S)
#define BAR_WIDTH     30

static void put_event(json_t *event)
{
    if (event != NULL)
        (void)json_dumpf(event, stdout, JSON_COMPACT);
    (void)fputs("\n", stdout);
    (void)fflush(stdout);
    json_decref(event);
}

void report_note(const struct report *r, const char *text)
{
    if (r->json)
        put_event(json_pack("{s:s,s:s}", "event", "note", "text", text));
    else
        (void)printf("%s\n", text);
}

void report_finding(const struct report *r, const struct bigquery_finding *f)
{
    static const char *const words[] = {[BIGQUERY_MADE] = "made",
                                        [BIGQUERY_THERE] = "there",
                                        [BIGQUERY_MISSING] = "missing",
                                        [BIGQUERY_DIFFERS] = "differs"};
    if (r->json)
        put_event(json_pack("{s:s,s:s,s:s,s:s}", "event", "schema", "state", words[f->state],
                            "name", f->name, "detail", f->detail));
    else
        (void)printf("%-8s %s%s%s\n", words[f->state], f->name, f->detail[0] != '\0' ? ": " : "",
                     f->detail);
}

/* --- progress --- */

void report_begin(struct report *r, int64_t done)
{
    r->started_us = monotonic_us();
    r->shown_us = 0;
    r->first = done;
}

static void put_bar(const char *task, int64_t done, int64_t total, double rate, int64_t left_s)
{
    char bar[BAR_WIDTH + 1];
    int filled = total > 0 ? (int)(done < total ? done * BAR_WIDTH / total : BAR_WIDTH) : 0;
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    if (total >= 0)
        (void)fprintf(stderr, "\r\033[K%s [%s] %" PRId64 "/%" PRId64 ", %.0f/s", task, bar, done,
                      total, rate);
    else
        (void)fprintf(stderr, "\r\033[K%s %" PRId64 ", %.0f/s", task, done, rate);
    if (left_s >= 0)
        (void)fprintf(stderr, ", %" PRId64 ":%02" PRId64 " left", left_s / 60, left_s % 60);
}

static void put_line(const char *task, int64_t done, int64_t total, double rate, int64_t left_s)
{
    (void)fprintf(stderr, "%s: %" PRId64, task, done);
    if (total >= 0)
        (void)fprintf(stderr, " of %" PRId64, total);
    (void)fprintf(stderr, ", %.0f/s", rate);
    if (left_s >= 0)
        (void)fprintf(stderr, ", %" PRId64 " s left", left_s);
    (void)fputs("\n", stderr);
}

void report_progress(struct report *r, const char *task, int64_t done, int64_t total, bool last)
{
    int64_t t = monotonic_us(), every = r->terminal && !r->json ? BAR_EVERY_US : LINE_EVERY_US;
    if (!last && t - (r->shown_us != 0 ? r->shown_us : r->started_us) < every)
        return;
    double seconds = (double)(t - r->started_us) / US_PER_S;
    double rate = seconds > 0 ? (double)(done - r->first) / seconds : 0;
    int64_t left_s = total > done && rate > 0 ? (int64_t)((double)(total - done) / rate) + 1 : -1;
    r->shown_us = t;
    if (r->json)
        put_event(json_pack("{s:s,s:s,s:I,s:I,s:f}", "event", "progress", "task", task, "done",
                            (json_int_t)done, "total", (json_int_t)total, "per_second", rate));
    else if (r->terminal)
        put_bar(task, done, total, rate, left_s);
    else
        put_line(task, done, total, rate, left_s);
    if (last && r->terminal && !r->json)
        (void)fputs("\n", stderr);
}

/* --- what was found --- */

void report_difference(const struct report *r, const char *table, enum difference d, const char *id)
{
    if (r->json)
        put_event(json_pack("{s:s,s:s,s:s,s:s}", "event", "difference", "table", table, "kind",
                            difference_names[d], "id", id));
    else
        (void)printf("%-9s %s %s\n", difference_names[d], table, id);
}

void report_sample(const struct report *r, const char *table, const char *line)
{
    if (r->json)
        put_event(json_pack("{s:s,s:s,s:o}", "event", "sample", "table", table, "row",
                            json_loads(line, JSON_ALLOW_NUL, NULL)));
    else
        (void)printf("a row of %s: %s", table, line);
}

static json_t *summary_json(const struct summary *s)
{
    json_t *j = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "table", s->table, "collection",
                          s->collection, "documents", (json_int_t)s->read, "rejected",
                          (json_int_t)s->rejected, "bytes", (json_int_t)s->bytes, "inserted",
                          (json_int_t)s->inserted, "updated", (json_int_t)s->updated);
    for (int d = 0; s->compared && d < DIFF__MAX; d++)
        (void)json_object_set_new(j, difference_names[d], json_integer(s->counts[d]));
    if (s->compared) {
        (void)json_object_set_new(j, "same", json_integer(s->same));
        (void)json_object_set_new(j, "older_rows", json_integer(s->older));
    }
    return j;
}

static void put_summary(const struct summary *s)
{
    (void)printf("%-9s %10" PRId64 " %8" PRId64 " %12" PRId64 " %9" PRId64 " %8" PRId64, s->table,
                 s->read, s->rejected, s->bytes, s->inserted, s->updated);
    if (s->compared)
        (void)printf(" %9" PRId64 " %8" PRId64 " %9" PRId64 " %6" PRId64 " %6" PRId64, s->same,
                     s->counts[DIFF_MISSING], s->counts[DIFF_DIFFERING], s->counts[DIFF_NEWER],
                     s->counts[DIFF_EXTRA]);
    (void)fputs("\n", stdout);
}

void report_summaries(const struct report *r, const struct summary *s, size_t n,
                      const char *rejects_file, int status)
{
    json_t *tables = json_array();
    int64_t rejected = 0;
    for (size_t i = 0; i < n; i++) {
        rejected += s[i].rejected;
        (void)json_array_append_new(tables, summary_json(&s[i]));
    }
    if (r->json) {
        put_event(json_pack("{s:s,s:o,s:s?,s:i}", "event", "summary", "tables", tables, "rejects",
                            rejected > 0 ? rejects_file : NULL, "status", status));
        return;
    }
    json_decref(tables);
    (void)printf("\n%-9s %10s %8s %12s %9s %8s %9s %8s %9s %6s %6s\n", "table", "documents",
                 "rejected", "bytes", "inserted", "updated", "same", "missing", "differing",
                 "newer", "extra");
    for (size_t i = 0; i < n; i++)
        put_summary(&s[i]);
    if (rejected > 0)
        (void)printf("%" PRId64 " documents could not be converted: %s\n", rejected, rejects_file);
}
