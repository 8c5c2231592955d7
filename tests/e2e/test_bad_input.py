"""What is wrong gets a 4xx that says what to do; a broken PDF a failed job that does."""
import hashlib
import json
import os
import re
import signal
import ssl
import subprocess
import time
import uuid

import pytest
from conftest import KEY, ROOT, fill, routes, sample, until

REGION = {"page": 1, "x": 0.1, "y": 0.1, "width": 0.5, "height": 0.5}


@pytest.fixture(scope="module")
def pdf_id(stack):
    return stack.upload(sample("text-table"))


def put(stack, data, content_type="application/pdf"):
    made = stack.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
    return stack.fetch(made["upload_url"], "PUT", body=data,
                       headers={"Content-Type": content_type})


def test_upload_that_is_no_pdf(stack):
    r = put(stack, b"GIF89a" + b"x" * 100)
    assert r.status == 422 and r.detail == "The file is not a PDF, PNG, JPEG or TIFF file."


def test_upload_of_nothing(stack):
    r = put(stack, b"")
    assert r.status == 422 and "empty" in r.detail


def test_upload_of_wrong_type(stack):
    assert put(stack, sample("form").read_bytes(), "text/plain").status == 415


def test_upload_of_51_mib_is_refused_and_50_mib_taken(stack):
    data = b"%PDF-1.7\n" + b"\0" * (51 * 2**20)
    r = put(stack, data)
    assert r.status == 413 and r.headers["Content-Type"] == "application/problem+json"
    assert put(stack, data[:50 * 2**20]).status == 200
    r = put(stack, data[:50 * 2**20 + 1])
    assert r.status == 413


@pytest.mark.parametrize("multipart", [False, True])
def test_document_of_51_mib_is_refused_and_50_mib_taken(stack, multipart):
    data = b"%PDF-1.7\n" + b"\0" * (51 * 2**20)

    def post(n):
        body, kind = data[:n], "application/pdf"
        if multipart:
            body = (b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n"
                    b"\r\n" + body + b"\r\n--B--\r\n")
            kind = "multipart/form-data; boundary=B"
        r = stack.call("POST", "/api/v1/upload/documents", body, headers={"Content-Type": kind})
        assert r.status in (200, 201) or "larger" in r.detail or "too large" in r.detail
        return r.status
    assert post(51 * 2**20) == 413
    assert post(50 * 2**20) in (200, 201)
    assert post(50 * 2**20 + 1) == 413


def failed_job(stack, data):
    job = stack.extract(data)
    assert (job["status"], job["outcome"]) == ("failed", "failed"), job
    assert job["attempts"] == 1 and job["result_url"] is None
    return job["error_message"]


def test_truncated_pdf(stack):
    assert "damaged" in failed_job(stack, sample("text-table").read_bytes()[:300])


def test_encrypted_pdf(stack, tmp_path):
    out = tmp_path / "x.pdf"
    subprocess.run(["qpdf", "--encrypt", "secret", "owner", "256", "--", sample("form"), out],
                   check=True)
    assert "encrypted" in failed_job(stack, out)


def test_pdf_without_pages(stack):
    data = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
            b"trailer<</Root 1 0 R/Size 3>>\n%%EOF\n")
    assert "no pages" in failed_job(stack, data)


def test_region_on_a_page_that_is_not_there(stack):
    job = stack.extract(sample("form"), regions=[{**REGION, "page": 9}])
    assert job["status"] == "failed" and "page 9" in job["error_message"]
    assert "1 page" in job["error_message"]


@pytest.mark.parametrize("change,where", [
    ({"x": -0.1}, "/regions/0/x"), ({"x": 1.5}, "/regions/0/x"), ({"width": 0}, "/regions/0/width"),
    ({"x": 0.8}, "/regions/0/width"), ({"y": 0.8}, "/regions/0/height"),
    ({"height": "a"}, "/regions/0/height"), ({"page": 0}, "/regions/0/page"),
    ({"page": 1.5}, "/regions/0/page"), ({"region_type": "odd"}, "/regions/0/region_type"),
    ({"region_id": "x" * 65}, "/regions/0/region_id")])
