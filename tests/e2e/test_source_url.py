"""Documents that a request names by source_url."""
import concurrent.futures
import hashlib
import json
import threading

import pytest
from conftest import Stack, expected, sample, until
from receiver import HOST, Receiver

LARGE = 2_000_000
UPLOAD, ONE_CALL = "/api/v1/upload/documents", "/api/v1/extract/file"
REGIONS = [{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}]
asked, go_on = threading.Event(), threading.Event()


def document(request):
    path = request.path.split("?")[0]
    pdf = sample("text-table").read_bytes()
    if path == "/slow.pdf":
        asked.set()
        assert go_on.wait(600)
        return 200, {}, pdf + b"\n% slow"
    return {"/My%20table.pdf": (200, {"Content-Length": len(pdf)}, pdf),
            "/moved": (302, {"Location": f"https://{HOST}/My%20table.pdf", "Content-Length": 0}, b""),
            "/page.html": (200, {}, b"<html>"),
            "/empty": (200, {"Content-Length": 0}, b""),
            "/large": (200, {"Content-Length": LARGE}, b"%PDF-1.7\n" + b" " * (LARGE - 9)),
            "/long": (200, {}, b"%PDF-1.7\n" + b" " * LARGE)}.get(path, (404, {}, b"no"))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    r = Receiver(tmp_path_factory.mktemp("source"), document)
    yield r
    r.close()


@pytest.fixture(scope="module")
def stack(source):
    s = Stack(MAX_UPLOAD_BYTES=1_000_000, FETCH_WORKERS=1, **source.settings())
    yield s
    s.close()


def test_a_document_is_fetched_from_its_url(stack, source):
    stack.secrets |= {"token-of-the-source"}
    url = source.url("/My%20table.pdf?token=token-of-the-source")
    r = stack.call("POST", UPLOAD, {"source_url": url})
    assert r.status == 201, r.body
    assert r.json["pdf_id"] == hashlib.sha256(sample("text-table").read_bytes()).hexdigest()
    assert r.json["filename"] == "My table.pdf"
    again = stack.call("POST", UPLOAD, {"source_url": url})
    assert again.status == 200 and again.json["was_duplicate"]
    assert not list((stack.data / "uploads").rglob("*.pdf"))


def test_one_call_fetches_and_extracts(stack, source):
    url = source.url("/My%20table.pdf")
    r = stack.call("POST", ONE_CALL + "?wait=60", {"source_url": url, "regions": REGIONS})
    assert r.status == 200 and r.body == expected("text-table"), r.body
    assert "My%20table.csv" in r.headers["Content-Disposition"]
    for query, more in (("&format=json", {}), ("", {"output_format": "json"})):
        r = stack.call("POST", ONE_CALL + "?wait=60" + query, {"source_url": url, "regions": REGIONS, **more})
        assert r.status == 200 and r.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("url,told", [
    ("http://www.example.com/a.pdf", "must be an https URL"),
    ("ftp://www.example.com/a.pdf", "must be an https URL"),
    ("file:///etc/passwd", "must be"),
    ("gs://bucket/a.pdf", "must be an https URL"),
    ("nonsense", "must be a URL"),
    ("https://user:word@www.example.com/a.pdf", "user or a password"),
    ("https://169.254.169.254/latest/meta-data", "private, local or reserved"),
    ("https://[::ffff:169.254.169.254]/", "private, local or reserved"),
    ("https://2130706433/", "private, local or reserved"),
    ("https://2%31%33%307064%33%33/", "private, local or reserved"),
    ("https://[fd00::1]/", "private, local or reserved"),
    ("https://localhost:{port}/My%20table.pdf", "address, which is not called"),
    ("/moved", "redirects are not followed"),
    ("/nothing", "answered 404"),
    ("/page.html", "is not a PDF"),
    ("/empty", "is empty")])
def test_what_is_no_document_or_may_not_be_called_is_refused(stack, source, url, told):
    before = len(source.requests)
    url = source.url(url) if url.startswith("/") else url.replace("{port}", str(source.port))
    for path in (UPLOAD, ONE_CALL):
        r = stack.call("POST", path, {"source_url": url})
        assert r.status == 422 and told in r.detail, r.body
    assert len(source.requests) == before + (2 if HOST in url else 0)


