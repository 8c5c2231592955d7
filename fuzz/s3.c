/* Any bytes as what S3 answers: an error, a page of a list, an upload's id. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "s3/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err take(void *self, const char *name, const struct blob_info *info, bool *enough,
                     struct error *e)
{
    size_t *n = self;
    (void)e;
    if (name == NULL || strlen(info->version) > BLOB_VERSION_MAX)
        abort();
    *enough = ++*n >= 1000;
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;
    struct buffer text = BUFFER_INIT, next = BUFFER_INIT;
    struct error e = {0};
    enum verdict verdict;
    char version[BLOB_VERSION_MAX + 1];
    bool enough = false;
    size_t n = 0;
    if (reply_judge(size > 0 ? 400 + data[0] % 200 : 400, body, size, &verdict, &e) == ERR_OK)
        abort();
    (void)reply_is_error(body, size);
    (void)reply_text(body, size, "UploadId", &text, &e);
    (void)reply_list(body, size, take, &n, &enough, &next, &e);
    char *etag = strndup(body, size);
    if (etag != NULL)
        reply_version(etag, version);
    free(etag);
    buffer_free(&text);
    buffer_free(&next);
    return 0;
}
