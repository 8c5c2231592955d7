/* GET /results/{job_id}/{name}: the link is signed; nginx sends the bytes. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"

static const char *content_type(const char *name)
{
    static const struct {
        const char *extension, *type;
    } types[] = {{".csv", "text/csv; charset=utf-8"},
                 {".tsv", "text/tab-separated-values; charset=utf-8"},
                 {".json", "application/json"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i].extension) == 0)
            return types[i].type;
    return "application/octet-stream";
}

enum err result_get(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    char blob[2 * PATH_PARAM_LEN + 16];
    struct blob_info info;
    const char *name = r->params[1];
    enum err err = job_id_check(r->params[0], e);
    if (err != ERR_OK)
        return err;
    (void)snprintf(blob, sizeof blob, "results/%s/%s", r->params[0], name);
    if ((err = s->blobs.ops->stat(s->blobs.self, blob, &info, e)) != ERR_OK)
        return err == ERR_NOT_FOUND
                   ? error_set(e, ERR_NOT_FOUND, "This result does not exist any more.")
                   : err;
    char *escaped = curl_easy_escape(NULL, name, 0);
    if (escaped == NULL)
        return error_set(e, ERR_INTERNAL, "Out of memory.");
    p->content_type = content_type(name);
    (void)snprintf(p->job_id, sizeof p->job_id, "%.36s", r->params[0]);
    reply_header(p, "X-Accel-Redirect", "/_blobs/results/%s/%s", r->params[0], escaped);
    reply_header(p, "Content-Disposition", "attachment; filename*=UTF-8''%s", escaped);
    reply_header(p, "Cache-Control", "private, no-transform");
    curl_free(escaped);
    return ERR_OK;
}
