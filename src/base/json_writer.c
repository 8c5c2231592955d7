#include "base/json_writer.h"

#include <inttypes.h>

/* What stands before a value. */
static void begin_value(struct json_writer *w, const char *key)
{
    if (w->comma)
        buffer_append(w->out, ",", 1);
    if (w->line)
        buffer_append(w->out, "\n", 1);
    w->comma = true;
    w->line = false;
    if (key != NULL) {
        buffer_append(w->out, "\"", 1);
        buffer_puts(w->out, key);
        buffer_append(w->out, "\":", 2);
    }
}

static void begin_group(struct json_writer *w, const char *key, const char *bracket)
{
    begin_value(w, key);
    buffer_append(w->out, bracket, 1);
    w->comma = false;
}

static void end_group(struct json_writer *w, const char *bracket)
{
    buffer_append(w->out, bracket, 1);
    w->comma = true;
}

void json_begin_object(struct json_writer *w, const char *key)
{
    begin_group(w, key, "{");
}

void json_end_object(struct json_writer *w)
{
    end_group(w, "}");
}

void json_begin_array(struct json_writer *w, const char *key)
{
    begin_group(w, key, "[");
}

void json_end_array(struct json_writer *w)
{
    end_group(w, "]");
}

void json_new_line(struct json_writer *w)
{
    w->line = true;
}

void json_put_string(struct json_writer *w, const char *key, const char *text)
{
    begin_value(w, key);
    buffer_json_string(w->out, text);
}

void json_put_int(struct json_writer *w, const char *key, int64_t value)
{
    begin_value(w, key);
    buffer_printf(w->out, "%" PRId64, value);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
    json_put_json(w, key, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
    json_put_json(w, key, "null");
}

void json_put_real(struct json_writer *w, const char *key, double value, int decimals)
{
    begin_value(w, key);
    buffer_printf(w->out, "%.*f", decimals, value);
}

void json_put_time(struct json_writer *w, const char *key, int64_t us)
{
    begin_value(w, key);
    buffer_json_time(w->out, us);
}

void json_put_json(struct json_writer *w, const char *key, const char *json)
{
    begin_value(w, key);
    buffer_puts(w->out, json);
}
