"""The service with its files in a real S3 server."""
import contextlib
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import BUILD, ROOT, Stack, expected, sample, until
from s3_server import SERVER, S3Server
from test_batches import check_partial_failure

sys.path.insert(0, str(ROOT / "tests" / "google"))
from fault_proxy import FaultProxy, reset_before, reset_mid_body, status  # noqa: E402

pytestmark = pytest.mark.skipif(not SERVER, reason="S3_SERVER is not set: the adapter of S3 is NOT tested here")

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@pytest.fixture(scope="module")
def server():
    s = S3Server()
    yield s
    s.close()


class BucketStack(Stack):
    def __init__(self, server, **env):
        self.server = server
        super().__init__(**{**server.env, "RETRY_BASE_S": 1, **env})
        self.secrets = self.secrets | {server.secret, server.access}

    def send(self, url, data=None, **headers):
        """A link as whoever has no keys uses it: the answer's status, headers and body."""
        assert url.startswith(self.env.get("S3_LINK_ENDPOINT", self.env["S3_ENDPOINT"]) + "/")
        self.note_secrets(url, {})
        request = urllib.request.Request(url, data, headers, method="GET" if data is None else "PUT")
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.server.trust()) as r:
                return r.status, r.headers, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()

    def upload(self, data, name="a.pdf", **kw):
        data = data.read_bytes() if isinstance(data, pathlib.Path) else data
        made = self.call("POST", "/api/v1/upload/generate-url?file_name=" + urllib.parse.quote(name), **kw).json
        assert self.send(made["upload_url"], data, **{"Content-Type": "application/pdf"})[0] == 200
        return made["pdf_id"]

    def result(self, job):
        assert job["status"] == "completed", job
        return self.send(job["result_url"])[2]


@pytest.fixture(scope="module")
def stack(server):
    s = BucketStack(server)
    yield s
    s.close()


