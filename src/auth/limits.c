#include "auth/limits.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

#define SETS 16384
#define WAYS 4

/* full_us: when everything will have been given back; in the past for one that is idle, so that
 * nothing is lost when its place is taken. */
struct entry {
    atomic_ullong tag;
    atomic_llong full_us;
};

struct table {
    unsigned char key[crypto_shorthash_KEYBYTES]; /* so that nobody can aim at a set */
    struct entry sets[SETS][WAYS];
};

static struct table *table;

enum err limits_setup(struct error *e)
{
    void *memory =
        mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_no_memory(e);
    table = memory;
    crypto_shorthash_keygen(table->key);
    return ERR_OK;
}

/* Two workers may race for a place; the loser's count starts anew, which harms nobody. */
static struct entry *find(const char *name)
{
    unsigned long long tag = 0;
    (void)crypto_shorthash((unsigned char *)&tag, (const unsigned char *)name, strlen(name),
                           table->key);
    struct entry *set = table->sets[tag % SETS], *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (atomic_load(&set[i].tag) == tag)
            return &set[i];
        if (atomic_load(&set[i].full_us) < atomic_load(&oldest->full_us))
            oldest = &set[i];
    }
    atomic_store(&oldest->full_us, 0);
    atomic_store(&oldest->tag, tag);
    return oldest;
}

static int64_t seconds(int64_t us)
{
    return us > 0 ? (us + US_PER_S - 1) / US_PER_S : 0;
}

static struct limit_state state_of(const struct limit *l, int64_t full_us, int64_t now_us)
{
    int64_t owed_us = full_us > now_us ? full_us - now_us : 0;
    int64_t room_us = l->burst * l->interval_us - owed_us;
    return (struct limit_state){.allowed = room_us >= l->interval_us,
                                .remaining = room_us > 0 ? room_us / l->interval_us : 0,
                                .retry_after_s = seconds(l->interval_us - room_us),
                                .reset_s = seconds(owed_us)};
}

struct limit_state limits_look(const struct limit *l, const char *name, int64_t now_us)
{
    return state_of(l, atomic_load(&find(name)->full_us), now_us);
}

struct limit_state limits_take(const struct limit *l, const char *name, int64_t now_us)
{
    struct entry *entry = find(name);
    long long full_us = atomic_load(&entry->full_us), next_us;
    do {
        struct limit_state s = state_of(l, full_us, now_us);
        if (!s.allowed)
            return s;
        next_us = (full_us > now_us ? full_us : now_us) + l->interval_us;
    } while (!atomic_compare_exchange_weak(&entry->full_us, &full_us, next_us));
    struct limit_state s = state_of(l, next_us, now_us);
    s.allowed = true;
    return s;
}

void limits_address(const char *address, char *out, size_t size)
{
    struct in6_addr six;
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, address, &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six)) {
        (void)snprintf(out, size, "%s", address);
        return;
    }
    memset(&six.s6_addr[8], 0, 8);
    (void)snprintf(out, size, "%s/64",
                   inet_ntop(AF_INET6, &six, text, sizeof text) != NULL ? text : address);
}
