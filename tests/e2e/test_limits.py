"""The limits that a hostile or huge document meets: each ends in a message to act on."""
import json
import pathlib
import random
import re
import zlib

import made_pdf
import pytest
from conftest import sample, tried_once

WHOLE = [{"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}]


def pdf(content=b"", pages=1, box="0 0 600 600"):
    """A document whose pages all have the same content; poppler finds the objects by itself."""
    kids = " ".join(["3 0 R"] * pages)
    packed = zlib.compress(content)
    return b"".join([
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        f"2 0 obj<</Type/Pages/Kids[{kids}]/Count {pages}>>endobj\n".encode(),
        f"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 4 0 R/Resources<</Font<</F"
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n".encode(),
        f"4 0 obj<</Filter/FlateDecode/Length {len(packed)}>>stream\n".encode(), packed,
        b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n"])


@pytest.fixture(scope="module")
def tight(tmp_path_factory):
    from conftest import Stack
    s = Stack(READER_CPU_S=1, READER_MEMORY_BYTES=200 << 20, MAX_PAGES=3, MAX_RASTER_PIXELS=1000000,
              RETRY_BASE_S=1, JOB_MAX_RETRIES=100)
    yield s
    s.close()


def failure(stack, data, **request):
    job = stack.wait(stack.submit(stack.upload(data), **{"regions": WHOLE, **request}))
    assert job["status"] == "failed", job
    assert tried_once(stack, job), job
    return job["error_message"]


def test_document_that_takes_too_much_time(tight):
    rng = random.Random(1)
    curves = b"".join(b"%d %d m %d %d %d %d %d %d c b\n" %
                      tuple(rng.randrange(600) for _ in range(8)) for _ in range(3000))
    assert "too complex" in failure(tight, pdf(curves * 100), engine="tesseract")
    assert tight.extract(sample("form"))["status"] == "completed"  # the worker lives


def shaded(content, times):
    """A page with the content under a shading that cairo draws slowly, so many times."""
    function = b"{ 2 copy mul 100000 mul sin 3 1 roll 2 copy add 100000 mul sin 3 1 roll sub 100000 mul sin }"
    page = made_pdf.pdf(content + b"/S sh\n" * times).replace(b"/F2 8 0 R >> >>",
                                                             b"/F2 8 0 R >> /Shading << /S 9 0 R >> >>")
    shading = (b"9 0 obj\n<< /ShadingType 1 /ColorSpace /DeviceRGB /Domain [0 1 0 1] /Matrix [600 0 0 800 0 0] "
               b"/Function 20 0 R >>\nendobj\n20 0 obj\n<< /FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1] "
               b"/Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(function), function))
    return page[:page.rindex(b"xref\n0")] + shading + b"trailer << /Root 1 0 R >>\n"


def test_page_that_takes_too_long_to_draw_keeps_its_words(make_stack):
    s = make_stack(READER_CPU_S=6, RETRY_BASE_S=1, JOB_MAX_RETRIES=100)  # a sixth of it for drawing
    data = shaded(made_pdf.shown(60, 700, "plain words"), 300)
    job = s.extract(data, output_format="json", regions=[{**WHOLE[0], "region_type": "text"}])
    assert (job["status"], job["outcome"]) == ("completed", "partial_success"), job
    result = s.fetch(job["result_url"]).json
    assert result["regions"][0]["text"] == "plain words\n"
    assert "too complex" in result["page_problems"][0]["detail"]


def test_document_that_takes_too_much_memory(tight):
    if "asan" in tight.env["BUILD_DIR"]:
        pytest.skip("a sanitizer's shadow memory rules out a limit of the address space")
    # Letters beside the page, over each other or narrower than 3 points would be dropped.
    line = b"1 0 0 1 0 %d Tm (" + b"a" * 2000 + b") Tj "
    bomb = b"BT /F 12 Tf " + b"".join(line % y for y in range(0, 14400, 12)) + b"ET"
    message = failure(tight, pdf(bomb, box="0 0 14400 14400"))
    assert "damaged or too large" in message or "too complex" in message, message
    assert tight.extract(sample("form"))["status"] == "completed"


def test_document_of_too_many_pages(tight):
    assert failure(tight, pdf(pages=4)) == "The document has more than 3 pages."
    job = tight.extract(pdf(pages=3), regions=WHOLE)
    assert job["outcome"] == "no_match"


def test_page_of_too_many_cells(stack):
    rows = b"".join(b"1 0 0 1 4 %d Tm (1) Tj 1 0 0 1 5900 %d Tm (2) Tj\n" % (y, y)
                    for y in range(4, 6000, 6))
    rules = b"".join(b"%d 0 m %d 6000 l S\n" % (x, x) for x in range(12, 5900, 5))
    data = pdf(rules + b"BT /F 4 Tf\n" + rows + b"ET", box="0 0 6000 6000")
    assert "too complex" in failure(stack, data, regions=[{**WHOLE[0], "region_type": "table"}])
    assert stack.extract(sample("form"))["status"] == "completed"


def test_raster_is_made_smaller_rather_than_refused(tight):
    job = tight.extract(sample("scanned"), regions=WHOLE, engine="tesseract", output_format="json")
    assert job["status"] == "completed" and job["outcome"] == "success", job


def test_result_of_more_bytes_than_allowed(make_stack):
    s = make_stack(MAX_RESULT_BYTES=1024)
    message = failure(s, sample("text-table").read_bytes(), regions=WHOLE, output_format="json")
    assert message.startswith("The result as json would have more than 1024 bytes"), message


def peak_of(stack, role):
    """The most memory in kB that one worker had."""
    return max(int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))
               for pid in stack.workers(role))


def test_same_page_200_times_costs_its_result_no_memory(make_stack):
    s = make_stack(TASK_WORKERS=1)
    line = "".join(f"1 0 0 1 20 {y} Tm ({'word ' * 30}) Tj\n" for y in range(10, 600, 8))
    data = pdf(f"BT /F 4 Tf\n{line}ET".encode())
    assert s.extract(data, regions=WHOLE, output_format="json")["outcome"] == "success"
    before = peak_of(s, "task")
    job = s.extract(data, regions=WHOLE * 200, output_format="json")
    assert job["outcome"] == "success", job
    result = s.fetch(job["result_url"]).body
    regions = json.loads(result)["regions"]
    assert len(regions) == 200 and regions[199]["words"] == regions[0]["words"]
    assert [r["region_id"] for r in regions[:2]] == ["region-0", "region-1"]
    if "asan" not in s.env["BUILD_DIR"]:
        assert (peak_of(s, "task") - before) * 1024 < len(result) / 4, len(result)
