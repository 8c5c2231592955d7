"""Searchable PDFs: the document as it looks, with the words of its scans as text that is not seen."""
import io
import os
import pathlib
import re
import subprocess
import tempfile

import pytest
from conftest import BUILD, READERS, sample
from made_pdf import pages as made_pages
from made_scan import DPI, drawn, scan, turned, written
from PIL import Image, ImageChops
from test_images import held, saved
from test_passwords import PASSWORD

LINES = ["Orders of the second week", "Washers and nuts in the Café", "Total amount 1,234.56 EUR"]
WORDS = " ".join(LINES).split()
PDF = {"Content-Type": "application/pdf"}


def run(data, *command):
    """What a command says of a PDF at its standard input."""
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture(scope="module", name="page")
def picture():
    return written(LINES)


def searchable(stack, data, query="", kind="application/pdf", headers=None):
    r = stack.call("POST", f"/api/v1/extract/file?format=pdf&wait=60{query}", data,
                   headers={"Content-Type": kind, **(headers or {})})
    assert r.status == 200 and r.headers["Content-Type"] == "application/pdf", r.body
    check(r.body)
    return r.body


def check(data):
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        subprocess.run(["qpdf", "--check", f.name], check=True, stdout=subprocess.DEVNULL)


def places(data):
    """(page, word, (left, top, right, bottom) in points) of each word, and the sizes of the pages."""
    text = run(data, "pdftotext", "-bbox", "-", "-").decode()
    sizes, found = [], []
    for line in text.splitlines():
        if m := re.search(r'<page width="([\d.]+)" height="([\d.]+)"', line):
            sizes.append(tuple(float(x) for x in m.groups()))
        if m := re.search(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*)</word>', line):
            found.append((len(sizes), m[5], tuple(float(x) for x in m.groups()[:4])))
    return found, sizes


def words(data, page=None):
    return [w for n, w, _ in places(data)[0] if page in (None, n)]


def ink(image, dpi=DPI):
    """Where the dark of a picture is, in points."""
    return tuple(x * 72 / dpi for x in ImageChops.invert(image.convert("L")).point(lambda v: v > 128 and 255).getbbox())


def assert_over_ink(data, image):
    boxes = [box for _, _, box in places(data)[0]]
    around = [min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)]
    assert all(abs(a - b) < 6 for a, b in zip(around, ink(image))), (around, ink(image))


def looks(data, dpi=100):
    return run(data, "pdftoppm", "-r", str(dpi), "-")


def joined(*pdfs):
    """The first pages of PDFs as one."""
    with tempfile.TemporaryDirectory() as folder:
        first = []
        for i, data in enumerate(pdfs):
            path = pathlib.Path(folder) / f"{i}.pdf"
            path.write_bytes(data)
            first += [path, "1"]
        return run(b"", "qpdf", "--empty", "--pages", *first, "--", "-")


@pytest.mark.main_path
def test_scan_gets_its_words_and_looks_as_it_did(stack, page):
    data = scan(page)
    made = searchable(stack, data)
    assert words(made) == WORDS
    assert_over_ink(made, page)
    assert looks(made) == looks(data)
    assert len(made) < 1.2 * len(data) + 5000
    text = run(made, "pdftotext", "-", "-").decode()
    assert "Washers and nuts in the Café\n" in text


@pytest.mark.parametrize("degrees", [90, 180, 270, 3])
def test_scan_that_stands_askew_has_its_words_where_they_are_seen(stack, page, degrees):
    image = turned(page, degrees)
    data = scan(image)
    made = searchable(stack, data)
    assert set(words(made)) >= set(WORDS) and looks(made) == looks(data)
    assert set(run(made, "pdftotext", "-", "-").decode().split()) >= set(WORDS)
    assert_over_ink(made, image)


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_page_that_is_shown_turned_and_cropped(stack, page, rotate):
    data = scan(page).replace(b"/Contents", b"/Rotate %d /CropBox [10 200 585 832] /Contents" % rotate)
    made = searchable(stack, data)
    assert set(words(made)) >= set(WORDS) and looks(made) == looks(data)
    assert_over_ink(made, drawn(made))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_images_become_pages(stack, page, kind):
    options = {"dpi": (DPI, DPI), **({"compression": "group4"} if kind == "TIFF" else {})}
    image = page.convert("1") if kind == "TIFF" else page
    data = saved(image, kind, **options)
    made = searchable(stack, data, kind="image/" + kind.lower())
    assert words(made) == WORDS
    assert_over_ink(made, page)
    assert ink(drawn(made)) == pytest.approx(ink(page), abs=1)
    assert len(made) < 1.5 * len(data) + 10000
    if kind == "JPEG":
        assert data[-2000:] in made, "the JPEG is as it was"


def test_jpeg_in_cmyk_keeps_its_colours(stack):
    data = saved(Image.new("RGB", (600, 400), (200, 60, 30)).convert("CMYK"), "JPEG", quality=95, dpi=(DPI, DPI))
    made = searchable(stack, data, kind="image/jpeg")
    with Image.open(io.BytesIO(looks(made))) as seen:
        assert all(abs(a - b) < 12 for a, b in zip(seen.getpixel((100, 50)), (200, 60, 30)))


def test_photo_and_pages_of_a_tiff_stand_upright(stack, page):
    made = searchable(stack, held(page, 6), kind="image/jpeg")
    assert words(made) == WORDS and places(made)[1][0] == pytest.approx((595.4, 842), abs=1)
    assert_over_ink(made, page)
    second = written(["Another page follows here"]).convert("1")
    data = saved(page.convert("1"), "TIFF", save_all=True, append_images=[second], compression="group4", dpi=(DPI, DPI))
    made = searchable(stack, data, kind="image/tiff")
    assert words(made, 1) == WORDS and words(made, 2) == ["Another", "page", "follows", "here"]


