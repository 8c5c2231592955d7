"""What the web page shows of a document: its pages and their images; results in any format."""
import os
import re
import signal
import struct
import subprocess
import threading
import urllib.request

import pytest
from conftest import BUILD, KEY, expected, sample, until
from made_pdf import pdf

WIDTHS = (200, 400, 800, 1200, 1600, 2400)


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and data[-8:-4] == b"IEND"
    return struct.unpack(">II", data[16:24])


def new_key(path, name):
    """Adds a client's key to the file."""
    out = subprocess.run([BUILD / "pdf-ocr-api", "keys", "new", name], check=True, stdout=subprocess.PIPE, text=True,
                         env={**os.environ, "API_KEYS_FILE": str(path)})
    return out.stdout.split()[-1]


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


def page_images(stack):
    """How many requests of page images were served, by the api pool or the page pool."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.metrics_port}/metrics") as r:
        found = re.search(r'requests_total{route="document_page_image",status="2xx"} (\d+)', r.read().decode())
    return int(found[1]) if found else 0


def test_page_is_drawn_once_for_all(stack):
    fresh = stack.upload(sample("form"))
    before = page_images(stack)
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
    # 8 by the api pool, and by the page pool the first; a request is counted after its answer.
    until(lambda: page_images(stack) >= before + 9)
    assert page_images(stack) == before + 9


def held_reader(tmp_path):
    """A page reader that tells when it begins, and holds a document with SLOW in it until `go` is there."""
    reader = tmp_path / "reader"
    reader.write_text(f"""#!/bin/sh
echo . >>{tmp_path}/begun
if /usr/bin/grep -q SLOW /dev/fd/3; then
    echo . >>{tmp_path}/held
    while [ ! -e {tmp_path}/go ]; do /bin/sleep 0.05; done
fi
exec {BUILD}/pdf-ocr-page "$@"
""")
    reader.chmod(0o755)
    return reader


def test_page_is_kept_under_what_was_asked_for_and_not_how(make_stack, tmp_path):
    s = make_stack(PAGE_READER=held_reader(tmp_path))
    path = f"/documents/{s.upload(sample('form'))}/pages/1.png"
    answers = [s.call("GET", address) for address in (
        f"/api/v1{path}?width=400", f"/api/v1{path}?width=%34%30%30", f"/api/v1{path}?&width=400&",
        f"/api/v1{path}/?width=400", f"/api/upload/../v1{path}?width=400&x=1", f"/api/upload/../v1{path}?x=2&width=400")]
    assert [a.status for a in answers] == [200] * len(answers) and len({a.body for a in answers}) == 1
    assert (tmp_path / "begun").read_text() == ".\n"


def kernel_without_landlock(tmp_path):
    """A page reader on a kernel that knows nothing of Landlock, as gVisor's."""
    reader = tmp_path / "reader"
    reader.write_text(f"""#!/usr/bin/python3
import ctypes, os, struct, sys
CREATE_RULESET, LOAD, EQUAL, RETURN = 444, 0x20, 0x15, 0x06
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in (
    (LOAD, 0, 0, 0), (EQUAL, 0, 1, CREATE_RULESET), (RETURN, 0, 0, 0x00050000 | 38), (RETURN, 0, 0, 0x7FFF0000))))
program = struct.pack("HxxxxxxQ", 4, ctypes.addressof(code))
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(38, 1, 0, 0, 0) != 0 or prctl(22, 2, ctypes.c_char_p(program), 0, 0) != 0:
    sys.exit("no filter")
open({str(tmp_path / "denied")!r}, "w").close()
os.execv({str(BUILD / "pdf-ocr-page")!r}, sys.argv)
""")
    reader.chmod(0o755)
    return reader


def test_fonts_are_drawn_on_a_kernel_without_landlock(stack, make_stack, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(b"BT /F1 40 Tf 50 700 Td (Not embedded) Tj ET"))
    s = make_stack(PAGE_READER=kernel_without_landlock(tmp_path))
    drawn = image(s, s.upload(path)).body
    assert (tmp_path / "denied").exists()
    assert drawn == image(stack, stack.upload(path)).body
    path.write_bytes(pdf(b""))
    assert drawn != image(s, s.upload(path)).body