def padded(n, tmp_path):
    """The sample text-table with so many random bytes attached."""
    attached = tmp_path / "attached.bin"
    attached.write_bytes(os.urandom(n))
    return subprocess.run(["qpdf", sample("text-table"), "--add-attachment", attached, "--", "-"], check=True,
                          stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("style", ["path", "host"])
def test_the_rules_of_the_port_are_kept(server, style, tmp_path):
    env = {**os.environ, **server.env, "DATA_DIR": str(tmp_path), "LOG_LEVEL": "error",
           "ASAN_OPTIONS": "detect_leaks=1:exitcode=99"}
    if style == "host":
        env.update(S3_PATH_STYLE="false", S3_ENDPOINT=server.url.replace("127.0.0.1", "localhost"))
    (tmp_path / "uploads").mkdir()
    r = subprocess.run([BUILD / "s3_conformance"], env=env, timeout=600, check=False, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
    assert r.returncode == 0, r.stdout[-4000:]


@pytest.mark.main_path
def test_extraction_through_the_bucket(stack, server):
    job = stack.extract(sample("text-table"))
    assert stack.result(job) == expected("text-table")
    headers = stack.send(job["result_url"])[1]
    assert headers["Content-Disposition"] == "attachment" and "no-transform" in headers["Cache-Control"]
    told = stack.call("GET", "/api/v1/health/dependencies").json
    assert told["blob_store"] == "s3"
    by_api = stack.call("GET", f"/api/v1/jobs/{job['job_id']}/results/csv")
    assert by_api.status == 200 and by_api.body == expected("text-table")
    assert any(job["job_id"] in name for name in server.names())


def test_batch_with_a_broken_document(stack):
    check_partial_failure(stack)


def test_calls_are_counted(stack):
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.metrics_port}/metrics") as r:
        text = r.read().decode()
    ok, = re.findall(r'^pdf_ocr_s3_calls_total\{api="S3",status="2xx"\} (\d+)$', text, re.M)
    assert int(ok) > 0 and 'pdf_ocr_s3_call_seconds_sum{api="S3"}' in text


@pytest.mark.parametrize("env, origin", [
    ({}, "https://pdf-ocr.s3.eu-central-1.amazonaws.com"),
    ({"S3_PATH_STYLE": "true"}, "https://s3.eu-central-1.amazonaws.com"),
    ({"S3_ENDPOINT": "http://files:8333", "S3_LINK_ENDPOINT": "https://files.example", "S3_PATH_STYLE": "true"},
     "https://files.example"),
    ({"S3_ENDPOINT": "https://files.example:8443"}, "https://pdf-ocr.files.example:8443"),
], ids=["aws", "path", "links", "host"])
def test_web_page_may_send_files_to_the_bucket(tmp_path, env, origin):
    text = subprocess.run([ROOT / "scripts/render-nginx"], check=True, stdout=subprocess.PIPE, text=True, env={
        "PATH": os.environ["PATH"], "BUILD_DIR": str(BUILD), "DATA_DIR": str(tmp_path), "RUN_DIR": str(tmp_path),
        "UPLOADS_DIR": str(tmp_path), "PORT": "1", "BLOB_STORE": "s3", "S3_BUCKET_NAME": "pdf-ocr",
        "AWS_REGION": "eu-central-1", **env}).stdout
    assert f"connect-src 'self' {origin};" in text


def test_links_of_a_job_stay_the_same_and_take_no_other_use(stack):
    job = stack.extract(sample("text-table"))
    again = stack.call("GET", "/api/v1/extract/" + job["job_id"]).json
    assert again["result_url"] == job["result_url"]
    assert stack.send(job["result_url"], b"%PDF-1.4")[0] == 403
    made = stack.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
    assert stack.send(made["upload_url"], b"x", **{"Content-Type": "text/html"})[0] == 403
    assert stack.send(made["upload_url"].replace("a.pdf", "b.pdf"), b"x",
                      **{"Content-Type": "application/pdf"})[0] == 403


def test_large_document_goes_in_parts_and_comes_back(stack, server, tmp_path):
    """20 MiB: three parts; read again for the job in one download."""
    data = padded(20 << 20, tmp_path)
    sent = stack.call("POST", "/api/v1/upload/documents", data, headers={"Content-Type": "application/pdf"})
    assert sent.status == 201, sent.body
    assert sent.json["upload_url"] == f"s3://pdf-ocr/documents/{hashlib.sha256(data).hexdigest()}.pdf"
    assert server.call("GET", sent.json["upload_url"].removeprefix("s3://pdf-ocr")) == data
    assert stack.result(stack.wait(stack.submit(sent.json["pdf_id"]))) == expected("text-table")
    assert b"<Upload>" not in server.call("GET", "?uploads=")


def test_document_larger_than_allowed_is_refused_by_the_job(server, tmp_path):
    s = BucketStack(server, MAX_UPLOAD_BYTES=100000)
    try:
        pdf_id = s.upload(padded(200000, tmp_path))
        r = s.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id})
        assert r.status == 422 and "larger than 100000 bytes" in r.detail, r.body
    finally:
        s.close()


def test_server_that_is_down_is_told_and_found_again(stack, server):
    pdf_id = stack.upload(sample("text-table"))
    server.stop(signal.SIGKILL)
    try:
        refused = stack.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id})
        assert (refused.status, refused.json["code"]) == (503, "unavailable"), refused.body
        assert int(refused.headers["Retry-After"]) > 0
        assert until(lambda: stack.call("GET", "/api/v1/health/ready").status == 503)
        assert stack.call("GET", "/api/v1/jobs").status == 200  # what needs no file goes on
    finally:
        server.start()
    until(lambda: stack.call("GET", "/api/v1/health/ready").status == 200)
    job_id = until(lambda: stack.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id}).json.get("job_id"))
    assert stack.wait(job_id)["status"] == "completed"