def test_wrong_region(stack, pdf_id, change, where):
    r = stack.call("POST", "/api/v1/extract", {"pdf_id": pdf_id, "regions": [{**REGION, **change}]})
    assert r.status == 422 and r.detail.startswith(where + ":"), r.body


def test_201_regions(stack, pdf_id):
    r = stack.call("POST", "/api/v1/extract", {"pdf_id": pdf_id, "regions": [REGION] * 201})
    assert r.status == 422 and "201" in r.detail and "200" in r.detail


def test_no_region(stack, pdf_id):
    r = stack.call("POST", "/api/v1/extract", {"pdf_id": pdf_id, "regions": []})
    assert r.status == 422 and "agentic" in r.detail


@pytest.mark.parametrize("text", [
    b'{"pdf_id": "x"', b'{"a":1,"a":2}', b'{"a":"\xff\xfe"}', b'{"x":NaN}', b""])
def test_body_that_is_no_json(stack, text):
    r = stack.call("POST", "/api/v1/extract", text, headers={"Content-Type": "application/json"})
    assert r.status == 400 and len(r.detail) > 10


def test_body_that_is_too_deep(stack):
    r = stack.call("POST", "/api/v1/extract", b"[" * 10000 + b"]" * 10000,
                   headers={"Content-Type": "application/json"})
    assert r.status == 400 and "depth" in r.detail, r.detail


@pytest.mark.parametrize("body", [[], "x", {"pdf_id": 5}, {"pdf_id": "../../etc/passwd"},
                                  {"pdf_id": "A" * 64}])
def test_body_of_wrong_types(stack, body):
    r = stack.call("POST", "/api/v1/extract", json.dumps(body),
                   headers={"Content-Type": "application/json"})
    assert r.status == 422 and r.detail


def test_body_of_wrong_content_type(stack):
    r = stack.call("POST", "/api/v1/extract", "{}", headers={"Content-Type": "text/plain"})
    assert r.status == 415 and "application/json" in r.detail


def test_body_over_1_mib(stack):
    r = stack.call("POST", "/api/v1/extract", '{"a":"' + "x" * 2**20 + '"}',
                   headers={"Content-Type": "application/json"})
    assert r.status == 413


UNKNOWN = {"regionz": ["/regionz", "regions"], "Pdf_id": ["/Pdf_id"], "": ["/: is"], "x" * 300: ["/xxx"]}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_field_is_named(stack, name):
    body = {"pdf_id": str(uuid.uuid4()), "regions": [REGION], name: 1}
    for path in ("/api/v1/extract", "/api/v1/extract/agentic"):
        r = stack.call("POST", path, body)
        assert r.status == 422 and r.json["code"] == "unknown_name", r.body
        assert all(word in r.detail for word in UNKNOWN[name]), r.detail


@pytest.mark.parametrize("change,place", [
    ({"regions": [{**REGION, "pge": 2}]}, "/regions/0/pge"),
    ({"regions": [REGION, {"page": 1, "bbox": {"x": 0, "y": 0, "w": 1, "h": 1, "width": 1}}]}, "/regions/1/bbox/width"),
    ({"regions": [{**REGION, "bbox": {"x": 0, "y": 0, "w": 1, "h": 1}}]}, "/regions/0/x"),
    ({"agentic": True}, "/agentic")])
def test_unknown_field_further_in_is_named(stack, change, place):
    r = stack.call("POST", "/api/v1/extract", {"pdf_id": str(uuid.uuid4()), "regions": [REGION], **change})
    assert r.status == 422 and r.detail.startswith(place + ": is not known; known: "), r.detail


def test_unknown_field_of_a_correction_is_named(stack):
    box = {"x": 0, "y": 0, "w": 1, "h": 1}
    good = {"action": "move", "region_id": "r", "new_bbox": box}
    for correction, place in (({**good, "why": ""}, "/corrections/0/why"),
                              ({**good, "new_bbox": {**box, "z": 1}}, "/corrections/0/new_bbox/z")):
        r = stack.call("POST", "/api/v1/feedback/corrections", {"job_id": str(uuid.uuid4()), "corrections": [correction]})
        assert r.status == 422 and r.detail.startswith(place + ": is not known"), r.detail


