/* Any bytes as a query, a signed link's parts, a blob's name, a time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "core/signed_url.h"
#include "http/request.h"
#include "ports/blob_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char key[SIGNING_KEY_BYTES];
    char *text = strndup((const char *)data, size);
    struct request r = {.query = text};
    struct buffer expires = BUFFER_INIT, signature = BUFFER_INIT;
    struct error e;
    int64_t us;
    bool found;
    if (text == NULL)
        abort();
    if (request_query(&r, "expires", &expires, &found, &e) == ERR_OK &&
        request_query(&r, "signature", &signature, &found, &e) == ERR_OK &&
        signed_url_check(key, "GET", text, expires.data != NULL ? expires.data : "",
                         signature.data != NULL ? signature.data : "", 0, &e) == ERR_OK)
        abort(); /* nobody guesses a signature */
    if (blob_name_valid(text) &&
        (text[0] == '/' || strncmp(text, "../", 3) == 0 || strstr(text, "/../") != NULL))
        abort();
    (void)traceparent_valid(text);
    (void)rfc3339_parse(text, &us);
    buffer_free(&expires);
    buffer_free(&signature);
    free(text);
    return 0;
}
