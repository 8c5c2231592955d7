#include "google/stats_cache.h"

#include <stdio.h>
#include <string.h>

static const char *key_of(const char *owner)
{
    return owner != NULL ? owner : "";
}

bool stats_cache_get(const struct stats_cache *c, const char *owner, int64_t now_us,
                     struct feedback_stats *out)
{
    for (size_t i = 0; i < STATS_KEPT_MOST; i++) {
        if (c->kept[i].until_us <= now_us || strcmp(c->kept[i].owner, key_of(owner)) != 0)
            continue;
        *out = c->kept[i].stats;
        return true;
    }
    return false;
}

void stats_cache_put(struct stats_cache *c, const char *owner, int64_t now_us,
                     const struct feedback_stats *stats)
{
    size_t oldest = 0;
    for (size_t i = 0; i < STATS_KEPT_MOST; i++) {
        if (strcmp(c->kept[i].owner, key_of(owner)) == 0 && c->kept[i].until_us != 0) {
            oldest = i;
            break;
        }
        if (c->kept[i].until_us < c->kept[oldest].until_us)
            oldest = i;
    }
    (void)snprintf(c->kept[oldest].owner, sizeof c->kept[oldest].owner, "%s", key_of(owner));
    c->kept[oldest].until_us = now_us + STATS_KEPT_US;
    c->kept[oldest].stats = *stats;
}

void stats_cache_drop(struct stats_cache *c, const char *owner)
{
    for (size_t i = 0; i < STATS_KEPT_MOST; i++)
        if (c->kept[i].owner[0] == '\0' || strcmp(c->kept[i].owner, key_of(owner)) == 0)
            c->kept[i].until_us = 0;
}
