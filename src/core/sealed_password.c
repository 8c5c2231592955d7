#include "core/sealed_password.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/blob_names.h"

#define NONCE   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG     crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PADDED  (PDF_PASSWORD_MAX + 1)
#define SEALED  (NONCE + PADDED + TAG)
#define CONTEXT "password" /* crypto_kdf_CONTEXTBYTES long */

_Static_assert(SEALING_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES &&
                   SEALING_KEY_BYTES == crypto_kdf_KEYBYTES,
               "the key is libsodium's");

enum err sealing_key_make(const char *setting, const unsigned char *signing_key,
                          unsigned char key[SEALING_KEY_BYTES], struct error *e)
{
    unsigned char given[SEALING_KEY_BYTES];
    size_t n = 0;
    if (setting != NULL &&
        (strlen(setting) != 2 * sizeof given ||
         sodium_hex2bin(given, sizeof given, setting, strlen(setting), NULL, &n, NULL) != 0 ||
         n != sizeof given))
        return error_set(e, ERR_UNPROCESSABLE,
                         "SEALING_KEY is wrong; expected 64 hexadecimal digits");
    (void)crypto_kdf_derive_from_key(key, SEALING_KEY_BYTES, 1, CONTEXT,
                                     setting != NULL ? given : signing_key);
    sodium_memzero(given, sizeof given);
    return ERR_OK;
}

enum err sealed_password_put(const struct services *s, const char *job_id, const char *password,
                             struct error *e)
{
    unsigned char padded[PADDED] = {0}, sealed[SEALED];
    char name[BLOB_NAME_MAX + 1];
    memcpy(padded, password, strnlen(password, PDF_PASSWORD_MAX));
    randombytes_buf(sealed, NONCE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, padded, sizeof padded,
                                                     (const unsigned char *)job_id, strlen(job_id),
                                                     NULL, sealed, s->sealing_key);
    sodium_memzero(padded, sizeof padded);
    sealed_name(job_id, name);
    return s->blobs.ops->put_bytes(s->blobs.self, name, sealed, sizeof sealed,
                                   "application/octet-stream", e);
}

static enum err read_sealed(const struct services *s, const char *job_id,
                            unsigned char sealed[SEALED], struct error *e)
{
    char name[BLOB_NAME_MAX + 1];
    int fd = -1;
    sealed_name(job_id, name);
    enum err err = s->blobs.ops->open(s->blobs.self, name, "", &fd, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The PDF's password was erased when the job ended; make a new job.");
    if (err != ERR_OK)
        return err;
    ssize_t n = pread(fd, sealed, SEALED, 0);
    (void)close(fd);
    return n == SEALED ? ERR_OK
                       : error_set(e, ERR_UNAVAILABLE, "The PDF's password could not be read.");
}

enum err sealed_password_get(const struct services *s, const char *job_id,
                             char out[PDF_PASSWORD_MAX + 1], struct error *e)
{
    unsigned char sealed[SEALED];
    enum err err = read_sealed(s, job_id, sealed, e);
    if (err == ERR_OK &&
        crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)out, NULL, NULL, sealed + NONCE,
                                                   PADDED + TAG, (const unsigned char *)job_id,
                                                   strlen(job_id), sealed, s->sealing_key) != 0)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "The PDF's password was sealed by another key: all machines need the same "
                        "SEALING_KEY.");
    return err;
}

void sealed_password_drop(const struct services *s, const struct job *j)
{
    char prefix[BLOB_NAME_MAX + 1];
    struct error e;
    /* Within a string of the JSON the quotes would be escaped. */
    if (j->request_json == NULL || strstr(j->request_json, "\"has_password\":true") == NULL)
        return;
    sealed_prefix(j->id, prefix);
    if (s->blobs.ops->remove_prefix(s->blobs.self, prefix, &e) != ERR_OK)
        log_error(LOG_WARNING, "the password of a job that has ended cannot be erased yet", &e);
}