@pytest.fixture(scope="module", name="mixed")
def document(page):
    """A page with text, a scan, and another page with text."""
    return joined(sample("text-table").read_bytes(), scan(page), made_pages(b"BT /F1 12 Tf 50 700 Td (Printed) Tj ET"))


def test_pages_with_text_stay_and_pages_without_regions_are_read(stack, mixed):
    pdf_id = stack.upload(mixed, "mixed.pdf")
    job = stack.wait(stack.submit(pdf_id, regions=[{"page": 1, "x": .05, "y": .13, "width": .9, "height": .8}],
                                  output_format="csv", also_formats=["pdf", "json"]))
    assert job["status"] == "completed", job
    made = stack.call("GET", f"/api/v1/jobs/{job['job_id']}/results/pdf")
    assert made.status == 200 and made.headers["Content-Disposition"].endswith("''mixed.pdf")
    assert words(made.body, 1) == words(mixed, 1) and words(made.body, 3) == ["Printed"]
    assert words(made.body, 2) == WORDS and looks(made.body) == looks(mixed)
    result = stack.call("GET", f"/api/v1/jobs/{job['job_id']}/results/json").json
    assert [r["page"] for r in result["regions"]] == [1] and result["summary"]["pages_total"] == 3
    edited = stack.call("POST", f"/api/v1/jobs/{job['job_id']}/results/pdf", {"edits": []})
    assert edited.status == 422 and "edits do not change" in edited.detail


def test_only_the_pages_that_are_asked_for_are_in_it(stack, mixed):
    made = searchable(stack, mixed, "&pages=2-3")
    assert len(places(made)[1]) == 2 and words(made, 1) == WORDS and words(made, 2) == ["Printed"]
    r = stack.call("POST", "/api/v1/extract/file?format=pdf&wait=60&pages=7", mixed, headers=PDF)
    assert r.status == 422 and "Page 7 does not exist" in r.detail


def test_words_of_a_stamp_are_there_once(stack, page):
    layer = b"BT 3 Tr /F1 11 Tf 1 0 0 1 36 797 Tm (Orders) Tj ET "
    made = searchable(stack, scan(page, layer=layer))
    assert sorted(words(made)) == sorted(WORDS)


def test_without_ocr_the_pages_are_copied(stack, mixed):
    assert words(searchable(stack, mixed, "&engine=text")) == words(mixed)


def test_encrypted_document_is_open_afterwards(stack, page, tmp_path):
    (tmp_path / "a.pdf").write_bytes(scan(page))
    for bits in ("128", "256"):
        locked = tmp_path / f"{bits}.pdf"
        subprocess.run(["qpdf", "--allow-weak-crypto", "--encrypt", PASSWORD, "owner", bits, "--",
                        tmp_path / "a.pdf", locked], check=True)
        r = stack.call("POST", "/api/v1/extract/file?format=pdf&wait=60", locked.read_bytes(),
                       headers={**PDF, "X-PDF-Password": "P%C3%A4sswort%20%25%20%26%2B%2077-geheim"})
        assert r.status == 200 and words(r.body) == WORDS


@pytest.mark.parametrize("asked", ["&tables=zip", "&table=1", "&bom=true"])
def test_what_is_for_sheets_is_refused(stack, asked):
    r = stack.call("POST", "/api/v1/extract/file?format=pdf" + asked, sample("text-table").read_bytes(), headers=PDF)
    assert r.status == 422 and "is for csv and tsv" in r.detail


def test_pdf_of_too_many_bytes_says_so(make_stack, page):
    stack = make_stack(MAX_RESULT_BYTES="20000")
    r = stack.call("POST", "/api/v1/extract/file?format=pdf&wait=60", scan(page), headers=PDF)
    assert r.status == 422 and "pdf would have more than 20000 bytes" in r.detail and "fewer pages" in r.detail


def test_command_writes_it_and_tables_need_not_be_found(page, tmp_path):
    (tmp_path / "a.pdf").write_bytes(scan(page))
    done = subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", "--format", "pdf", tmp_path / "a.pdf"],
                          env=READERS, stdout=subprocess.PIPE)
    assert done.returncode == 0 and words(done.stdout) == WORDS


def test_text_of_any_script_can_be_copied(page, tmp_path):
    """No engine here reads all of these: the page reader gets them as its worker sends them."""
    texts = ["Grüße", "Ωμέγα", "Привет", "中文字", "नमस्ते", "שלום", "مرحبا", "𝒳😀", "1234"]
    (tmp_path / "a.pdf").write_bytes(scan(page))
    sent = "".join(["1 9\n"] + [f"36 {80 + 20 * i} 60 0 11 {t}\n" for i, t in enumerate(texts)]).encode()
    answer = subprocess.run(["sh", "-c", 'exec "$0" 60 1073741824 100 100000000 3<"$1"', BUILD / "pdf-ocr-page",
                             tmp_path / "a.pdf"], input=b"\npdf %d\n" % len(sent) + sent, check=True,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, stdout=subprocess.PIPE).stdout
    made = answer.split(b"\n", 2)[2]
    check(made)
    copied = run(made, "pdftotext", "-", "-").decode()
    assert re.sub("[\u202a-\u202e\u2066-\u2069]", "", copied).split() == texts


def test_document_whose_pages_are_not_there_is_refused(stack, page):
    data = scan(page).replace(b"/Count 1", b"/Count 2")
    r = stack.call("POST", "/api/v1/extract/file?format=pdf&wait=60", data, headers=PDF)
    assert r.status == 422 and "too damaged to be written anew" in r.detail
