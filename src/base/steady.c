#include "base/steady.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define BOOT_ID     "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX 63

static int64_t constant_us;
static bool opened;

static int64_t boot_clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

int64_t steady_us(void)
{
    return opened ? boot_clock_us() + constant_us : clock_now_us(&system_clock);
}

/* "unknown" where the file cannot be read (systemd's ProcSubset=pid). */
static void read_boot_id(char id[BOOT_ID_MAX + 1])
{
    FILE *f = fopen(BOOT_ID, "re");
    if (f == NULL || fscanf(f, "%63s", id) != 1)
        (void)snprintf(id, BOOT_ID_MAX + 1, "unknown");
    if (f != NULL)
        (void)fclose(f);
}

/* Whether the file has the constant of this boot. */
static bool read_constant(const char *path, const char *boot_id)
{
    char id[BOOT_ID_MAX + 1] = "";
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    bool ok = fscanf(f, "%63s %" SCNd64, id, &constant_us) == 2 && strcmp(id, boot_id) == 0 &&
              strcmp(id, "unknown") != 0;
    (void)fclose(f);
    return ok;
}

static enum err write_failed(const char *path, struct error *e)
{
    int code = errno;
    return error_set(e, err_of_errno(code), "Cannot write %s: %s", path, strerror(code));
}

/* Put in place whole, so that no other process reads half of it. */
static enum err write_constant(const char *path, const char *boot_id, struct error *e)
{
    char temp[512], text[128];
    int n = snprintf(text, sizeof text, "%s %" PRId64 "\n", boot_id, constant_us);
    if (snprintf(temp, sizeof temp, "%s.%ld", path, (long)getpid()) >= (int)sizeof temp)
        return error_set(e, ERR_UNPROCESSABLE, "The path is too long: %s", path);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return write_failed(temp, e);
    bool ok = write(fd, text, (size_t)n) == n;
    enum err err = ok ? ERR_OK : write_failed(temp, e);
    (void)close(fd);
    if (err == ERR_OK && rename(temp, path) != 0)
        err = write_failed(path, e);
    if (err != ERR_OK)
        (void)unlink(temp);
    return err;
}

enum err steady_open(const char *path, struct error *e)
{
    char boot_id[BOOT_ID_MAX + 1];
    enum err err = ERR_OK;
    read_boot_id(boot_id);
    if (!read_constant(path, boot_id)) {
        constant_us = clock_now_us(&system_clock) - boot_clock_us();
        err = write_constant(path, boot_id, e);
    }
    opened = err == ERR_OK;
    return err;
}
