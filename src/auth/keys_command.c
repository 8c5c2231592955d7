#include "auth/keys_command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/keys.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/rfc3339.h"

#define KEY_PREFIX "pdfocr_" /* lets scanners for leaked secrets know one */
#define KEY_BYTES  32
#define DAYS_MOST  36500

static const char usage[] =
    "usage: pdf-ocr-api keys new ID [--scope SCOPE]... [--subject NAME] [--days N]\n"
    "       pdf-ocr-api keys list\n"
    "       pdf-ocr-api keys revoke ID\n"
    "\n"
    "Edits the file that API_KEYS_FILE names. A new key is printed once and kept only as a hash.\n"
    "A running service reads the file again on SIGHUP.\n"
    "\n"
    "  --scope SCOPE   client (what is taken when none is given), task or admin\n"
    "  --subject NAME  who owns what is made with the key (ID); give the keys of a rotation\n"
    "                  the same\n"
    "  --days N        the key expires after N days\n";

/* The file while it is edited. Its folder is locked, since the file itself is replaced. */
struct key_file {
    char path[PATH_MAX];
    int folder;
    json_t *tree, *list; /* list is borrowed from tree */
};

/* The right file, behind symbolic links; one that is not there yet is made when it is written. */
static enum err find_file(struct key_file *f, struct error *e)
{
    const char *name = getenv("API_KEYS_FILE");
    char folder[PATH_MAX];
    if (name == NULL || name[0] == '\0')
        return error_set(e, ERR_UNPROCESSABLE, "API_KEYS_FILE is not set; it names the file.");
    if (realpath(name, f->path) == NULL &&
        (errno != ENOENT || snprintf(f->path, sizeof f->path, "%s", name) >= PATH_MAX))
        return error_system(e, "find", name);
    (void)snprintf(folder, sizeof folder, "%s", f->path);
    f->folder = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->folder < 0 || flock(f->folder, LOCK_EX) != 0)
        return error_system(e, "lock the folder of", name);
    return ERR_OK;
}

/* The whole file must be right, so that nothing is lost when it is written again. */
static enum err open_file(struct key_file *f, struct error *e)
{
    struct key_set *keys = NULL;
    enum err err = find_file(f, e);
    if (err != ERR_OK)
        return err;
    if (access(f->path, F_OK) != 0 && errno == ENOENT) {
        f->tree = json_pack("{s:[]}", "keys");
    } else {
        const struct config cfg = {.api_keys_file = f->path};
        if ((err = keys_load(&cfg, NULL, &keys, e)) != ERR_OK)
            return err;
        keys_free(keys);
        f->tree = json_load_file(f->path, JSON_REJECT_DUPLICATES, NULL);
    }
    f->list = json_object_get(f->tree, "keys");
    return f->list != NULL ? ERR_OK : error_no_memory(e);
}

static void close_file(struct key_file *f)
{
    json_decref(f->tree);
    if (f->folder >= 0)
        (void)close(f->folder);
}

/* Owner and mode stay what they were. */
static bool fill(int fd, const struct key_file *f)
{
    struct stat st;
    if (stat(f->path, &st) == 0 &&
        (fchown(fd, st.st_uid, st.st_gid) != 0 || fchmod(fd, st.st_mode & 0777) != 0))
        return false;
    return json_dumpfd(f->tree, fd, JSON_INDENT(2)) == 0 && write(fd, "\n", 1) == 1 &&
           fsync(fd) == 0;
}

static enum err write_file(const struct key_file *f, struct error *e)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s.XXXXXX", f->path) >= (int)sizeof path)
        return error_set(e, ERR_UNPROCESSABLE, "The name is too long: %.100s", f->path);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return error_system(e, "make a file beside", f->path);
    bool ok = fill(fd, f);
    ok = close(fd) == 0 && ok && rename(path, f->path) == 0 && fsync(f->folder) == 0;
    if (ok)
        return ERR_OK;
    enum err err = error_system(e, "write", f->path);
    (void)unlink(path);
    return err;
}

static size_t find_id(const struct key_file *f, const char *id)
{
    size_t i = 0;
    while (i < json_array_size(f->list)) {
        const char *have = json_string_value(json_object_get(json_array_get(f->list, i), "id"));
        if (have != NULL && strcmp(have, id) == 0)
            break;
        i++;
    }
    return i;
}

/* --- new --- */

struct wish {
    const char *id, *subject;
    json_t *scopes;
    int64_t days; /* 0: for ever */
};

static bool scope_known(const char *name)
{
    return strcmp(name, "client") == 0 || strcmp(name, "task") == 0 || strcmp(name, "admin") == 0;
}

static bool read_wish(int argc, char **argv, struct wish *w)
{
    static const struct option options[] = {{"scope", required_argument, NULL, 's'},
                                            {"subject", required_argument, NULL, 'o'},
                                            {"days", required_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    int option;
    char *end = NULL;
    w->scopes = json_array();
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's' && scope_known(optarg))
            (void)json_array_append_new(w->scopes, json_string(optarg));
        else if (option == 'o')
            w->subject = optarg;
        else if (option != 'd' || (w->days = strtol(optarg, &end, 10)) < 1 || *end != '\0' ||
                 w->days > DAYS_MOST)
            return false;
    }
    if (json_array_size(w->scopes) == 0)
        (void)json_array_append_new(w->scopes, json_string("client"));
    w->id = argv[optind];
    return optind + 1 == argc;
}

