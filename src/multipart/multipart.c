#include "multipart/multipart.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PARTS_MAX 20
#define CHUNK     65536

/* A stream of the header line that GMime wants in front, and then the body. */
static GMimeStream *open_stream(int body_fd, const char *content_type)
{
    char *header = g_strdup_printf("Content-Type: %s\r\n\r\n", content_type);
    GMimeStream *all = g_mime_stream_cat_new();
    GMimeStream *first = g_mime_stream_mem_new_with_buffer(header, strlen(header));
    GMimeStream *body = g_mime_stream_fs_new(body_fd); /* which it closes */
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

static const char *find_part(GMimeMultipart *parts, GMimeObject **out)
{
    int n = g_mime_multipart_get_count(parts), found = 0;
    if (n > PARTS_MAX)
        return "too_many_parts";
    for (int i = 0; i < n; i++) {
        GMimeObject *part = g_mime_multipart_get_part(parts, i);
        if (is_field(part, "file") && GMIME_IS_PART(part)) {
            *out = part;
            found++;
        }
    }
    if (found == 1)
        return NULL;
    return found == 0 ? "no_file" : "several_files";
}

static const char *copy_part(GMimeObject *part, int out_fd)
{
    GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(part));
    GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
    char chunk[CHUNK];
    ssize_t n = 0;
    if (stream == NULL || g_mime_data_wrapper_get_encoding(content) > GMIME_CONTENT_ENCODING_BINARY)
        return "encoded";
    (void)g_mime_stream_reset(stream);
    while ((n = g_mime_stream_read(stream, chunk, sizeof chunk)) > 0) {
        ssize_t written = write(out_fd, chunk, (size_t)n);
        if (written != n)
            return written >= 0 || errno == ENOSPC || errno == EDQUOT ? "full" : "read";
    }
    return n == 0 ? NULL : "read";
}

/* The plain text of a field, NUL-terminated, as long as *left allows; NULL otherwise. */
static char *read_field(GMimeObject *part, size_t *left)
{
    GMimeDataWrapper *content =
        GMIME_IS_PART(part) ? g_mime_part_get_content(GMIME_PART(part)) : NULL;
    GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
    char *text = g_malloc(*left + 1);
    size_t len = 0;
    ssize_t n = 0;
    if (stream == NULL || g_mime_data_wrapper_get_encoding(content) > GMIME_CONTENT_ENCODING_BINARY)
        n = -1;
    else
        (void)g_mime_stream_reset(stream);
    while (n >= 0 && len <= *left &&
           (n = g_mime_stream_read(stream, text + len, *left + 1 - len)) > 0)
        len += (size_t)n;
    if (n < 0 || len > *left || memchr(text, '\0', len) != NULL) {
        g_free(text);
        return NULL;
    }
    text[len] = '\0';
    *left -= len;
    return text;
}

static bool is_repeated(GMimeMultipart *parts, int i, const char *name)
{
    for (int k = 0; k < i; k++)
        if (is_field(g_mime_multipart_get_part(parts, k), name))
            return true;
    return false;
}

/* Whether all of them could be read, and none comes twice. */
static bool copy_fields(GMimeMultipart *parts, struct buffer *fields)
{
    size_t left = MULTIPART_FIELDS_MAX;
    for (int i = 0; i < g_mime_multipart_get_count(parts); i++) {
        GMimeObject *part = g_mime_multipart_get_part(parts, i);
        const char *name = g_mime_object_get_content_disposition_parameter(part, "name");
        if (name == NULL || strcmp(name, "file") == 0)
            continue;
        char *text = is_repeated(parts, i, name) ? NULL : read_field(part, &left);
        if (text == NULL)
            return false;
        if (fields->len > 0)
            buffer_puts(fields, ",");
        buffer_json_string(fields, name);
        buffer_puts(fields, ":");
        buffer_json_string(fields, text);
        g_free(text);
    }
    return true;
}

void multipart_init(void)
{
    g_mime_init();
}

const char *multipart_copy_file(int body_fd, const char *content_type, int out_fd,
                                char file_name[MULTIPART_NAME_MAX], struct buffer *fields)
{
    bool truncated = false;
    GMimeObject *part = NULL;
    const char *why = NULL;
    GMimeStream *stream = open_stream(body_fd, content_type);
    GMimeObject *root = parse(stream, &truncated);
    if (root == NULL || !GMIME_IS_MULTIPART(root))
        why = "not_multipart";
    else
        why = find_part(GMIME_MULTIPART(root), &part);
    if (why == NULL && truncated)
        why = "broken_off";
    if (why == NULL && !copy_fields(GMIME_MULTIPART(root), fields))
        why = "bad_field";
    if (why == NULL)
        why = copy_part(part, out_fd);
    if (why == NULL) {
        const char *name = g_mime_object_get_content_disposition_parameter(part, "filename");
        (void)snprintf(file_name, MULTIPART_NAME_MAX, "%s", name != NULL ? name : "");
    }
    if (root != NULL)
        g_object_unref(root);
    g_object_unref(stream);
    return why;
}
