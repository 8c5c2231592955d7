"""What goes wrong between the service and Google, each fault put in by a proxy."""
import collections
import email.utils
import io
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time
import uuid

import pytest
from PIL import Image, ImageOps
from conftest import expected, on_pages, repeated, sample, until
from google_stack import World, call, document, grid, make_tables, needs_firestore
from fault_proxy import (html, reset_before, reset_mid_body,  # noqa: I001
                         slow_loris, stall, status, truncated_json)

pytestmark = needs_firestore
REGION = {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}
ROWS = [["Item", "Count"], ["Paper", "12"], ["Folder", "40"]]
CSV = b"".join(",".join(r).encode() + b"\r\n" for r in ROWS)
BUSY = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded"}}
LEFT_ALONE = "left alone for a while"
DOWN = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "try later"}}


def refusal(code, kind, message):
    return status(code, json={"error": {"code": code, "status": kind, "message": message}})


@pytest.fixture(scope="module")
def world():
    w = World(GEMINI_API_KEY="gemini-test-key", API_WORKERS=1, TASK_WORKERS=1, RETRY_MAX_S=3600,
              LOG_LEVEL="debug")
    w.scan = w.stack.upload(repeated("scanned", 20))
    w.form = w.stack.upload(sample("form"))
    yield w
    w.close()


@pytest.fixture(autouse=True)
def clean(request):
    if "world" not in request.fixturenames:
        yield
        return
    world = request.getfixturevalue("world")
    world.side.control("documentai", {"reply": document(grid(ROWS))})
    yield
    world.faults.clear()
    assert world.side.violations(clear=True) == []


def read_scan(world, **kw):
    return world.stack.wait(world.stack.submit(world.scan, **{"regions": [REGION], **kw}))


def wait_for_retry(world, job_id):
    """The job after its first attempt failed."""
    def failed_once():
        job = world.stack.call("GET", "/api/v1/extract/" + job_id).json
        return job["attempts"] == 1 and job["status"] == "queued" and job
    return until(failed_once)


def ocr_calls(world):
    return len(world.calls(":process"))