def test_wrong_keys_are_the_operators_matter(server):
    run = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], text=True, capture_output=True, timeout=60,
                         env={"PATH": os.environ["PATH"], "BLOB_STORE": "s3"}, check=False)
    assert run.returncode == 2 and "S3_BUCKET_NAME is not set" in run.stderr
    s = BucketStack(server)
    try:
        good = s.upload(sample("text-table"))
        s.stop()
        s.env["AWS_SECRET_ACCESS_KEY"] = "wrong-secret-0123456789"
        s.log = s.open_log()
        s.process = subprocess.Popen(s.command, env=s.env, stdin=subprocess.DEVNULL, stdout=s.log, stderr=s.log,
                                     cwd=s.base)

        def refused():
            with contextlib.suppress(OSError):
                r = s.call("POST", "/api/v1/extract/agentic", {"pdf_id": good})
                return r.status != 502 and r  # nginx is there before the workers
        answer = until(refused)
        assert answer.status == 503 and "tell the operator" in answer.detail, answer.body
        assert "SignatureDoesNotMatch" in s.logs() or "AccessDenied" in s.logs()
        s.secrets = s.secrets | {"wrong-secret-0123456789"}
    finally:
        s.close()


# --- faults ---

@pytest.fixture(scope="module")
def faulty():
    server = S3Server(tls=False)
    proxy = FaultProxy(server.url)
    s = BucketStack(server, S3_ENDPOINT=proxy.url, S3_LINK_ENDPOINT=server.url)
    s.proxy = proxy
    yield s
    s.close()
    proxy.close()
    server.close()


@pytest.fixture(autouse=True)
def clean(request):
    yield
    if "faulty" in request.fixturenames:
        request.getfixturevalue("faulty").proxy.clear()


@pytest.mark.parametrize("method, path, fault", [
    ("PUT", "results/", status(503, {}, body=SLOW_DOWN)),
    ("PUT", "results/", reset_before(forward=True)),
    ("GET", "pdfs/", reset_mid_body()),
    ("GET", "pdfs/", status(500)),
    ("GET", "list-type=2.*prefix=pdfs", status(503)),
], ids=lambda v: getattr(v, "fault", None))
def test_fault_that_passes_is_not_seen(faulty, method, path, fault):
    pdf_id = faulty.upload(sample("text-table"))
    faulty.proxy.fail(path, fault, times=2, method=method)
    job = faulty.wait(faulty.submit(pdf_id))
    assert faulty.result(job) == expected("text-table")
    assert sum(call[2] == fault.fault for call in faulty.proxy.calls) == 2
    assert job.get("retry_count", 0) == 0


def test_part_that_cannot_be_sent_leaves_nothing_behind(faulty, tmp_path):
    data = padded(10 << 20, tmp_path)
    faulty.proxy.fail("partNumber=2", status(503, {}, body=SLOW_DOWN), times=None, method="PUT")
    sent = faulty.call("POST", "/api/v1/upload/documents", data, headers={"Content-Type": "application/pdf"})
    assert (sent.status, sent.json["code"]) == (503, "unavailable"), sent.body
    calls = [(method, re.sub(r".*\?|(?<=uploadId=).*", "", path)) for method, path, *_ in faulty.proxy.calls]
    assert ("DELETE", "uploadId=") in calls
    assert b"<Upload>" not in faulty.server.call("GET", "?uploads=")


def test_completion_whose_answer_is_lost_is_no_failure(faulty, tmp_path):
    data = padded(9 << 20, tmp_path)
    faulty.proxy.fail(r"\?uploadId=", reset_before(forward=True), times=1, method="POST")
    sent = faulty.call("POST", "/api/v1/upload/documents", data, headers={"Content-Type": "application/pdf"})
    assert sent.status == 201, sent.body


# --- keys of an endpoint ---

