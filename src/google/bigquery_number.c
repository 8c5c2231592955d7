/* Grisu2: F. Loitsch, Printing Floating-Point Numbers Quickly and Accurately with Integers,
 * PLDI 2010, with the scale of powers that ZetaSQL's JSON library takes. It gives some numbers
 * more digits than are needed, and which ones depends on that scale. */
#include "google/bigquery_number.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_MAX   17
#define POWER_FIRST  (-300)
#define POWER_STEP   8
#define POWER_BINARY 64    /* bits of a power's significand */
#define ALPHA        (-60) /* the least exponent of a scaled number; it is at most -32 */

/* 10^-300, 10^-292 to 10^324: the first 64 bits, rounded. */
static const uint64_t powers[] = {
    0xab70fe17c79ac6ca, 0xff77b1fcbebcdc4f, 0xbe5691ef416bd60c, 0x8dd01fad907ffc3c,
    0xd3515c2831559a83, 0x9d71ac8fada6c9b5, 0xea9c227723ee8bcb, 0xaecc49914078536d,
    0x823c12795db6ce57, 0xc21094364dfb5637, 0x9096ea6f3848984f, 0xd77485cb25823ac7,
    0xa086cfcd97bf97f4, 0xef340a98172aace5, 0xb23867fb2a35b28e, 0x84c8d4dfd2c63f3b,
    0xc5dd44271ad3cdba, 0x936b9fcebb25c996, 0xdbac6c247d62a584, 0xa3ab66580d5fdaf6,
    0xf3e2f893dec3f126, 0xb5b5ada8aaff80b8, 0x87625f056c7c4a8b, 0xc9bcff6034c13053,
    0x964e858c91ba2655, 0xdff9772470297ebd, 0xa6dfbd9fb8e5b88f, 0xf8a95fcf88747d94,
    0xb94470938fa89bcf, 0x8a08f0f8bf0f156b, 0xcdb02555653131b6, 0x993fe2c6d07b7fac,
    0xe45c10c42a2b3b06, 0xaa242499697392d3, 0xfd87b5f28300ca0e, 0xbce5086492111aeb,
    0x8cbccc096f5088cc, 0xd1b71758e219652c, 0x9c40000000000000, 0xe8d4a51000000000,
    0xad78ebc5ac620000, 0x813f3978f8940984, 0xc097ce7bc90715b3, 0x8f7e32ce7bea5c70,
    0xd5d238a4abe98068, 0x9f4f2726179a2245, 0xed63a231d4c4fb27, 0xb0de65388cc8ada8,
    0x83c7088e1aab65db, 0xc45d1df942711d9a, 0x924d692ca61be758, 0xda01ee641a708dea,
    0xa26da3999aef774a, 0xf209787bb47d6b85, 0xb454e4a179dd1877, 0x865b86925b9bc5c2,
    0xc83553c5c8965d3d, 0x952ab45cfa97a0b3, 0xde469fbd99a05fe3, 0xa59bc234db398c25,
    0xf6c69a72a3989f5c, 0xb7dcbf5354e9bece, 0x88fcf317f22241e2, 0xcc20ce9bd35c78a5,
    0x98165af37b2153df, 0xe2a0b5dc971f303a, 0xa8d9d1535ce3b396, 0xfb9b7cd9a4a7443c,
    0xbb764c4ca7a44410, 0x8bab8eefb6409c1a, 0xd01fef10a657842c, 0x9b10a4e5e9913129,
    0xe7109bfba19c0c9d, 0xac2820d9623bf429, 0x80444b5e7aa7cf85, 0xbf21e44003acdd2d,
    0x8e679c2f5e44ff8f, 0xd433179d9c8cb841, 0x9e19db92b4e31ba9,
};

/* significand * 2^exponent */
struct binary {
    uint64_t significand;
    int exponent;
};

/* digits * 10^exponent */
struct decimal {
    char digits[DIGITS_MAX + 1];
    int len, exponent;
};

/* A scaled number's upper bound, and how far the number and the lower bound are below it, in units
 * of 2^exponent. */
struct range {
    uint64_t top, to_number, to_bottom;
    int bits; /* of the fraction: -exponent */
};

static struct binary normalized(struct binary x)
{
    int shift = __builtin_clzll(x.significand);
    return (struct binary){x.significand << shift, x.exponent - shift};
}

/* The upper 64 bits of the product, rounded. */
static struct binary product(struct binary x, struct binary y)
{
    uint64_t xl = x.significand & UINT32_MAX, xh = x.significand >> 32;
    uint64_t yl = y.significand & UINT32_MAX, yh = y.significand >> 32;
    uint64_t a = xl * yh, b = xh * yl;
    uint64_t middle = (xl * yl >> 32) + (a & UINT32_MAX) + (b & UINT32_MAX) + (UINT64_C(1) << 31);
    return (struct binary){xh * yh + (a >> 32) + (b >> 32) + (middle >> 32),
                           x.exponent + y.exponent + POWER_BINARY};
}

