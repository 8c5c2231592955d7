/* API keys: who may call. Only hashes are kept; a key is never logged. */
#ifndef PDF_OCR_AUTH_KEYS_H
#define PDF_OCR_AUTH_KEYS_H

#include "base/json.h"
#include "core/config.h"
#include "http/http.h"

struct key_set;

#define KEY_ID_DISPATCHER "dispatcher" /* task_key's */

/* Reads API_KEY and API_KEYS_FILE, and adds task_key (may be NULL) with the scope task.
 *
 * The file is JSON: {"keys":[{"id", "hash": BLAKE2b-256 of the key in hex, "scopes":
 * ["client"|"task"|"admin"], "subject"?: who owns what is made with it (the id), "expires_at"?:
 * RFC 3339}]}. ERR_UNPROCESSABLE tells what is wrong with it. */
enum err keys_load(const struct config *cfg, const char *task_key, struct key_set **out,
                   struct error *e);
void keys_free(struct key_set *k);

/* The hash that the file holds for a key. */
#define KEY_HASH_BYTES 32
void key_hash(const char *key, unsigned char out[KEY_HASH_BYTES]);

/* Checks one entry of the file. */
enum err key_check_entry(const struct json_at *at, struct error *e);

/* Looks a key up; the time does not depend on which one it is. ERR_FORBIDDEN: not known, or
 * expired (then out->key_id is set: it was a key, and no guess). */
enum err keys_check(const struct key_set *k, const char *key, int64_t now_us,
                    struct auth_context *out, struct error *e);

/* Makes a random key at path (mode 0600) unless there is one, and reads it into out. */
#define LOCAL_KEY_MAX 128
enum err keys_local(const char *path, char out[LOCAL_KEY_MAX], bool *made, struct error *e);

#endif