def test_old_client_may_send_what_is_not_known(stack):
    pdf_id = stack.upload(sample("form"))
    for path, query, status in (("/api/extract/agentic", "?v=1", 202), ("/api/v1/extract/agentic", "", 422)):
        r = stack.call("POST", path + query, {"pdf_id": pdf_id, "template_id": 7})
        assert r.status == status, r.body
        if status == 202:
            stack.wait(r.json["job_id"])


def test_unknown_parameter_is_named(stack):
    for route in routes():
        if route["auth"] == "signed" or not route["path"].startswith("/api"):
            continue  # a signature is looked at before
        path = re.sub(r"{\w+}", str(uuid.uuid4()), route["path"]) + "?" + "&".join(
            f"{name}=1" for name in [*route["query"].split(), "pagesize"])
        body = {} if route["method"] == "POST" and "upload" not in path else None
        r = stack.call(route["method"], path, body)
        assert r.status == 422 and r.json["code"] == "unknown_name" and "pagesize" in r.detail, (path, r.status, r.body)
        assert all(name in r.detail for name in route["query"].split())


def test_unknown_parameter_of_a_signed_link_is_named(stack):
    url = stack.extract(sample("form"))["result_url"]
    assert stack.call("GET", url, key=None).status == 200
    r = stack.call("GET", url + "&download=1", key=None)
    assert r.status == 422 and "download" in r.detail and "signature" in r.detail, r.body


def test_every_problem_has_a_code_and_a_page(stack):
    page = stack.call("GET", "/api/v1/problems", key=None).body.decode()
    explained = set(re.findall(r'id="(\w+)"', page)) - {"main"}
    ours = set(re.findall(r'\[ERR_\w+\] = {\d+, \w+, "[^"]+", "(\w+)"}', (ROOT / "src/base/error.c").read_text()))
    edge = set(re.findall(r"(\w+);", re.search(r"\$problem_code {(.*?)}", (ROOT / "nginx/nginx.conf.in").read_text(),
                                               re.DOTALL).group(1)))
    assert explained == ours - {"ok"} | edge and len(ours) > 15 and len(edge) > 10
    schema = stack.call("GET", "/api/v1/openapi.json", key=None).json["components"]["schemas"]["ProblemCode"]
    assert set(schema["enum"]) == explained


@pytest.mark.parametrize("method,path,headers,status,code,title", [
    ("GET", "/nothing", {}, 404, "not_found", "Not Found"),
    ("GET", "/api/v1/nothing", {}, 404, "not_found", "Not Found"),
    ("POST", "/api/v1/openapi.json", {}, 405, "method_not_allowed", "Method Not Allowed"),
    ("POST", "/api/v1/jobs", {}, 405, "method_not_allowed", "Method Not Allowed"),
    ("GET", "/api/v1/jobs?page_size=" + "1" * 9000, {}, 414, "address_too_long", "URI Too Long"),
    ("GET", "/api/v1/jobs", {"X-Long": "x" * 40000}, 431, "headers_too_large", "Request Header Fields Too Large"),
    ("GET", "/api/v1/jobs?page_size=0", {}, 422, "invalid_value", "Unprocessable Content")])
def test_problems_look_the_same_from_the_edge_and_from_the_workers(stack, method, path, headers, status, code, title):
    r = stack.call(method, path, headers=headers)
    assert (r.status, r.json["code"], r.json["title"]) == (status, code, title), r.body
    assert r.json["type"] == "/api/v1/problems#" + code and r.json["status"] == status


def test_too_large_names_the_limit(make_stack):
    s = make_stack(MAX_UPLOAD_BYTES=100000, MAX_JSON_BYTES=2000)
    pdf, link = b"%PDF-1.7\n" + bytes(200000), s.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
    for method, path, body, limit in (
            ("POST", "/api/v1/extract", b"{" + b" " * 3000 + b"}", "2000 bytes"),
            ("POST", "/api/extract/", b"{" + b" " * 3000 + b"}", "2000 bytes"),
            ("POST", "/api/v1/upload/documents", pdf, "100000 bytes"),
            ("POST", "/api/v1/upload/documents", pdf[:120000], "100000 bytes"),
            ("POST", "/api/upload/documents", pdf, "100000 bytes"), ("PUT", link["upload_url"], pdf, "100000 bytes")):
        r = s.call(method, path, body, headers={"Content-Type": "application/json" if b"{" in body[:1] else "application/pdf"})
        assert r.status == 413 and r.json["code"] == "too_large" and limit in r.detail, (path, r.status, r.body)


