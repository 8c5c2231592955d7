"""What one request leaves on a kept FastCGI connection must never be taken for the next."""
import contextlib
import json
import os
import pathlib
import re
import resource
import socket
import struct
import time

import pytest
from conftest import KEY, sample, until


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def params(**values):
    out = b""
    for name, value in values.items():
        out += struct.pack(">BB", len(name), len(value)) + name.encode() + value.encode()
    return out


def request(method, path, request_id, body=None, **more):
    out = record(1, struct.pack(">HB5x", 1, 1)) + record(4, params(
        REQUEST_METHOD=method, DOCUMENT_URI=path, QUERY_STRING="", REQUEST_ID=request_id,
        CONTENT_TYPE="application/json", **more)) + record(4, b"")
    return out + (record(5, body) if body else b"") + record(5, b"")


def has_ended(data):
    """Whether the records tell the end of a request."""
    while len(data) >= 8:
        _, kind, _, length, padding = struct.unpack(">BBHHB", data[:7])
        if kind == 3:
            return True
        data = data[8 + length + padding:]
    return False


def answer(connection):
    """What comes until a request has ended, or the connection."""
    connection.settimeout(60)
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while not has_ended(data) and (block := connection.recv(65536)):
            data += block
    return data


@pytest.mark.parametrize("path", ["/api/v1/extract", "/api/v1/nowhere", "/api/v1/health"])
def test_body_that_is_not_read_is_no_request(stack, path):
    inner = request("GET", "/api/v1/health", "smuggled")
    # libfcgi reads 8192 bytes at a time: put the inner request at that edge.
    before = len(request("POST", path, "outer")) - 8 + 8
    body = b"x" * (8192 - before) + inner
    body += b"y" * (30000 - len(body))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(pathlib.Path(stack.env["RUN_DIR"]) / "api.sock"))
        connection.sendall(request("POST", path, "outer", body))
        first = answer(connection)
        assert first.count(b"Status: ") == 1 and b"smuggled" not in first
        # And the connection, if it is still open, stands at the next request.
        with contextlib.suppress(ConnectionError):
            connection.sendall(request("GET", "/api/v1/health", "next"))
            second = answer(connection)
            assert second == b"" or (b"Status: 200" in second and b"next" in second and b"smuggled" not in second)


def test_request_that_nginx_sends_again_makes_one_job(stack):
    """As when a worker dies between storing the job and answering."""
    body = json.dumps({"pdf_id": stack.upload(sample("form")), "regions": [
        {"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}]}).encode()
    made = []
    for request_id in ("same", "same", "other"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(pathlib.Path(stack.env["RUN_DIR"]) / "api.sock"))
            connection.sendall(request("POST", "/api/v1/extract", request_id, body,
                                       HTTP_X_API_KEY=KEY))
            made.append(re.search(rb"Location: (\S+)", answer(connection))[1])
    assert made[0] == made[1] != made[2]


def connect(stack):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(pathlib.Path(stack.env["RUN_DIR"]) / "api.sock"))
    return connection


def test_peer_that_stops_in_a_request_is_let_go(make_stack):
    s = make_stack(API_WORKERS=1)
    with connect(s) as stalled:
        stalled.sendall(request("POST", "/api/v1/extract", "stalled", b"x" * 1000,
                                HTTP_X_API_KEY=KEY)[:-500])
        c = s.connect()
        assert s.call("GET", "/api/v1/jobs", connection=c).status == 200
        c.close()


def test_worker_without_descriptors_waits_for_one(make_stack):
    s = make_stack(API_WORKERS=1)
    pid, = s.workers("api")
    used = max(int(f.name) for f in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1, before[1]))

    def cpu_s():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    waiting = [connect(s) for _ in range(20)]
    started = cpu_s()
    time.sleep(1)
    assert cpu_s() - started < 0.1, "it spins"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    for connection in waiting:
        connection.sendall(request("GET", "/api/v1/health", "at last"))
        assert b"Status: 200" in answer(connection)
        connection.close()
