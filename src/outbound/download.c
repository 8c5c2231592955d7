#include "outbound/download.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

struct target {
    int fd;
    int64_t left;
    bool too_large;
    int code; /* errno of a write that failed */
};

static size_t on_bytes(char *bytes, size_t size, size_t n, void *self)
{
    struct target *t = self;
    (void)size;
    t->too_large = (int64_t)n > t->left;
    if (t->too_large)
        return CURL_WRITEFUNC_ERROR;
    t->left -= (int64_t)n;
    t->code = file_write(t->fd, bytes, n) ? 0 : errno;
    return t->code == 0 ? n : CURL_WRITEFUNC_ERROR;
}

static enum err judge(const struct outbound_call *c, CURLcode code, long status,
                      const struct target *t, int64_t max_bytes, struct error *e)
{
    if (t->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return error_set(e, ERR_TOO_LARGE, "The file is larger than %lld bytes.",
                         (long long)max_bytes);
    if (t->code != 0)
        return error_set(e, err_of_errno(t->code), "The file could not be stored; try again.");
    if (status >= 300 && status < 400)
        return error_set(e, ERR_UNPROCESSABLE, "the host answered %ld; redirects are not followed",
                         status);
    if (status != 0 && status != 200)
        return error_set(e, ERR_UNPROCESSABLE, "the host answered %ld", status);
    return code == CURLE_OK ? ERR_OK : outbound_failure(c, code, e);
}

enum err outbound_download(const struct outbound_settings *s, const char *url, int64_t max_bytes,
                           int fd, struct error *e)
{
    struct outbound_call c = {.settings = s};
    struct target t = {.fd = fd, .left = max_bytes};
    long status = 0;
    enum err err = outbound_url_check(s, url, e);
    if (err != ERR_OK)
        return err;
    CURL *easy = curl_easy_init();
    if (outbound_prepare(easy, &c, url) &&
        curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max_bytes) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t) == CURLE_OK) {
        CURLcode code = curl_easy_perform(easy);
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        err = judge(&c, code, status, &t, max_bytes, e);
    } else {
        err = error_no_memory(e);
    }
    curl_easy_cleanup(easy);
    return err;
}

void outbound_file_name(const char *url, char *out, size_t size)
{
    char *path = NULL;
    CURLU *u = curl_url();
    out[0] = '\0';
    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PATH, &path, CURLU_URLDECODE) == CURLUE_OK) {
        const char *slash = strrchr(path, '/');
        if (slash != NULL && strlen(slash + 1) < size)
            (void)snprintf(out, size, "%s", slash + 1);
    }
    curl_free(path);
    curl_url_cleanup(u);
}