class KeyEndpoint:
    """The credentials endpoint of a container and of an instance, as AWS documents them."""

    def __init__(self, server, life_s):
        self.calls, self.authorization, self.life_s, self.keys = [], "token-of-the-container", life_s, server
        self.broken = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                outer.calls.append((self.command, self.path))
                code, text = outer.reply(self.command, self.path, self.headers)
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())
            do_GET = do_PUT = answer

            def log_message(self, *_):
                pass
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def reply(self, method, path, headers):
        if self.broken:
            return 500, ""
        role = "/latest/meta-data/iam/security-credentials/"
        if (method, path) == ("PUT", "/latest/api/token"):
            return (200, "session-of-the-instance") if headers["X-aws-ec2-metadata-token-ttl-seconds"] else (400, "")
        if path.startswith(role) and headers["X-aws-ec2-metadata-token"] != "session-of-the-instance":
            return 401, ""
        if path == role:
            return 200, "pdf-ocr-role"
        if path == "/keys" and headers["Authorization"] != self.authorization:
            return 403, ""
        if path not in ("/keys", role + "pdf-ocr-role"):
            return 404, ""
        until_ = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.life_s)
        return 200, json.dumps({"Code": "Success", "AccessKeyId": self.keys.access, "Token": "",
                                "SecretAccessKey": self.keys.secret, "Expiration": f"{until_:%Y-%m-%dT%H:%M:%SZ}"})

    def asked(self):
        return sum(path == "/keys" for _, path in self.calls)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def keyless(server, **env):
    return BucketStack(server, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, **env)


def test_keys_of_the_container_are_used_and_renewed(server, tmp_path):
    """Keys of 20 s are renewed after 10; where the endpoint fails for longer, nothing goes on."""
    endpoint, token = KeyEndpoint(server, life_s=20), tmp_path / "token"
    token.write_text(endpoint.authorization + "\n")
    s = keyless(server, AWS_CONTAINER_CREDENTIALS_FULL_URI=endpoint.url + "/keys",
                AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token)
    s.secrets = s.secrets | {endpoint.authorization}
    try:
        asked = endpoint.asked()
        assert asked > 0
        until(lambda: s.call("GET", "/api/v1/health/ready").status == 200 and endpoint.asked() > asked + 2)
        endpoint.broken = True
        assert until(lambda: s.call("GET", "/api/v1/health/ready").status == 503)
        endpoint.broken = False
        endpoint.life_s = 3600
        until(lambda: s.call("GET", "/api/v1/health/ready").status == 200)
        assert s.extract(sample("text-table"))["status"] == "completed"
    finally:
        s.close()
        endpoint.close()


def test_token_of_the_container_may_be_a_setting(server):
    endpoint = KeyEndpoint(server, life_s=3600)
    s = keyless(server, AWS_CONTAINER_CREDENTIALS_FULL_URI=endpoint.url + "/keys",
                AWS_CONTAINER_AUTHORIZATION_TOKEN=endpoint.authorization)
    s.secrets = s.secrets | {endpoint.authorization}
    try:
        assert s.extract(sample("text-table"))["status"] == "completed" and endpoint.asked() > 0
    finally:
        s.close()
        endpoint.close()


def test_keys_of_the_instance_are_asked_for_with_a_session(server):
    endpoint = KeyEndpoint(server, life_s=3600)
    s = keyless(server, AWS_EC2_METADATA_SERVICE_ENDPOINT=endpoint.url)
    s.secrets = s.secrets | {"session-of-the-instance"}
    try:
        job = s.extract(sample("text-table"))
        assert s.result(job) == expected("text-table")
        assert ("PUT", "/latest/api/token") in endpoint.calls
        ends = datetime.datetime.fromisoformat(job["result_url_expires_at"].replace("Z", "+00:00"))
        assert ends - datetime.datetime.now(datetime.timezone.utc) < datetime.timedelta(hours=1)
    finally:
        s.close()
        endpoint.close()
