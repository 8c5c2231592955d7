/* Any bytes as a bearer token, and as an issuer's key set. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwt.h"
#include "tests/unit/jwt_vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct jwt_expected wanted = {"https://issuer.example", "pdf-ocr", NULL};
    static struct jwt_keys *known;
    struct jwt_keys *keys = NULL;
    struct jwt_claims claims;
    struct error e;
    char *text = strndup((const char *)data, size);
    if (text == NULL ||
        (known == NULL && jwt_keys_read(JWKS_TEXT, strlen(JWKS_TEXT), &known, &e) != ERR_OK))
        abort();
    /* Nobody guesses a signature; what was signed has long expired. */
    if (jwt_verify(known, text, &wanted, 2000000, &claims, &e) == ERR_OK)
        abort();
    if (jwt_keys_read((const char *)data, size, &keys, &e) == ERR_OK)
        (void)jwt_verify(keys, TOKEN_RS256, &wanted, 1000300, &claims, &e);
    jwt_keys_free(keys);
    free(text);
    return 0;
}
