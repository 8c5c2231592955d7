/* Addresses and networks as settings give them: 192.0.2.7, 10.0.0.0/8, fd00::/8. */
#ifndef PDF_OCR_CORE_NETWORKS_H
#define PDF_OCR_CORE_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>

#define NETWORK_ADDRESS_BYTES 16

/* An IPv4 address is kept as the IPv6 one that maps it, ::ffff:192.0.2.7 (RFC 4291, 2.5.5.2). */
struct network {
    unsigned char address[NETWORK_ADDRESS_BYTES];
    int bits; /* of address, those that count: 0 to 128 */
};

/* Reads the n bytes at text: an address, or one with a prefix's length. False: neither. */
bool network_read(const char *text, size_t n, struct network *out);

bool network_holds(const struct network *w, const unsigned char address[NETWORK_ADDRESS_BYTES]);

/* Whether one of a comma separated list does; "any" holds all. A NULL list holds none. */
bool networks_hold(const char *list, const unsigned char address[NETWORK_ADDRESS_BYTES]);

#endif
