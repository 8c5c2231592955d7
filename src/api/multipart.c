#include "api/multipart.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PARTS_MAX 20
#define CHUNK     65536

/* A stream of the header line that GMime wants in front, and then the body. */
static GMimeStream *open_stream(int body_fd, const char *content_type)
{
    int fd = dup(body_fd);
    if (fd < 0)
        return NULL;
    char *header = g_strdup_printf("Content-Type: %s\r\n\r\n", content_type);
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

static void note_truncation(gint64 offset, GMimeParserWarning issue, const gchar *item,
                            gpointer truncated)
{
    (void)offset;
    (void)item;
    if (issue == GMIME_WARN_TRUNCATED_MESSAGE)
        *(bool *)truncated = true;
}

/* The whole as one MIME part, or NULL. */
static GMimeObject *parse(GMimeStream *stream, bool *truncated)
{
    GMimeParserOptions *options = g_mime_parser_options_new();
    g_mime_parser_options_set_warning_callback(options, note_truncation, truncated);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeObject *root = g_mime_parser_construct_part(parser, options);
    g_object_unref(parser);
    g_mime_parser_options_free(options);
    return root;
}

static bool is_field(GMimeObject *part, const char *name)
{
    const char *field = g_mime_object_get_content_disposition_parameter(part, "name");
    return field != NULL && strcmp(field, name) == 0;
}

static enum err find_part(GMimeMultipart *parts, GMimeObject **out, struct error *e)
{
    int n = g_mime_multipart_get_count(parts), found = 0;
    if (n > PARTS_MAX)
        return error_set(e, ERR_UNPROCESSABLE, "The form has more than %d parts.", PARTS_MAX);
    for (int i = 0; i < n; i++) {
        GMimeObject *part = g_mime_multipart_get_part(parts, i);
        if (is_field(part, "file") && GMIME_IS_PART(part)) {
            *out = part;
            found++;
        }
    }
    if (found == 1)
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE,
                     found == 0 ? "The form has no part named \"file\"."
                                : "The form has several files; send one.");
}

static enum err copy_part(GMimeObject *part, int out_fd, struct error *e)
{
    GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(part));
    GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
    char chunk[CHUNK];
    ssize_t n = 0;
    if (stream == NULL || g_mime_data_wrapper_get_encoding(content) > GMIME_CONTENT_ENCODING_BINARY)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The part \"file\" must be sent as plain bytes, with no encoding.");
    (void)g_mime_stream_reset(stream);
    while ((n = g_mime_stream_read(stream, chunk, sizeof chunk)) > 0) {
        ssize_t written = write(out_fd, chunk, (size_t)n);
        if (written != n && (written >= 0 || errno == ENOSPC || errno == EDQUOT))
            return error_set(e, ERR_STORAGE_FULL, "The disk is full; try again later.");
        if (written != n)
            break;
    }
    return n == 0 ? ERR_OK
                  : error_set(e, ERR_UNAVAILABLE, "The upload could not be read; send it again.");
}

enum err multipart_copy_file(int body_fd, const char *content_type, int out_fd,
                             char file_name[MULTIPART_NAME_MAX], struct error *e)
{
    static bool started;
    bool truncated = false;
    GMimeObject *part = NULL;
    enum err err = ERR_OK;
    if (!started) {
        g_mime_init();
        started = true;
    }
    GMimeStream *stream = open_stream(body_fd, content_type);
    if (stream == NULL)
        return error_set(e, ERR_INTERNAL, "The upload could not be read.");
    GMimeObject *root = parse(stream, &truncated);
    if (root == NULL || !GMIME_IS_MULTIPART(root))
        err = error_set(e, ERR_UNPROCESSABLE, "The body is not valid multipart/form-data.");
    else
        err = find_part(GMIME_MULTIPART(root), &part, e);
    if (err == ERR_OK && truncated)
        err = error_set(e, ERR_UNPROCESSABLE, "The multipart body is broken off; send it again.");
    if (err == ERR_OK)
        err = copy_part(part, out_fd, e);
    if (err == ERR_OK) {
        const char *name = g_mime_object_get_content_disposition_parameter(part, "filename");
        (void)snprintf(file_name, MULTIPART_NAME_MAX, "%s", name != NULL ? name : "");
    }
    if (root != NULL)
        g_object_unref(root);
    g_object_unref(stream);
    return err;
}
