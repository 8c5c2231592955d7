"""Requests that wait for a job: how they end, how many there may be, and what they cost."""
import contextlib
import http.client
import json
import os
import re
import resource
import selectors
import signal
import socket
import sqlite3
import threading
import time

import pytest
from conftest import KEY, Stack, free_port, sample, until


@contextlib.contextmanager
def held(stack):
    """No job of this service goes on meanwhile."""
    pids = stack.workers("task")

    def stopped():
        tell(pids, signal.SIGSTOP)
        with contextlib.closing(sqlite3.connect(stack.data / "pdf-ocr.sqlite3", isolation_level=None)) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                return True
            except sqlite3.OperationalError:  # one was stopped while it wrote
                tell(pids, signal.SIGCONT)
        return False
    try:
        until(stopped)
        yield
    finally:
        tell(pids, signal.SIGCONT)


def tell(pids, signum):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)


class Asking(threading.Thread):
    """A call on its way; its answer, and how long it took."""

    def __init__(self, stack, path, method="GET", **kw):
        super().__init__()
        self.stack, self.asked, self.kw = stack, (method, path), kw
        self.answer = self.seconds = None
        self.start()

    def run(self):
        began = time.monotonic()
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.answer = self.stack.call(*self.asked, **self.kw)
        self.seconds = time.monotonic() - began

    def end(self):
        self.join()
        return self.answer


def waiting(stack):
    """How many requests wait, by the service's own count."""
    c = http.client.HTTPConnection("127.0.0.1", stack.metrics_port)
    c.request("GET", "/metrics")
    text = c.getresponse().read().decode()
    c.close()
    return int(re.search(r"^pdf_ocr_waiting_requests (\d+)$", text, re.M).group(1))


def queued(stack):
    return stack.submit(stack.upload(sample("text-table")))


@pytest.mark.parametrize("path", ["jobs", "extract"])
def test_answer_comes_when_the_job_has_ended(stack, path):
    with held(stack):
        job = queued(stack)
        asking = Asking(stack, f"/api/v1/{path}/{job}?wait=60")
        until(lambda: waiting(stack) == 1)
        assert stack.call("GET", f"/api/v1/jobs/{job}").json["status"] == "queued"
    r = asking.end()
    assert r.status == 200 and r.json["status"] == "completed" and asking.seconds < 50
    assert r.headers["ETag"] and r.headers["RateLimit-Limit"] and r.headers["X-Request-ID"]
    assert "Retry-After" not in r.headers
    until(lambda: waiting(stack) == 0)


def test_answer_comes_when_the_time_is_up(stack):
    with held(stack):
        job = queued(stack)
        asking = Asking(stack, f"/api/v1/jobs/{job}?wait=1")
        r = asking.end()
        assert r.status == 200 and r.json["status"] == "queued" and r.headers["Retry-After"]
        assert asking.seconds >= 1
        tag = {"If-None-Match": r.headers["ETag"]}
        assert stack.call("GET", f"/api/v1/jobs/{job}?wait=1", headers=tag).status == 304
        assert stack.call("HEAD", f"/api/v1/jobs/{job}?wait=1").status == 200


def test_ended_job_is_not_waited_for(stack):
    job = stack.wait(queued(stack))["job_id"]
    assert Asking(stack, f"/api/v1/jobs/{job}?wait=60").end().json["status"] == "completed"
    with held(stack):
        asking = Asking(stack, f"/api/v1/jobs/{queued(stack)}?wait=0")
        assert asking.end().json["status"] == "queued"


@pytest.mark.parametrize("wait", ["x", "-1", "", "1.5", "1e3", "9999999999", "%20"])
def test_wait_is_a_whole_number(stack, wait):
    r = stack.call("GET", f"/api/v1/jobs/{stack.wait(queued(stack))['job_id']}?wait={wait}")
    assert r.status == 422 and r.detail.startswith("wait: ")


def test_wait_is_cut_to_what_is_allowed(make_stack):
    s = make_stack(WAIT_MAX_S=1)
    with held(s):
        asking = Asking(s, f"/api/v1/jobs/{queued(s)}?wait=999999999")
        assert asking.end().json["status"] == "queued"


def test_nobody_waits_for_a_job_that_is_not_theirs(stack):
    absent = "00000000-0000-4000-8000-000000000000"
    assert stack.call("GET", f"/api/v1/jobs/{absent}?wait=60").status == 404
    assert stack.call("GET", f"/api/v1/jobs/{absent}?wait=60", key=None).status == 401


def test_cancelled_job_ends_the_wait(stack):
    with held(stack):
        job = queued(stack)
        asking = Asking(stack, f"/api/v1/jobs/{job}?wait=60")
        until(lambda: waiting(stack) == 1)
        assert stack.call("DELETE", f"/api/v1/jobs/{job}").status == 204
        assert asking.end().json["status"] == "cancelled"


