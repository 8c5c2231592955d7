"""JSON as BigQuery's JSON columns keep it: members sorted, numbers in the digits of ZetaSQL's JSON library.

PARSE_JSON refuses a number whose digits are another number than those, unless it is to round.
"""
import decimal
import functools
import json
import math
import struct


def power(k):
    """10^k as 64 bits, rounded, and a power of two."""
    exponent = (k * 217706 >> 16) - 63
    top, bottom = (10 ** k, 1) if k >= 0 else (1, 10 ** -k)
    top, bottom = (top << -exponent, bottom) if exponent < 0 else (top, bottom << exponent)
    return (2 * top + bottom) // (2 * bottom), exponent


POWERS = {k: power(k) for k in range(-300, 325, 8)}


@functools.lru_cache(1 << 20)
def grisu2(value):
    """The digits of a positive double as the JSON library of ZetaSQL gives them, and where the point is."""
    bits, = struct.unpack('>Q', struct.pack('>d', value))
    biased, fraction = bits >> 52, bits & (1 << 52) - 1
    f, e = (fraction | 1 << 52, biased - 1075) if biased else (fraction, -1074)
    plus = 2 * f + 1
    shift = 64 - plus.bit_length()
    minus = 2 * plus - 3 if fraction == 0 and biased > 1 else 2 * plus - 4  # in quarters
    bounds, exponent = [plus << shift, f << shift + 1, minus << shift >> 1], e - 1 - shift
    f = -61 - exponent
    k = (300 + int(f * 78913 / (1 << 18)) + (f > 0) + 7) // 8 * 8 - 300
    scale, scale_exponent = POWERS[k]
    high, middle, low = ((b * scale + (1 << 63)) >> 64 for b in bounds)
    high, low, fraction_bits = high - 1, low + 1, -(exponent + scale_exponent + 64)
    delta, distance, one = high - low, high - middle, 1 << fraction_bits
    digits, rest, unit, ten = '', high, 10 ** (len(str(high >> fraction_bits)) - 1) << fraction_bits, 0
    place = len(str(high >> fraction_bits))
    while True:
        if unit >= one:
            digit, rest = divmod(rest, unit)
            ten, unit = unit, unit // 10 if unit > one else 0
        else:
            rest, delta, distance, ten = rest * 10, delta * 10, distance * 10, one
            digit, rest = divmod(rest, one)
        digits += str(digit)
        if rest <= delta:
            break
    last = int(digits[-1])
    while rest < distance and delta - rest >= ten and (rest + ten < distance or distance - rest > rest + ten - distance):
        last, rest = last - 1, rest + ten
    return digits[:-1] + str(last), place - k


def number(value):
    """A double as ZetaSQL writes it: plain from 1e-4 to below 1e15, else with an exponent of two digits at least."""
    digits, point = ('0', 1) if value == 0 else grisu2(abs(value))
    if len(digits) <= point <= 15:
        body = digits + '0' * (point - len(digits)) + '.0'
    elif 0 < point <= 15:
        body = digits[:point] + '.' + digits[point:]
    elif -4 < point <= 0:
        body = '0.' + '0' * -point + digits
    else:
        power = point - 1
        body = digits[0] + ('.' + digits[1:] if digits[1:] else '') + f'e{"-" if power < 0 else "+"}{abs(power):02d}'
    return ('-' if math.copysign(1, value) < 0 else '') + body


def normal(value):
    """The text of a JSON value in a JSON column."""
    if isinstance(value, dict):
        return '{' + ','.join(normal(k) + ':' + normal(v) for k, v in
                              sorted(value.items(), key=lambda item: item[0].encode())) + '}'
    if isinstance(value, list):
        return '[' + ','.join(map(normal, value)) + ']'
    if isinstance(value, float):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def parse(text, rounding=False):
    """PARSE_JSON, in the form of a JSON column; ValueError where it refuses the text."""
    usual = True

    def real(digits):
        nonlocal usual
        value = float(digits)
        if math.isinf(value):
            raise ValueError(f'Input number: {digits} is out of range')
        written = number(value)
        usual = usual and written == repr(value)
        if not rounding and digits != written and decimal.Decimal(digits) != decimal.Decimal(written):
            raise ValueError(f'Input number: {digits} cannot round-trip through string representation')
        return value
    value = json.loads(text, parse_float=real)
    # Python writes usual numbers as ZetaSQL does, and members in the same order, but many times as fast as normal().
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(',', ':')) if usual else normal(value)