/* The power of ten that brings a normalized number of this exponent to 2^-60 to 2^-32. */
static struct binary power_for(int exponent, int *decimal)
{
    int f = ALPHA - exponent - 1;
    int k = f * 78913 / (1 << 18) + (f > 0); /* log10(2) * 2^18 */
    int i = (k - POWER_FIRST + POWER_STEP - 1) / POWER_STEP;
    *decimal = POWER_FIRST + i * POWER_STEP;
    double binary = floor(*decimal * 3.321928094887362); /* log2(10) */
    return (struct binary){powers[i], (int)binary - POWER_BINARY + 1};
}

/* The range of what reads back as number, scaled by a power of ten, one unit less at both ends for
 * the power's error. Returns the power's exponent. */
static int scaled_range(double number, struct range *out)
{
    uint64_t bits;
    int decimal;
    memcpy(&bits, &number, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int biased = (int)(bits >> 52);
    struct binary v = {biased == 0 ? fraction : fraction | UINT64_C(1) << 52,
                       (biased == 0 ? 1 : biased) - 1075};
    bool closer = fraction == 0 && biased > 1; /* a power of two has its neighbour below nearer */
    struct binary top = normalized((struct binary){2 * v.significand + 1, v.exponent - 1});
    struct binary bottom = closer ? (struct binary){4 * v.significand - 1, v.exponent - 2}
                                  : (struct binary){2 * v.significand - 1, v.exponent - 1};
    bottom.significand <<= bottom.exponent - top.exponent;
    bottom.exponent = top.exponent;
    struct binary power = power_for(top.exponent, &decimal);
    struct binary scaled = product(top, power);
    out->top = scaled.significand - 1;
    out->to_number = out->top - product(normalized(v), power).significand;
    out->to_bottom = out->top - (product(bottom, power).significand + 1);
    out->bits = -scaled.exponent;
    return decimal;
}

/* Lowers the last digit while that brings the digits nearer to the number. rest: how far they are
 * below the top; unit: what one of the last digit is. */
static void approach(struct decimal *d, const struct range *r, uint64_t rest, uint64_t unit)
{
    while (rest < r->to_number && r->to_bottom - rest >= unit &&
           (rest + unit < r->to_number || r->to_number - rest > rest + unit - r->to_number)) {
        d->digits[d->len - 1]--;
        rest += unit;
    }
}

static void put_digit(struct decimal *d, uint64_t digit)
{
    d->digits[d->len++] = (char)('0' + digit);
}

/* The digits of the top, from the left, until what is left out is less than the range. */
static struct decimal digits_of(struct range r)
{
    struct decimal d = {.len = 0};
    uint64_t mask = (UINT64_C(1) << r.bits) - 1, whole = r.top >> r.bits, rest = r.top & mask;
    uint64_t unit = 1;
    while (whole / unit >= 10) {
        unit *= 10;
        d.exponent++;
    }
    for (;; unit /= 10, d.exponent--) {
        put_digit(&d, whole / unit);
        whole %= unit;
        uint64_t left = (whole << r.bits) + rest;
        if (left <= r.to_bottom) {
            approach(&d, &r, left, unit << r.bits);
            return d;
        }
        if (unit == 1)
            break;
    }
    do {
        rest *= 10;
        put_digit(&d, rest >> r.bits);
        rest &= mask;
        r.to_bottom *= 10;
        r.to_number *= 10;
        d.exponent--;
    } while (rest > r.to_bottom);
    approach(&d, &r, rest, UINT64_C(1) << r.bits);
    return d;
}

/* Plain notation from 1e-4 to below 1e15; else an exponent. */
static void put_decimal(struct buffer *out, const struct decimal *d)
{
    int point = d->len + d->exponent; /* digits before the point */
    int exponent = point - 1;
    if (d->len <= point && point <= 15)
        buffer_printf(out, "%s%.*s.0", d->digits, point - d->len, "000000000000000");
    else if (0 < point && point <= 15)
        buffer_printf(out, "%.*s.%s", point, d->digits, d->digits + point);
    else if (-4 < point && point <= 0)
        buffer_printf(out, "0.%.*s%s", -point, "0000", d->digits);
    else
        buffer_printf(out, "%.1s%s%se%c%02d", d->digits, d->len > 1 ? "." : "", d->digits + 1,
                      exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

void bigquery_put_number(struct buffer *out, double number)
{
    struct decimal d = {.digits = "0", .len = 1};
    struct range r;
    if (signbit(number))
        buffer_puts(out, "-");
    if (fpclassify(number) != FP_ZERO) {
        int decimal = scaled_range(fabs(number), &r);
        d = digits_of(r);
        d.exponent -= decimal;
    }
    put_decimal(out, &d);
}
