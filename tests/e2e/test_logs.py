"""The log, wherever it goes: a line is whole, and of the format and level asked for."""
import json
import os
import select
import socket
import threading

from conftest import Stack, sample, until


def is_full(pipe):
    """Whether nothing more can be written to it just now."""
    return not select.select([], [pipe], [], 0)[1]


class Piped(Stack):
    """A service whose log goes to a pipe or socket, read by a thread that can be held up."""

    def __init__(self, reader, writer, **env):
        self.reader, self.writer = reader, writer
        self.go = threading.Event()
        self.go.set()
        self.thread = threading.Thread(target=self.copy, daemon=True)
        super().__init__(**env)

    def copy(self):
        with open(self.base / "log", "ab") as out:
            while part := os.read(self.reader, 65536):
                out.write(part)
                out.flush()
                self.go.wait()

    def open_log(self):
        self.thread.start()
        return open(self.writer, "wb", buffering=0)

    def close(self):
        self.go.set()
        self.stop()
        self.thread.join(10)
        assert not self.thread.is_alive(), "somebody still holds the log"
        os.close(self.reader)
        super().close()


def ask_often(stack, threads, requests):
    """What only nginx answers."""
    def ask():
        c = stack.connect()
        for _ in range(requests):
            assert stack.call("GET", "/nothing", connection=c).status == 404
        c.close()
    workers = [threading.Thread(target=ask) for _ in range(threads)]
    for t in workers:
        t.start()
    return workers


def test_lines_are_whole_in_a_full_pipe():
    s = Piped(*os.pipe(), NGINX_WORKERS=4)
    try:
        s.go.clear()
        workers = ask_often(s, 8, 300)
        until(lambda: is_full(s.writer))
        s.go.set()
        for t in workers:
            t.join()
        s.stop()
        lines = [line for line in s.logs().splitlines() if '"severity"' in line]
        asked = [e for e in map(json.loads, lines) if e.get("role") == "nginx"]
        assert sum(e["httpRequest"]["requestUrl"] == "/nothing" for e in asked) == 2400
    finally:
        s.close()


def test_service_starts_under_systemd_whose_log_is_a_socket():
    ours, theirs = socket.socketpair()
    s = Piped(os.dup(ours.fileno()), os.dup(theirs.fileno()))
    ours.close()
    theirs.close()
    try:
        assert s.call("GET", "/nothing").status == 404
        s.stop()
        asked = [e for e in s.events() if e.get("role") == "nginx"]
        assert any(e["httpRequest"]["requestUrl"] == "/nothing" for e in asked)
        assert any(e.get("message") == "stopped" for e in s.events())
    finally:
        s.close()


def test_a_request_is_one_line(make_stack):
    s = make_stack(NGINX_WORKERS=1)
    job = s.extract(sample("form"))
    s.fetch(job["result_url"])
    s.call("GET", "/api/v1/jobs/nothing")
    s.call("GET", "/health", key=None)
    for _ in range(2):  # drawn, and from nginx's cache
        assert s.call("GET", f"/api/v1/documents/{job['pdf_id']}/pages/1.png").status == 200
    s.call("GET", "/nothing")
    s.call("GET", "/")
    s.call("PUT", "/api/v1/upload/pdfs/x/y.pdf?expires=1&signature=x", b"%PDF")
    s.stop()
    lines = [(e["httpRequest"]["requestUrl"], e["requestId"]) for e in s.events() if "httpRequest" in e]
    assert len(lines) == len(set(lines)) and len({i for _, i in lines}) == len(lines)
    asked = [path for path, _ in lines]
    for path in (f"/api/v1/extract/{job['job_id']}", "/api/v1/jobs/nothing", "/nothing", "/",
                 "/api/v1/tasks/process-extraction"):
        assert path in asked, (path, asked)


def test_log_as_text(make_stack):
    s = make_stack(LOG_FORMAT="text")
    s.call("GET", "/api/v1/jobs")
    s.call("GET", "/nothing")
    s.stop()
    text = s.logs()
    assert '{"' not in text
    assert "api: request method=GET path=/api/v1/jobs status=200" in text
    assert "nginx: GET /nothing 404" in text


def test_log_level_silences_requests(make_stack):
    s = make_stack(LOG_LEVEL="notice")
    s.call("GET", "/api/v1/jobs")
    s.call("GET", "/nothing")
    s.stop()
    assert "httpRequest" not in s.logs() and '"message":"stopped"' in s.logs()


def test_access_log_of_nginx_can_be_off(make_stack):
    s = make_stack(NGINX_ACCESS_LOG="off")
    s.call("GET", "/api/v1/jobs")
    s.stop()
    assert not [e for e in s.events() if e.get("role") == "nginx"]
    assert [e for e in s.events() if e.get("message") == "request"]
