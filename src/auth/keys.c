#include "auth/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/rfc3339.h"

#define KEYS_MAX    1000
#define KEY_LEN_MAX 512

struct key {
    char id[65], subject[65];
    unsigned char hash[KEY_HASH_BYTES];
    unsigned scopes;
    int64_t expires_us; /* 0: never */
};

struct key_set {
    struct key *items;
    size_t n;
};

void key_hash(const char *key, unsigned char out[KEY_HASH_BYTES])
{
    (void)crypto_generichash(out, KEY_HASH_BYTES, (const unsigned char *)key, strlen(key), NULL, 0);
}

static enum err add_key(struct key_set *k, const struct key *key, struct error *e)
{
    struct key *items = realloc(k->items, (k->n + 1) * sizeof *items);
    if (items == NULL)
        return error_no_memory(e);
    k->items = items;
    k->items[k->n++] = *key;
    return ERR_OK;
}

static enum err add_plain(struct key_set *k, const char *text, const char *id, unsigned scopes,
                          struct error *e)
{
    struct key key = {.scopes = scopes};
    (void)snprintf(key.id, sizeof key.id, "%s", id);
    (void)snprintf(key.subject, sizeof key.subject, "%s", id);
    key_hash(text, key.hash);
    return add_key(k, &key, e);
}

static enum err read_scopes(const struct json_at *at, unsigned *out, struct error *e)
{
    static const char *const names[] = {"client", "task", "admin", NULL};
    size_t n;
    enum err err = json_read_array(at, 3, &n, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct json_at item = json_item(at, i);
        int scope;
        err = json_read_enum(&item, names, &scope, e);
        if (err == ERR_OK)
            *out |= 1U << (unsigned)scope;
    }
    if (err == ERR_OK && n == 0)
        err = json_refuse(at, e, "must name at least one scope");
    return err;
}

static enum err read_key(const struct json_at *at, struct key *out, struct error *e)
{
    struct json_at id = json_member(at, "id"), hash = json_member(at, "hash");
    struct json_at scopes = json_member(at, "scopes"), subject = json_member(at, "subject");
    struct json_at expires = json_member(at, "expires_at");
    const char *text;
    size_t n = 0;
    enum err err = json_read_object(at, e);
    if (err != ERR_OK || (err = json_read_string(&id, 1, 64, &text, e)) != ERR_OK)
        return err;
    (void)snprintf(out->id, sizeof out->id, "%s", text);
    (void)snprintf(out->subject, sizeof out->subject, "%s", text);
    if ((err = json_read_string(&hash, 64, 64, &text, e)) != ERR_OK)
        return err;
    if (sodium_hex2bin(out->hash, KEY_HASH_BYTES, text, 64, NULL, &n, NULL) != 0 ||
        n != KEY_HASH_BYTES)
        return json_refuse(&hash, e, "must be a BLAKE2b-256 hash in hex");
    if ((err = read_scopes(&scopes, &out->scopes, e)) != ERR_OK)
        return err;
    if (!json_missing(&subject)) {
        if ((err = json_read_string(&subject, 1, 64, &text, e)) != ERR_OK)
            return err;
        (void)snprintf(out->subject, sizeof out->subject, "%s", text);
    }
    if (strcmp(out->id, KEY_ID_DISPATCHER) == 0)
        return json_refuse(&id, e, "must not be \"%s\"", KEY_ID_DISPATCHER);
    if (strcmp(out->subject, SUBJECT_ANONYMOUS) == 0)
        return json_refuse(&id, e, "must not own what is anonymous");
    if (!json_missing(&expires)) {
        if ((err = json_read_string(&expires, 1, 64, &text, e)) != ERR_OK)
            return err;
        if (rfc3339_parse(text, &out->expires_us) != 0)
            return json_refuse(&expires, e, "must be an RFC 3339 time");
    }
    return ERR_OK;
}

enum err key_check_entry(const struct json_at *at, struct error *e)
{
    struct key unused = {0};
    return read_key(at, &unused, e);
}

