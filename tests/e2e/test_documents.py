"""What the web page shows of a document: its pages and their images; results in any format."""
import os
import signal
import struct
import subprocess
import threading

import pytest
from conftest import KEY, expected, sample, until

WIDTHS = (200, 400, 800, 1200, 1600, 2400)


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and data[-8:-4] == b"IEND"
    return struct.unpack(">II", data[16:24])


@pytest.fixture(scope="module")
def pdf_id(stack):
    return stack.upload(sample("text-table"))


def image(stack, pdf_id, page=1, query="", **kw):
    return stack.call("GET", f"/api/v1/documents/{pdf_id}/pages/{page}.png{query}", **kw)


def test_document_tells_its_pages(stack, pdf_id):
    r = stack.call("GET", "/api/v1/documents/" + pdf_id)
    assert r.status == 200 and r.headers["Content-Type"] == "application/json"
    assert r.json == {"pdf_id": pdf_id, "pages_total": 2, "pages": [
        {"page": 1, "width": 595, "height": 842}, {"page": 2, "width": 595, "height": 842}]}


def test_rotated_page_is_told_and_drawn_as_shown(stack, tmp_path):
    out = tmp_path / "rotated.pdf"
    subprocess.run(["qpdf", "--rotate=+90:1", sample("text-table"), out], check=True)
    turned = stack.upload(out)
    first = stack.call("GET", "/api/v1/documents/" + turned).json["pages"][0]
    assert (first["width"], first["height"]) == (842, 595)
    assert png_size(image(stack, turned, 1, "?width=400").body) == (400, 283)


@pytest.mark.parametrize("width", WIDTHS)
def test_page_is_drawn_as_wide_as_asked(stack, pdf_id, width):
    r = image(stack, pdf_id, 1, f"?width={width}")
    assert r.status == 200 and r.headers["Content-Type"] == "image/png"
    assert png_size(r.body) == (width, round(width * 842 / 595))
    assert "private" in r.headers["Cache-Control"] and r.headers["X-Request-ID"]


def test_pages_differ_and_the_default_width_is_800(stack, pdf_id):
    one, two = image(stack, pdf_id, 1), image(stack, pdf_id, 2)
    assert png_size(one.body)[0] == png_size(two.body)[0] == 800
    assert one.body != two.body


