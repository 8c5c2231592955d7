"""Text that is drawn by way of something: letters of Type 3 fonts, forms within forms, patterns."""
import json
import subprocess

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from conftest import BUILD, READERS
from made_pdf import joined, shown

LINES = ["The cooperative met in the upper valley", "and agreed on the price of barley and oats",
         "for the coming season, as in every year."]
LETTERS = sorted(set("".join(LINES)))
NAMES = {" ": "space", ",": "comma", ".": "period"}


@pytest.fixture(name="read")
def command(tmp_path):
    def read(data, *options):
        (tmp_path / "a.pdf").write_bytes(data)
        return json.loads(subprocess.run(
            [BUILD / "pdf-ocr-extract", "--quiet", "--format", "json", *options, "--type", "text", "--page", "1",
             "--region", "0,0,1,1", tmp_path / "a.pdf"], check=True, stdout=subprocess.PIPE,
            env=READERS).stdout)["regions"][0]
    return read


def text(region):
    return " ".join(region["text"].split())


def stream(content, entries=b""):
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def page(content, resources, objects):
    return joined({
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << %s >> >>" % resources,
        4: stream(content),
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>", **objects})


# --- Type 3: letters that are drawings ---

def type3(first, names, to_unicode):
    """The lines in a font whose letters have codes from first on and names; each draws one of Helvetica."""
    widths = [stringWidth(c, "Helvetica", 1000) for c in LETTERS]
    procs = b" ".join(b"/%s %d 0 R" % (name.encode(), 20 + i) for i, name in enumerate(names))
    font = (b"<< /Type /Font /Subtype /Type3 /FontBBox [0 -250 1000 1000] /FontMatrix [.001 0 0 .001 0 0] "
            b"/FirstChar %d /LastChar %d /Widths [%s] /Encoding << /Type /Encoding /Differences [%d %s] >> "
            b"/CharProcs << %s >> /Resources << /Font << /F1 5 0 R >> >> %s >>"
            % (first, first + len(LETTERS) - 1, b" ".join(b"%g" % w for w in widths), first,
               b" ".join(b"/" + name.encode() for name in names), procs,
               b"/ToUnicode 7 0 R" if to_unicode else b""))
    objects = {20 + i: stream(b"%g 0 d0 " % w + shown(0, 0, c, 1000))
               for i, (c, w) in enumerate(zip(LETTERS, widths, strict=True))}
    objects[6] = font
    if to_unicode:
        rows = b"\n".join(b"<%02X> <%04X>" % (first + i, ord(c)) for i, c in enumerate(LETTERS))
        objects[7] = stream(b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> "
                            b"endcodespacerange %d beginbfchar\n%s\nendbfchar endcmap end" % (len(LETTERS), rows))
    content = b"".join(shown(60, 700 - 18 * i, bytes(first + LETTERS.index(c) for c in line), 11, font=b"T3")
                       for i, line in enumerate(LINES))
    return page(content, b"/Font << /T3 6 0 R /F1 5 0 R >>", objects)


NUMBERED = [f"g{i}" for i in range(len(LETTERS))]
NAMED = [NAMES.get(c, c) for c in LETTERS]


@pytest.mark.parametrize("first", [1, 65])
def test_letters_of_type_3_are_what_the_font_says(read, first):
    region = read(type3(first, NUMBERED, True))
    assert text(region) == " ".join(LINES) and region["engine"] == "text" and region["warning"] is None


def test_letters_of_type_3_are_what_they_are_named(read):
    region = read(type3(65, NAMED, False))
    assert text(region) == " ".join(LINES) and region["engine"] == "text"


@pytest.mark.parametrize("first", [1, 65, 160])
def test_letters_of_type_3_that_nothing_names_are_read_by_ocr(read, first):
    region = read(type3(first, NUMBERED, False))
    assert region["engine"] == "tesseract" and text(region) == " ".join(LINES)
    assert region["warning"] == "The text layer of this page makes no sense; the page was read by OCR."


# --- forms and patterns ---

def form(content, resources=b"", matrix=(1, 0, 0, 1, 0, 0)):
    return stream(content, b"/Type /XObject /Subtype /Form /BBox [-1000 -1000 1000 1000] /Matrix [%s] "
                  b"/Resources << /Font << /F1 5 0 R >> %s >>" % (b" ".join(b"%g" % m for m in matrix), resources))


def test_text_in_forms_within_forms_is_at_its_place(read):
    data = page(b"q 1 0 0 1 60 700 cm /A Do Q q 1 0 0 1 60 600 cm /A Do Q", b"/XObject << /A 10 0 R >>", {
        10: form(shown(0, 0, "outer") + b"q 1 0 0 1 0 -20 cm /B Do Q", b"/XObject << /B 11 0 R >>"),
        11: form(shown(0, 0, "middle") + b"/C Do", b"/XObject << /C 12 0 R >>", (2, 0, 0, 2, 0, 0)),
        12: form(shown(0, -20, "inner 12.5", 5))})
    region = read(data)
    assert text(region) == "outer middle inner 12.5 outer middle inner 12.5"
    inner = [w["bbox"] for w in region["words"] if w["text"] == "inner"]
    assert [round(b["x"] * 600) for b in inner] == [60, 60]
    assert [round((1 - b["y"] - b["h"] / 2) * 800, -1) for b in inner] == [640, 540]


def test_form_that_draws_itself_ends(read):
    data = page(shown(60, 700, "plain words") + b"/A Do", b"/Font << /F1 5 0 R >> /XObject << /A 10 0 R >>",
                {10: form(shown(60, 600, "once") + b"/A Do", b"/XObject << /A 10 0 R >>")})
    assert text(read(data)).startswith("plain words once")


def test_text_of_a_pattern_is_read(read):
    tile = stream(shown(60, 700, "barley and oats") + shown(60, 680, "rye"),
                  b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 600 800] /XStep 600 "
                  b"/YStep 800 /Resources << /Font << /F1 5 0 R >> >>")
    region = read(page(b"/Pattern cs /P scn 0 0 600 800 re f", b"/Pattern << /P 10 0 R >>", {10: tile}))
    assert text(region) == "barley and oats rye"
