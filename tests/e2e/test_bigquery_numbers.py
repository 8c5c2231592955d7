"""The numbers of JSON columns, judged by Google's own SQL engine."""
import json
import os
import pathlib
import random
import struct
import subprocess
import sys

import pytest
from conftest import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests" / "google"))
import bigquery_json  # noqa: E402

ZETASQL = pathlib.Path(os.environ.get("ZETASQL_MODULES") or ROOT / "build-check" / "zetasql" / "node_modules")


def neighbours(value, n):
    bits, = struct.unpack(">q", struct.pack(">d", value))
    return [struct.unpack(">d", struct.pack(">q", bits + i))[0] for i in range(-n, n + 1)]


def numbers():
    """Every power of ten, the neighbourhood of 2^53 and of other edges, and 100,000 numbers by chance."""
    dice = random.Random(20)
    found = [float(f"1e{k}") for k in range(-323, 309)] + [0.0, 0.554174, 6033.618516, 5e-324, 2.2250738585072014e-308]
    for edge in (2.0 ** 53, 2.0 ** 63, 2.0 ** 64, 1e15, 1e-4, 2.2250738585072014e-308, 1.0, 0.1):
        found += neighbours(edge, 60)
    found += [2.0 ** k for k in range(-1074, 1024)]
    while len(found) < 60_000:  # ordinary ones, of few digits
        found.append(round(dice.uniform(0, 10 ** dice.randrange(5)), dice.randrange(1, 9)))
    while len(found) < 80_000:
        found.append(dice.random())
    while len(found) < 105_000:  # any bits
        value, = struct.unpack(">d", dice.randbytes(8))
        if value - value == 0:
            found.append(value)
    return found + [-v for v in found[:5000]]


@pytest.fixture(scope="module")
def printed():
    r = subprocess.run([str(BUILD / "print_numbers")], input="\n".join(map(float.hex, numbers())) + "\n", text=True,
                       capture_output=True, timeout=600, check=True)
    return r.stdout.split()


def test_every_number_reads_back_as_it_was(printed):
    assert list(map(float.hex, map(float, printed))) == list(map(float.hex, numbers()))


def test_google_takes_every_number_and_gives_it_back_as_it_was_written(printed):
    if not ZETASQL.exists():
        pytest.skip("the npm package of ZetaSQL is not installed: the numbers are NOT judged by Google's engine")
    lists = ["[" + ",".join(printed[i:i + 500]) + "]" for i in range(0, len(printed), 500)]
    r = subprocess.run(["node", str(ROOT / "tests" / "google" / "zetasql.cjs"), str(ZETASQL)], text=True, timeout=600,
                       input=json.dumps({"tables": {}, "analyze": [], "evaluate": [
                           f"TO_JSON_STRING(PARSE_JSON('{text}'))" for text in lists]}), capture_output=True)
    assert r.returncode == 0, r.stderr
    assert json.loads(r.stdout)["evaluate"] == [{"value": text} for text in lists]


def test_the_stand_in_writes_the_same_numbers(printed):
    assert [bigquery_json.number(v) for v in numbers()] == printed


@pytest.mark.parametrize("text", ["0.554174", "6033.618516", "1e+23", "0.55417400000000004"])
def test_the_stand_in_refuses_what_google_refuses(text):
    with pytest.raises(ValueError, match="round-trip"):
        bigquery_json.parse(text)
    assert bigquery_json.parse(text, rounding=True) in ("0.5541740000000001", "6033.6185160000005", "9.999999999999999e+22")
