#include "core/blob_names.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "formats/format.h"

#define NO_NAME "result"

/* Where other JSON of a job lies. */
#define GRAPH   "result_graph"
#define REGIONS "regions"

/* The name without its extension; another where something else lies. */
static int stem_of(const char *name, const char **out)
{
    static const char *const taken[] = {"", GRAPH, REGIONS};
    const char *dot = strrchr(name, '.');
    size_t n = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    *out = name;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strlen(taken[i]) == n && strncmp(taken[i], name, n) == 0)
            *out = NO_NAME;
    return *out == name ? (int)n : (int)strlen(NO_NAME);
}

void owner_hex(const char *owner, char out[OWNER_HEX + 1])
{
    unsigned char hash[OWNER_HEX / 2];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)owner, strlen(owner), NULL,
                             0);
    sodium_bin2hex(out, OWNER_HEX + 1, hash, sizeof hash);
}

void templates_prefix(const char *owner, char out[BLOB_NAME_MAX + 1])
{
    char hex[OWNER_HEX + 1];
    owner_hex(owner, hex);
    text_format(out, BLOB_NAME_MAX + 1, "templates/%s/", hex);
}

void template_name(const char *owner, const char *id, char out[BLOB_NAME_MAX + 1])
{
    char hex[OWNER_HEX + 1];
    owner_hex(owner, hex);
    text_format(out, BLOB_NAME_MAX + 1, "templates/%s/%.36s/template.json", hex, id);
}

void batch_name(const char *owner, const char *id, char out[BLOB_NAME_MAX + 1])
{
    char hex[OWNER_HEX + 1];
    owner_hex(owner, hex);
    text_format(out, BLOB_NAME_MAX + 1, "batches/%s/%.36s/batch.json", hex, id);
}

void pdf_name(const char *pdf_id, const char *file_name, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "pdfs/%s/%s", pdf_id, file_name);
}

void pdf_prefix(const char *pdf_id, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "pdfs/%s/", pdf_id);
}

void document_name(const char *sha256, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "documents/%s.pdf", sha256);
}

void results_prefix(const char *job_id, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "results/%s/", job_id);
}

void result_file_name(const char *job_id, const char *file_name, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "results/%s/%s", job_id, file_name);
}

void kept_page_name(const char *job_id, int page, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "results/%s/pages/%d.json", job_id, page);
}

void kept_pages_prefix(const char *job_id, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "results/%s/pages/", job_id);
}

void result_name(const struct job *j, int format, const struct sheet_choices *c,
                 char out[BLOB_NAME_MAX + 1])
{
    const char *stem;
    int n = stem_of(j->file_name != NULL ? j->file_name : NO_NAME, &stem);
    text_format(out, BLOB_NAME_MAX + 1, "results/%s/%.*s.%s", j->id, n, stem,
                format_extension(format, c));
}

void graph_name(const struct job *j, char out[BLOB_NAME_MAX + 1])
{
    result_file_name(j->id, GRAPH ".json", out);
}

void regions_name(const struct job *j, char out[BLOB_NAME_MAX + 1])
{
    result_file_name(j->id, REGIONS ".json", out);
}

void sealed_name(const char *job_id, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "results/%.36s/sealed/password", job_id);
}

void sealed_prefix(const char *job_id, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, "results/%.36s/sealed/", job_id);
}

/* As wide as the numbers can be, so that the names are in their order. */
void callback_mark_name(const char *job_id, int64_t version, int attempt,
                        char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, CALLBACKS_PREFIX "%.36s/%019" PRId64 "-%04d", job_id,
                version, attempt);
}

void callback_marks_prefix(const char *job_id, char out[BLOB_NAME_MAX + 1])
{
    text_format(out, BLOB_NAME_MAX + 1, CALLBACKS_PREFIX "%.36s/", job_id);
}
