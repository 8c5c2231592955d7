/* How often somebody may do something, counted in memory shared by all workers.
 *
 * The generic cell rate algorithm (ITU-T I.371): one time for each name, no timers. A name is
 * somebody and what is counted ("key a", "guess 192.0.2.1"). The table has a fixed size: among
 * very many names the one that has been idle longest is forgotten.
 */
#ifndef PDF_OCR_AUTH_LIMITS_H
#define PDF_OCR_AUTH_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct limit {
    int64_t interval_us; /* one is given back so often, > 0 */
    int64_t burst;       /* so many may come at once, > 0 */
};

struct limit_state {
    bool allowed;
    int64_t remaining;
    int64_t retry_after_s; /* when one is allowed again; 0 when it is now */
    int64_t reset_s;       /* when all are there again */
};

/* Maps the shared memory; called by the master before it forks. */
enum err limits_setup(struct error *e);

/* Takes one, if there is one. now_us: monotonic. */
struct limit_state limits_take(const struct limit *l, const char *name, int64_t now_us);

/* Looks without taking. */
struct limit_state limits_look(const struct limit *l, const char *name, int64_t now_us);

/* Writes to out (size bytes) whom an address stands for: itself, or the /64 of an IPv6 address,
 * which is what one subscriber gets (RFC 6177). */
void limits_address(const char *address, char *out, size_t size);

#endif