def test_client_that_leaves_frees_its_place(stack):
    with held(stack):
        job = queued(stack)
        c = stack.connect()
        c.request("GET", f"/api/v1/jobs/{job}?wait=60", headers={"X-API-Key": KEY})
        until(lambda: waiting(stack) == 1)
        c.close()
        until(lambda: waiting(stack) == 0)


def test_too_many_of_one_key_are_refused(make_stack):
    s = make_stack(WAITING_PER_KEY=2)
    with held(s):
        job = queued(s)
        first = [Asking(s, f"/api/v1/jobs/{job}?wait=60") for _ in range(2)]
        until(lambda: waiting(s) == 2)
        r = s.call("GET", f"/api/v1/jobs/{job}?wait=60")
        assert r.status == 429 and r.json["code"] == "too_many_requests" and r.headers["Retry-After"]
        assert s.call("GET", f"/api/v1/jobs/{job}").status == 200
    assert [a.end().json["status"] for a in first] == ["completed"] * 2


def test_waiter_that_dies_is_replaced_and_the_job_told_as_it_is(make_stack):
    s = make_stack()
    with held(s):
        job = queued(s)
        asking = Asking(s, f"/api/v1/jobs/{job}?wait=60")
        until(lambda: waiting(s) == 1)
        (old,) = s.workers("waiter")
        os.kill(old, signal.SIGKILL)
        assert asking.end().json["status"] == "queued"
        until(lambda: s.workers("waiter") not in ([], [old]))
        asking = Asking(s, f"/api/v1/jobs/{job}?wait=60")
        until(lambda: waiting(s) == 1)
    assert asking.end().json["status"] == "completed"


def test_all_are_answered_when_the_service_stops(make_stack):
    s = make_stack()
    with held(s):
        job = queued(s)
        asking = [Asking(s, f"/api/v1/jobs/{job}?wait=60") for _ in range(20)]
        until(lambda: waiting(s) == 20)
        s.process.send_signal(signal.SIGTERM)
        answers = [a.end() for a in asking]
    assert [a is not None and (a.status, a.json["status"]) for a in answers] == [(200, "queued")] * 20


def test_new_keys_disturb_nobody_who_waits(make_stack):
    s = make_stack()
    with held(s):
        asking = Asking(s, f"/api/v1/jobs/{queued(s)}?wait=60")
        until(lambda: waiting(s) == 1)
        old = s.workers("api")
        s.process.send_signal(signal.SIGHUP)
        until(lambda: not set(old) & set(s.workers("api")))
    # New task workers have been started as well.
    assert asking.end().json["status"] == "completed"


def test_waits_are_logged_once_and_with_their_job(stack):
    with held(stack):
        job = queued(stack)
        r = stack.call("GET", f"/api/v1/jobs/{job}?wait=1")

    def lines():
        return [e for e in stack.events() if e.get("requestId") == r.headers["X-Request-ID"]]
    until(lines)
    assert [(e["message"], e["jobId"], e["route"]) for e in lines()] == [("request", job, "job_get")]


# --- events ---

class Stream:
    """The events of a job, as they come."""

    def __init__(self, stack, job, headers=None):
        self.connection = stack.connect()
        self.connection.request("GET", f"/api/v1/jobs/{job}/events", headers={"X-API-Key": KEY, **(headers or {})})
        self.answer = self.connection.getresponse()

    def __iter__(self):
        event = {}
        for line in self.answer:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
            elif "data" in event:
                yield event["event"], int(event["id"]), json.loads(event["data"])
                event = {}


def test_events_tell_a_job_from_its_queue_to_its_end(stack):
    with held(stack):
        job = queued(stack)
        stream = Stream(stack, job)
        events = iter(stream)
        first = next(events)
        assert first[0] == "progress" and first[2]["status"] == "queued" and first[2]["job_id"] == job
    told = [first, *events]
    assert stream.answer.status == 200 and stream.answer.headers["Content-Type"] == "text/event-stream"
    assert stream.answer.headers["X-Accel-Buffering"] == "no" and stream.answer.headers["Cache-Control"] == "no-store"
    assert [kind for kind, _, _ in told] == ["progress"] * (len(told) - 1) + ["end"]
    versions = [version for _, version, _ in told]
    assert versions == sorted(set(versions))
    assert told[-1][2]["status"] == "completed" and told[-1][2]["outcome"] == "success"
    assert told[-1][2]["progress"]["regions_done"] == 1
    until(lambda: waiting(stack) == 0)


def test_events_of_an_ended_job_are_its_end(stack):
    job = stack.wait(queued(stack))["job_id"]
    ((kind, version, data),) = Stream(stack, job)
    assert kind == "end" and data["status"] == "completed"
    assert len(list(Stream(stack, job, {"Last-Event-ID": "1"}))) == 1
    assert len(list(Stream(stack, job, {"Last-Event-ID": "nonsense \u00e4".encode()}))) == 1
    assert Stream(stack, job, {"Last-Event-ID": str(version)}).answer.status == 204


