#include "core/origins.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

/* The parts of an http or https URL; each is freed by curl_free. */
struct parts {
    char *scheme, *host, *port;
};

static bool split(const char *text, struct parts *p)
{
    CURLU *u = curl_url();
    memset(p, 0, sizeof *p);
    bool ok = u != NULL && curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_SCHEME, &p->scheme, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_HOST, &p->host, 0) == CURLUE_OK &&
              (strcmp(p->scheme, "https") == 0 || strcmp(p->scheme, "http") == 0);
    if (ok)
        (void)curl_url_get(u, CURLUPART_PORT, &p->port, CURLU_NO_DEFAULT_PORT);
    curl_url_cleanup(u);
    return ok;
}

static void clear(struct parts *p)
{
    curl_free(p->scheme);
    curl_free(p->host);
    curl_free(p->port);
}

bool url_valid(const char *text)
{
    struct parts p;
    bool ok = split(text, &p);
    clear(&p);
    return ok;
}

bool url_is_safe(const char *text)
{
    struct parts p;
    bool ok =
        split(text, &p) && (strcmp(p.scheme, "https") == 0 || strcmp(p.host, "127.0.0.1") == 0 ||
                            strcmp(p.host, "localhost") == 0 || strcmp(p.host, "[::1]") == 0);
    clear(&p);
    return ok;
}

/* An origin is what its own parts give when they are put together again. */
static bool origin_valid(const char *text)
{
    struct parts p;
    struct buffer again = BUFFER_INIT;
    if (strcmp(text, "*") == 0)
        return true;
    if (split(text, &p))
        buffer_printf(&again, "%s://%s%s%s", p.scheme, p.host, p.port != NULL ? ":" : "",
                      p.port != NULL ? p.port : "");
    bool ok = again.data != NULL && strcmp(again.data, text) == 0 &&
              strpbrk(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ\"'\\;{}$|& ") == NULL;
    clear(&p);
    buffer_free(&again);
    return ok;
}

static enum err add(struct origins *o, size_t *n, const char *text, struct error *e)
{
    if (*n == ORIGINS_MAX)
        return error_set(e, ERR_UNPROCESSABLE, "There are more than %d origins.", ORIGINS_MAX);
    if (!origin_valid(text))
        return error_set(e, ERR_UNPROCESSABLE, "\"%.100s\" is no origin.", text);
    if ((o->items[(*n)++] = strdup(text)) == NULL)
        return error_no_memory(e);
    return ERR_OK;
}

enum err origins_read(const char *text, struct origins *out, struct error *e)
{
    size_t n = 0;
    enum err err = ERR_OK;
    memset(out, 0, sizeof *out);
    json_t *list = text != NULL ? json_loads(text, 0, NULL) : NULL;
    char *copy = text != NULL && list == NULL ? strdup(text) : NULL, *rest = copy;
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        err = add(out, &n, item != NULL ? item : "", e);
    }
    while (err == ERR_OK && rest != NULL) {
        char *item = strsep(&rest, ",");
        item += strspn(item, " ");
        for (size_t end = strlen(item); end > 0 && item[end - 1] == ' '; end--)
            item[end - 1] = '\0';
        if (item[0] != '\0')
            err = add(out, &n, item, e);
    }
    free(copy);
    json_decref(list);
    if (err != ERR_OK)
        origins_free(out);
    return err;
}

void origins_free(struct origins *o)
{
    for (size_t i = 0; o->items[i] != NULL; i++)
        free(o->items[i]);
    memset(o, 0, sizeof *o);
}

const char *origins_allowed(const struct origins *o, const char *origin)
{
    for (size_t i = 0; origin != NULL && o->items[i] != NULL; i++)
        if (strcmp(o->items[i], "*") == 0 || strcmp(o->items[i], origin) == 0)
            return o->items[i];
    return NULL;
}
