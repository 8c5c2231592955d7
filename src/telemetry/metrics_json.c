#include "telemetry/metrics_json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CUMULATIVE 2

struct reading {
    json_t *metrics;
    json_t *points; /* of the metric at hand, borrowed; NULL: none */
    enum { COUNTER, GAUGE, HISTOGRAM } kind;
    int64_t start_us, now_us;
    json_t *bounds, *counts; /* of the histogram's point at hand */
    double before, sum;      /* what its smaller buckets count; its _sum */
};

static json_t *nanoseconds(int64_t us)
{
    return json_sprintf("%" PRId64 "000", us);
}

/* {a="b",c="d"}, whose values hold no quotes; "le" is not told. *le is its value, or NULL. */
static json_t *read_labels(char *text, const char **le)
{
    json_t *attributes = json_array();
    char *rest = NULL;
    *le = NULL;
    for (char *pair = strtok_r(text, ",", &rest); pair != NULL; pair = strtok_r(NULL, ",", &rest)) {
        char *value = strstr(pair, "=\"");
        if (value == NULL)
            continue;
        *value = '\0';
        value += 2;
        value[strcspn(value, "\"")] = '\0';
        if (strcmp(pair, "le") == 0)
            *le = value;
        else
            (void)json_array_append_new(
                attributes, json_pack("{s:s,s:{s:s}}", "key", pair, "value", "stringValue", value));
    }
    return attributes;
}

/* "# TYPE name kind" */
static void begin_metric(struct reading *r, char *line)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    static const char *const members[] = {"sum", "gauge", "histogram"};
    char *rest = NULL;
    const char *name = strtok_r(line, " ", &rest), *kind = strtok_r(NULL, " ", &rest);
    r->points = NULL;
    for (int k = COUNTER; kind != NULL && k <= HISTOGRAM; k++) {
        if (strcmp(kind, kinds[k]) != 0)
            continue;
        json_t *data = json_pack("{s:[]}", "dataPoints");
        if (k != GAUGE)
            (void)json_object_set_new(data, "aggregationTemporality", json_integer(CUMULATIVE));
        if (k == COUNTER)
            (void)json_object_set_new(data, "isMonotonic", json_true());
        r->kind = k;
        r->points = json_object_get(data, "dataPoints");
        (void)json_array_append_new(r->metrics,
                                    json_pack("{s:s,s:o}", "name", name, members[k], data));
    }
}

static void add_point(struct reading *r, json_t *attributes, json_t *more)
{
    json_t *point =
        json_pack("{s:O,s:o}", "attributes", attributes, "timeUnixNano", nanoseconds(r->now_us));
    if (r->kind != GAUGE)
        (void)json_object_set_new(point, "startTimeUnixNano", nanoseconds(r->start_us));
    (void)json_object_update(point, more);
    json_decref(more);
    (void)json_array_append_new(r->points, point);
}

/* The lines of a histogram's point come in their order: buckets, sum, count. */
static void take_part(struct reading *r, const char *name, const char *le, double value,
                      json_t *attributes)
{
    size_t n = strlen(name);
    if (n > 7 && strcmp(name + n - 7, "_bucket") == 0 && le != NULL) {
        if (strcmp(le, "+Inf") != 0)
            (void)json_array_append_new(r->bounds, json_real(strtod(le, NULL)));
        (void)json_array_append_new(r->counts, json_sprintf("%.0f", value - r->before));
        r->before = value;
    } else if (n > 4 && strcmp(name + n - 4, "_sum") == 0) {
        r->sum = value;
    } else {
        add_point(r, attributes,
                  json_pack("{s:o,s:f,s:O,s:O}", "count", json_sprintf("%.0f", value), "sum",
                            r->sum, "explicitBounds", r->bounds, "bucketCounts", r->counts));
        json_decref(r->bounds);
        json_decref(r->counts);
        r->bounds = json_array();
        r->counts = json_array();
        r->before = r->sum = 0;
    }
}

/* name{labels} value */
static void take_line(struct reading *r, char *line)
{
    char *end = strrchr(line, ' '), *labels = strchr(line, '{'), none[] = "";
    const char *le;
    if (end == NULL || r->points == NULL)
        return;
    double value = strtod(end + 1, NULL);
    *end = '\0';
    if (labels != NULL)
        *labels++ = '\0';
    json_t *attributes = read_labels(labels != NULL ? labels : none, &le);
    if (r->kind == HISTOGRAM)
        take_part(r, line, le, value, attributes);
    else
        add_point(r, attributes, json_pack("{s:f}", "asDouble", value));
    json_decref(attributes);
}

json_t *metrics_json(char *text, int64_t start_us, int64_t now_us)
{
    struct reading r = {.metrics = json_array(),
                        .start_us = start_us,
                        .now_us = now_us,
                        .bounds = json_array(),
                        .counts = json_array()};
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "# TYPE ", 7) == 0)
            begin_metric(&r, line + 7);
        else if (line[0] != '#')
            take_line(&r, line);
    }
    json_decref(r.bounds);
    json_decref(r.counts);
    return r.metrics;
}
