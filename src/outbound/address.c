#include "outbound/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/networks.h"

#define V4_AT 12

static const char not_public[] =
    "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,"
    "192.0.2.0/24,192.88.99.0/24,192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,"
    "224.0.0.0/4,240.0.0.0/4,2001::/23,2001:db8::/32,2002::/16,3fff::/20";

/* Nothing else is assigned for use in the Internet (RFC 4291, 2.4), but for IPv4's addresses. */
static const char global[] = "2000::/3,0.0.0.0/0";

static const unsigned char nat64[V4_AT] = {0x00, 0x64, 0xFF, 0x9B};
static const unsigned char mapped[V4_AT] = {[10] = 0xFF, [11] = 0xFF};

static bool may_be_called(unsigned char address[NETWORK_ADDRESS_BYTES], const char *allowed)
{
    if (memcmp(address, nat64, sizeof nat64) == 0)
        memcpy(address, mapped, sizeof mapped);
    return networks_hold(allowed, address) ||
           (networks_hold(global, address) && !networks_hold(not_public, address));
}

bool address_may_be_called(const struct sockaddr *a, socklen_t len, const char *allowed)
{
    unsigned char address[NETWORK_ADDRESS_BYTES];
    if (a->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 six;
        memcpy(&six, a, sizeof six);
        memcpy(address, &six.sin6_addr, sizeof address);
    } else if (a->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in four;
        memcpy(&four, a, sizeof four);
        memcpy(address, mapped, sizeof mapped);
        memcpy(address + V4_AT, &four.sin_addr, sizeof four.sin_addr);
    } else {
        return false;
    }
    return may_be_called(address, allowed);
}

/* inet_aton() takes whatever a resolver takes for an address: 127.1, 0x7f000001, 2130706433. */
bool host_may_be_called(const char *host, const char *allowed)
{
    struct network w;
    struct sockaddr_in four = {.sin_family = AF_INET};
    size_t n = strlen(host);
    bool six = n > 2 && host[0] == '[' && host[n - 1] == ']';
    if (inet_aton(host, &four.sin_addr) != 0)
        return address_may_be_called((const struct sockaddr *)&four, sizeof four, allowed);
    return !network_read(six ? host + 1 : host, six ? n - 2 : n, &w) ||
           may_be_called(w.address, allowed);
}