static enum err read_keys_file(struct key_set *k, const char *path, struct error *e)
{
    json_error_t where;
    size_t n = 0;
    json_t *tree = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (tree == NULL)
        return error_set(e, ERR_UNPROCESSABLE, "API_KEYS_FILE %s, line %d: %s", path, where.line,
                         where.text);
    struct json_at root = json_root(tree), list = json_member(&root, "keys");
    enum err err = json_read_array(&list, KEYS_MAX, &n, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct json_at item = json_item(&list, i);
        struct key key = {0};
        if ((err = read_key(&item, &key, e)) == ERR_OK)
            err = add_key(k, &key, e);
    }
    json_decref(tree);
    if (err == ERR_UNPROCESSABLE) {
        char detail[ERROR_TEXT_MAX];
        (void)snprintf(detail, sizeof detail, "%s", e->detail);
        return error_set(e, err, "API_KEYS_FILE %s: %.300s", path, detail);
    }
    return err;
}

enum err keys_load(const struct config *cfg, const char *task_key, struct key_set **out,
                   struct error *e)
{
    struct key_set *k = calloc(1, sizeof *k);
    enum err err = k != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK && cfg->api_key != NULL)
        err = add_plain(k, cfg->api_key, "default", SCOPE_CLIENT | SCOPE_TASK | SCOPE_ADMIN, e);
    if (err == ERR_OK && task_key != NULL)
        err = add_plain(k, task_key, KEY_ID_DISPATCHER, SCOPE_TASK, e);
    if (err == ERR_OK && cfg->api_keys_file != NULL)
        err = read_keys_file(k, cfg->api_keys_file, e);
    if (err != ERR_OK) {
        keys_free(k);
        return err;
    }
    *out = k;
    return ERR_OK;
}

void keys_free(struct key_set *k)
{
    if (k == NULL)
        return;
    free(k->items);
    free(k);
}

enum err keys_check(const struct key_set *k, const char *key, int64_t now_us,
                    struct auth_context *out, struct error *e)
{
    unsigned char hash[KEY_HASH_BYTES];
    const struct key *found = NULL;
    if (strlen(key) > KEY_LEN_MAX)
        return error_set(e, ERR_FORBIDDEN, "The API key is wrong.");
    key_hash(key, hash);
    for (size_t i = 0; i < k->n; i++)
        if (sodium_memcmp(hash, k->items[i].hash, KEY_HASH_BYTES) == 0)
            found = &k->items[i];
    if (found == NULL)
        return error_set(e, ERR_FORBIDDEN, "The API key is wrong.");
    memcpy(out->key_id, found->id, sizeof out->key_id);
    if (found->expires_us != 0 && found->expires_us <= now_us)
        return error_set(e, ERR_FORBIDDEN, "The API key has expired; ask for a new one.");
    out->anonymous = false;
    out->scopes = found->scopes;
    memcpy(out->subject, found->subject, sizeof out->subject);
    return ERR_OK;
}

enum err keys_local(const char *path, char out[LOCAL_KEY_MAX], bool *made, struct error *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    *made = fd >= 0;
    if (fd >= 0) {
        random_hex(out, 24);
        size_t n = strlen(out);
        bool ok = write(fd, out, n) == (ssize_t)n && write(fd, "\n", 1) == 1;
        if (close(fd) == 0 && ok)
            return ERR_OK;
        (void)unlink(path);
        return error_set(e, ERR_UNAVAILABLE, "Cannot write %s: %s", path, strerror(errno));
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, LOCAL_KEY_MAX - 1) : -1;
    int code = errno;
    if (fd >= 0)
        (void)close(fd);
    if (n < 0)
        return error_set(e, ERR_UNAVAILABLE, "Cannot read %s: %s", path, strerror(code));
    out[n] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    if (strlen(out) < 16)
        return error_set(e, ERR_UNPROCESSABLE, "%s holds no key; delete it to have one made.",
                         path);
    return ERR_OK;
}
