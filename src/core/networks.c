#include "core/networks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define V4_AT 12 /* where the IPv4 address lies in the one that maps it */

static bool read_address(const char *text, struct network *out, int *most_bits)
{
    memset(out, 0, sizeof *out);
    *most_bits = 128;
    if (inet_pton(AF_INET6, text, out->address) == 1)
        return true;
    *most_bits = 32;
    memset(out->address + V4_AT - 2, 0xFF, 2);
    return inet_pton(AF_INET, text, out->address + V4_AT) == 1;
}

bool network_read(const char *text, size_t n, struct network *out)
{
    char copy[INET6_ADDRSTRLEN + sizeof "/128"], *end = NULL;
    int most_bits;
    if (n >= sizeof copy)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    char *slash = strchr(copy, '/');
    if (slash != NULL)
        *slash = '\0';
    if (!read_address(copy, out, &most_bits))
        return false;
    long bits = slash != NULL ? strtol(slash + 1, &end, 10) : most_bits;
    out->bits = 128 - most_bits + (int)bits;
    return slash == NULL ||
           (slash[1] >= '0' && slash[1] <= '9' && *end == '\0' && bits >= 0 && bits <= most_bits);
}

bool network_holds(const struct network *w, const unsigned char address[NETWORK_ADDRESS_BYTES])
{
    size_t whole = (size_t)w->bits / 8;
    unsigned rest = (unsigned)w->bits % 8;
    return memcmp(w->address, address, whole) == 0 &&
           (rest == 0 || ((w->address[whole] ^ address[whole]) >> (8 - rest)) == 0);
}

bool networks_hold(const char *list, const unsigned char address[NETWORK_ADDRESS_BYTES])
{
    struct network w;
    bool held = list != NULL && strcmp(list, "any") == 0;
    for (const char *at = list; !held && at != NULL && *at != '\0';) {
        size_t n = strcspn(at, ",");
        held = network_read(at, n, &w) && network_holds(&w, address);
        at += n + (at[n] == ',');
    }
    return held;
}
