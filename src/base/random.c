#include "base/random.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void random_uuid(char out[UUID_LEN + 1])
{
    unsigned char b[16];
    randombytes_buf(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    char hex[33];
    sodium_bin2hex(hex, sizeof hex, b, sizeof b);
    (void)snprintf(out, UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                   hex + 20);
}

void uuid_of_texts(const char *a, const char *b, char out[UUID_LEN + 1])
{
    unsigned char hash[16];
    char hex[2 * sizeof hash + 1];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof hash);
    (void)crypto_generichash_update(&state, (const unsigned char *)a, strlen(a) + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)b, strlen(b));
    (void)crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)snprintf(out, UUID_LEN + 1, "%.8s-%.4s-8%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13,
                   hex + 17, hex + 20);
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

void random_hex(char *out, size_t n_bytes)
{
    unsigned char b[64];
    out[0] = '\0';
    for (size_t done = 0; done < n_bytes;) {
        size_t n = n_bytes - done < sizeof b ? n_bytes - done : sizeof b;
        randombytes_buf(b, n);
        sodium_bin2hex(out + 2 * done, 2 * n + 1, b, n);
        done += n;
    }
    sodium_memzero(b, sizeof b);
}

/* Uniformly in [0, us]. */
static int64_t draw_us(int64_t us)
{
    uint64_t drawn;
    randombytes_buf(&drawn, sizeof drawn);
    return (int64_t)(drawn % ((uint64_t)us + 1));
}

int64_t random_jitter_us(int64_t us)
{
    return us - draw_us(us / 2);
}

int64_t random_full_jitter_us(int64_t us)
{
    return draw_us(us);
}