def test_if_match_changes_only_what_was_seen(stack):
    job_id = stack.extract(sample("form"))["job_id"]
    path = "/api/v1/jobs/" + job_id
    tag = stack.call("GET", path).headers["ETag"]
    for method, at in (("DELETE", path), ("POST", path + "/retry")):
        for wrong in ('"0"', f'"{tag[1:-1]}0"', tag[1:-1], "", ", ,", '"a", W/"b"'):
            r = stack.call(method, at, headers={"If-Match": wrong})
            assert r.status == 412 and r.json["code"] == "precondition_failed" and tag in r.detail, (wrong, r.body)
    assert stack.call("GET", path).headers["ETag"] == tag
    for right in ("*", tag, f'"0", W/{tag}'):
        assert stack.call("POST", path + "/retry", headers={"If-Match": right}).status == 409  # it has not failed
    assert stack.call("DELETE", path, headers={"If-Match": tag}).status == 204
    assert stack.call("DELETE", path, headers={"If-Match": tag}).status == 404


def test_unknown_pdf_and_job(stack):
    r = stack.call("POST", "/api/v1/extract", {"pdf_id": str(uuid.uuid4()), "regions": [REGION]})
    assert r.status == 404 and "upload" in r.detail
    assert stack.call("GET", f"/api/v1/extract/{uuid.uuid4()}").status == 404
    assert stack.call("DELETE", "/api/v1/jobs/nothing").status == 404
    assert stack.call("POST", f"/api/v1/jobs/{uuid.uuid4()}/retry").status == 404


@pytest.mark.parametrize("name", ["../x.pdf", "..%2Fx.pdf", "a/b.pdf", "a%00.pdf",
                                  "a%0D%0Ab.pdf", "%FF.pdf", "a" * 300, "", "a%7Fb.pdf"])
def test_wrong_file_name(stack, name):
    r = stack.call("POST", "/api/v1/upload/generate-url?file_name=" + name)
    assert r.status in (400, 422) and r.detail


def raw(stack, request):
    s = stack.link()
    with s:
        s.sendall(request)
        data = b""
        while part := s.recv(65536):
            data += part
        return data


@pytest.mark.parametrize("path", ["/api/v1/results/../../../etc/passwd",
                                  "/api/v1/results/..%2f..%2f/signing-key",
                                  "/_blobs/../signing-key", "/_blobs/results/",
                                  "/api/v1/jobs/%2e%2e%2f%2e%2e"])
def test_path_traversal(stack, path):
    data = raw(stack, f"GET {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
                      "Connection: close\r\n\r\n".encode())
    assert data.split(b" ")[1] in (b"400", b"403", b"404"), data[:200]


def test_wrong_method(stack):
    r = stack.call("PUT", "/api/v1/jobs")
    assert r.status == 405 and r.headers["Allow"] == "GET, HEAD" and "GET" in r.detail
    assert stack.call("GET", "/api/v1/upload/documents").status == 405
    r = stack.call("PATCH", "/api/v1/jobs")
    assert r.status == 405 and r.headers["Allow"] == "GET, HEAD" and "GET" in r.detail
    assert stack.call("PATCH", "/api/v1/nothing").status == 404
    for method, path in (("POST", "/api/v1/openapi.json"), ("TRACE", "/api/v1/jobs")):
        r = stack.call(method, path)
        assert r.status == 405 and "GET" in r.headers["Allow"], (method, path, r.headers)


def test_only_what_may_pass_says_when_to_try_again(stack):
    for path, headers in (("/nothing", {}), ("/api/v1/jobs", {"X-Long": "x" * 40000})):
        r = stack.call("GET", path, headers=headers)
        assert 400 <= r.status < 500 and "Retry-After" not in r.headers, r.headers
    there, away = stack.base / "run" / "api.sock", stack.base / "run" / "away"
    there.rename(away)
    try:
        for pid in stack.workers("api"):  # closes the connections that nginx keeps
            os.kill(pid, signal.SIGKILL)
        r = stack.call("GET", "/api/v1/jobs")
    finally:
        away.rename(there)
    assert r.status == 502 and int(r.headers["Retry-After"]) >= 1


