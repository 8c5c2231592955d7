"""POST /extract/file: from a PDF to its table in one call."""
import json
import os
import signal
import socket
import threading
import time

import pytest
from conftest import BUILD, KEY, expected, sample, until
from test_documents import new_key
from test_waiting import Asking, held, waiting

PDF = {"Content-Type": "application/pdf"}
FORMATS = json.loads(os.popen(f"{BUILD}/pdf-ocr-api --formats").read())
REGIONS = json.dumps([{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}])


def form(data, fields=(), name="a.pdf"):
    """A multipart body with its headers; fields: pairs."""
    parts = b"".join(f'--B\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields)
    parts += (f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
              "Content-Type: application/pdf\r\n\r\n").encode() + data + b"\r\n--B--\r\n"
    return {"body": parts, "headers": {"Content-Type": "multipart/form-data; boundary=B"}}


def one_call(stack, query="", source="text-table", headers=None, **kw):
    return stack.call("POST", "/api/v1/extract/file" + query, sample(source).read_bytes(),
                      headers={**PDF, **(headers or {})}, **kw)


def one_form(stack, *fields, data=None, query="", **kw):
    sent = form(data or sample("text-table").read_bytes(), fields)
    sent["headers"].update(kw.pop("headers", {}))
    return stack.call("POST", "/api/v1/extract/file" + query, **sent, **kw)


def bare(media_type):
    return media_type.split(";")[0]


@pytest.mark.main_path
def test_pdf_goes_in_and_its_table_comes_out(stack):
    r = one_call(stack, "?wait=60&regions=" + REGIONS.replace(" ", ""))
    assert r.status == 200 and r.body == expected("text-table"), r.body
    assert bare(r.headers["Content-Type"]) == "text/csv" and r.headers["X-Request-ID"]
    r = one_form(stack, ("regions", REGIONS), query="?wait=60")
    assert r.status == 200 and r.body == expected("text-table")


@pytest.mark.parametrize("f", FORMATS, ids=lambda f: f["name"])
def test_format_is_named_or_negotiated(stack, f):
    named = one_call(stack, "?wait=60&format=" + f["name"])
    assert named.status == 200 and bare(named.headers["Content-Type"]) == bare(f["media_type"])
    accepted = one_call(stack, "?wait=60", headers={"Accept": bare(f["media_type"])})
    field = one_form(stack, ("format", f["name"]), headers={"Prefer": "wait=60"})
    if f["name"] not in ("json", "xlsx", "pdf"):  # which tell when they were made
        assert accepted.body == named.body == field.body
    assert {bare(r.headers["Content-Type"]) for r in (accepted, field)} == {bare(f["media_type"])}


@pytest.mark.parametrize("accept, media_type", [
    ("*/*", "text/csv"), ("", "text/csv"), ("text/*;q=0.5, application/json;q=0.4", "text/csv"),
    ("text/html;q=0.5, application/json; q=0.9, */*;q=0.1", "application/json"),
    ("text/csv;q=0, */*", "text/tab-separated-values"), ("TEXT/Markdown", "text/markdown"),
    ("application/json;q=0.001,image/png", "application/json"), ("application/json;charset=utf-8", "application/json")])
def test_accept_chooses(stack, accept, media_type):
    r = one_call(stack, "?wait=60", headers={"Accept": accept})
    assert r.status == 200 and bare(r.headers["Content-Type"]) == media_type


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "*/*;q=0", "application/*;q=0", "nonsense"])
def test_what_is_not_acceptable_is_refused(stack, accept):
    r = one_call(stack, headers={"Accept": accept})
    assert r.status == 406 and r.json["code"] == "not_acceptable" and "csv" in r.detail


def test_options_are_those_of_a_job(stack):
    r = one_form(stack, ("pages", "1"), ("engine", "text"), ("escape_formulas", "false"), ("join_pages", "true"),
                 ("languages", "eng"), ("also_formats", "csv,json"), ("format", "tsv"), ("tables", "merged"),
                 ("source_columns", "true"), ("bom", "true"), query="?wait=0")
    assert r.status == 202
    job = r.json["job_id"]
    stack.wait(job)
    assert [stack.call("GET", f"/api/v1/jobs/{job}/results/{f}").status for f in ("csv", "json", "tsv", "html")] == \
        [200, 200, 200, 404]
    assert "html" in stack.call("GET", f"/api/v1/jobs/{job}/result?format=html").detail


