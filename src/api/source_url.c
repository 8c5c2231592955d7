#include "api/source_url.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "outbound/download.h"

#define OBJECT_SCHEME "gs://"

static enum err read_members(const struct services *s, const struct request *r, struct incoming *in,
                             const char **url, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    int code = file_read(r->body_file, (size_t)s->cfg->max_json_bytes, &text);
    enum err err = ERR_OK;
    if (code == EFBIG)
        err = error_set(e, ERR_TOO_LARGE, "The body is larger than %lld bytes.",
                        (long long)s->cfg->max_json_bytes);
    else if (code != 0)
        err = error_set(e, err_of_errno(code), "The body could not be read; send it again.");
    if (err == ERR_OK)
        err = json_parse(text.data != NULL ? text.data : "", text.len, &in->members, e);
    buffer_free(&text);
    if (err != ERR_OK)
        return err;
    struct json_at root = json_root(in->members), at = json_member(&root, "source_url");
    if ((err = json_read_object(&root, e)) == ERR_OK)
        err = json_read_string(&at, 1, OUTBOUND_URL_MAX, url, e);
    return err;
}

/* The file beside the body, open for reading and writing. */
static enum err make_file(const struct request *r, struct incoming *in, struct error *e)
{
    if (snprintf(in->path, sizeof in->path, "%s.pdf", r->body_file) >= (int)sizeof in->path)
        return error_set(e, ERR_INTERNAL, "The upload's path is too long.");
    (void)unlink(in->path); /* a killed worker leaves one; nginx numbers its files from 1 again */
    in->fd = open(in->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in->fd < 0)
        return error_set(e, err_of_errno(errno), "The file could not be stored; try again.");
    in->copied = true;
    return ERR_OK;
}

static bool is_object(const char *url)
{
    return strncmp(url, OBJECT_SCHEME, sizeof OBJECT_SCHEME - 1) == 0;
}

/* An object's name is not encoded. */
static void name_file(const char *url, char out[FORM_NAME_MAX])
{
    const char *slash = strrchr(url, '/');
    if (!is_object(url))
        outbound_file_name(url, out, FORM_NAME_MAX);
    else if (strlen(slash + 1) < FORM_NAME_MAX)
        (void)snprintf(out, FORM_NAME_MAX, "%s", slash + 1);
}

static enum err fetch(const struct services *s, const char *url, int fd, struct error *e)
{
    int64_t max = s->cfg->max_upload_bytes;
    const struct outbound_settings *outbound = outbound_settings_of(s->cfg);
    if (!outbound->source_urls)
        return error_set(e, ERR_UNPROCESSABLE,
                         "this service fetches no documents; send the document itself");
    if (!is_object(url))
        return outbound_download(outbound, url, max, fd, e);
    if (s->blobs.ops->fetch == NULL)
        return error_set(e, ERR_UNPROCESSABLE, "must be an https URL");
    return s->blobs.ops->fetch(s->blobs.self, url + sizeof OBJECT_SCHEME - 1, max, fd, e);
}

enum err source_url_read(const struct services *s, const struct request *r, struct incoming *in,
                         struct error *e)
{
    const char *url = NULL;
    struct error why = {0};
    enum err err = read_members(s, r, in, &url, e);
    if (err == ERR_OK)
        err = make_file(r, in, e);
    if (err != ERR_OK)
        return err;
    name_file(url, in->file_name);
    struct json_at root = json_root(in->members), at = json_member(&root, "source_url");
    err = fetch(s, url, in->fd, &why);
    if (err == ERR_UNPROCESSABLE)
        return json_refuse(&at, e, "%s", why.detail);
    *e = why;
    (void)json_object_del(in->members, "source_url");
    return err;
}