def test_keys(stack):
    r = stack.call("GET", "/api/v1/jobs", key=None)
    assert r.status == 401 and r.headers["WWW-Authenticate"] and "X-API-Key" in r.detail
    r = stack.call("GET", "/api/v1/jobs", key="wrong")
    assert r.status == 403 and "wrong" in r.detail
    for key in (None, "wrong"):
        assert stack.call("POST", "/api/v1/tasks/process-extraction", {}, key=key).status == 401


@pytest.mark.parametrize("task", ["process-extraction", "retry-job"])
def test_task_of_what_is_no_job_id(stack, task):
    r = stack.call("POST", "/api/v1/tasks/" + task, {"job_id": "../" * 12, "retry_count": 0})
    assert r.status == 422 and r.detail == "/job_id: must be a UUID", r.body


def hashed(key):
    return hashlib.blake2b(key.encode(), digest_size=32).hexdigest()


def test_keys_file_expiry_scopes_and_owners(make_stack, tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [
        {"id": "old", "hash": hashed("k-old"), "scopes": ["client"],
         "expires_at": "2020-01-01T00:00:00Z"},
        {"id": "a", "hash": hashed("k-a"), "scopes": ["client"]},
        {"id": "b", "hash": hashed("k-b"), "scopes": ["client"]},
        {"id": "t", "hash": hashed("k-t"), "scopes": ["task"]},
        {"id": "root", "hash": hashed("k-root"), "scopes": ["admin"]}]}))
    s = make_stack(API_KEYS_FILE=path)
    r = s.call("GET", "/api/v1/jobs", key="k-old")
    assert r.status == 403 and "expired" in r.detail
    assert s.call("GET", "/api/v1/jobs", key="k-t").status == 403
    job_id = s.submit(s.upload(sample("form")))
    s.wait(job_id)
    assert s.call("GET", f"/api/v1/jobs/{job_id}", key="k-a").status == 404
    assert s.call("DELETE", f"/api/v1/jobs/{job_id}", key="k-b").status == 404
    assert s.call("GET", f"/api/v1/jobs/{job_id}", key="k-root").status == 200


def test_signed_link_tampered_with(stack):
    job = stack.extract(sample("form"))
    url = job["result_url"]
    for wrong in (url[:-2] + ("AA" if url[-2:] != "AA" else "BB"),
                  url.replace("expires=1", "expires=2"), url.split("?")[0] + "?",
                  url.replace("a.csv", "a.tsv"), url + "&signature=x"):
        assert stack.fetch(wrong).status in (400, 403), wrong
    assert stack.fetch(url, "PUT", body=b"x").status in (403, 405)
    made = stack.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json["upload_url"]
    other = made.replace("a.pdf", "b.pdf")
    assert stack.fetch(other, "PUT", body=sample("form").read_bytes()).status == 403


def test_signed_link_expired(make_stack):
    s = make_stack(UPLOAD_URL_TTL_S=1)
    url = s.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json["upload_url"]
    expires = int(re.search(r"expires=(\d+)", url)[1])
    until(lambda: time.time() > expires + 1)
    r = s.fetch(url, "PUT", body=sample("form").read_bytes())
    assert r.status == 410 and "expired" in r.detail


@pytest.mark.parametrize("form,why", [
    (b"--B\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--B--\r\n", "file"),
    (b"--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n%PDF-1.4 cut", "broken off"),
    (b"nothing of the kind", "file"),
    (2 * b"--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n%PDF-1.4 x\r\n" + b"--B--\r\n",
     "several")])
def test_wrong_multipart(stack, form, why):
    r = stack.call("POST", "/api/v1/upload/documents", form,
                   headers={"Content-Type": "multipart/form-data; boundary=B"})
    assert r.status == 422 and why in r.detail, r.body


