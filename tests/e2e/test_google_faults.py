"""What goes wrong between the service and Google, each fault put in by a proxy."""
import os
import signal
import subprocess
import time

import pytest
from conftest import BUILD, expected, sample
from google_stack import World, document, grid, needs_firestore
from fault_proxy import (html, reset_before, reset_mid_body,  # noqa: I001
                         slow_loris, stall, status, truncated_json)

pytestmark = needs_firestore
REGION = {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}
ROWS = [["Item", "Count"], ["Paper", "12"], ["Folder", "40"]]
CSV = b"".join(",".join(r).encode() + b"\r\n" for r in ROWS)
BUSY = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded"}}
DOWN = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "try later"}}


@pytest.fixture(scope="module")
def world():
    w = World(GEMINI_API_KEY="gemini-test-key")
    w.scan = w.stack.upload(sample("scanned"))
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
    return world.stack.wait(world.stack.submit(world.scan, regions=[REGION], **kw), 90)


def ocr_calls(world):
    return len(world.calls(":process"))


@pytest.mark.parametrize("fault", [
    status(429, {"Retry-After": "1"}, json=BUSY), status(500, json={"error": {"code": 500}}),
    status(503, json=DOWN), status(502, body=b"<html>bad gateway"), reset_before(),
    reset_before(forward=True), reset_mid_body(), truncated_json(), html(),
    status(401, json={"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "expired"}})],
    ids=lambda f: getattr(f, "fault", "fault"))
def test_one_fault_of_document_ai_costs_one_call_more(world, fault):
    calls, tokens, start = ocr_calls(world), len(world.calls("/token")), time.time()
    world.faults.fail(r":process", fault)
    job = read_scan(world)
    assert (job["status"], job["attempts"]) == ("completed", 1), job
    assert world.stack.fetch(job["result_url"]).body == CSV
    assert ocr_calls(world) == calls + 2
    if "429" in fault.fault:
        assert time.time() - start >= 1
    if "401" in fault.fault:
        assert len(world.calls("/token")) == tokens + 1
        assert {c[1] for c in world.calls("/token")} == {
            "/computeMetadata/v1/instance/service-accounts/default/token"}


def test_long_retry_after_is_waited_out_by_the_queue(world):
    calls = ocr_calls(world)
    world.faults.fail(r":process", status(429, {"Retry-After": "120"}, json=BUSY))
    job_id = world.stack.submit(world.scan, regions=[REGION])
    end = time.time() + 30
    while time.time() < end:
        job = world.stack.call("GET", "/api/v1/extract/" + job_id).json
        if job["attempts"] == 1 and job["status"] == "queued":
            break
        time.sleep(0.1)
    assert "takes no more calls" in job["error_message"], job
    assert ocr_calls(world) == calls + 1
    retry = []
    while not retry and time.time() < end:  # it is queued after the job has been stored
        retry = [t for t in world.side.control("tasks") if f"/retry-{job_id}" in t["name"]]
        time.sleep(0.1)
    assert len(retry) == 1 and 100 < retry[0]["eta"] - time.time() < 125
    assert world.stack.call("DELETE", "/api/v1/jobs/" + job_id).status == 204


def test_refused_request_fails_the_job_for_good(world):
    calls = ocr_calls(world)
    world.faults.fail(r":process", status(400, json={"error": {
        "code": 400, "status": "INVALID_ARGUMENT", "message": "Unsupported image"}}))
    job = read_scan(world)
    assert job["status"] == "failed" and "Unsupported image" in job["error_message"], job
    assert ocr_calls(world) == calls + 1


def test_missing_role_is_the_operators_matter(world):
    calls = ocr_calls(world)
    world.faults.fail(r":process", status(403, json={"error": {
        "code": 403, "status": "PERMISSION_DENIED", "message": "no permission"}}), times=3)
    job = read_scan(world)
    assert job["status"] == "failed" and "refuses the service's credentials" in job["error_message"]
    assert job["error_message"].startswith("Max retries exceeded") and job["attempts"] == 3
    assert ocr_calls(world) == calls + 3
    assert "no permission" in world.stack.logs()


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


def test_aborted_commit_is_tried_again(world):
    world.faults.fail(r"documents:commit", status(409, json={"error": {
        "code": 409, "status": "ABORTED", "message": "contention"}}), times=2)
    job = world.stack.wait(world.stack.submit(world.form))
    assert (job["status"], job["attempts"]) == ("completed", 1)


def test_task_that_exists_is_no_error(world):
    world.faults.fail(r"/queues/extraction-queue/tasks", status(409, json={"error": {
        "code": 409, "status": "ALREADY_EXISTS", "message": "exists"}}))
    r = world.stack.call("POST", "/api/v1/extract", {"pdf_id": world.form, "regions": [REGION]})
    assert r.status == 202


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
    world.faults.fail(r"/upload/storage/", status(412, json={"error": {
        "code": 412, "message": "conditionNotMet"}}))
    r = world.stack.call("POST", "/api/v1/upload/documents", data,
                         headers={"Content-Type": "application/pdf"})
    assert r.status in (200, 201), r.body


def test_broken_download_goes_on_where_it_stopped(world):
    s = world.stack
    before = len(world.calls("alt=media"))
    world.faults.fail(r"alt=media", reset_mid_body(), times=2)
    job = s.wait(s.submit(s.upload(sample("text-table"))))
    assert job["status"] == "completed" and s.fetch(job["result_url"]).body == expected("text-table")
    gets = world.calls("alt=media")[before:]
    assert len(gets) == 3 and "generation=" in gets[1][1]


def test_broken_chunk_goes_on_where_it_stopped(world):
    data = sample("text-table").read_bytes() + b"\n%" + b"y" * (17 << 20)
    world.faults.fail(r"upload_id=", reset_before(forward=True))
    world.faults.fail(r"upload_id=", status(503, json=DOWN))
    r = world.stack.call("POST", "/api/v1/upload/documents", data,
                         headers={"Content-Type": "application/pdf"})
    assert r.status == 201, r.body
    assert world.stack.wait(world.stack.submit(r.json["pdf_id"]))["outcome"] == "success"


def test_results_that_cannot_be_stored_are_tried_again(world):
    world.faults.fail(r"uploadType=multipart", status(503, json=DOWN), times=4)
    job = world.stack.wait(world.stack.submit(world.form), 60)
    assert (job["status"], job["attempts"]) == ("completed", 2), job


def test_slow_answer_is_given_up(world):
    world.faults.fail(r"documents/extraction_jobs/", slow_loris())
    start = time.time()
    job = world.stack.wait(world.stack.submit(world.form), 60)
    assert (job["status"], job["attempts"]) == ("completed", 1) and time.time() - start < 40


def test_status_request_ends_in_time_when_firestore_hangs(world):
    job_id = world.stack.submit(world.form)
    world.stack.wait(job_id)
    world.faults.fail(r"documents/extraction_jobs/", stall(60), times=None)
    start = time.time()
    r = world.stack.call("GET", "/api/v1/extract/" + job_id)
    assert r.status in (503, 504) and r.detail and time.time() - start < 15
    world.faults.clear()
    end = time.time() + 30
    while world.stack.call("GET", "/api/v1/extract/" + job_id).status != 200:
        assert time.time() < end
        time.sleep(0.5)


def test_circuit_opens_and_closes_again(world):
    s = world.stack
    before = len(world.calls(":runQuery"))
    world.faults.fail(r":runQuery", status(503, json=DOWN), times=None)
    answers = [s.call("GET", "/api/v1/jobs?page_size=1") for _ in range(12)]
    assert {a.status for a in answers} == {503} and answers[-1].headers["Retry-After"]
    assert len(world.calls(":runQuery")) - before < 12 * 4  # not all of them were sent
    assert "left alone for a while" in s.logs()
    world.faults.clear()
    end = time.time() + 40
    while {s.call("GET", "/api/v1/jobs?page_size=1").status for _ in range(4)} != {200}:
        assert time.time() < end
        time.sleep(1)
    time.sleep(10)  # each worker has a circuit of its own


def test_bigquery_that_is_down_holds_nobody_up(world):
    s = world.stack
    subprocess.run([BUILD / "pdf-ocr-migrate", "--create-tables"], check=True, timeout=60,
                   env={**os.environ, **world.side.env()}, stdout=subprocess.DEVNULL)
    world.faults.fail(r"insertAll", status(503, json=DOWN), times=3)
    job = s.wait(s.submit(world.form))
    assert job["status"] == "completed"
    end = time.time() + 60
    while time.time() < end:
        s.wait(s.submit(world.form))
        if any(job["job_id"] in str(r) for r in [world.side.control("rows")]):
            break
    else:
        raise AssertionError("the row never arrived")


def test_name_that_does_not_resolve_ends_in_a_failed_job():
    w = World(DOCUMENTAI_API_ENDPOINT="http://documentai.invalid", JOB_MAX_RETRIES=2)
    try:
        job = w.stack.extract(sample("scanned"), regions=[REGION])
        assert job["status"] == "failed" and job["attempts"] == 2
        assert job["error_message"] == ("Max retries exceeded: Document AI cannot be reached; "
                                        "try again.")
    finally:
        w.close()


def test_killed_workers_lose_no_job():
    w = World(JOB_LEASE_S=4, SWEEP_INTERVAL_S=1)
    s = w.stack
    try:
        w.side.control("documentai", {"delay_ms": 3000, "reply": document(grid(ROWS))})
        job_id = s.submit(s.upload(sample("scanned")), regions=[REGION])
        end = time.time() + 20
        while s.call("GET", "/api/v1/extract/" + job_id).json["status"] != "processing":
            assert time.time() < end
            time.sleep(0.1)
        for pid in s.workers("task"):
            os.kill(pid, signal.SIGKILL)
        w.side.control("documentai", {"reply": document(grid(ROWS))})
        job = s.wait(job_id, 60)
        assert (job["status"], job["attempts"]) == ("completed", 2), job
        assert s.fetch(job["result_url"]).body == CSV
    finally:
        w.close()