def test_events_keep_the_connection_alive(stack):
    with held(stack):
        stream = Stream(stack, queued(stack))
        lines = []
        while lines[-1:] != [b":\n"]:
            lines.append(stream.answer.readline())
        stream.connection.close()
        until(lambda: waiting(stack) == 0)


def test_events_are_for_the_owner_and_counted(make_stack):
    s = make_stack(WAITING_PER_KEY=1)
    absent = "00000000-0000-4000-8000-000000000000"
    assert s.call("GET", f"/api/v1/jobs/{absent}/events").status == 404
    with held(s):
        job = queued(s)
        assert s.call("GET", f"/api/v1/jobs/{job}/events", key=None).status == 401
        stream = Stream(s, job)
        assert next(iter(stream))[0] == "progress"
        assert s.call("GET", f"/api/v1/jobs/{job}/events").status == 429
        assert s.call("GET", f"/api/v1/jobs/{job}?wait=60").status == 429
    assert [kind for kind, _, _ in stream][-1] == "end"


def test_events_end_when_the_service_stops(make_stack):
    s = make_stack()
    with held(s):
        stream = Stream(s, queued(s))
        events = iter(stream)
        assert next(events)[0] == "progress"
        s.process.send_signal(signal.SIGTERM)
        assert list(events) == []


# --- many ---

class Plain(Stack):
    """Without TLS, whose memory is nginx's and the client's."""

    def trust(self):
        return None

    def connect(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", int(self.env["PORT"]), timeout=timeout)

    def fetch(self, url, method="GET", **kw):
        return self.call(method, url.removeprefix("https://public.example"), key=None, **kw)


def memory(stack):
    """Bytes that the service's processes, nginx aside, have for themselves."""
    total = 0
    for role in ("api", "task", "page", "upload", "health", "waiter", "dispatcher"):
        for pid in stack.workers(role):
            with open(f"/proc/{pid}/status") as f:
                total += int(re.search(r"RssAnon:\s+(\d+) kB", f.read()).group(1)) * 1024
    return total


def read_job(connection):
    answer = b""
    while b'"expires_at"' not in answer:
        more = connection.recv(65536)
        assert more, answer
        answer += more
    return answer


def answered(ready):
    """What those who should still wait were told."""
    return [key.fileobj.recv(200) for key, _ in ready.select(0)[:3]]


@pytest.mark.plain
def test_thousands_wait_and_cost_little():
    """As many as this machine's limit of open files lets wait, 5,000 at most."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    n = min(5000, most - 500)
    s = Plain(PORT=free_port(), API_BASE_URL="https://public.example", NGINX_WORKERS=2, CONNECTIONS_PER_ADDRESS=20000,
              WAITING_PER_KEY=20000, RATE_LIMIT_PER_ADDRESS=100000, RATE_LIMIT_BURST=100000, RATE_LIMIT_PER_KEY=100000,
              WAIT_MAX_S=900)
    clients = []
    try:
        s.wait(queued(s))
        with held(s), selectors.DefaultSelector() as ready:
            jobs = [queued(s) for _ in range(50)]
            before = memory(s)
            for i in range(n):
                c = socket.create_connection(("127.0.0.1", int(s.env["PORT"])))
                c.sendall(f"GET /api/v1/jobs/{jobs[i % len(jobs)]}?wait=900 HTTP/1.1\r\nHost: a\r\n"
                          f"X-API-Key: {KEY}\r\n\r\n".encode())
                clients.append(c)
                ready.register(c, selectors.EVENT_READ)
                if len(clients) % 100 == 0:  # a slow machine is not asked for all at once
                    until(lambda: waiting(s) == len(clients), told=lambda: answered(ready))
            until(lambda: waiting(s) == n, told=lambda: answered(ready))
            each = (memory(s) - before) / n
            print(f"{n} requests wait; each takes {each:.0f} bytes of the service")
            assert each < 10000
            assert s.call("GET", f"/api/v1/jobs/{jobs[0]}").status == 200
            assert ready.select(0) == []
            for c in clients[:100]:
                c.close()
            until(lambda: waiting(s) == n - 100)
            for job in jobs[1:]:
                assert s.call("DELETE", f"/api/v1/jobs/{job}").status == 204
        ends = {re.search(rb"^HTTP/1.1 (\d+).*\"status\":\"(\w+)\"", read_job(c), re.S).groups() for c in clients[100:]}
        assert ends == {(b"200", b"cancelled"), (b"200", b"completed")}
        until(lambda: waiting(s) == 0)
    finally:
        for c in clients:
            c.close()
        s.close()
