#include "app/process_limits.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define FORM_FRAME_BYTES 65536 /* what nginx takes beyond the file */
#define DATABASE_BYTES   (INT64_C(64) << 20)
#define FILES_MIN        256

static enum err check_one(int resource, int64_t least, const char *what, const char *how,
                          struct error *e)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return error_set(e, ERR_UNAVAILABLE, "getrlimit: %s", strerror(errno));
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= (rlim_t)least)
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE,
                     "The limit of %s is %llu here; at least %" PRId64 " are needed (%s).", what,
                     (unsigned long long)limit.rlim_cur, least, how);
}

enum err process_limits_check(const struct config *cfg, struct error *e)
{
    int64_t file_bytes = cfg->max_upload_bytes + FORM_FRAME_BYTES;
    enum err err =
        check_one(RLIMIT_FSIZE, file_bytes > DATABASE_BYTES ? file_bytes : DATABASE_BYTES,
                  "bytes in a file", "ulimit -f, LimitFSIZE=", e);
    return err == ERR_OK
               ? check_one(RLIMIT_NOFILE, FILES_MIN, "open files", "ulimit -n, LimitNOFILE=", e)
               : err;
}

enum err process_limits_keep_secrets(struct error *e)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return error_set(e, ERR_UNAVAILABLE, "RLIMIT_CORE: %s", strerror(errno));
#ifndef __SANITIZE_ADDRESS__ /* its search for leaks looks at the process from outside */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return error_set(e, ERR_UNAVAILABLE, "PR_SET_DUMPABLE: %s", strerror(errno));
#endif
    return ERR_OK;
}