def test_retry_keeps_the_trace_of_its_job(world):
    trace = uuid.uuid4().hex
    world.faults.fail(r":process", status(503, json=DOWN), times=4)
    made = world.stack.call("POST", "/api/v1/extract", {"pdf_id": world.scan, "regions": [REGION]},
                            headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"}).json
    wait_for_retry(world, made["job_id"])
    world.faults.clear()

    def retry():
        """Queued just after the job tells of it."""
        return next((t["resource"]["httpRequest"]["headers"] for t in world.side.control("tasks")
                     if made["job_id"] in t["name"] and t["name"].rsplit("/", 1)[1].startswith("retry-")), None)
    assert until(retry)["traceparent"].split("-")[1] == trace
    world.stack.logged(jobId=made["job_id"], message="an extraction failed")
    lines = [e for e in world.stack.events() if e.get("jobId") == made["job_id"]]
    work = [e for e in lines if e.get("httpRequest", {}).get("requestMethod") != "GET"]  # what was asked meanwhile
    assert {e.get("logging.googleapis.com/trace") for e in work} == {f"projects/demo-test/traces/{trace}"}
    assert world.stack.wait(made["job_id"])["status"] == "completed"  # its call is not another test's


def test_pdf_that_is_replaced_is_not_read_by_the_job_before(world):
    s = world.stack
    made = s.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json

    def put():
        assert s.fetch(made["upload_url"], "PUT", body=sample("scanned").read_bytes(),
                       headers={"Content-Type": "application/pdf"}).status == 200
    put()
    world.faults.fail(r":process", status(503, json=DOWN), times=4)
    job_id = s.submit(made["pdf_id"], regions=[REGION])
    wait_for_retry(world, job_id)
    put()
    job = s.wait(job_id)
    assert job["status"] == "failed" and "The PDF was replaced" in job["error_message"], job


@pytest.mark.parametrize("fault", [
    status(429, {"Retry-After": "1"}, json=BUSY), status(500, json={"error": {"code": 500}}),
    status(503, json=DOWN), status(502, body=b"<html>bad gateway"), reset_before(),
    reset_before(forward=True), reset_mid_body(), truncated_json(), html()],
    ids=lambda f: getattr(f, "fault", "fault"))
def test_one_fault_of_document_ai_costs_one_call_more(world, fault):
    costs_one_call_more(world, fault)


def costs_one_call_more(world, fault):
    """Gives the calls to Document AI that came of it."""
    calls = ocr_calls(world)
    world.faults.fail(r":process", fault)
    job = read_scan(world)
    assert (job["status"], job["attempts"]) == ("completed", 1), job
    assert world.stack.fetch(job["result_url"]).body == CSV
    assert ocr_calls(world) == calls + 2
    return world.calls(":process")[calls:]


def test_retry_after_in_seconds_is_waited_for(world):
    first, second = [c[3] for c in costs_one_call_more(world, status(429, {"Retry-After": "2"}, json=BUSY))]
    assert second - first > 1.5  # by itself it would wait half a second at most


def test_refused_token_is_fetched_anew(world):
    read_scan(world)  # so that the workers have their first tokens
    tokens = len(world.calls("/token"))
    costs_one_call_more(world, status(401, json={"error": {
        "code": 401, "status": "UNAUTHENTICATED", "message": "expired"}}))
    assert len(world.calls("/token")) == tokens + 1
    assert {c[1] for c in world.calls("/token")} == {
        "/computeMetadata/v1/instance/service-accounts/default/token"}


def test_retry_after_may_be_a_date_or_nonsense(world):
    def until_a_date(handler, ask):
        date = email.utils.formatdate(time.time() + 4, usegmt=True)
        status(429, {"Retry-After": date}, json=BUSY)(handler, ask)
    until_a_date.fault = "until_a_date"
    world.faults.fail(r":process", until_a_date)
    assert read_scan(world)["attempts"] == 1
    first, second = [c[3] for c in world.calls(":process")]
    assert second - first > 1.5  # by itself it would wait half a second at most
    world.faults.fail(r":process", status(429, {"Retry-After": "9" * 19}, json=BUSY))
    assert read_scan(world)["attempts"] == 1
    assert "runtime error" not in world.stack.logs()


@pytest.mark.parametrize("asked,least,most", [(120, 100, 125), (3000000, 3500, 3600)])
def test_long_retry_after_is_waited_out_by_the_queue(world, asked, least, most):
    calls = ocr_calls(world)
    world.faults.fail(r":process", status(429, {"Retry-After": str(asked)}, json=BUSY))
    job_id = world.stack.submit(world.scan, regions=[REGION])
    job = wait_for_retry(world, job_id)
    assert "takes no more calls" in job["error_message"], job
    assert ocr_calls(world) == calls + 1
    # The job is written first.
    retry = until(lambda: [t for t in world.side.control("tasks") if f"/retry-{job_id}" in t["name"]])
    assert len(retry) == 1 and least < retry[0]["eta"] - time.time() < most
    assert world.stack.call("DELETE", "/api/v1/jobs/" + job_id).status == 204


def test_refused_request_fails_the_job_for_good(world):
    calls = ocr_calls(world)
    world.faults.fail(r":process", status(400, json={"error": {
        "code": 400, "status": "INVALID_ARGUMENT", "message": "Unsupported image"}}))
    job = read_scan(world)
    assert job["status"] == "failed" and "Unsupported image" in job["error_message"], job
    assert ocr_calls(world) == calls + 1


def test_message_cut_inside_a_character_ends_the_job_all_the_same(world):
    world.faults.fail(r":process", refusal(400, "INVALID_ARGUMENT", "x" * 254 + "\u00e9 and more"))
    job = read_scan(world)
    assert job["status"] == "failed" and job["error_message"].endswith("x" * 254), job


def test_missing_role_is_the_operators_matter(world):
    calls = ocr_calls(world)
    world.faults.fail(r":process", status(403, json={"error": {
        "code": 403, "status": "PERMISSION_DENIED", "message": "no permission"}}), times=3)
    job = read_scan(world)
    assert job["status"] == "failed" and "refuses the service's credentials" in job["error_message"]
    assert job["error_message"].startswith("Max retries exceeded") and job["attempts"] == 3
    assert ocr_calls(world) == calls + 3
    until(lambda: "no permission" in world.stack.logs(), told=world.stack.logs)


def test_lost_answer_of_a_commit_is_no_conflict(world):
    """The commit took effect and its answer was lost: tried again it meets its own effect."""
    s = world.stack
    for nth in range(2):  # the first: creating the job; the second: claiming it
        world.faults.fail(r"documents:commit", reset_before(forward=True))
        if nth == 0:
            job_id = s.submit(world.form)
        job = s.wait(job_id)
        assert (job["status"], job["attempts"]) == ("completed", 1), job
        world.faults.clear()
        world.faults.fail(r"documents:commit", status(503, json=DOWN))
        job_id = s.submit(world.form)
    assert s.wait(job_id)["status"] == "completed"


def test_lost_answers_of_every_kind_leave_one_job(world):
    s = world.stack
    body = {"pdf_id": world.form, "regions": [REGION]}
    world.faults.fail(r"documents:commit", reset_before(forward=True))
    made = s.call("POST", "/api/v1/extract", body, headers={"Idempotency-Key": "lost"})
    assert made.status == 202, made.body
    world.faults.fail(r"documents:commit", reset_before(forward=True), times=1)
    again = s.call("POST", "/api/v1/extract", body, headers={"Idempotency-Key": "lost"})
    assert again.json["job_id"] == made.json["job_id"]
    world.faults.fail(r"/tasks/v2/", reset_before(forward=True))
    job = s.wait(s.submit(world.form))
    tasks = [t for t in world.side.control("tasks") if job["job_id"] in t["name"]]
    assert job["attempts"] == 1 and len(tasks) == 1


def test_refused_commit_is_no_success(world):
    """What looks like a conflict need not be our own effect: the document tells."""
    s = world.stack
    job_id = s.extract(sample("form"))["job_id"]
    feedback = {"job_id": job_id, "corrections": [{"action": "delete", "region_id": "r"}]}
    body, key = {"pdf_id": world.form, "regions": [REGION]}, {"Idempotency-Key": "refused"}
    for code, kind in ((400, "FAILED_PRECONDITION"), (409, "ALREADY_EXISTS")):
        world.faults.fail(r"documents:commit", refusal(code, kind, "in Datastore mode"), times=None)
        for answer in (s.call("POST", "/api/v1/extract", body),
                       s.call("POST", "/api/v1/extract", body, headers=key)):
            assert answer.status == 503 and "did not take" in answer.detail, answer.body
        # That no other request gave this job its first feedback is a condition of the commit.
        answer = s.call("POST", "/api/v1/feedback/corrections", feedback)
        assert answer.status == 503 and "changes all the time" in answer.detail, answer.body
        world.faults.clear()
    assert "in Datastore mode" in s.logs()
    assert s.call("GET", "/api/v1/feedback/corrections/" + job_id).json["count"] == 0
    world.faults.fail(r"documents:commit", reset_before(forward=True))
    assert s.call("POST", "/api/v1/feedback/corrections", feedback).status == 201
    assert s.call("GET", "/api/v1/extract/" + job_id).json["feedback_count"] == 1


def test_conflict_that_cannot_be_looked_into_is_no_conflict(world):
    job_id = world.stack.submit(world.scan, regions=[{**REGION, "page": 99}])
    world.stack.wait(job_id)
    seen = []

    def down_after_the_first(handler, ask):
        seen.append(handler.path)
        handler.reply(*ask()) if len(seen) == 1 else status(503, json=DOWN)(handler, ask)
    down_after_the_first.fault = "down_after_the_first"
    world.faults.fail(f"extraction_jobs/{job_id}", down_after_the_first, times=5)
    world.faults.fail(r"documents:commit", refusal(409, "ALREADY_EXISTS", "x"))
    answer = world.stack.call("POST", f"/api/v1/jobs/{job_id}/retry")
    assert answer.status == 503 and "Firestore has a fault" in answer.detail, answer.body


@pytest.mark.parametrize("what", ["index", "database", "create", "bucket", "queue"])
def test_what_is_not_set_up_is_the_operators_matter(world, what):
    s = world.stack
    extract = ("POST", "/api/v1/extract", {"pdf_id": world.form, "regions": [REGION]})
    upload = ("POST", "/api/v1/upload/documents", sample("form").read_bytes() + what.encode())
    listing = ("GET", "/api/v1/jobs?page_size=1")
    path, code, kind, request, name = {
        "index": (r":runQuery", 400, "FAILED_PRECONDITION", listing, "Firestore"),
        "database": (r":runQuery", 404, "NOT_FOUND", listing, "Firestore"),
        "create": (r"documents:commit", 404, "NOT_FOUND", extract, "Firestore"),
        "bucket": (r"/upload/storage", 404, "", upload, "Cloud Storage"),
        "queue": (r"/queues/.*/tasks", 404, "NOT_FOUND", extract, "could not be queued")}[what]
    before = len(world.calls("/"))
    world.faults.fail(path, refusal(code, kind, "see https://console.example/x"), times=None)
    headers = {"Content-Type": "application/pdf"} if what == "bucket" else None
    answer = s.call(*request, headers=headers)
    assert answer.status == 503 and name in answer.detail, answer.body
    assert "console.example" not in answer.detail and "console.example" in s.logs()
    assert [c[2] for c in world.calls("/")[before:]].count(f"status {code}") == 1  # none again


def test_aborted_commit_is_tried_again(world):
    world.faults.fail(r"documents:commit", status(409, json={"error": {
        "code": 409, "status": "ABORTED", "message": "contention"}}), times=2)
    job = world.stack.wait(world.stack.submit(world.form))
    assert (job["status"], job["attempts"]) == ("completed", 1)


def test_task_that_exists_is_no_error(world):
    world.faults.fail(r"/queues/extraction-queue/tasks", status(409, json={"error": {
        "code": 409, "status": "ALREADY_EXISTS", "message": "exists"}}))
    calls = len(world.calls("/tasks/v2/"))
    r = world.stack.call("POST", "/api/v1/extract", {"pdf_id": world.form, "regions": [REGION]})
    assert r.status == 202 and len(world.calls("/tasks/v2/")) == calls + 1


def test_queue_that_is_down_is_a_503_and_a_failed_job(world):
    s = world.stack
    calls = len(world.calls("/tasks/v2/"))
    world.faults.fail(r"/queues/extraction-queue/tasks", status(503, json=DOWN), times=4)
    r = s.call("POST", "/api/v1/extract", {"pdf_id": world.form, "regions": [REGION]})
    assert r.status == 503 and r.headers["Retry-After"] and "queued" in r.detail
    assert len(world.calls("/tasks/v2/")) == calls + 4
    newest = s.call("GET", "/api/v1/jobs?page_size=1").json["jobs"][0]
    assert (newest["status"], newest["error_message"]) == ("failed", "The job could not be queued.")


def test_object_that_exists_is_a_duplicate(world):
    data = sample("empty").read_bytes() if sample("empty").exists() else sample("form").read_bytes()
    world.faults.fail(r"ifGenerationMatch=0", status(412, json={"error": {
        "code": 412, "message": "conditionNotMet"}}))
    calls = len(world.calls("ifGenerationMatch=0"))
    r = world.stack.call("POST", "/api/v1/upload/documents", data,
                         headers={"Content-Type": "application/pdf"})
    assert r.status in (200, 201), r.body
    assert len(world.calls("ifGenerationMatch=0")) == calls + 1


def test_broken_download_goes_on_where_it_stopped(world):
    s = world.stack
    before = len(world.calls("alt=media"))
    world.faults.fail(r"alt=media", reset_mid_body(), times=2)
    job = s.wait(s.submit(s.upload(sample("text-table"))))
    assert job["status"] == "completed" and s.fetch(job["result_url"]).body == expected("text-table")
    gets = world.calls("alt=media")[before:]
    assert len(gets) == 3 and "generation=" in gets[1][1]


def test_page_of_a_store_that_is_down_is_a_503(world):
    s = world.stack
    pdf_id = s.upload(sample("ruled-table"))
    opened, before = s.logs().count(LEFT_ALONE), len(world.calls("alt=media"))
    world.faults.fail(r"alt=media", status(503, json=DOWN), times=5)
    r = s.call("GET", f"/api/v1/documents/{pdf_id}/pages/1.png")
    assert r.status == 503 and r.headers["Content-Type"] == "application/problem+json", r.body
    assert len(world.calls("alt=media")) == before + 5
    assert s.call("GET", f"/api/v1/documents/{pdf_id}/pages/1.png").status == 200
    assert s.logs().count(LEFT_ALONE) == opened  # all goes of a download are one call


def test_broken_chunk_goes_on_where_it_stopped(world):
    data = sample("text-table").read_bytes() + b"\n%" + b"y" * (17 << 20)
    world.faults.fail(r"upload_id=", reset_before(forward=True))
    world.faults.fail(r"upload_id=", status(503, json=DOWN))
    r = world.stack.call("POST", "/api/v1/upload/documents", data,
                         headers={"Content-Type": "application/pdf"})
    assert r.status == 201, r.body
    assert world.stack.wait(world.stack.submit(r.json["pdf_id"]))["outcome"] == "success"


def upload_large(world, mark):
    data = sample("text-table").read_bytes() + b"\n%" + b"z" * (9 << 20) + mark
    before = len(world.calls("upload_id="))
    r = world.stack.call("POST", "/api/v1/upload/documents", data,
                         headers={"Content-Type": "application/pdf"})
    return r, len(world.calls("upload_id=")) - before


@pytest.mark.parametrize("code", [404, 410])
def test_upload_session_that_ended_is_begun_anew(world, code):
    world.faults.fail(r"upload_id=", refusal(code, "", "session gone"))
    r, calls = upload_large(world, b"%d" % code)
    assert r.status == 201 and calls == 1 + 2, r.body
    assert world.stack.wait(world.stack.submit(r.json["pdf_id"]))["outcome"] == "success"
    world.faults.fail(r"upload_id=", refusal(code, "", "session gone"), times=None)
    r, calls = upload_large(world, b"%d again" % code)
    assert r.status == 503 and "upload session" in r.detail and calls == 3, r.body


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-99999999999"}], ids=["none", "too far"])
def test_upload_that_gets_no_further_is_given_up(world, headers):
    world.faults.fail(r"upload_id=", status(308, headers), times=None)
    r, calls = upload_large(world, str(headers).encode())
    assert r.status == 503 and "does not take the upload" in r.detail and calls == 11, r.body


def test_empty_page_of_a_listing_is_not_the_last(world):
    world.faults.fail(r"/b/demo-bucket/o\?maxResults=1&", status(200, json={
        "kind": "storage#objects", "nextPageToken": "YQ"}))
    assert world.stack.extract(sample("form"))["status"] == "completed"
    assert any("pageToken=YQ" in c[1] for c in world.calls("maxResults=1&"))


def test_results_that_cannot_be_stored_are_tried_again(world):
    world.faults.fail(r"uploadType=multipart", status(503, json=DOWN), times=4)
    job = world.stack.wait(world.stack.submit(world.form), 60)
    assert (job["status"], job["attempts"]) == ("completed", 2), job


def test_slow_answer_is_given_up(world):
    def gets():
        """Of the job, by the worker that runs it: the newest is looked for in the list."""
        job_id = world.stack.submit(world.form)

        def completed():
            job, = world.stack.call("GET", "/api/v1/jobs?page_size=1").json["jobs"]
            return job["status"] == "completed" and job
        job = until(completed)
        assert (job["job_id"], job["attempts"]) == (job_id, 1)
        return len([c for c in world.calls("documents/extraction_jobs/" + job_id) if c[0] == "GET"])
    usual = gets()
    world.faults.fail(r"documents/extraction_jobs/", slow_loris(), method="GET")
    assert gets() == usual + 1


def test_status_request_ends_in_time_when_firestore_hangs(world):
    job_id = world.stack.submit(world.form)
    world.stack.wait(job_id)
    world.faults.fail(r"documents/extraction_jobs/", stall(60), times=None)
    r = world.stack.call("GET", "/api/v1/extract/" + job_id)  # within the 60 s that the fault takes
    assert r.status in (503, 504) and r.detail
    world.faults.clear()
    until(lambda: world.stack.call("GET", "/api/v1/extract/" + job_id).status == 200)


def test_document_with_nul_is_read(world):
    s = world.stack
    odd = s.extract(sample("form"))["job_id"]
    path = "/v1/projects/demo-test/databases/(default)/documents/extraction_jobs/"
    for fields in ({"error_message": {"stringValue": "a\0b"}},
                   {"request_data": {"mapValue": {"fields": {"x": {"stringValue": "\0"}}}}}):
        patched = call(f"{world.side.firestore}{path}{odd}?updateMask.fieldPaths={next(iter(fields))}",
                       "PATCH", {"fields": fields})
        assert patched[0] == 200, patched
        assert s.call("GET", "/api/v1/extract/" + odd).status == 200


def test_values_of_others_are_left_as_they_are(world):
    """What JSON has no type for is read as text, and not written back as text."""
    s = world.stack
    job_id = s.submit(world.form, regions=[{**REGION, "page": 99}])
    assert s.wait(job_id)["status"] == "failed"
    name = f"projects/demo-test/databases/(default)/documents/extraction_jobs/{job_id}"
    url = f"{world.side.firestore}/v1/{name}"
    values = [{"timestampValue": "2026-01-02T03:04:05.123456Z"}, {"bytesValue": "AAEC"},
              {"referenceValue": name}, {"geoPointValue": {"latitude": 1.5, "longitude": -2}},
              {"doubleValue": "NaN"}, {"doubleValue": "-Infinity"}, {"nullValue": None},
              {"integerValue": "9007199254740993"}]
    regions = {"arrayValue": {"values": [{"mapValue": {"fields": {
        f"v{i}": v for i, v in enumerate(values)}}}]}}
    patched = call(url + "?updateMask.fieldPaths=approved_regions", "PATCH",
                   {"fields": {"approved_regions": regions}})
    stored = json.loads(patched[2])["fields"]["approved_regions"]
    assert patched[0] == 200 and stored == regions, patched
    assert s.call("POST", f"/api/v1/jobs/{job_id}/retry").status == 202
    job = s.wait(job_id)
    assert (job["status"], job["attempts"]) == ("failed", 1), job
    assert job["approved_regions"][0]["v7"] == 9007199254740993
    assert json.loads(call(url)[2])["fields"]["approved_regions"] == stored


def test_answers_that_cannot_be_read_do_not_open_the_circuit(world):
    opened, calls = world.stack.logs().count(LEFT_ALONE), ocr_calls(world)
    world.faults.fail(r":process", html(), times=None)
    job_id = world.stack.submit(world.scan, regions=on_pages(REGION, 20))
    wait_for_retry(world, job_id)
    assert ocr_calls(world) - calls > 20
    world.faults.clear()
    assert world.stack.wait(job_id)["status"] == "completed"
    assert world.stack.logs().count(LEFT_ALONE) == opened


def test_short_or_refused_token_is_fetched_once_not_once_a_call(world):
    s, lock, first = world.stack, threading.Lock(), []
    serial = itertools.count()

    def token(life):
        def give(handler, ask):
            status(200, json={"access_token": f"short-{next(serial)}", "expires_in": life,
                              "token_type": "Bearer"})(handler, ask)
        give.fault = "token"
        return give

    def stale(handler, ask):  # the first token that is seen is refused, again and again
        sent = handler.headers["Authorization"]
        with lock:
            first.append(sent)
            turn = len(first)
        if sent != first[0]:
            return handler.reply(*ask())
        time.sleep(0.05 * turn)
        refusal(401, "UNAUTHENTICATED", "expired")(handler, ask)
    stale.fault = "stale"
    s.stop()
    world.faults.clear()
    world.faults.fail(r"/token", token(240), times=None)
    started = time.time()
    s.start()
    assert read_scan(world, regions=on_pages(REGION, 10))["attempts"] == 1
    # One a process, and anew at half its life.
    processes = sum(len(s.workers(role)) for role in ("api", "task", "waiter", "health"))
    assert len(world.calls("/token")) <= processes * (1 + (time.time() - started) // 120)
    fetched, started = len(world.calls("/token")), time.time()
    world.faults.fail(r":process", stale, times=None)
    job = read_scan(world, regions=on_pages(REGION, 10))
    assert (job["status"], job["attempts"]) == ("completed", 1), job
    assert first.count(first[0]) > 5
    assert len(world.calls("/token")) <= fetched + 2 + processes * (1 + (time.time() - started) // 120)


@pytest.mark.parametrize("code", [400, 404])
def test_token_service_that_refuses_is_the_operators_matter(world, code):
    s = world.stack
    s.stop()
    world.faults.fail(r"/token", status(200, json={"access_token": "brief", "expires_in": 1,
                                                   "token_type": "Bearer"}), times=None)
    s.start()
    world.faults.clear()
    world.faults.fail(r"/token", status(code, json={
        "error": "invalid_grant", "error_description": "no such account"}), times=None)
    # The brief token has its second first.
    answer = until(lambda: (r := s.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf")).status != 200 and r)
    assert answer.status == 503 and "tell the operator" in answer.detail, answer.body
    assert "no such account" in s.logs() and "no such account" not in answer.detail


def different_scans(n):
    """A document of n scanned pages, no two the same."""
    png = subprocess.run(["pdftoppm", "-png", "-r", "100", sample("scanned")], check=True, stdout=subprocess.PIPE).stdout
    page, pdf = Image.open(io.BytesIO(png)).convert("L"), io.BytesIO()
    pages = [ImageOps.pad(page, (page.width, page.height + 4 * i), color=255) for i in range(n)]
    pages[0].save(pdf, "PDF", resolution=100, save_all=True, append_images=pages[1:])
    return pdf.getvalue()


def test_one_fault_of_every_region_is_no_outage(world):
    opened, calls = world.stack.logs().count(LEFT_ALONE), ocr_calls(world)
    world.faults.fail_each_once(r":process", status(503, json=DOWN))
    scans = world.stack.upload(different_scans(20))
    job = world.stack.wait(world.stack.submit(scans, regions=on_pages(REGION, 20)))
    assert (job["status"], job["attempts"]) == ("completed", 1), job
    assert ocr_calls(world) == calls + 40
    assert world.stack.logs().count(LEFT_ALONE) == opened


def counters(world):
    """Those of Document AI, by name and status."""
    text = call(f"http://127.0.0.1:{world.stack.metrics_port}/metrics")[2].decode()
    for name in re.findall(r"^(pdf_ocr_\w+?)(?:_bucket|_count)?\{", text, re.M):
        assert re.search(f"^# TYPE {name}|^# TYPE {name.removesuffix('_sum')} ", text, re.M), name
    found = re.findall(r'^pdf_ocr_google_(\w+)\{api="Document AI"(?:,status="(\w+)")?\} (.+)$', text,
                       re.M)
    return collections.Counter({(name, status): float(n) for name, status, n in found})


@pytest.mark.plain  # the attempts come while the circuit is open, which they do not when slowed down
def test_circuit_opens_and_one_call_closes_it(world):
    before = counters(world)
    opened, calls = world.stack.logs().count(LEFT_ALONE), ocr_calls(world)
    world.faults.fail(r":process", status(503, json=DOWN), times=None)
    job_id = world.stack.submit(world.scan, regions=on_pages(REGION, 20))
    job = wait_for_retry(world, job_id)
    first = ocr_calls(world) - calls
    assert first >= 5 * 4 and first % 4 == 0, job["error_message"]  # all tries of as many calls as a batch has
    job = world.stack.wait(job_id)
    assert (job["status"], job["attempts"]) == ("failed", 3), job
    # None while it is open; then the tries of the one call let through.
    assert ocr_calls(world) == calls + first + 0 + 4
    after = counters(world)
    assert after["calls_total", "5xx"] - before["calls_total", "5xx"] == first + 4
    assert after["retries_total", ""] - before["retries_total", ""] == 3 * (first + 4) // 4
    assert after["refusals_total", ""] - before["refusals_total", ""] >= 1
    assert world.stack.logs().count(LEFT_ALONE) == opened + 1
    world.faults.clear()
    job = read_scan(world, regions=on_pages(REGION, 20))
    assert (job["status"], job["attempts"]) == ("completed", 2), job
    assert ocr_calls(world) == 20


def test_bigquery_that_is_down_holds_nobody_up(world):
    s = world.stack
    make_tables(world.side)
    world.faults.fail(r"insertAll", status(503, json=DOWN), times=3)
    job = s.wait(s.submit(world.form))
    assert job["status"] == "completed"

    def arrived():
        s.wait(s.submit(world.form))
        return job["job_id"] in str(world.side.control("rows"))
    until(arrived)


def test_bigquery_that_hangs_holds_nobody_up(world):
    s = world.stack
    make_tables(world.side)
    job_id = s.submit(world.form)
    s.wait(job_id)
    world.faults.fail(r"insertAll", stall(60), times=None)
    for _ in range(6):
        for call in (("POST", "/api/v1/feedback/corrections",
                      {"job_id": job_id, "corrections": [{"action": "delete", "region_id": "r"}]}),
                     ("GET", "/api/v1/extract/" + job_id)):
            assert s.call(*call).status in (200, 201)
    assert len(world.calls("insertAll")) > 0
    world.faults.clear()

    def all_seven():
        s.call("GET", "/api/v1/extract/" + job_id)
        return str(world.side.control("rows")).count(f"'job_id': '{job_id}'") >= 7  # the job and all six
    until(all_seven, told=lambda: world.side.control("rows"))


def test_request_deadline_is_the_one_that_is_set():
    w = World(REQUEST_DEADLINE_S=2)
    try:
        job_id = w.stack.extract(sample("form"))["job_id"]
        w.faults.fail(r"documents/extraction_jobs/", stall(60), times=None)
        r = w.stack.call("GET", "/api/v1/extract/" + job_id)
        assert r.status == 504 and r.detail, r.body
        w.faults.clear()
    finally:
        w.close()


def test_name_that_does_not_resolve_ends_in_a_failed_job():
    w = World(DOCUMENTAI_API_ENDPOINT="http://documentai.invalid", JOB_MAX_RETRIES=2)
    try:
        job = w.stack.extract(sample("scanned"), regions=[REGION])
        assert job["status"] == "failed" and job["attempts"] == 2
        assert job["error_message"] == ("Max retries exceeded: Document AI cannot be reached; "
                                        "try again.")
        _, _, text = call(f"http://127.0.0.1:{w.stack.metrics_port}/metrics")
        assert b'{api="Document AI",status="none"} 8\n' in text, text  # 4 of each attempt
    finally:
        w.close()


def test_progress_is_written_less_than_once_a_second(world):
    """Firestore takes about one write a second to a document."""
    s = world.stack
    s.stop()
    s.env["GOOGLE_PARALLEL_CALLS"] = "1"
    s.start()
    try:
        world.side.control("documentai", {"delay_ms": 600, "reply": document(grid(ROWS))})
        job_id, seen = s.submit(world.scan, regions=on_pages(REGION, 10)), []
        world.faults.calls.clear()

        def completed():
            job = s.call("GET", "/api/v1/extract/" + job_id).json
            seen.append(job["progress"]["regions_done"])
            return job["status"] == "completed"
        until(completed)
        writes = [c[3] for c in world.calls("documents:commit")]
        assert any(0 < done < 10 for done in seen), seen
        between = writes[1:-1]  # after the claim, before the end
        assert all(b - a > 1 for a, b in zip(between, between[1:]))
    finally:
        del s.env["GOOGLE_PARALLEL_CALLS"]
        s.stop()
        s.start()


def test_job_whose_task_was_dropped_is_queued_again(tmp_path):
    """The queue remembers the name of a task that it gave up, and takes no other by that name."""
    from jwcrypto import jwk
    others = jwk.JWK.generate(kty="RSA", size=2048, kid="others", alg="RS256", use="sig")
    (tmp_path / "jwks").write_text(json.dumps({"keys": [others.export_public(as_dict=True)]}))
    w = World(TASKS_JWKS=tmp_path / "jwks")
    s = w.stack
    try:
        right = w.side.env()["TASKS_JWKS"]
        job_id = s.submit(s.upload(sample("form")))  # its token is signed by no key of these
        until(lambda: [t["state"] for t in w.side.control("tasks")] == ["failed"])
        s.stop()
        s.env.update(TASKS_JWKS=right, JOB_STALE_S="1", SWEEP_INTERVAL_S="1")
        s.start()
        job = s.wait(job_id, 30)
        assert (job["status"], job["attempts"]) == ("completed", 1), job
    finally:
        w.close()


def test_killed_workers_lose_no_job():
    w = World(JOB_LEASE_S=4, SWEEP_INTERVAL_S=1)
    s = w.stack
    try:
        w.side.control("documentai", {"delay_ms": 3000, "reply": document(grid(ROWS))})
        job_id = s.submit(s.upload(sample("scanned")), regions=[REGION])
        until(lambda: s.call("GET", "/api/v1/extract/" + job_id).json["status"] == "processing")
        for pid in s.workers("task"):
            os.kill(pid, signal.SIGKILL)
        w.side.control("documentai", {"reply": document(grid(ROWS))})
        job = s.wait(job_id, 60)
        assert (job["status"], job["attempts"]) == ("completed", 2), job
        assert s.fetch(job["result_url"]).body == CSV
    finally:
        w.close()
