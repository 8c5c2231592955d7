#include "process/turns.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define PLACES (INT64_C(1) << 62)

enum err turns_open(const char *path, int *fd, struct error *e)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *fd >= 0 ? ERR_OK : error_system(e, "open", path);
}

static int lock(int fd, const char *client, short type)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    uint64_t place;
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)client, strlen(client), NULL,
                             0);
    memcpy(&place, hash, sizeof place);
    struct flock f = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(place % PLACES), .l_len = 1};
    return fcntl(fd, F_SETLK, &f);
}

bool turn_take(int fd, const char *client)
{
    return lock(fd, client, F_WRLCK) == 0;
}

void turn_give(int fd, const char *client)
{
    (void)lock(fd, client, F_UNLCK);
}