static json_t *make_entry(const struct wish *w, const char *key)
{
    unsigned char hash[KEY_HASH_BYTES];
    char hex[2 * KEY_HASH_BYTES + 1], time[RFC3339_LEN + 1];
    key_hash(key, hash);
    json_t *entry =
        json_pack("{s:s,s:s,s:O}", "id", w->id, "hash",
                  sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), "scopes", w->scopes);
    rfc3339_format(clock_now_us(&system_clock) + w->days * 86400 * US_PER_S, time);
    bool ok = entry != NULL &&
              (w->subject == NULL ||
               json_object_set_new(entry, "subject", json_string(w->subject)) == 0) &&
              (w->days == 0 || json_object_set_new(entry, "expires_at", json_string(time)) == 0);
    if (!ok) {
        json_decref(entry);
        entry = NULL;
    }
    return entry;
}

/* The new file is read before it takes the old one's place: a wrong id must not stop the
 * service's next start. */
static enum err add_entry(struct key_file *f, const struct wish *w, const char *key,
                          struct error *e)
{
    json_t *entry = make_entry(w, key);
    if (entry == NULL)
        return error_set(e, ERR_INTERNAL, "Out of memory, or the name is no UTF-8.");
    struct json_at at = json_root(entry);
    enum err err = key_check_entry(&at, e);
    if (err == ERR_OK && json_array_append(f->list, entry) != 0)
        err = error_no_memory(e);
    json_decref(entry);
    return err;
}

static enum err new_key(struct key_file *f, const struct wish *w, struct error *e)
{
    unsigned char random[KEY_BYTES];
    char key[sizeof KEY_PREFIX +
             sodium_base64_ENCODED_LEN(KEY_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)] =
        KEY_PREFIX;
    size_t n = strlen(key);
    if (find_id(f, w->id) < json_array_size(f->list))
        return error_set(e, ERR_CONFLICT, "There is a key with the id %.64s; revoke it first.",
                         w->id);
    randombytes_buf(random, sizeof random);
    (void)sodium_bin2base64(key + n, sizeof key - n, random, sizeof random,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    enum err err = add_entry(f, w, key, e);
    if (err == ERR_OK)
        err = write_file(f, e);
    if (err == ERR_OK)
        (void)puts(key);
    sodium_memzero(random, sizeof random);
    sodium_memzero(key, sizeof key);
    return err;
}

/* --- list, revoke --- */

static void list_keys(const struct key_file *f)
{
    for (size_t i = 0; i < json_array_size(f->list); i++) {
        const json_t *key = json_array_get(f->list, i), *scopes = json_object_get(key, "scopes");
        const char *expires = json_string_value(json_object_get(key, "expires_at"));
        const char *subject = json_string_value(json_object_get(key, "subject"));
        const char *id = json_string_value(json_object_get(key, "id"));
        int64_t us = INT64_MAX;
        (void)printf("%s\t", id);
        for (size_t k = 0; k < json_array_size(scopes); k++)
            (void)printf("%s%s", k > 0 ? "," : "", json_string_value(json_array_get(scopes, k)));
        bool expired = expires != NULL && rfc3339_parse(expires, &us) == 0 &&
                       us <= clock_now_us(&system_clock);
        (void)printf("\t%s\t%s%s\n", subject != NULL ? subject : id,
                     expires != NULL ? expires : "never", expired ? " (expired)" : "");
    }
}

static enum err revoke_key(struct key_file *f, const char *id, struct error *e)
{
    size_t at = find_id(f, id), n = json_array_size(f->list);
    if (at == n)
        return error_set(e, ERR_NOT_FOUND, "There is no key with the id %.64s.", id);
    (void)json_array_remove(f->list, at);
    return write_file(f, e);
}

static int misused(void)
{
    (void)fputs(usage, stderr);
    return 2;
}

int keys_command(int argc, char **argv)
{
    struct wish w = {0};
    struct error e = {0};
    struct key_file f = {.folder = -1};
    const char *verb = argc > 1 ? argv[1] : "";
    bool is_new = strcmp(verb, "new") == 0, is_list = strcmp(verb, "list") == 0;
    bool is_revoke = strcmp(verb, "revoke") == 0;
    if (strcmp(verb, "--help") == 0)
        return fputs(usage, stdout) < 0;
    if ((!is_new && !is_list && !is_revoke) || (is_list && argc != 2) || (is_revoke && argc != 3))
        return misused();
    if (is_new && !read_wish(argc - 1, argv + 1, &w)) {
        json_decref(w.scopes);
        return misused();
    }
    enum err err = sodium_init() < 0 ? error_set(&e, ERR_INTERNAL, "libsodium does not start.")
                                     : open_file(&f, &e);
    if (err == ERR_OK)
        err = is_new ? new_key(&f, &w, &e) : is_revoke ? revoke_key(&f, argv[2], &e) : ERR_OK;
    if (err == ERR_OK && is_list)
        list_keys(&f);
    if (err == ERR_OK && !is_list)
        (void)fputs("A running service reads the file on SIGHUP: kill -HUP its pid, which is in "
                    "RUN_DIR/master.pid.\n",
                    stderr);
    if (err != ERR_OK)
        (void)fprintf(stderr, "pdf-ocr-api keys: %s\n", e.detail);
    close_file(&f);
    json_decref(w.scopes);
    return err == ERR_OK ? 0 : 1;
}
