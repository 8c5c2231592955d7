#include "api/multipart.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PARTS_MAX 20

/* A stream of the header line that GMime wants in front, and then the body. */
static GMimeStream *open_stream(int body_fd, const char *content_type, gint64 *header_len)
{
    int fd = dup(body_fd);
    if (fd < 0)
        return NULL;
    char *header = g_strdup_printf("Content-Type: %s\r\n\r\n", content_type);
    *header_len = (gint64)strlen(header);
    GMimeStream *all = g_mime_stream_cat_new();
    GMimeStream *first = g_mime_stream_mem_new_with_buffer(header, strlen(header));
    GMimeStream *body = g_mime_stream_fs_new(fd); /* takes fd over */
    (void)g_mime_stream_cat_add_source(GMIME_STREAM_CAT(all), first);
    (void)g_mime_stream_cat_add_source(GMIME_STREAM_CAT(all), body);
    g_object_unref(first);
    g_object_unref(body);
    g_free(header);
    return all;
}

static bool is_field(GMimeObject *part, const char *name)
{
    const char *field = g_mime_object_get_content_disposition_parameter(part, "name");
    return field != NULL && strcmp(field, name) == 0;
}

static enum err take_part(GMimeObject *part, gint64 header_len, struct multipart_file *out,
                          struct error *e)
{
    GMimeDataWrapper *content =
        GMIME_IS_PART(part) ? g_mime_part_get_content(GMIME_PART(part)) : NULL;
    GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
    const char *name = g_mime_object_get_content_disposition_parameter(part, "filename");
    if (stream == NULL || g_mime_data_wrapper_get_encoding(content) > GMIME_CONTENT_ENCODING_BINARY)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The part \"file\" must be sent as plain bytes, with no encoding.");
    out->start = stream->bound_start - header_len;
    out->end = stream->bound_end - header_len;
    (void)snprintf(out->file_name, sizeof out->file_name, "%s", name != NULL ? name : "");
    return ERR_OK;
}

static enum err find_part(GMimeMultipart *parts, gint64 header_len, struct multipart_file *out,
                          struct error *e)
{
    int n = g_mime_multipart_get_count(parts), found = 0;
    enum err err = ERR_OK;
    if (n > PARTS_MAX)
        return error_set(e, ERR_UNPROCESSABLE, "The form has more than %d parts.", PARTS_MAX);
    for (int i = 0; err == ERR_OK && i < n; i++) {
        GMimeObject *part = g_mime_multipart_get_part(parts, i);
        if (!is_field(part, "file"))
            continue;
        if (found++ > 0)
            err = error_set(e, ERR_UNPROCESSABLE, "The form has several files; send one.");
        else
            err = take_part(part, header_len, out, e);
    }
    if (err == ERR_OK && found == 0)
        err = error_set(e, ERR_UNPROCESSABLE, "The form has no part named \"file\".");
    return err;
}

/* Whether the bytes after the file are the boundary: GMime takes the end of the body for one. */
static enum err check_ended(int fd, const char *boundary, const struct multipart_file *f,
                            struct error *e)
{
    char want[512], have[512];
    int n = snprintf(want, sizeof want, "\r\n--%s", boundary);
    ssize_t got = n < (int)sizeof want ? pread(fd, have, (size_t)n, f->end) : -1;
    if (f->start >= 0 && f->end >= f->start && got == n && memcmp(have, want, (size_t)n) == 0)
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE, "The multipart body is broken off; send it again.");
}

enum err multipart_find_file(int body_fd, const char *content_type, struct multipart_file *out,
                             struct error *e)
{
    static bool started;
    gint64 header_len = 0;
    enum err err = ERR_OK;
    memset(out, 0, sizeof *out);
    if (!started) {
        g_mime_init();
        started = true;
    }
    GMimeStream *stream = open_stream(body_fd, content_type, &header_len);
    if (stream == NULL)
        return error_set(e, ERR_INTERNAL, "The upload could not be read.");
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeObject *root = g_mime_parser_construct_part(parser, NULL);
    const char *boundary =
        root != NULL ? g_mime_object_get_content_type_parameter(root, "boundary") : NULL;
    if (root == NULL || !GMIME_IS_MULTIPART(root) || boundary == NULL)
        err = error_set(e, ERR_UNPROCESSABLE, "The body is not valid multipart/form-data.");
    else if ((err = find_part(GMIME_MULTIPART(root), header_len, out, e)) == ERR_OK)
        err = check_ended(body_fd, boundary, out, e);
    if (root != NULL)
        g_object_unref(root);
    g_object_unref(parser);
    g_object_unref(stream);
    return err;
}
