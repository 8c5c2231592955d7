"""Scans of all kinds through the service: turned, skewed, ruled, with text layers that lie; and
pictures that are no pages."""
import io
import random

import pytest
from PIL import Image, ImageDraw, ImageFilter

from conftest import Stack, sample, tried_once
from made_pdf import pdf, shown
from made_scan import DPI, SIZE, drawn, scan, turned, written

WHOLE = {"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}
CROPS = [["Crop", "2019", "2020", "2021"], ["Barley", "1,204", "1,310", "998"], ["Oats", "310", "295", "412"],
         ["Rye", "87", "64", "91"], ["Spelt", "12", "15", "22"]]
PROSE = ["The cooperative met in the upper valley", "and agreed on the price of barley and oats",
         "for the coming season, as in every year."]
LINES = [f"Line {i} of barley and oats sold in the upper valley" for i in range(30)]
DASHES = {"solid": b"[] 0 d", "dotted": b"[1 2] 0 d", "dashed": b"[4 2] 0 d", "none": None}


@pytest.fixture(scope="module")
def stack():
    s = Stack(RETRY_BASE_S=1, JOB_MAX_RETRIES=100)  # a slow machine may need many attempts
    yield s
    s.close()


def table(dash, top=700):
    rows = b"".join(shown(64 + 100 * col, top - 13 - 18 * row, text)
                    for row, cells in enumerate(CROPS) for col, text in enumerate(cells))
    if dash is None:
        return rows
    flat = b"".join(b"60 %d m 460 %d l S " % (top - 18 * i, top - 18 * i) for i in range(6))
    upright = b"".join(b"%d %d m %d %d l S " % (60 + 100 * i, top, 60 + 100 * i, top - 90) for i in range(5))
    return b"%s 0.6 w %s%s\n" % (dash, flat, upright) + rows


def page(dash=DASHES["solid"]):
    return drawn(pdf(b"".join(shown(60, 760 - 16 * i, line) for i, line in enumerate(PROSE)) + table(dash)))


def read(stack, data, **request):
    job = stack.extract(data, output_format="json", **{"regions": [WHOLE], **request})
    assert job["status"] == "completed", job
    return job, stack.fetch(job["result_url"]).json["regions"][0]


def words(region):
    return " ".join(w["text"] for w in region["words"])


@pytest.mark.parametrize("degrees", [90, 180, 270, 1.5, -4, 8])
def test_turned_scan_is_read_upright(stack, degrees):
    job, region = read(stack, scan(turned(page(), degrees)))
    assert job["outcome"] == "success" and region["engine"] == "tesseract"
    for row in CROPS[1:]:
        assert row in region["structured_data"]["tables"][0], region["structured_data"]
    assert PROSE[1].split()[-3] in words(region)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_boxes_of_a_turned_scan_are_places_on_its_page(stack, degrees):
    _, region = read(stack, scan(turned(page(), degrees)))
    box = next(w for w in region["words"] if w["text"] == "Barley")["bbox"]
    x, y = 80 / 600, (800 - 670) / 800
    want = {0: (x, y), 90: (y, 1 - x), 180: (1 - x, 1 - y), 270: (1 - y, x)}[degrees]
    assert abs(box["x"] + box["w"] / 2 - want[0]) < 0.02 and abs(box["y"] + box["h"] / 2 - want[1]) < 0.02


@pytest.mark.parametrize("dash", DASHES)
@pytest.mark.parametrize("degrees", [0, 1.2])
def test_table_in_a_scan_is_whole_whatever_its_rules(stack, dash, degrees):
    image = turned(drawn(pdf(table(DASHES[dash]))), degrees)
    _, region = read(stack, scan(image), regions=[{**WHOLE, "region_type": "table"}])
    assert region["structured_data"]["tables"] == [CROPS]


def test_lines_that_all_begin_alike_lie_flat(stack):
    _, region = read(stack, scan(written(LINES)))
    assert words(region).count("barley and oats sold") == len(LINES)


@pytest.mark.parametrize("points", [24, 36])
def test_large_type_keeps_its_strokes(stack, points):
    _, region = read(stack, scan(written(["HEATED Hall", "limit FILE"], points=points)))
    assert words(region) == "HEATED Hall limit FILE"


def as_png(image, dpi):
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


OWN = {"fitted to A4": lambda: scan(written(LINES), points=(595, 842)), "a fax": lambda: scan(written(LINES).convert("1")),
       "fine": lambda: scan(written(LINES, dpi=300, size=(2480, 3508)), dpi=300),
       "turned": lambda: scan(written(LINES)).replace(b"/Type /Page /", b"/Type /Page /Rotate 90 /"),
       "an image file": lambda: as_png(written(LINES), DPI)}


def test_scan_is_read_at_its_own_resolution(make_stack):
    s = make_stack(OCR_DPI=72)  # at which nobody can read it
    for kind, made in OWN.items():
        _, region = read(s, made())
        assert words(region).count("barley and oats sold") == len(LINES), kind


def test_white_letters_on_black_are_read(stack):
    _, region = read(stack, scan(written(LINES, ink=255, ground=0)))
    assert words(region).count("barley and oats sold") == len(LINES)


def test_picture_without_text_is_no_match(stack):
    image, dice = Image.new("L", SIZE, 128), random.Random(4)
    pen = ImageDraw.Draw(image)
    for _ in range(300):
        x, y, r = dice.randrange(SIZE[0]), dice.randrange(SIZE[1]), dice.randrange(20, 200)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=dice.randrange(256))
    job, region = read(stack, scan(image.filter(ImageFilter.GaussianBlur(6))))
    assert job["outcome"] == "no_match" and region["words"] == []
    assert region["warning"] == "Nothing was found in this region."


