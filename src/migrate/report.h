/* What a run tells: text for people, or one JSON object a line on standard output. */
#ifndef PDF_OCR_MIGRATE_REPORT_H
#define PDF_OCR_MIGRATE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "google/bigquery_schema.h"
#include "migrate/state.h"

struct report {
    bool json;
    bool terminal;      /* standard error is one: progress is a bar */
    int64_t started_us; /* monotonic, of what is under way */
    int64_t shown_us;
    int64_t first; /* what was done when it began */
};

/* What became of one collection. */
struct summary {
    const char *table, *collection;
    bool compared; /* counts are known */
    int64_t read, rejected, bytes, inserted, updated;
    int64_t same, counts[DIFF__MAX];
    int64_t older; /* rows of the target beside the newest of their ids */
};

void report_note(const struct report *r, const char *text);
void report_finding(const struct report *r, const struct bigquery_finding *f);

/* Begins the progress of a task such as "reading extraction_jobs"; done: what is done already. */
void report_begin(struct report *r, int64_t done);

/* total: -1 where it is not known. Shown now and then, and when last is set. */
void report_progress(struct report *r, const char *task, int64_t done, int64_t total, bool last);

void report_difference(const struct report *r, const char *table, enum difference d,
                       const char *id);
void report_sample(const struct report *r, const char *table, const char *line);

/* The table at the end. status: of the program. */
void report_summaries(const struct report *r, const struct summary *s, size_t n,
                      const char *rejects_file, int status);

#endif
