#include <stdio.h>
#include <string.h>

#include "http/http.h"

const char *const method_names[METHOD__MAX + 1] = {"GET",    "HEAD",    "POST", "PUT",
                                                   "DELETE", "OPTIONS", "OTHER"};

/* Matches segment by segment; {name} takes one segment. */
static bool matches(const char *pattern, const char *path, char params[][PATH_PARAM_LEN])
{
    size_t n_params = 0;
    while (*pattern == '/' && *path == '/') {
        size_t expected = strcspn(++pattern, "/"), given = strcspn(++path, "/");
        if (*pattern == '{') {
            if (given == 0 || given >= PATH_PARAM_LEN || n_params == PATH_PARAMS_MAX)
                return false;
            memcpy(params[n_params], path, given);
            params[n_params++][given] = '\0';
        } else if (expected != given || memcmp(pattern, path, expected) != 0) {
            return false;
        }
        pattern += expected;
        path += given;
    }
    return *pattern == '\0' && *path == '\0';
}

static void allow_method(char allow[64], enum method m)
{
    size_t n = strlen(allow);
    (void)snprintf(allow + n, 64 - n, "%s%s", n > 0 ? ", " : "", method_names[m]);
    if (m == METHOD_GET)
        allow_method(allow, METHOD_HEAD);
}

enum err router_find(const struct route *table, struct request *r, const struct route **out,
                     char allow[64], struct error *e)
{
    enum method method = r->method == METHOD_HEAD ? METHOD_GET : r->method;
    char params[PATH_PARAMS_MAX][PATH_PARAM_LEN] = {0};
    const char *pattern = NULL;
    allow[0] = '\0';
    for (const struct route *route = table; route->handler != NULL; route++) {
        if (pattern != NULL ? strcmp(route->pattern, pattern) != 0
                            : !matches(route->pattern, r->path, params))
            continue;
        pattern = route->pattern;
        if (route->method == method) {
            memcpy(r->params, params, sizeof r->params);
            *out = route;
            return ERR_OK;
        }
        allow_method(allow, route->method);
    }
    if (allow[0] == '\0')
        return error_set(e, ERR_NOT_FOUND, "There is nothing at %.200s.", r->path);
    return error_set(e, ERR_METHOD_NOT_ALLOWED, "%s is not possible here; use %s.",
                     r->method == METHOD_OTHER ? "This method" : method_names[r->method], allow);
}
