/* The adapters of PostgreSQL. Each fills its port; close it by ops->close. url: DATABASE_URL. */
#ifndef PDF_OCR_POSTGRES_POSTGRES_H
#define PDF_OCR_POSTGRES_POSTGRES_H

#include "base/clock.h"
#include "core/part.h"
#include "dispatch/task_table.h"

/* Once, before workers are forked: makes the tables, or upgrades those of an older release.
 * ERR_UNPROCESSABLE when they are a newer release's, or the database's text is not UTF-8. */
enum err postgres_prepare(const char *url, struct error *e);

/* Jobs and feedback. */
enum err postgres_job_store_open(const char *url, const struct clock *clock, struct job_store *out,
                                 struct error *e);

/* Tasks. */
enum err postgres_task_queue_open(const char *url, const struct clock *clock,
                                  struct task_queue *out, struct error *e);

/* The tasks as a dispatcher sees them; several may share them. */
enum err postgres_task_table_open(const char *url, const struct clock *clock,
                                  struct task_table *out, struct error *e);
void postgres_task_table_close(struct task_table *t);

extern const struct part postgres_jobs_part, postgres_queue_part, postgres_analytics_part;

#endif
