#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Every right of the first version of Landlock; what is not granted below is gone. */
#define HANDLED ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static int allow_reading(int ruleset, const char *path)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = READ};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) /* not on this machine */
        return 0;
    long failed = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    (void)close(rule.parent_fd);
    return failed != 0 ? -1 : 0;
}

int sandbox_landlock(bool fonts)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = HANDLED};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0)
        return 0;
    int result = 1;
    for (size_t i = 0; fonts && result == 1 && sandbox_font_folders[i] != NULL; i++)
        if (allow_reading(ruleset, sandbox_font_folders[i]) != 0)
            result = -1;
    if (result == 1 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        result = -1;
    (void)close(ruleset);
    return result;
}

const char *sandbox_mode(void)
{
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? "landlock, seccomp" : "seccomp, fonts opened before";
}
#else
int sandbox_landlock(bool fonts)
{
    (void)fonts;
    return 0;
}

const char *sandbox_mode(void)
{
    return "seccomp, fonts opened before";
}
#endif
