/* Starting a program that is to have as little as possible. */
#ifndef PDF_OCR_BASE_SPAWN_H
#define PDF_OCR_BASE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#define SPAWN_FDS_MAX 8

/* Starts argv[0], a path, with the descriptors fds[0 .. n-1] as its 0 .. n-1 (-1: /dev/null), an
 * empty environment and nothing else of this process's. argv ends in NULL; n is at most
 * SPAWN_FDS_MAX; the descriptors stay the caller's. Returns 0 and the child in *pid, or the errno.
 */
int spawn_bare(const char *const argv[], const int *fds, size_t n, pid_t *pid);

/* pipe2(2) close-on-exec. Returns 0, or the errno, and both ends are then -1. */
int spawn_pipe(int ends[2]);

/* Closes a descriptor that may be -1 and makes it that. */
void spawn_close(int *fd);

#endif
