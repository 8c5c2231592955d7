#include "api/pdf_password.h"

#include <curl/curl.h>
#include <jansson.h>
#include <string.h>

enum err pdf_password_header(const struct request *r, char out[PDF_PASSWORD_MAX + 1],
                             struct error *e)
{
    const char *sent = request_header(r, "X-PDF-Password");
    int n = 0;
    memset(out, 0, PDF_PASSWORD_MAX + 1);
    if (sent == NULL || sent[0] == '\0')
        return ERR_OK;
    char *text = curl_easy_unescape(NULL, sent, 0, &n);
    if (text == NULL)
        return error_no_memory(e);
    json_t *valid = json_stringn(text, (size_t)n);
    bool fits = valid != NULL && n <= PDF_PASSWORD_MAX && memchr(text, '\0', (size_t)n) == NULL &&
                strpbrk(text, "\r\n") == NULL;
    json_decref(valid);
    if (fits)
        memcpy(out, text, (size_t)n);
    explicit_bzero(text, (size_t)n);
    curl_free(text);
    return fits ? ERR_OK
                : error_set(e, ERR_UNPROCESSABLE,
                            "X-PDF-Password must be percent-encoded UTF-8, at most %d bytes and no "
                            "line break.",
                            PDF_PASSWORD_MAX);
}
