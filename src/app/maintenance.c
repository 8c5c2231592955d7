#include "app/maintenance.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "local/local.h"

#define FILES_EVERY_US (3600 * US_PER_S) /* there may be many */
#define PAUSE_NS       250000000         /* how soon a signal's flag is seen at the latest */

static void sweep_files(const struct services *s, int64_t retention_us)
{
    char text[32];
    struct error e = {0};
    int erased = 0;
    enum err err =
        file_sweep(s->cfg->data_dir, s->blobs.ops->nginx_location != NULL ? &s->jobs : NULL,
                   retention_us, s->cfg->result_ttl_days * 24 * 3600 * US_PER_S, &erased, &e);
    (void)snprintf(text, sizeof text, "%d", erased);
    if (erased > 0)
        log_event(LOG_NOTICE, "files that nobody will ask for were erased", "files", text, NULL);
    if (err != ERR_OK)
        log_error(LOG_WARNING, "old files could not be erased; it is tried again", &e);
}

void maintenance_run(void *self)
{
    struct maintenance *m = self;
    const struct services *s = m->services;
    struct error e = {0};
    int64_t retention_us = retention_look(&m->retention, s->clock);
    if (job_sweep(s, retention_us, NULL, NULL, &e) != ERR_OK)
        log_error(LOG_WARNING, "maintenance could not be done; it is tried again", &e);
    if (retention_us > 0 && monotonic_us() >= m->files_due_us) {
        sweep_files(s, retention_us);
        m->files_due_us = monotonic_us() + FILES_EVERY_US;
    }
    if (s->analytics.ops != NULL)
        s->analytics.ops->flush(s->analytics.self, FLUSH_MS);
}

void maintenance_loop(struct maintenance *m, const volatile int *stop)
{
    int64_t every_us = m->services->cfg->sweep_interval_s * US_PER_S;
    int64_t next_us = monotonic_us() + every_us;
    while (*stop == 0) {
        struct timespec pause = {0, PAUSE_NS};
        (void)nanosleep(&pause, NULL);
        if (monotonic_us() < next_us)
            continue;
        maintenance_run(m);
        next_us = monotonic_us() + every_us;
    }
}