@pytest.mark.parametrize("fields, query, status, told", [
    ([("page", "1")], "", 422, "The field page is not known"),
    ([], "?page=1", 422, "The query parameter page is not known"),
    ([("pages", "1")], "?pages=2", 422, "pages: is given twice"),
    ([("pages", "0")], "", 422, "/pages: "), ([("engine", "none")], "", 422, "/engine: "),
    ([("join_pages", "1")], "", 422, "join_pages: must be true or false"),
    ([("languages", "klingon_")], "", 422, "/languages: "), ([("languages", "eng,,deu")], "", 422, "/languages/1: "),
    ([("also_formats", "csv,doc")], "", 422, "/also_formats/1: "), ([("format", "doc")], "", 422, "format: must be one of csv"),
    ([("table", "0")], "", 422, "/table: "), ([("tables", "none")], "", 422, "/tables: "), ([("bom", "1")], "", 422, "bom: "),
    ([("regions", "[")], "", 422, "regions: must be JSON"), ([("regions", '[{"page":1}]')], "", 422, "/regions/0/"),
    ([("regions", '[{"page":1,"x":0,"y":0,"width":1,"height":1,"colour":1}]')], "", 422, "colour"),
    ([("pages", "1"), ("pages", "1")], "", 422, "each sent once"), ([("pages", "1\0")], "", 422, "plain text"),
    ([("regions", " " * 40000)], "", 422, "32 KiB"), ([], "?wait=soon", 422, "wait: ")])
def test_bad_option_is_named(stack, fields, query, status, told):
    r = one_form(stack, *fields, query=query)
    assert r.status == status and told in r.detail, r.body


def test_tables_come_one_by_one_or_zipped(stack):
    new = sample("text-table").read_bytes() + b"% nobody has sent these bytes\n"
    r = one_form(stack, ("table", "1"), ("bom", "true"), data=new, query="?wait=60")
    assert r.status == 200 and r.body.startswith("\ufeff".encode()) and "''a.csv" in r.headers["Content-Disposition"]
    r = one_call(stack, "?wait=60&tables=zip")
    assert r.status == 200 and r.headers["Content-Type"] == "application/zip" and r.body.startswith(b"PK")
    assert one_call(stack, "?wait=60&table=99").status == 422


def test_bad_document_is_refused(stack, tmp_path):
    assert one_form(stack, data=b"GIF89a").status == 422
    assert stack.call("POST", "/api/v1/extract/file", b"GIF89a", headers=PDF).status == 422
    assert stack.call("POST", "/api/v1/extract/file", b"x", headers={"Content-Type": "text/plain"}).status == 415
    assert stack.call("POST", "/api/v1/extract/file", b"", headers=PDF).status == 422
    encrypted = tmp_path / "encrypted.pdf"
    os.system(f"qpdf --encrypt secret secret 256 -- {sample('form')} {encrypted}")
    r = one_form(stack, data=encrypted.read_bytes(), query="?wait=60")
    assert r.status == 422 and r.json["code"] == "password_required" and "encrypted" in r.detail.lower(), r.body
    r = stack.call("POST", "/api/v1/extract/file?wait=60", b"%PDF-1.7 broken", headers=PDF)
    assert r.status == 422 and r.detail


def test_too_large_a_document_is_refused_before_it_is_sent(make_stack):
    s = make_stack(MAX_UPLOAD_BYTES=100000)
    r = s.call("POST", "/api/v1/extract/file", b"%PDF-1.7" + b" " * 300000, headers=PDF)
    assert r.status == 413 and "100000 bytes" in r.detail
    assert s.call("POST", "/api/v1/extract/file", b"%PDF-1.7" + b" " * 120000, headers=PDF).status == 413


def test_no_key_no_call(stack):
    assert one_call(stack, key=None).status == 401 and one_call(stack, key="wrong-key-0123456789").status == 403
    r = stack.call("GET", "/api/v1/extract/file")
    assert r.status == 405 and r.headers["Allow"] == "POST"


@pytest.mark.parametrize("query, prefer, applied", [
    ("?wait=0", None, None), ("?wait=1", "wait=60", None), ("", "wait=1", "wait=1"), ("", 'respond-async, wait = "1"', "wait=1"),
    ("", "wait=1; x, wait=60", "wait=1"), ("", "wait=0", "wait=0")])
def test_job_that_takes_longer_is_told_with_its_place(stack, query, prefer, applied):
    with held(stack):
        r = one_call(stack, query + ("&" if query else "?") + "format=tsv", headers={"Prefer": prefer} if prefer else {})
        assert r.status == 202 and r.json["status"] == "queued" and r.headers["Retry-After"]
        assert r.headers["Preference-Applied"] == applied
        place = f"/api/v1/jobs/{r.json['job_id']}/result?format=tsv"
        assert r.headers["Location"] == place
        again = stack.call("GET", place)
        assert again.status == 202 and again.json["job_id"] == r.json["job_id"]
        asking = Asking(stack, place + "&wait=60")
        until(lambda: waiting(stack) == 1)
    r = asking.end()
    assert r.status == 200 and bare(r.headers["Content-Type"]) == "text/tab-separated-values"