def test_page_is_drawn_once_for_all(stack):
    fresh = stack.upload(sample("form"))
    path = f"/api/v1/documents/{fresh}/pages/1.png"
    answers = []

    def get():
        answers.append(image(stack, fresh))
    threads = [threading.Thread(target=get) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert {a.status for a in answers} == {200} and len({a.body for a in answers}) == 1
    assert len({a.headers["X-Request-ID"] for a in answers}) == 6
    head = stack.call("HEAD", path)
    assert head.status == 200 and image(stack, fresh).body == answers[0].body
    drawn = [e for e in stack.events() if e.get("route") == "document_page_image"
             and e.get("role", "") != "nginx" and e["httpRequest"]["requestUrl"] == path]
    # The api pool's line for each of 8 requests, the page pool's for a GET and a HEAD.
    assert len(drawn) == 10, drawn


def test_key_is_needed_for_a_page_that_is_kept_too(stack, pdf_id):
    assert image(stack, pdf_id).status == 200
    assert image(stack, pdf_id, key=None).status == 401
    assert image(stack, pdf_id, key=KEY + "x").status == 403
    assert stack.call("GET", f"/_page/api/v1/documents/{pdf_id}").status == 404


@pytest.mark.parametrize("page", ["0", "3", "-1", "01", "x", "1.5", "99999999999999999999"])
def test_page_that_is_not_there(stack, pdf_id, page):
    r = image(stack, pdf_id, page)
    assert r.status == 404 and "age" in r.detail, r.body
    assert r.json["instance"] == f"/api/v1/documents/{pdf_id}/pages/{page}.png"


@pytest.mark.parametrize("query", ["?width=0", "?width=300", "?width=-200", "?width=", "?width=x",
                                   "?width=2400000000", "?width=0800"])
def test_width_that_is_not_offered(stack, pdf_id, query):
    r = image(stack, pdf_id, 1, query)
    assert r.status == 422 and r.detail.startswith("width: must be one of 200,"), r.body


@pytest.mark.parametrize("query", ["?width=200&width=400", "?width=%ff", "?width=" + "2" * 600])
def test_query_that_is_malformed(stack, pdf_id, query):
    assert image(stack, pdf_id, 1, query).status == 400


@pytest.mark.parametrize("pdf_id", ["00000000-0000-4000-8000-000000000000", "0" * 64, "x",
                                    "..%2fsigning-key", "%252e%252e", "a%3Fb", "%C3%A9", "a" * 250])
def test_unknown_document(stack, pdf_id):
    for path in (f"/api/v1/documents/{pdf_id}", f"/api/v1/documents/{pdf_id}/pages/1.png"):
        r = stack.call("GET", path)
        assert r.status == 404 and r.headers["Content-Type"] == "application/problem+json", r.body


def test_document_that_cannot_be_shown(stack, tmp_path):
    locked = tmp_path / "locked.pdf"
    subprocess.run(["qpdf", "--encrypt", "secret", "secret", "256", "--", sample("form"), locked],
                   check=True)
    for source, why in ((locked, "password"), (b"%PDF-1.7\nnothing", "damaged")):
        broken = stack.upload(source)
        for r in (stack.call("GET", "/api/v1/documents/" + broken), image(stack, broken)):
            assert r.status == 422 and why in r.detail, r.body


def test_very_tall_page_is_drawn_smaller(stack, tmp_path):
    plain = subprocess.run(["qpdf", "--qdf", "--object-streams=disable", sample("ruled-table"), "-"],
                           check=True, stdout=subprocess.PIPE).stdout
    tall = plain.replace(b"/MediaBox [", b"/CropBox [ 0 0 1 842 ]\n  /MediaBox [", 1)
    out = tmp_path / "tall.pdf"
    out.write_bytes(subprocess.run(["fix-qdf"], input=tall, check=True,
                                   stdout=subprocess.PIPE).stdout)
    r = image(stack, stack.upload(out), 1, "?width=2400")
    width, height = png_size(r.body)
    assert r.status == 200 and width < 60 and height <= 32767 and width * height <= 40_000_000


def test_cors_of_a_page_is_the_callers(make_stack):
    s = make_stack(CORS_ORIGINS="https://a.example,https://b.example")
    pdf_id = s.upload(sample("form"))
    for origin, allowed in (("https://a.example", "https://a.example"),
                            ("https://b.example", "https://b.example"),
                            ("https://c.example", None), (None, None)):
        r = image(s, pdf_id, headers={"Origin": origin} if origin else {})
        assert r.status == 200 and r.headers.get_all("Access-Control-Allow-Origin") == (
            [allowed] if allowed else None)
        assert r.headers.get_all("Vary") == ["Origin"]


def test_slow_page_holds_up_nothing_else(make_stack, tmp_path):
    reader = tmp_path / "slow-reader"
    reader.write_text(f"#!/bin/sh\n: >{tmp_path}/asked\nsleep 30\n")
    reader.chmod(0o755)
    s = make_stack(PAGE_READER=reader, PAGE_DEADLINE_S=2, PAGE_WORKERS=1)
    pdf_id = s.upload(sample("form"))
    got = []
    thread = threading.Thread(target=lambda: got.append(image(s, pdf_id)))
    thread.start()
    until((tmp_path / "asked").exists)
    assert s.call("GET", "/api/v1/jobs").status == 200 and not got
    thread.join()
    assert got[0].status == 504 and "longer than 2 s" in got[0].detail


@pytest.mark.parametrize("answer", [
    '{"width":1,"height":1,"bytes":9}\\nnot a png', '{"width":1,"height":1,"bytes":-1}\\n',
    '{"width":1,"height":1,"bytes":99999999999}\\n', '{"width":1,"height":1,"bytes":900}\\n\\211PNG',
    '[]\\n', '{"error":"raster"}\\n', ""])
def test_reader_that_lies_or_dies(make_stack, tmp_path, answer):
    reader = tmp_path / "reader"
    reader.write_text("#!/bin/sh\nprintf '{\"pages\":1}\\n'\nread line\n"
                      f"printf '{answer}'\n")
    reader.chmod(0o755)
    s = make_stack(PAGE_READER=reader)
    pdf_id = s.upload(sample("form"))
    r = image(s, pdf_id)
    assert r.status == 422 and ("damaged" in r.detail or "be drawn" in r.detail), r.body
    assert stack_lives(s)


def stack_lives(s):
    return s.call("GET", "/api/v1/health/ready", key=None).status == 200


def test_killed_page_workers_are_replaced(make_stack):
    s = make_stack(PAGE_WORKERS=1)
    pdf_id = s.upload(sample("form"))
    for pid in s.workers("page"):
        os.kill(pid, signal.SIGKILL)
    until(lambda: image(s, pdf_id).status == 200)


def test_result_comes_in_every_format_asked_for(stack, pdf_id):
    job = stack.wait(stack.submit(pdf_id, output_format="csv", also_formats=["json", "tsv"],
                                  regions=[{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9,
                                            "height": 0.4}]))
    path = f"/api/v1/jobs/{job['job_id']}/results/"
    csv = stack.call("GET", path + "csv")
    assert csv.status == 200 and csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert csv.body == stack.fetch(job["result_url"]).body == expected("text-table")
    tsv = stack.call("GET", path + "tsv")
    assert tsv.body.split(b"\r\n")[0] == b"Article\tQuantity\tUnit price\tPlace"
    out = stack.call("GET", path + "json")
    assert out.headers["Content-Type"] == "application/json"
    assert out.json["regions"][0]["cells"][0]["text"] == "Article"
    assert stack.call("GET", path + "csv", key=None).status == 401
    odd = stack.call("GET", path + "doc")
    assert odd.status == 404 and "csv, tsv, json, markdown, html or xlsx" in odd.detail


def test_result_that_was_not_asked_for(stack, pdf_id):
    job = stack.extract(sample("form"))
    r = stack.call("GET", f"/api/v1/jobs/{job['job_id']}/results/json")
    assert r.status == 404 and "also_formats" in r.detail
    assert stack.call("GET", f"/api/v1/jobs/{job['job_id']}/results/csv").body == expected("form")
    failed = stack.extract(b"%PDF-1.7\nnothing")
    r = stack.call("GET", f"/api/v1/jobs/{failed['job_id']}/results/csv")
    assert r.status == 409 and "failed" in r.detail
    unknown = stack.call("GET", "/api/v1/jobs/00000000-0000-4000-8000-000000000000/results/csv")
    assert unknown.status == 404


@pytest.mark.parametrize("also", ["csv", ["xml"], [1], ["csv"] * 7])
def test_wrong_also_formats(stack, pdf_id, also):
    r = stack.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id, "also_formats": also})
    assert r.status == 422 and r.detail.startswith("/also_formats"), r.body
