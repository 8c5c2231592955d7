#include "process/deferred.h"

#include <fastcgi.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct deferred deferred_take(FCGX_Request *cgi)
{
    struct deferred d = {cgi->ipcFd, cgi->requestId};
    FCGX_Free(cgi, 0);
    cgi->ipcFd = -1;
    return d;
}

static FCGI_Header header(const struct deferred *d, int type, size_t n)
{
    return (FCGI_Header){.version = FCGI_VERSION_1,
                         .type = (unsigned char)type,
                         .requestIdB1 = (unsigned char)(d->id >> 8),
                         .requestIdB0 = (unsigned char)d->id,
                         .contentLengthB1 = (unsigned char)(n >> 8),
                         .contentLengthB0 = (unsigned char)n};
}

bool deferred_send(const struct deferred *d, const char *text, size_t n, bool last)
{
    FCGI_Header text_header = header(d, FCGI_STDOUT, n), end_of_text = header(d, FCGI_STDOUT, 0);
    FCGI_EndRequestRecord end = {.header = header(d, FCGI_END_REQUEST, sizeof(FCGI_EndRequestBody)),
                                 .body = {.protocolStatus = FCGI_REQUEST_COMPLETE}};
    struct iovec parts[4];
    struct msghdr m = {.msg_iov = parts};
    size_t size = 0;
    if (n > 0) {
        parts[m.msg_iovlen++] = (struct iovec){&text_header, sizeof text_header};
        parts[m.msg_iovlen++] = (struct iovec){(char *)text, n};
    }
    if (last) {
        parts[m.msg_iovlen++] = (struct iovec){&end_of_text, sizeof end_of_text};
        parts[m.msg_iovlen++] = (struct iovec){&end, sizeof end};
    }
    for (size_t i = 0; i < m.msg_iovlen; i++)
        size += parts[i].iov_len;
    ssize_t sent = sendmsg(d->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0 && (size_t)sent < size) /* half a record: nothing can follow it */
        (void)shutdown(d->fd, SHUT_RDWR);
    return sent == (ssize_t)size;
}

void deferred_close(struct deferred *d)
{
    if (d->fd >= 0)
        (void)close(d->fd);
    d->fd = -1;
}
