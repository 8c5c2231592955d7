"""/health/ready: false when the service cannot do its work, and nobody waits for who asks."""
import contextlib
import http.client
import os
import pathlib
import re
import resource
import signal
import tempfile
import threading
import urllib.request

import pytest
from conftest import fill, sample
from google_stack import GoogleSide, GoogleStack, World, needs_firestore  # puts tests/google on the path
from fault_proxy import reset_before, stall
from test_robustness import QUICK, kill, until

FULL = {"regions": [{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}]}


def ready(stack):
    return stack.call("GET", "/api/v1/health/ready", key=None)


def is_ready(stack):
    return ready(stack).status == 200


def not_ready(stack, why):
    """Waits until it says so: what was found is kept for a moment."""
    until(lambda: not is_ready(stack))
    r = ready(stack)
    assert (r.status, r.detail) == (503, f"Not ready: {why}."), r.body
    assert int(r.headers["Retry-After"]) >= 1 and r.headers["Content-Type"] == "application/problem+json"


def test_not_ready_where_uploads_cannot_be_stored(make_stack):
    s = make_stack()
    folder = next((s.data / "uploads").iterdir())
    folder.rename(folder.with_suffix(".away"))
    not_ready(s, "uploads cannot be stored")
    folder.with_suffix(".away").rename(folder)
    until(lambda: is_ready(s))


def test_not_ready_on_a_full_disk(make_stack, small_disk):
    s = make_stack(DATA_DIR=small_disk / "data")
    fill(small_disk)
    not_ready(s, "uploads cannot be stored")
    (small_disk / "fill").unlink()
    until(lambda: is_ready(s))
    s.stop()


def test_not_ready_when_jobs_find_no_descriptors(make_stack):
    s = make_stack(**QUICK, TASK_WORKERS=1)
    worker, = s.workers("task")
    pdf_id, usual = s.upload(sample("form")), resource.prlimit(worker, resource.RLIMIT_NOFILE)
    assert s.wait(s.submit(pdf_id, **FULL))["status"] == "completed"
    used = len(os.listdir(f"/proc/{worker}/fd"))
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + 3, usual[1]))
    job = s.wait(s.submit(pdf_id, **FULL))
    assert job["status"] == "failed" and job["error_message"].startswith("Max retries exceeded"), job
    not_ready(s, "the last jobs found no memory, descriptors or processes left")
    resource.prlimit(worker, resource.RLIMIT_NOFILE, usual)
    assert s.wait(s.submit(pdf_id, **FULL))["status"] == "completed"
    until(lambda: is_ready(s))


def losses(stack):
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.metrics_port}/metrics") as r:
        return int(re.search(rb"^pdf_ocr_store_losses_total (\d+)$", r.read(), re.M)[1])


@pytest.mark.parametrize("lost", ["pdf-ocr.sqlite3-wal", "pdf-ocr.sqlite3*"])
def test_start_with_a_lost_database_or_log_says_so(make_stack, lost):
    s = make_stack(SWEEP_INTERVAL_S=1)
    mark = s.data / "pdf-ocr.sqlite3.mark"
    job_id = s.submit(s.upload(sample("form")), **FULL)
    s.wait(job_id)
    until(lambda: mark.exists() and mark.read_text().split()[1] == "1")
    assert losses(s) == 0
    s.kill()
    kept = mark.read_text()
    for path in s.data.glob(lost):
        path.unlink()
    mark.write_text(kept)
    s.start()
    until(lambda: losses(s) == 1)
    told = [e for e in s.events() if e.get("message", "").startswith("the job store has lost changes")]
    assert [(e["severity"], e["jobs_before"], e["jobs_now"]) for e in told] == [("ERROR", "1", "0")]
    assert s.call("GET", "/api/v1/jobs/" + job_id).status == 404
    # Said once; and a start that lost nothing says nothing.
    for pid in s.workers("dispatcher"):
        kill(pid)
    s.stop()
    s.start()
    assert losses(s) == 0


@needs_firestore
def test_who_asks_while_google_hangs_keeps_nobody_waiting():
    world = World(API_WORKERS=1)
    try:
        s, refused, before = world.stack, [], len(world.calls("documents"))
        world.faults.fail(r"documents", stall(60), times=None)

        def ask():
            status = 200
            while status in (200, 429):  # what was found is kept for a moment
                status = ready(s).status
            refused.append(status)
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for t in threads:
            t.start()
        until(lambda: len(world.calls("documents")) > before)  # the stores are being looked at
        for _ in range(5):
            assert s.call("GET", "/api/v1/health", key=None).status == 200
        assert refused == []
        for t in threads:
            t.join()
        assert set(refused) <= {503, 504}
        world.faults.clear()
        until(lambda: is_ready(s))
    finally:
        world.close()


def test_one_look_is_good_for_all_and_one_address_is_limited(stack):
    statuses = [ready(stack).status for _ in range(200)]
    assert set(statuses) == {200, 429}
    until(lambda: is_ready(stack))


def test_service_lives_while_all_workers_wait(make_stack):
    s = make_stack(API_WORKERS=1)
    worker, = s.workers("api")
    os.kill(worker, signal.SIGSTOP)
    try:
        live = s.call("GET", "/api/v1/health/live", key=None)
        assert live.status == 200 and live.json == {"status": "alive"}
        refused = s.call("POST", "/health/live", {}, key=None)
        assert refused.status == 405 and refused.headers["Allow"] == "GET, HEAD", refused.headers
    finally:
        os.kill(worker, signal.SIGCONT)


@needs_firestore
def test_start_needs_no_google():
    class Lonely(GoogleStack):
        def is_ready(self):
            assert self.process.poll() is None, self.logs()[-3000:]
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.context = self.trust()
                return self.call("GET", "/api/v1/health", key=None).status == 200
    side = GoogleSide(faults=True)
    side.faults.fail(r".", reset_before(), times=None)
    with tempfile.TemporaryDirectory(prefix="pocr-lonely-", dir="/tmp") as folder:
        s = Lonely(side, pathlib.Path(folder) / "data")
        try:
            assert ready(s).status == 503
            assert s.call("GET", "/api/v1/health/live", key=None).status == 200
            side.faults.clear()
            until(lambda: is_ready(s))
        finally:
            s.close()
            side.close()
