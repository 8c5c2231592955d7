#include "process/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#define STALL_S 2  /* a peer that stops in the middle of a request, and holds up the others */
#define FULL_MS 20 /* before the next try when there are no descriptors left */

int connection_accept(int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        struct timespec pause = {0, FULL_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    return fd;
}

/* libfcgi would accept by itself, and close a new connection at FCGX_Accept_r's first step; the
 * descriptor is put in place here and marked as kept. */
int connection_prepare(FCGX_Request *cgi, int fd)
{
    struct timeval stall = {STALL_S, 0};
    if (FCGX_InitRequest(cgi, -1, FCGI_FAIL_ACCEPT_ON_INTR) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof stall) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof stall) != 0)
        return -1;
    cgi->ipcFd = fd;
    cgi->keepConnection = 1;
    cgi->detached = 1; /* else libfcgi waits for the peer when it closes, up to 2 s */
    return 0;
}