@pytest.mark.parametrize("path", ["/large", "/long"])
def test_a_large_document_is_refused(stack, source, path):
    r = stack.call("POST", UPLOAD, {"source_url": source.url(path)})
    assert r.status == 413 and "1000000 bytes" in r.detail, r.body
    assert not list((stack.data / "uploads").rglob("*.pdf"))


@pytest.mark.parametrize("path,body,status,told", [
    (UPLOAD, b"{", 400, "line 1"),
    (UPLOAD, b"[]", 422, "object"),
    (UPLOAD, {}, 422, "/source_url"),
    (UPLOAD, {"source_url": 5}, 422, "/source_url"),
    (UPLOAD, {"source_url": "https://www.example.com/" + "a" * 2048}, 422, "/source_url"),
    (UPLOAD, {"source_url": None, "pages": "1"}, 422, "pages"),
    (ONE_CALL, {"source_url": None, "page": "1"}, 422, "page"),
    (ONE_CALL, {"source_url": None, "pdf_id": "0" * 64}, 422, "/pdf_id"),
    (ONE_CALL, {"source_url": None, "output_format": "doc"}, 422, "/output_format"),
    (ONE_CALL + "?pages=1", {"source_url": None, "pages": "1"}, 422, "given twice")])
def test_bad_bodies(stack, source, path, body, status, told):
    if isinstance(body, dict) and "source_url" in body and body["source_url"] is None:
        body["source_url"] = source.url("/My%20table.pdf")
    body = json.dumps(body).encode() if isinstance(body, dict) else body
    r = stack.call("POST", path, body, headers={"Content-Type": "application/json"})
    assert r.status == status and told in r.detail, r.body


def test_who_waits_for_a_slow_host_holds_up_no_upload(stack, source):
    answers = []
    t = threading.Thread(target=lambda: answers.append(
        stack.call("POST", UPLOAD, {"source_url": source.url("/slow.pdf")})))
    t.start()
    until(asked.is_set)
    r = stack.call("POST", UPLOAD, sample("form").read_bytes(), headers={"Content-Type": "application/pdf"})
    assert r.status == 201 and not answers
    go_on.set()
    t.join()
    assert answers[0].status == 201, answers[0].body


def test_who_waits_for_a_slow_host_holds_up_no_other_client(make_stack, source, tmp_path):
    """Two workers, and three documents of one client that do not come."""
    asked.clear()
    go_on.clear()
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [{"id": k, "hash": hashlib.blake2b(k.encode() * 40, digest_size=32).hexdigest(),
                                          "scopes": ["client"]} for k in "ab"]}))
    s = make_stack(FETCH_WORKERS=2, API_KEYS_FILE=keys, PAGE_DEADLINE_S=200, **source.settings())
    with concurrent.futures.ThreadPoolExecutor() as pool:
        try:
            before = sum(r.path == "/slow.pdf" for r in source.requests)
            slow = [pool.submit(s.call, "POST", UPLOAD, {"source_url": source.url("/slow.pdf")}, key="a" * 40)
                    for _ in range(3)]
            until(lambda: asked.is_set() and sum(p.is_file() for p in (s.data / "uploads").rglob("*[0-9]")) >= 3)
            r = s.call("POST", UPLOAD, {"source_url": source.url("/My%20table.pdf")}, key="b" * 40)
            assert r.status == 201, r.body
            assert sum(r.path == "/slow.pdf" for r in source.requests) == before + 1
        finally:
            go_on.set()
        assert sorted(f.result().status for f in slow) == [200, 200, 201]


def test_fetching_can_be_switched_off(make_stack, source):
    s = make_stack(OUTBOUND_SOURCE_URLS="false", **source.settings())
    before = len(source.requests)
    for path in (UPLOAD, ONE_CALL):
        r = s.call("POST", path, {"source_url": source.url("/My%20table.pdf")})
        assert r.status == 422 and "fetches no documents" in r.detail and "/source_url" in r.detail, r.body
    assert len(source.requests) == before


def test_a_certificate_that_nobody_vouches_for_is_refused(make_stack, source):
    s = make_stack(OUTBOUND_ALLOWED_NETWORKS=HOST)
    r = s.call("POST", UPLOAD, {"source_url": source.url("/My%20table.pdf")})
    assert r.status == 422 and "could not be called" in r.detail, r.body
