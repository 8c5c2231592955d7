#include "dispatch/settings.h"

#define AT(field) offsetof(struct dispatch_settings, field)

static const struct setting dispatch_rows[] = {
    INTEGER_SETTING("TASK_QUEUE_MAX_ATTEMPTS", AT(max_attempts), "3", 1, 1000,
                    "deliveries of a task before it is dropped"),
    INTEGER_SETTING("TASK_QUEUE_MIN_BACKOFF_MS", AT(min_backoff_ms), "60000", 1, 86400000,
                    "delay before the second delivery"),
    INTEGER_SETTING("TASK_QUEUE_MAX_BACKOFF_MS", AT(max_backoff_ms), "3600000", 1, 86400000,
                    "longest delay between deliveries"),
    INTEGER_SETTING("TASK_QUEUE_MAX_DOUBLINGS", AT(max_doublings), "16", 0, 16,
                    "how often the delay doubles"),
    INTEGER_SETTING("TASK_QUEUE_MAX_DISPATCHES_PER_SECOND", AT(max_per_second), "0", 0, 500,
                    "deliveries a second by the local queue; 0: as many as are taken"),
    INTEGER_SETTING("TASK_QUEUE_MAX_CONCURRENT_DISPATCHES", AT(max_concurrent), "0", 0, 5000,
                    "deliveries at the same time; 0: TASK_WORKERS"),
    INTEGER_SETTING("TASK_QUEUE_MAX_CONCURRENT_PER_OWNER", AT(max_per_owner), "0", 0, 5000,
                    "of those, the ones of one owner, which take turns; 0: any number"),
    TEXT_SETTING(BASE_URL, "TASKS_BASE_URL", AT(base_url), NULL,
                 "where the local queue delivers; API_BASE_URL when not set"),
    TEXT_SETTING(FILE, "TASKS_CA_FILE", AT(ca_file), NULL,
                 "CA of that URL when it is not a public one"),
};

const struct setting_table dispatch_settings =
    SETTING_TABLE(dispatch_rows, sizeof(struct dispatch_settings));