def test_page_of_a_pdf_that_was_replaced_is_drawn_anew(stack):
    made = stack.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
    drawn = []
    for name in ("form", "text-table"):
        r = stack.fetch(made["upload_url"], "PUT", body=sample(name).read_bytes(),
                        headers={"Content-Type": "application/pdf"})
        assert r.status == 200, r.body
        drawn.append(image(stack, made["pdf_id"]).body)
        assert drawn[-1] == image(stack, stack.upload(sample(name))).body
    assert drawn[0] != drawn[1]


def test_client_with_slow_pages_holds_up_no_other(make_stack, tmp_path):
    other = new_key(tmp_path / "keys.json", "other")
    s = make_stack(PAGE_READER=held_reader(tmp_path), PAGE_DEADLINE_S=120, PAGE_WORKERS=2,
                   API_KEYS_FILE=tmp_path / "keys.json")
    slow = s.upload(sample("form").read_bytes() + b"\n% SLOW")
    plain = s.upload(sample("form"), key=other)
    answers = []
    threads = [threading.Thread(target=lambda width=width: answers.append(image(s, slow, 1, f"?width={width}")))
               for width in WIDTHS]
    for t in threads:
        t.start()
    until((tmp_path / "held").exists)
    for width in WIDTHS:
        r = image(s, plain, 1, f"?width={width}", key=other)
        assert r.status == 200, r.body
    assert not answers and (tmp_path / "held").read_text() == ".\n"  # one of its client's at a time
    (tmp_path / "go").touch()
    for t in threads:
        t.join()
    assert [a.status for a in answers] == [200] * len(WIDTHS)
    assert (tmp_path / "held").read_text() == ".\n" * len(WIDTHS)


def test_page_waits_for_its_turn_as_long_as_a_page_may_take(make_stack, tmp_path):
    s = make_stack(PAGE_READER=held_reader(tmp_path), PAGE_DEADLINE_S=2)
    slow = s.upload(sample("form").read_bytes() + b"\n% SLOW")
    answers = []
    threads = [threading.Thread(target=lambda n=n: answers.append(image(s, slow, n))) for n in range(1, 4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    # Two can have had their turn before the third has waited for 2 s.
    assert {a.status for a in answers} == {429, 504}
    refused = [a for a in answers if a.status == 429]
    assert "still being drawn" in refused[0].detail and int(refused[0].headers["Retry-After"]) > 0


def test_page_that_took_too_long_is_not_tried_again_at_once(make_stack, tmp_path):
    s = make_stack(PAGE_READER=held_reader(tmp_path), PAGE_DEADLINE_S=3)
    slow = s.upload(sample("form").read_bytes() + b"\n% SLOW")
    first = image(s, slow)
    assert first.status == 504 and "longer than 3 s" in first.detail
    for width in WIDTHS:
        r = image(s, slow, 1, f"?width={width}")
        assert r.status == 504 and "a moment ago" in r.detail and int(r.headers["Retry-After"]) > 200, r.body
    assert (tmp_path / "held").read_text() == ".\n"
    assert image(s, s.upload(sample("form"))).status == 200


def erase(s, pdf_id, query="", **kw):
    return s.call("DELETE", f"/api/v1/documents/{pdf_id}{query}", **kw)


def test_document_is_erased_with_its_jobs(make_stack, tmp_path):
    s = make_stack(PAGE_READER=held_reader(tmp_path), TASK_WORKERS=1)
    pdf_id = s.upload(sample("form").read_bytes() + b"\n% SLOW")
    bytes_of_it = s.data / "blobs" / "pdfs" / pdf_id
    assert bytes_of_it.exists()
    runs, waits = s.submit(pdf_id), s.submit(pdf_id)
    until(lambda: s.call("GET", "/api/v1/jobs/" + runs).json["status"] == "processing")
    refused = erase(s, pdf_id)
    assert refused.status == 409 and "jobs=true" in refused.detail
    assert erase(s, pdf_id, "?jobs=perhaps").status == 422
    assert erase(s, pdf_id, "?jobs=true").status == 204
    (tmp_path / "go").touch()
    assert [s.call("GET", "/api/v1/jobs/" + id).status for id in (runs, waits)] == [404, 404]
    assert not bytes_of_it.exists() and image(s, pdf_id).status == 404
    assert erase(s, pdf_id).status == 404
    assert s.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id}).status == 404
    assert s.extract(sample("form"))["status"] == "completed"  # the worker goes on