def test_client_that_hangs_up_leaves_nothing(stack):
    made = stack.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
    path = made["upload_url"].split(f":{stack.port}")[1]
    s = stack.link()
    s.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\n"
              "Content-Length: 10000000\r\n\r\n".encode() + b"%PDF-1.4" + b"x" * 3000000)
    def bodies():
        return [f for f in (stack.data / "uploads").rglob("*") if f.is_file()]

    until(lambda: any(f.stat().st_size for f in bodies()))
    s.close()
    until(lambda: not bodies(), told=bodies)
    assert not (stack.data / "blobs" / "pdfs" / made["pdf_id"]).exists()


def test_full_disk(make_stack, small_disk):
    mount = small_disk
    s = make_stack(DATA_DIR=mount / "data")
    pdf = b"%PDF-1.4\n" + b"x" * (6 * 2**20)
    statuses = []
    for _ in range(6):
        url = s.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json["upload_url"]
        r = s.fetch(url, "PUT", body=pdf, headers={"Content-Type": "application/pdf"})
        statuses.append(r.status)
    assert 200 in statuses and set(statuses) <= {200, 503, 507} and statuses[-1] != 200
    assert r.headers["Content-Type"] == "application/problem+json" and r.detail
    stored = [f for f in (mount / "data" / "blobs" / "pdfs").rglob("*.pdf")]
    assert len(stored) == statuses.count(200)
    assert all(f.stat().st_size == len(pdf) for f in stored)
    fill(mount)
    accepted = []
    for _ in range(2000):  # the write-ahead log has a little room of its own
        r = s.call("POST", "/api/v1/extract", {"pdf_id": stored[0].parent.name,
                                               "regions": [REGION]})
        if r.status != 202:
            break
        accepted.append(r.json["job_id"])
    assert r.status in (503, 507) and r.detail, r.body
    (mount / "fill").unlink()
    for job_id in accepted:
        assert s.call("GET", "/api/v1/jobs/" + job_id).status == 200
    s.stop()


def test_refused_bodies_do_not_disturb_what_follows(stack):
    """A kept connection to a worker must not see the rest of a refused request."""
    c = stack.connect()
    body = json.dumps({"x": "y" * 500000})
    for _ in range(20):
        r = stack.call("POST", "/api/v1/extract", body, key="wrong", connection=c,
                       headers={"Content-Type": "application/json"})
        assert r.status == 403
        assert stack.call("GET", "/api/v1/jobs", connection=c).status == 200
    c.close()


def test_too_many_requests(make_stack):
    s = make_stack(RATE_LIMIT_PER_ADDRESS=1, RATE_LIMIT_BURST=3)
    answers = [s.call("GET", "/api/v1/jobs") for _ in range(12)]
    refused = [r for r in answers if r.status == 429]
    assert refused and refused[0].headers["Content-Type"] == "application/problem+json"
    assert int(refused[0].headers["Retry-After"]) >= 1 and "wait" in refused[0].detail


def test_headers_that_are_too_large(stack):
    r = stack.call("GET", "/api/v1/jobs", headers={"X-Long": "x" * 40000})
    assert r.status in (400, 431) and r.headers["Content-Type"] == "application/problem+json"


def test_page_that_is_missing_costs_only_itself(stack):
    """The tree promises three pages; the second is nowhere."""
    content = b"BT /F 12 Tf 100 700 Td (Present) Tj ET"
    data = (b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            b"2 0 obj<</Type/Pages/Kids[3 0 R 9 0 R 3 0 R]/Count 3>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<<"
            b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
            b"4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n"
            b"trailer<</Root 1 0 R/Size 5>>\n%%%%EOF\n" % (len(content), content))
    regions = [{"page": n, "x": 0, "y": 0, "width": 1, "height": 1} for n in (1, 2, 3)]
    job = stack.extract(data, regions=regions, output_format="json", engine="text")
    assert (job["status"], job["outcome"], job["attempts"]) == ("completed", "partial_success", 1)
    out = stack.fetch(job["result_url"]).json
    bad = [p["page"] for p in out["page_problems"]]
    assert len(bad) == 1 and out["summary"]["pages_read"] == 2
    assert {r["page"]: (r["text"].strip(), r["warning"]) for r in out["regions"]} == {
        **{page: ("Present", None) for page in (1, 2, 3)}, bad[0]: ("", out["page_problems"][0]["detail"])}
    assert f"Page {bad[0]} " in out["page_problems"][0]["detail"]
