"""The local dispatcher keeps Cloud Tasks' rules, seen from the target's side."""
import contextlib
import http.server
import json
import sqlite3
import threading
import time

import pytest
from conftest import free_port, sample, until

BODY = {"regions": [{"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}]}


class Target:
    """An HTTP target that notes each delivery and answers as told."""

    def __init__(self):
        self.seen, self.lock, self.running, self.most = [], threading.Lock(), 0, 0
        self.answer = lambda n: (200, {})
        self.hold_s = 0
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                with target.lock:
                    target.running += 1
                    target.most = max(target.most, target.running)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with target.lock:
                    target.seen.append((time.time(), self.path, dict(self.headers), body))
                    n = len(target.seen)
                time.sleep(target.hold_s)
                status, headers = target.answer(n)
                with target.lock:
                    target.running -= 1
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.port = free_port()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, n, seconds=600):
        until(lambda: len(self.seen) >= n, seconds, lambda: f"{len(self.seen)} of {n} deliveries came")


@pytest.fixture
def target():
    t = Target()
    yield t
    t.server.shutdown()
    t.server.server_close()


@pytest.fixture
def queue(make_stack, target):
    def make(jobs=1, **env):
        s = make_stack(API_BASE_URL=f"http://127.0.0.1:{target.port}", **{
            "TASK_QUEUE_MIN_BACKOFF_MS": 400, "TASK_QUEUE_MAX_BACKOFF_MS": 10000, **env})
        pdf = s.call("POST", "/api/v1/upload/documents", sample("form").read_bytes(),
                     headers={"Content-Type": "application/pdf"}).json["pdf_id"]
        for _ in range(jobs):
            assert s.call("POST", "/api/v1/extract", {"pdf_id": pdf, **BODY}).status == 202
        return s
    return make


def tasks(stack):
    """The names of the tasks that the queue still has."""
    with contextlib.closing(sqlite3.connect(stack.data / "pdf-ocr.sqlite3", timeout=20)) as db:
        return [name for name, in db.execute("SELECT name FROM tasks WHERE state <> 'ended'")]


def test_task_carries_body_and_headers(queue, target):
    s = queue()
    target.wait(1)
    _, path, headers, body = target.seen[0]
    assert path == "/api/v1/tasks/process-extraction"
    job = json.loads(body)
    assert set(job) == {"job_id", "pdf_id", "request_data"}
    assert headers["Content-Type"] == "application/json" and headers["X-API-Key"]
    assert headers["X-CloudTasks-QueueName"] == "extraction-queue"
    assert headers["X-CloudTasks-TaskName"] == f"extraction-{job['job_id']}-1"
    assert headers["X-CloudTasks-TaskRetryCount"] == "0"
    assert headers["X-CloudTasks-TaskExecutionCount"] == "0"
    assert abs(float(headers["X-CloudTasks-TaskETA"]) - time.time()) < 30
    assert "X-CloudTasks-TaskPreviousResponse" not in headers
    assert until(lambda: tasks(s) == [])  # 2xx ended it
    assert len(target.seen) == 1


def test_failed_task_is_delivered_again_later_and_later_and_then_dropped(queue, target):
    target.answer = lambda n: (500, {})
    s = queue(TASK_QUEUE_MAX_ATTEMPTS=3, JOB_STALE_S=86400)
    target.wait(3)
    times = [t for t, *_ in target.seen]
    assert times[1] - times[0] >= 0.4 and times[2] - times[1] >= 0.8
    assert [h["X-CloudTasks-TaskRetryCount"] for _, _, h, _ in target.seen] == ["0", "1", "2"]
    assert target.seen[2][2]["X-CloudTasks-TaskPreviousResponse"] == "500"
    until(lambda: any("dropped" in e.get("message", "") for e in s.events()))
    assert until(lambda: tasks(s) == []) and len(target.seen) == 3


def test_retry_after_is_kept(queue, target):
    target.answer = lambda n: (503, {"Retry-After": "2"}) if n == 1 else (200, {})
    queue()
    target.wait(2)
    assert target.seen[1][0] - target.seen[0][0] >= 2


def test_dropped_task_is_queued_again_by_the_sweep(queue, target):
    target.answer = lambda n: (500, {}) if n == 1 else (200, {})
    queue(TASK_QUEUE_MAX_ATTEMPTS=1, JOB_STALE_S=1, SWEEP_INTERVAL_S=1)
    target.wait(2)
    assert target.seen[1][3] == target.seen[0][3]


def test_no_more_tasks_at_once_than_allowed(queue, target):
    target.hold_s = 0.3
    queue(jobs=12, TASK_QUEUE_MAX_CONCURRENT_DISPATCHES=3)
    target.wait(12)
    assert target.most == 3


def test_no_more_tasks_a_second_than_allowed(queue, target):
    queue(jobs=15, TASK_QUEUE_MAX_DISPATCHES_PER_SECOND=5)
    target.wait(15)
    times = [t for t, *_ in target.seen]
    assert times[-1] - times[0] >= (15 - 3) / 5  # a burst of two, then five a second


def test_running_task_is_delivered_again_when_the_dispatcher_was_killed(queue, target):
    import os
    import signal
    target.hold_s = 2
    s = queue()
    target.wait(1)
    os.kill(s.workers("dispatcher")[0], signal.SIGKILL)
    target.wait(2)
    assert target.seen[1][3] == target.seen[0][3]


def test_outcome_is_recorded_when_the_store_answers_again(queue, target):
    """The store is locked while the answer comes; nothing but the dispatcher would ever know."""
    path, store = [], []

    def lock(n):
        if n > 1:
            return 200, {}
        store.append(sqlite3.connect(path[0], timeout=5, isolation_level=None,
                                     check_same_thread=False))
        store[0].execute("BEGIN IMMEDIATE")
        return 503, {}
    target.answer, target.hold_s = lock, 1
    s = queue(JOB_STALE_S=86400)
    path.append(s.data / "pdf-ocr.sqlite3")
    until(lambda: any("cannot use the task table" in e.get("message", "") for e in s.events()))
    store[0].execute("ROLLBACK")
    store[0].close()
    target.wait(2)
    assert target.seen[1][3] == target.seen[0][3]
