"""The web page in headless Chromium, on the real stack: tests/web/scenarios.mjs."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from conftest import ROOT, SAMPLES, Stack, expected, sample
from test_join_pages import ONE as TWO_PAGES_OF_A_TABLE

WEB = ROOT / "tests" / "web"
MODULES = pathlib.Path(os.environ.get("WEB_TEST_MODULES", WEB / "node_modules"))
CHROMIUM = shutil.which("chromium")
NAMES = re.findall(r"^    async (\w+)\(browse\)", (WEB / "scenarios.mjs").read_text(), re.M)
KEYS = {"API_KEY": "web-key-0123456789abcdef", "OTHER_KEY": "web-key-fedcba9876543210"}

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or shutil.which("node") is None or not (MODULES / "playwright-core").is_dir(),
    reason="chromium, node or tests/web/node_modules (npm ci) is missing: the web page is NOT "
           "tested in a browser")


def hostile_pdf(path):
    """A table whose cells are markup."""
    cells = [["Name", "Value", "Note"], ["<script>window.hacked=1</script>", "1", "a"],
             ["<img/src=x/onerror=window.hacked=1>", "2", "b"], ["plain", "3", "c"]]
    text = "".join(f"BT /F1 9 Tf {60 + 220 * c} {700 - 24 * r} Td ({cell}) Tj ET\n"
                   for r, row in enumerate(cells) for c, cell in enumerate(row))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
               "/Resources << /Font << /F1 5 0 R >> >> >>",
               f"<< /Length {len(text)} >>\nstream\n{text}endstream",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    body = "".join(f"{i} 0 obj\n{o}\nendobj\n" for i, o in enumerate(objects, 1))
    raw = path.with_suffix(".raw")
    raw.write_text(f"%PDF-1.4\n{body}trailer << /Root 1 0 R /Size 6 >>\n%%EOF\n")
    # qpdf makes the table of offsets and warns that there was none (3).
    assert subprocess.run(["qpdf", raw, path], stderr=subprocess.DEVNULL, check=False).returncode == 3
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    keys = folder / "keys.json"
    keys.write_text(json.dumps({"keys": [
        {"id": name, "hash": hashlib.blake2b(key.encode(), digest_size=32).hexdigest(),
         "scopes": ["client"]} for name, key in KEYS.items()]}))
    for name in ("text-table", "ruled-table", "scanned", "form"):
        (folder / name).write_bytes(expected(name))
    locked = folder / "locked.pdf"
    subprocess.run(["qpdf", "--encrypt", "secret", "secret", "256", "--", sample("form"), locked],
                   check=True)
    large = folder / "large.pdf"
    with large.open("wb") as f:
        f.write(b"%PDF-1.7\n")
        f.truncate(51 << 20)
    long = folder / "long.pdf"
    subprocess.run(["qpdf", "--empty", "--pages", sample("scanned"), ",".join(["1"] * 40), "--", long],
                   check=True)
    joined = folder / "joined.pdf"
    joined.write_bytes(TWO_PAGES_OF_A_TABLE)
    stack = Stack(API_KEYS_FILE=keys)
    yield {"BASE_URL": f"https://127.0.0.1:{stack.port}", "SAMPLES": str(SAMPLES),
           "EXPECTED": str(folder), "HOSTILE_PDF": str(hostile_pdf(folder / "hostile.pdf")),
           "LOCKED_PDF": str(locked), "LONG_PDF": str(long), "JOINED_PDF": str(joined), "LARGE_PDF": str(large), "CHROMIUM": CHROMIUM, "WEB_TEST_MODULES": str(MODULES), **KEYS}
    stack.close()


def play(world, name, folder):
    return subprocess.run(["node", WEB / "scenarios.mjs", name], timeout=600, text=True,
                          env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder),
                               **world},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_browser(world, name):
    with tempfile.TemporaryDirectory(prefix="chromium-", dir="/tmp") as folder:  # short: it makes a socket there
        for _ in range(4):
            r = play(world, name, folder)
            # Chromium breaks off what it is loading when an interface of the machine comes or goes.
            if "ERR_NETWORK_CHANGED" not in r.stdout:
                break
    assert r.returncode == 0, r.stdout[-3000:]


def test_every_scenario_is_run():
    listed = subprocess.run(["node", WEB / "scenarios.mjs", "--list"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.split()
    assert listed == NAMES and len(NAMES) > 15