def test_document_of_two_owners_is_erased_for_one(make_stack, tmp_path):
    one, other = [new_key(tmp_path / "keys.json", name) for name in ("one", "other")]
    s = make_stack(API_KEYS_FILE=tmp_path / "keys.json")
    data = sample("form").read_bytes()
    pdf_id, same = [s.call("POST", "/api/v1/upload/documents", data, key=key, headers={"Content-Type": "application/pdf"})
                    .json["pdf_id"] for key in (one, other)]
    job = s.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id, "output_format": "json"}, key=one).json["job_id"]
    until(lambda: s.call("GET", "/api/v1/jobs/" + job, key=one).json["status"] == "completed")
    assert pdf_id == same and erase(s, pdf_id, key=one).status == 204
    assert image(s, pdf_id, key=one).status == erase(s, pdf_id, key=one).status == 404
    assert image(s, pdf_id, key=other).status == 200
    assert s.call("GET", f"/api/v1/jobs/{job}/results/json", key=one).status == 200  # its end came before
    assert erase(s, pdf_id, key=other).status == 204
    assert erase(s, "not-an-id", key=one).status == 404


def test_documents_are_listed_for_their_owner(make_stack, tmp_path):
    one, other = [new_key(tmp_path / "keys.json", name) for name in ("one", "other")]
    s = make_stack(API_KEYS_FILE=tmp_path / "keys.json")

    def send(data, name, key):
        head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        return s.call("POST", "/api/v1/upload/documents", head + data + b"\r\n--B--\r\n", key=key, headers={
            "Content-Type": "multipart/form-data; boundary=B"}).json["pdf_id"]

    def listed(key, query=""):
        r = s.call("GET", "/api/v1/documents" + query, key=key)
        assert r.status == 200, r.body
        return r.json

    form, table = sample("form").read_bytes(), sample("ruled-table").read_bytes()
    assert listed(one) == {"documents": [], "next_page_token": None}
    both = {send(form, name, one) for name in ("first.pdf", "second.pdf")} | {send(table, "t\u00e4.pdf", one)}
    send(form, "theirs.pdf", other)
    by_link = s.upload(form, "linked.pdf", key=one)
    s.call("POST", "/api/v1/upload/generate-url?file_name=unused.pdf", key=one)  # nothing is put there
    all_of_it = listed(one)
    assert {d["pdf_id"] for d in all_of_it["documents"]} == both | {by_link}
    assert {d["file_name"]: d["size"] for d in all_of_it["documents"]} == {
        "first.pdf": len(form), "t\u00e4.pdf": len(table), "linked.pdf": len(form)}
    assert all(d["uploaded_at"].startswith("2") for d in all_of_it["documents"])
    assert [d["file_name"] for d in listed(other)["documents"]] == ["theirs.pdf"]
    pages, token = [], ""
    while token is not None:
        page = listed(one, "?page_size=1" + token)
        pages += page["documents"]
        token = page["next_page_token"] and "&page_token=" + page["next_page_token"]
    assert pages == all_of_it["documents"]
    assert s.call("GET", "/api/v1/documents?page_token=x", key=one).status == 400
    assert s.call("GET", "/api/v1/documents?page_size=0", key=one).status == 422
    assert erase(s, by_link, key=one).status == 204
    assert {d["pdf_id"] for d in listed(one)["documents"]} == both


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
            assert r.json["code"] == ("password_required" if why == "password" else "invalid_value")
    wrong = stack.call("GET", "/api/v1/documents/" + stack.upload(locked), headers={"X-PDF-Password": "other"})
    assert wrong.status == 422 and wrong.json["code"] == "password_wrong"


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
    assert odd.status == 404 and "csv, tsv, json, markdown, html, xlsx or pdf" in odd.detail


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


@pytest.mark.parametrize("also", ["csv", ["xml"], [1], ["csv"] * 8])
def test_wrong_also_formats(stack, pdf_id, also):
    r = stack.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id, "also_formats": also})
    assert r.status == 422 and r.detail.startswith("/also_formats"), r.body