# --- text layers ---

def hidden(lines, size=9.5):
    return b"BT 3 Tr ET " + b"".join(shown(60, 760 - 16 * i, line, size) for i, line in enumerate(lines))


def test_rubbish_layer_is_replaced_by_ocr(stack):
    codes = {c: chr(0xE000 + c) for c in range(33, 123)}
    data = pdf(b"".join(shown(60, 760 - 16 * i, line) for i, line in enumerate(PROSE)), codes)
    _, region = read(stack, data)
    assert region["engine"] == "tesseract" and PROSE[0] in words(region)
    assert region["warning"] == "The text layer of this page makes no sense; the page was read by OCR."


def test_rubbish_layer_is_told_of_where_no_ocr_is_wanted(stack):
    codes = {c: chr(0xE000 + c) for c in range(33, 123)}
    data = pdf(b"".join(shown(60, 760 - 16 * i, line) for i, line in enumerate(PROSE)), codes)
    _, region = read(stack, data, engine="text")
    assert region["engine"] == "text" and "makes no sense" in region["warning"]


def test_stamp_on_a_scan_does_not_stand_for_its_text(stack):
    data = scan(page(), layer=b"3 Tr " + shown(500, 780, "Received 12 May"))
    _, region = read(stack, data)
    assert region["engine"] == "tesseract" and PROSE[0] in words(region)
    assert "only a small part" in region["warning"]


def test_good_hidden_layer_under_a_scan_is_used(stack):
    lines = [f"{line} {i}" for i in range(12) for line in PROSE]
    data = scan(drawn(pdf(b"".join(shown(60, 760 - 16 * i, line) for i, line in enumerate(lines)))),
                layer=b"3 Tr " + hidden(lines))
    _, region = read(stack, data)
    assert region["engine"] == "text" and region["warning"] is None and lines[-1] in words(region)


# --- pictures that are no pages ---

def noise():
    return scan(Image.frombytes("L", SIZE, random.Random(1).randbytes(SIZE[0] * SIZE[1])))


def dirt():
    return scan(Image.frombytes("L", SIZE, random.Random(2).randbytes(SIZE[0] * SIZE[1])).point(
        lambda v: 0 if v < 13 else 255))


def rules(step, width):
    image = Image.new("L", SIZE, 255)
    pen = ImageDraw.Draw(image)
    for x in range(0, SIZE[0], step):
        pen.line((x, 0, x, SIZE[1]), fill=0, width=width)
    for y in range(0, SIZE[1], step):
        pen.line((0, y, SIZE[0], y), fill=0, width=width)
    return scan(image)


def large_sheet():
    return scan(Image.new("1", (19866, 28087), 1), dpi=600)


def strip():
    image = Image.new("L", (20000, 10), 255)
    for x in range(0, 20000, 7):
        image.putpixel((x, 5), 0)
    return image


ODD = {"A0 at 600 dpi": large_sheet, "noise": noise, "dirt": dirt, "rules": lambda: rules(20, 2), "mesh": lambda: rules(4, 1),
       "long": lambda: scan(strip()), "long on A4": lambda: scan(strip(), points=(595, 842)),
       "tall": lambda: scan(strip().transpose(Image.ROTATE_90)), "a pixel": lambda: scan(Image.new("L", (1, 1), 0)),
       "black": lambda: scan(Image.new("L", SIZE, 0)), "skewed by 45": lambda: scan(turned(written(LINES), 45))}


@pytest.mark.parametrize("kind", ODD)
def test_odd_picture_ends_in_a_result_or_says_why(stack, kind):
    before = sorted(stack.workers("task"))
    job = stack.extract(ODD[kind](), output_format="json", regions=[WHOLE])
    assert tried_once(stack, job) and sorted(stack.workers("task")) == before
    if job["status"] == "failed":
        assert "too large" in job["error_message"] or "too complex" in job["error_message"], job
    elif kind != "skewed by 45":
        assert (job["status"], job["outcome"]) == ("completed", "no_match"), job
        region = stack.fetch(job["result_url"]).json["regions"][0]
        assert region["words"] == [] and region["warning"]
    assert stack.extract(sample("scanned"))["outcome"] == "success"


def test_page_of_600_dpi_fits_the_memory_of_ocr(make_stack):
    s = make_stack(OCR_MEMORY_BYTES=300 * 2**20)
    lines = [f"{line} {i}" for i in range(10) for line in PROSE]
    _, region = read(s, scan(written(lines, dpi=600, size=(4960, 7016)), dpi=600))
    assert words(region).count("price of barley and oats") == 10
