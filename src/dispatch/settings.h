/* How a queue of this service's own delivers. Strings are the config's; NULL: not set. */
#ifndef PDF_OCR_DISPATCH_SETTINGS_H
#define PDF_OCR_DISPATCH_SETTINGS_H

#include "core/config.h"

struct dispatch_settings {
    int64_t max_attempts;   /* TASK_QUEUE_MAX_ATTEMPTS: 3 */
    int64_t min_backoff_ms; /* TASK_QUEUE_MIN_BACKOFF_MS: 60000 */
    int64_t max_backoff_ms; /* TASK_QUEUE_MAX_BACKOFF_MS: 3600000 */
    int64_t max_doublings;  /* TASK_QUEUE_MAX_DOUBLINGS: 16 */
    int64_t max_per_second; /* TASK_QUEUE_MAX_DISPATCHES_PER_SECOND: 0, meaning no limit (Cloud
                               Tasks' 500 is the most) */
    int64_t max_concurrent; /* TASK_QUEUE_MAX_CONCURRENT_DISPATCHES: 0, meaning TASK_WORKERS */
    int64_t max_per_owner;  /* TASK_QUEUE_MAX_CONCURRENT_PER_OWNER: 0 */
    char *base_url;         /* TASKS_BASE_URL; not set: API_BASE_URL */
    char *ca_file;          /* TASKS_CA_FILE: CA of that URL when it is not public */
};

extern const struct setting_table dispatch_settings;

#endif
