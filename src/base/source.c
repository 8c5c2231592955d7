#include "base/source.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/steady.h"

static int64_t system_now_us(void *self)
{
    (void)self;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

static void system_random(void *self, void *out, size_t n)
{
    (void)self;
    randombytes_buf(out, n);
}

static int64_t system_steady_us(void *self)
{
    (void)self;
    return steady_us();
}

const struct source system_source = {system_now_us, system_random, NULL, system_steady_us};

int64_t source_now_us(const struct source *s)
{
    return s->now_us(s->self);
}

int64_t source_steady_us(const struct source *s)
{
    return s->steady_us != NULL ? s->steady_us(s->self) : s->now_us(s->self);
}

bool uuid_valid(const char *text)
{
    size_t n = 0;
    for (; n < UUID_LEN && text[n] != '\0'; n++) {
        bool dash = n == 8 || n == 13 || n == 18 || n == 23;
        if (dash ? text[n] != '-' : strchr("0123456789abcdef", text[n]) == NULL)
            return false;
    }
    return n == UUID_LEN && text[n] == '\0';
}

void source_uuid(const struct source *s, char out[UUID_LEN + 1])
{
    unsigned char b[16];
    s->random_bytes(s->self, b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    char hex[33];
    sodium_bin2hex(hex, sizeof hex, b, sizeof b);
    (void)snprintf(out, UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                   hex + 20);
}

void source_hex(const struct source *s, char *out, size_t n_bytes)
{
    unsigned char b[64];
    out[0] = '\0';
    for (size_t done = 0; done < n_bytes;) {
        size_t n = n_bytes - done < sizeof b ? n_bytes - done : sizeof b;
        s->random_bytes(s->self, b, n);
        sodium_bin2hex(out + 2 * done, 2 * n + 1, b, n);
        done += n;
    }
    sodium_memzero(b, sizeof b);
}

int64_t backoff_us(int64_t first_us, int64_t doublings, int64_t most_us)
{
    int64_t delay = first_us;
    for (int64_t i = 0; i < doublings && delay < most_us; i++)
        delay *= 2;
    return delay < most_us ? delay : most_us;
}

int64_t source_jitter_us(const struct source *s, int64_t us)
{
    uint64_t r;
    s->random_bytes(s->self, &r, sizeof r);
    int64_t half = us / 2;
    return us - (int64_t)(r % (uint64_t)(half + 1));
}

int64_t monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}
