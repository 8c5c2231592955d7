/* Which addresses may be called because a client names them: public ones, and those that a setting
 * allows. */
#ifndef PDF_OCR_OUTBOUND_ADDRESS_H
#define PDF_OCR_OUTBOUND_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether a, of which len bytes are known, may be called. Refused are the networks that IANA's
 * registries of special-purpose addresses (RFC 6890) do not call globally reachable: this host,
 * private, shared, loopback, link-local (with the metadata service of clouds, 169.254.169.254),
 * documentation, benchmarking, multicast, reserved and unique local ones, 6to4 and Teredo; and
 * whatever is not IPv4 or IPv6. An IPv4 address in an IPv6 one (mapped, or RFC 6052's 64:ff9b::/96)
 * is judged as itself. allowed: networks (core/networks.h) that may be called anyhow, or NULL. */
bool address_may_be_called(const struct sockaddr *a, socklen_t len, const char *allowed);

/* The same of a host as URLs have it: 192.0.2.7 (or as resolvers take it, 3221225991),
 * [2001:db8::7]. True for a name, whose addresses are judged when they are known. */
bool host_may_be_called(const char *host, const char *allowed);

#endif