@pytest.mark.parametrize("prefer", ["wait=x", "wait", "wait=-1", "wait=1.5", "wait=99999999999", "=", ",,;", "nowait=0"])
def test_preference_that_is_not_understood_is_passed_over(stack, prefer):
    r = one_call(stack, headers={"Prefer": prefer})
    assert r.status in (200, 202) and "Preference-Applied" not in r.headers


def test_wait_is_30_s_and_cut_to_what_is_allowed(make_stack):
    s = make_stack(WAIT_MAX_S=2)
    with held(s):
        began = time.monotonic()
        r = one_call(s, headers={"Prefer": "wait=500"})
        assert r.status == 202 and r.headers["Preference-Applied"] == "wait=2"
        assert time.monotonic() - began >= 2
        r = one_call(s)
        assert r.status == 202 and "Preference-Applied" not in r.headers


def test_same_key_is_the_same_job(stack):
    again = {"Idempotency-Key": "one call " .strip().replace(" ", "-")}
    first, second = (one_call(stack, "?wait=0", headers=again) for _ in range(2))
    assert first.status == 202 and second.status in (200, 202)
    stack.wait(first.json["job_id"])
    assert one_call(stack, "?wait=0", headers=again).body == one_call(stack, "?wait=60", headers=again).body
    other = one_call(stack, "?wait=0&pages=1", headers=again)
    assert other.status == 422 and "Idempotency-Key" in other.detail


def test_result_is_for_the_owner(make_stack, tmp_path):
    keys = tmp_path / "keys.json"
    mine, theirs = new_key(keys, "mine"), new_key(keys, "theirs")
    s = make_stack(API_KEY=None, API_KEYS_FILE=keys)
    job = one_call(s, "?wait=0", key=mine).json["job_id"]
    for path in ("/result", "/result?wait=9", "/events", "?wait=9"):
        assert s.call("GET", f"/api/v1/jobs/{job}{path}", key=theirs).status == 404
    assert s.call("GET", f"/api/v1/jobs/{job}/result?wait=60", key=mine).status == 200


def test_failed_and_cancelled_jobs_have_no_result(stack):
    with held(stack):
        job = one_call(stack, "?wait=0").json["job_id"]
        asking = Asking(stack, f"/api/v1/jobs/{job}/result?wait=60")
        until(lambda: waiting(stack) == 1)
        assert stack.call("DELETE", f"/api/v1/jobs/{job}").status == 204
        r = asking.end()
    assert r.status == 409 and "cancelled" in r.detail
    assert stack.call("GET", "/api/v1/jobs/00000000-0000-4000-8000-000000000000/result").status == 404


def test_slow_reader_and_one_that_leaves_disturb_nobody(stack):
    """The first reads its answer a byte at a time; the second is gone before there is one."""
    with held(stack):
        body = form(sample("text-table").read_bytes())["body"]
        head = (f"POST /api/v1/extract/file?wait=1 HTTP/1.1\r\nHost: a\r\nX-API-Key: {KEY}\r\n"
                f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        slow, gone = (stack.context.wrap_socket(socket.create_connection(("127.0.0.1", stack.port)),
                                                server_hostname="127.0.0.1") for _ in range(2))
        slow.sendall(head + body)
        gone.sendall(head.replace(b"wait=1 ", b"wait=60 ") + body)
        until(lambda: waiting(stack) == 2)
        gone.close()
        until(lambda: waiting(stack) == 0)
        answer = b""
        while b'"expires_at"' not in answer:
            answer += slow.recv(1)
        assert answer.startswith(b"HTTP/1.1 202")
        slow.close()
        assert not [f for f in (stack.data / "uploads").rglob("*") if f.is_file()]


def test_one_call_is_answered_when_the_service_stops_and_its_job_goes_on_after(make_stack):
    s = make_stack()
    with held(s):
        asking = Asking(s, "/api/v1/extract/file?wait=60", "POST", body=sample("text-table").read_bytes(), headers=PDF)
        until(lambda: waiting(s) == 1)
        s.process.send_signal(signal.SIGTERM)
        r = asking.end()
        assert r.status == 202 and r.json["status"] == "queued"
    s.stop()
    s.start()
    assert s.call("GET", r.headers["Location"] + "&wait=60").status == 200


def test_many_at_once_each_get_their_own(stack):
    want = {name: one_call(stack, "?wait=60&format=tsv", source=name).body for name in ("text-table", "form")}
    got = []

    def ask(name):
        r = one_call(stack, "?wait=60&format=tsv", source=name)
        got.append((r.status, r.body == want[name]))
    threads = [threading.Thread(target=ask, args=(name,)) for name in list(want) * 6]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == [(200, True)] * 12 and len(set(want.values())) == 2
