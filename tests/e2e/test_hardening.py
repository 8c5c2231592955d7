"""What the edge and the processes refuse, and how they say so."""
import contextlib
import pathlib
import re
import resource
import socket
import subprocess

import pytest
from conftest import KEY, ROOT, fill, sample
from test_robustness import until


def raw(stack, text):
    """Status, headers and body of whatever is sent."""
    with stack.link() as link:
        link.sendall(text.encode())
        data = b""
        while more := link.recv(65536):
            data += more
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), body


@pytest.mark.parametrize("request_text, status", [
    ("POST /api/v1/extract HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n", 501),
    ("GET /api/v1/health HTTP/3.0\r\nHost: x\r\n\r\n", 505)])
def test_problem_says_what_nginx_cannot_do(stack, request_text, status):
    got, head, body = raw(stack, request_text)
    assert got == status and "application/problem+json" in head, head
    assert f'"status":{status}'.encode() in body and b"not possible here" in body


def test_full_disk_says_when_to_come_back(make_stack, small_disk):
    s = make_stack(DATA_DIR=small_disk / "data")
    made = s.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
    fill(small_disk)
    r = s.fetch(made["upload_url"], "PUT", body=b"%PDF-1.4" + bytes(2**22))
    assert r.status == 503 and int(r.headers["Retry-After"]) >= 1 and "full" in r.detail
    (small_disk / "fill").unlink()
    s.stop()


def test_result_whose_file_was_deleted_says_so(stack):
    job = stack.extract(sample("form"), output_format="csv", also_formats=["json"])
    path = f"/api/v1/jobs/{job['job_id']}/results/"
    for name in ("csv", "json"):
        next((stack.data / "blobs" / "results" / job["job_id"]).glob(f"*.{name}")).unlink()
        r = stack.call("GET", path + name)
        assert r.status == 410 and "not there any more" in r.detail
    assert stack.call("GET", path + "tsv").status == 404  # never asked for
    assert stack.fetch(job["result_url"]).status == 404


@pytest.mark.parametrize("limit, words", [("-f 20", "bytes in a file is 20480"), ("-n 100", "open files is 100")])
def test_start_under_a_process_limit_says_why_it_fails(tmp_path, limit, words):
    r = subprocess.run(["bash", "-c", f"ulimit {limit} && exec {ROOT}/scripts/serve --build $BUILD_DIR --data {tmp_path}"],
                       capture_output=True, text=True, timeout=600, check=False)
    assert r.returncode == 2 and words in r.stderr and "ulimit" in r.stderr, r.stderr


def test_half_open_connections_of_one_address_lock_nobody_out(make_stack):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    n = 4200  # nginx's process had room for 4096
    if hard < n + 200:
        pytest.skip("no right to so many descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, n + 200), hard))
    s = make_stack(NGINX_WORKERS=1)
    with contextlib.ExitStack() as links:
        for _ in range(n):
            links.enter_context(socket.create_connection(("127.0.0.1", s.port), 60))
        assert s.call("GET", "/api/v1/health", key=None).status == 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_dripping_uploads_of_one_address_are_few(make_stack):
    s = make_stack(UPLOADS_PER_ADDRESS=2)
    links = []
    for _ in range(2):
        link = s.link()
        link.sendall(f"POST /api/v1/upload/documents HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
                     "Content-Type: application/pdf\r\nContent-Length: 100000\r\n\r\n%PDF-".encode())
        links.append(link)

    def upload():
        return s.call("POST", "/api/v1/upload/documents", sample("form").read_bytes(),
                      headers={"Content-Type": "application/pdf"})

    def refused():
        for link in links:  # or they run into the time-out of bodies
            link.sendall(b" ")
        return upload().status == 429
    until(refused)
    assert s.call("GET", "/api/v1/jobs").status == 200
    for link in links:
        link.close()
    until(lambda: upload().status in (200, 201))


def test_queues_route_without_credentials_counts_as_any_other(make_stack):
    s = make_stack(RATE_LIMIT_PER_ADDRESS=1, RATE_LIMIT_BURST=5)
    connection = s.connect()
    statuses = [s.call("POST", "/api/v1/tasks/retry-job", {}, key=None, connection=connection).status
                for _ in range(40)]
    assert set(statuses) == {401, 429}


def test_both_nginx_take_the_same_ciphers():
    def tls(path):
        return sorted(re.findall(r"^\s*(ssl_(?:protocols|ciphers|ecdh_curve|prefer_server_ciphers|session_tickets) .*;)",
                                 (ROOT / "nginx" / path).read_text(), re.M))
    assert tls("edge.conf") == tls("nginx.conf.in") and len(tls("edge.conf")) == 5


def test_no_process_with_keys_dumps_core(stack):
    pids = {int((stack.base / "run" / f"{name}.pid").read_text()) for name in ("master", "nginx")}
    for pid in pids | set(stack.workers("api") + stack.workers("task") + stack.workers("upload")):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.M), pid


def test_text_log_holds_no_control_characters(make_stack):
    s = make_stack(LOG_FORMAT="text")
    s.call("GET", "/api/v1/jobs/%1b[31m%07%c2%9b2J")
    until(lambda: "x1b[31m" in s.logs())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", s.logs())


def test_feedback_is_paged_and_capped(make_stack):
    s = make_stack()
    job_id = s.submit(s.upload(sample("form")))
    correction = {"job_id": job_id, "corrections": [{"action": "delete", "region_id": "r1"}]}
    connection = s.connect()

    def send(body):
        return s.call("POST", "/api/v1/feedback/corrections", body, connection=connection)

    def page(query):
        return s.call("GET", f"/api/v1/feedback/corrections/{job_id}{query}", connection=connection).json
    ids = [send(correction).json["id"] for _ in range(1000)]
    r = send(correction)
    assert r.status == 409 and "1000 entries" in r.detail
    big = {**correction, "corrections": [{**correction["corrections"][0], "note": "x" * 70000}]}
    assert send(big).status == 422
    first = page("")
    assert len(first["feedback"]) == 100 and first["count"] == 1000
    seen, answer = [], page("?page_size=200")
    while True:
        seen += [f["id"] for f in answer["feedback"]]
        if answer["next_page_token"] is None:
            break
        answer = page("?page_size=200&page_token=" + answer["next_page_token"])
    assert sorted(seen) == sorted(ids)
    assert s.call("GET", f"/api/v1/feedback/corrections/{job_id}?page_token=x").status == 400
