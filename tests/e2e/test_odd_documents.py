"""Documents that are damaged or odd, and that readers of PDFs show all the same."""
import json
import subprocess

import pytest
from conftest import BUILD, READERS
from made_pdf import pdf, shown

PLAIN = pdf(shown(60, 700, "plain words"))
TABLE = PLAIN.rindex(b"xref\n0")
ODD = {
    "bytes before the header": b"junk\n" * 100 + PLAIN,
    "bytes after the end": PLAIN + b"\0" * 5000,
    "no header": PLAIN[9:],
    "header of an unknown version": PLAIN.replace(b"%PDF-1.7", b"%PDF-9.9"),
    "table of offsets elsewhere": PLAIN[:PLAIN.rindex(b"startxref")] + b"startxref\n99999\n%%EOF\n",
    "no table of offsets": PLAIN[:TABLE] + b"trailer << /Root 1 0 R >>\n",
    "count of pages too large": PLAIN.replace(b"/Count 1", b"/Count 7"),
    "page that is missing": PLAIN.replace(b"/Kids [3 0 R] /Count 1", b"/Kids [99 0 R 3 0 R] /Count 2"),
    "page tree that holds itself": PLAIN.replace(b"/Kids [3 0 R] /Count 1", b"/Kids [3 0 R 2 0 R] /Count 2"),
    "length of a stream wrong": PLAIN.replace(b"/Length ", b"/Length 9"),
    "annotations of no kind": pdf(shown(60, 700, "plain words"), extra=b"/Annots [null 5 << /Subtype /Link >>]"),
    "form of no kind": PLAIN.replace(b"/AcroForm <<", b"/AcroForm 7 /X <<"),
    "layers of no kind": PLAIN.replace(b"/Type /Catalog", b"/Type /Catalog /OCProperties << /OCGs [null] /D null >>"),
}


@pytest.mark.parametrize("kind", ODD)
def test_words_are_read(tmp_path, kind):
    (tmp_path / "a.pdf").write_bytes(ODD[kind])
    made = subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", "--format", "json", tmp_path / "a.pdf",
                           "--type", "text", "--page", "1", "--region", "0,0,1,1"], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=READERS)
    assert made.returncode == 0, made.stderr
    assert "plain words" in json.loads(made.stdout)["regions"][0]["text"]
