/* Statistics of feedback that were asked for a moment ago: each question has BigQuery scan the
 * whole table, and bills 10 MB at least. Of one process. */
#ifndef PDF_OCR_GOOGLE_STATS_CACHE_H
#define PDF_OCR_GOOGLE_STATS_CACHE_H

#include <stdbool.h>

#include "base/clock.h"
#include "ports/analytics.h"

#define STATS_KEPT_US   (60 * US_PER_S)
#define STATS_KEPT_MOST 16 /* owners */

struct stats_cache {
    struct {
        char owner[65];   /* "": everybody's */
        int64_t until_us; /* monotonic; 0: free */
        struct feedback_stats stats;
    } kept[STATS_KEPT_MOST];
};

/* owner NULL: everybody's. now_us: monotonic. false: they have to be asked for. */
bool stats_cache_get(const struct stats_cache *c, const char *owner, int64_t now_us,
                     struct feedback_stats *out);

/* Keeps an answer for STATS_KEPT_US; the oldest one makes room. */
void stats_cache_put(struct stats_cache *c, const char *owner, int64_t now_us,
                     const struct feedback_stats *stats);

/* owner's feedback has become more: his and everybody's are asked for again. */
void stats_cache_drop(struct stats_cache *c, const char *owner);

#endif
