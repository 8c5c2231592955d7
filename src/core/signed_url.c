#include "core/signed_url.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNATURE_TEXT                                                                             \
    sodium_base64_ENCODED_LEN(crypto_auth_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

_Static_assert(SIGNING_KEY_BYTES == crypto_auth_KEYBYTES, "the key is crypto_auth's");

enum err signing_key_load(const char *path, unsigned char key[SIGNING_KEY_BYTES], struct error *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        randombytes_buf(key, SIGNING_KEY_BYTES);
        ssize_t n = write(fd, key, SIGNING_KEY_BYTES);
        int failed = n != SIGNING_KEY_BYTES || fsync(fd) != 0;
        if (close(fd) != 0 || failed) {
            (void)unlink(path);
            return error_set(e, ERR_UNAVAILABLE, "Cannot write the signing key %s: %s", path,
                             strerror(errno));
        }
        return ERR_OK;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(e, ERR_UNAVAILABLE, "Cannot open the signing key %s: %s", path,
                         strerror(errno));
    ssize_t n = read(fd, key, SIGNING_KEY_BYTES);
    (void)close(fd);
    if (n != SIGNING_KEY_BYTES)
        return error_set(e, ERR_UNAVAILABLE,
                         "The signing key %s is damaged; delete it to have a new one made.", path);
    return ERR_OK;
}

static void sign(const unsigned char key[SIGNING_KEY_BYTES], const char *method, const char *path,
                 int64_t expires_s, unsigned char mac[crypto_auth_BYTES])
{
    char expires[32];
    (void)snprintf(expires, sizeof expires, "\n%" PRId64, expires_s);
    crypto_auth_hmacsha512256_state st;
    crypto_auth_hmacsha512256_init(&st, key, SIGNING_KEY_BYTES);
    crypto_auth_hmacsha512256_update(&st, (const unsigned char *)method, strlen(method));
    crypto_auth_hmacsha512256_update(&st, (const unsigned char *)"\n", 1);
    crypto_auth_hmacsha512256_update(&st, (const unsigned char *)path, strlen(path));
    crypto_auth_hmacsha512256_update(&st, (const unsigned char *)expires, strlen(expires));
    crypto_auth_hmacsha512256_final(&st, mac);
}

/* curl escapes '/' too, so the path is escaped segment by segment. */
static void append_escaped_path(struct buffer *out, const char *path)
{
    while (*path != '\0') {
        size_t n = strcspn(path, "/");
        char *escaped = n > 0 ? curl_easy_escape(NULL, path, (int)n) : NULL;
        if (escaped != NULL)
            buffer_puts(out, escaped);
        else if (n > 0)
            out->failed = true;
        curl_free(escaped);
        path += n;
        if (*path == '/') {
            buffer_append(out, "/", 1);
            path++;
        }
    }
}

void signed_url_make(const unsigned char key[SIGNING_KEY_BYTES], const char *base_url,
                     const char *method, const char *path, int64_t expires_s, struct buffer *out)
{
    unsigned char mac[crypto_auth_BYTES];
    char text[SIGNATURE_TEXT];
    sign(key, method, path, expires_s, mac);
    sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buffer_puts(out, base_url);
    append_escaped_path(out, path);
    buffer_printf(out, "?expires=%" PRId64 "&signature=%s", expires_s, text);
}

enum err signed_url_check(const unsigned char key[SIGNING_KEY_BYTES], const char *method,
                          const char *path, const char *expires, const char *signature,
                          int64_t now_s, struct error *e)
{
    unsigned char given[crypto_auth_BYTES], right[crypto_auth_BYTES];
    size_t n = 0, digits = strspn(expires, "0123456789");
    if (digits == 0 || digits > 12 || expires[digits] != '\0' ||
        sodium_base642bin(given, sizeof given, signature, strlen(signature), NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        n != sizeof given)
        return error_set(e, ERR_FORBIDDEN, "The link's signature is missing or malformed.");
    int64_t expires_s = strtoll(expires, NULL, 10);
    sign(key, method, path, expires_s, right);
    if (sodium_memcmp(given, right, sizeof right) != 0)
        return error_set(e, ERR_FORBIDDEN, "The link's signature is wrong.");
    if (expires_s <= now_s)
        return error_set(e, ERR_GONE, "The link has expired; ask for a new one.");
    return ERR_OK;
}
