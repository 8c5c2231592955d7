"""Where tokens and signatures come from, and that nothing else is talked to."""
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading

import pytest
from conftest import BUILD, KEY, ROOT, free_port, on_pages, repeated, sample
from google_stack import World, document, grid, make_tables, needs_firestore, proposal
from stack import SIGNER, GoogleSide

REGION = {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}
TYPE = "urn:ietf:params:oauth:token-type:jwt"


@pytest.fixture(scope="module")
def side():
    with GoogleSide(firestore=False) as s:
        yield s


def service_account(side):
    return {"type": "service_account", "project_id": "demo-test", "private_key_id": "k1",
            "private_key": pathlib.Path(side.key).read_text(), "client_email": SIGNER,
            "token_uri": side.fake + "/token"}


def ask_bigquery(side, tmp_path, credentials):
    """Runs a program that needs a token; gives its exit status, output, and the calls made."""
    path = tmp_path / "credentials.json"
    path.write_text(credentials if isinstance(credentials, str) else json.dumps(credentials))
    side.control("calls", method="DELETE")
    r = subprocess.run([BUILD / "pdf-ocr-migrate", "--verify-only"], timeout=600, text=True,
                       env={**os.environ, **side.env(), "GOOGLE_APPLICATION_CREDENTIALS": str(path),
                            "ASAN_OPTIONS": "detect_leaks=1:exitcode=99"},
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return r.returncode, r.stdout, side.control("calls")


def check_token_was_got(side, tmp_path, credentials, paths):
    status, output, calls = ask_bigquery(side, tmp_path, credentials)
    assert status == 1 and "missing" in output, output  # it was let in, and there are no tables
    assert [c["path"].split("?")[0] for c in calls if c["api"] == "oauth" or
            "generateAccessToken" in c["path"]] == paths
    assert all(c["status"] == 200 for c in calls if c["api"] == "oauth")


def test_service_account_signs_for_its_token(side, tmp_path):
    check_token_was_got(side, tmp_path, service_account(side), ["/token"])


def test_authorized_user_uses_the_refresh_token(side, tmp_path):
    user = {"type": "authorized_user", "client_id": "id", "client_secret": "secret",
            "refresh_token": "1//refresh", "token_uri": side.fake + "/token"}
    check_token_was_got(side, tmp_path, user, ["/token"])
    status, output, _ = ask_bigquery(side, tmp_path, {**user, "refresh_token": "revoked"})
    assert status == 2 and "expired or revoked" in output and "secret" not in output


def test_external_account_exchanges_a_token_from_a_file(side, tmp_path):
    (tmp_path / "subject").write_text("subject-token")
    check_token_was_got(side, tmp_path, {
        "type": "external_account", "audience": "//iam.googleapis.com/pool", "token_url":
        side.fake + "/sts", "subject_token_type": TYPE,
        "credential_source": {"file": str(tmp_path / "subject")}}, ["/sts"])


def test_external_account_exchanges_a_token_from_a_url_and_impersonates(side, tmp_path):
    seen = []

    class Provider(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers["X-Flavor"])
            body = json.dumps({"value": "subject-token"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Provider) as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        check_token_was_got(side, tmp_path, {
            "type": "external_account", "audience": "//iam.googleapis.com/pool", "token_url":
            side.fake + "/sts", "subject_token_type": TYPE,
            "service_account_impersonation_url":
                f"{side.fake}/v1/projects/-/serviceAccounts/{SIGNER}:generateAccessToken",
            "credential_source": {"url": f"http://127.0.0.1:{provider.server_port}/token",
                                  "headers": {"X-Flavor": "vanilla"},
                                  "format": {"type": "json", "subject_token_field_name": "value"}}},
            ["/sts", f"/v1/projects/-/serviceAccounts/{SIGNER}:generateAccessToken"])
        provider.shutdown()
    assert seen == ["vanilla"]


@pytest.mark.parametrize("seconds,status,words", [(600, 1, "missing"), (7200, 2, "lifetime")])
def test_life_of_an_impersonated_token_is_asked_for(side, tmp_path, seconds, status, words):
    (tmp_path / "subject").write_text("subject-token")
    found, output, _ = ask_bigquery(side, tmp_path, {
        "type": "external_account", "audience": "//iam.googleapis.com/pool", "token_url": side.fake + "/sts",
        "subject_token_type": TYPE, "credential_source": {"file": str(tmp_path / "subject")},
        "service_account_impersonation_url":
            f"{side.fake}/v1/projects/-/serviceAccounts/{SIGNER}:generateAccessToken",
        "service_account_impersonation": {"token_lifetime_seconds": seconds}})
    assert found == status and words in output, output


@pytest.mark.parametrize("change,words", [
    ({"type": "gdch"}, "not supported"), ({"token_uri": None}, '"token_uri"'),
    ({"private_key": "-----BEGIN"}, "no RSA key"), ("{", "credentials.json"),
    ({"type": "external_account", "audience": "a", "subject_token_type": "t", "token_url": "u",
      "credential_source": {"environment_id": "aws1"}}, "file or a url")])
def test_file_that_is_no_use_is_told(side, tmp_path, change, words):
    account = change if isinstance(change, str) else {**service_account(side), **change}
    status, output, calls = ask_bigquery(side, tmp_path, account)
    assert status == 2 and words in output and calls == [], output
    assert "PRIVATE" not in output


USER = {"type": "authorized_user", "client_id": "id", "client_secret": "secret",
        "refresh_token": "1//refresh"}
FEDERATED = {"type": "external_account", "audience": "a", "subject_token_type": TYPE,
             "token_url": "https://sts.invalid", "credential_source": {"file": "/subject"}}
IMPERSONATION = ("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
                 f"{SIGNER}:generateAccessToken")


@pytest.mark.parametrize("credentials,change,words", [
    (USER, {}, "SIGNING_SERVICE_ACCOUNT is not set"),
    (FEDERATED, {}, "SIGNING_SERVICE_ACCOUNT is not set"),
    (USER, {"SIGNING_SERVICE_ACCOUNT": SIGNER}, None),
    ({**FEDERATED, "service_account_impersonation_url": IMPERSONATION}, {}, None),
    ({**FEDERATED, "service_account_impersonation_url": IMPERSONATION.replace(SIGNER, "1234567890")}, {},
     "SIGNING_SERVICE_ACCOUNT is not set"),
    ({**USER, "type": "gdch"}, {}, "not supported"),
    (None, {}, None), (None, {"API_BASE_URL": ""}, "API_BASE_URL is not set"),
    (None, {"TASK_DEADLINE_S": "1771"}, "expected at most 1770")])
def test_what_fails_at_the_first_job_stops_the_start(side, tmp_path, credentials, change, words):
    env = {**os.environ, **side.env(), "API_KEY": KEY, "API_BASE_URL": "https://h", **change}
    if "SIGNING_SERVICE_ACCOUNT" not in change:
        del env["SIGNING_SERVICE_ACCOUNT"]
    if credentials is not None:
        env["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "credentials.json")
        (tmp_path / "credentials.json").write_text(json.dumps(credentials))
    r = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], env=env, timeout=600, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert r.returncode == (0 if words is None else 2), r.stdout
    assert words is None or words in r.stdout


def test_serve_does_not_guess_where_cloud_tasks_calls(side, tmp_path):
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "BUILD_DIR": str(BUILD),
           "DATA_DIR": str(tmp_path / "data"), "API_KEY": KEY, "HTTPS_PORT": str(free_port()),
           "METRICS_PORT": str(free_port()), **side.env()}
    r = subprocess.run([ROOT / "scripts" / "serve"], env=env, timeout=600, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert r.returncode != 0 and "API_BASE_URL is not set" in r.stdout, r.stdout


@needs_firestore
def test_local_key_signs_links_without_iam():
    w = World(GCP_PROCESSOR_ID=None)
    try:
        key = w.data / "key.json"
        key.write_text(json.dumps(service_account(w.side)))
        w.stack.stop()
        w.stack.env.update(GOOGLE_APPLICATION_CREDENTIALS=str(key))
        del w.stack.env["SIGNING_SERVICE_ACCOUNT"]
        w.stack.start()
        before = len(w.calls("signBlob"))
        job = w.stack.extract(sample("form"))
        assert w.stack.fetch(job["result_url"]).status == 200
        assert len(w.calls("signBlob")) == before
        w.stack.stop()  # for another account the key is of no use: IAM is asked
        w.stack.env["SIGNING_SERVICE_ACCOUNT"] = "links@demo-test.iam.gserviceaccount.com"
        w.stack.start()
        r = w.stack.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf")
        assert r.status >= 400, r.body  # which does not know it here
        asked = w.calls("signBlob")[before:]
        assert asked and all("links%40demo-test" in c[1] for c in asked)
    finally:
        w.close()


@needs_firestore
def test_metadata_server_names_the_signer():
    w = World()
    try:
        w.stack.stop()
        del w.stack.env["SIGNING_SERVICE_ACCOUNT"]
        w.stack.env["GCE_METADATA_HOST"] = w.side.fake.removeprefix("http://")
        w.stack.start()
        job = w.stack.extract(sample("form"))
        assert w.stack.fetch(job["result_url"]).status == 200
        signed = w.calls("signBlob")
        assert signed and all(SIGNER.replace("@", "%40") in c[1] for c in signed)
    finally:
        w.close()


@needs_firestore
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_only_the_configured_endpoints_are_connected_to(tmp_path):
    trace = tmp_path / "trace"
    w = World(GEMINI_API_KEY="gemini-test-key", WRAPPER=f"strace -D -f -qq --seccomp-bpf -e trace=connect -o {trace}",
              ASAN_OPTIONS="detect_leaks=0:exitcode=99")  # LeakSanitizer cannot work beside strace
    try:
        w.side.control("documentai", {"reply": document(grid([["a", "b"], ["c", "d"]]))})
        w.side.control("gemini", {"reply": proposal([["a", "b"], ["c", "d"]])})
        make_tables(w.side)
        s = w.stack
        data = sample("scanned").read_bytes() + b"\n%" + b"x" * (9 << 20)  # a session of chunks
        sent = s.call("POST", "/api/v1/upload/documents", data,
                      headers={"Content-Type": "application/pdf"})
        job = s.wait(s.submit(sent.json["pdf_id"], regions=[REGION], engine="gemini"))
        assert job["outcome"] == "success", job
        assert s.call("POST", "/api/v1/feedback/corrections", {
            "job_id": job["job_id"], "corrections": [{"action": "delete", "region_id": "r"}]
        }).status == 201
        assert s.call("GET", "/api/v1/feedback/stats").status == 200
        assert {c["api"] for c in w.side.control("calls")} >= {
            "storage", "tasks", "documentai", "gemini", "bigquery", "iam"}
        allowed = {int(url.rsplit(":", 1)[1]) for url in (w.side.url, w.side.fake)}  # Google's keys
        allowed.add(w.stack.port)  # serve looks at itself
    finally:
        w.close()
    text = trace.read_text()
    ports = set(re.findall(r"sin6?_port=htons\((\d+)\)", text))
    addresses = set(re.findall(r'(?:inet_addr|inet_pton)\((?:AF_INET6, )?"([^"]+)"', text))
    assert {int(p) for p in ports} <= allowed and addresses == {"127.0.0.1"}


HTTP2 = """
daemon off; pid {dir}/pid; error_log {dir}/error.log;
events {{}}
http {{
    log_format seen '$server_protocol $connection $request_uri';
    access_log {dir}/access.log seen;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f;
    uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s; client_max_body_size 50m; client_body_buffer_size 20m;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {data}/tls/cert.pem; ssl_certificate_key {data}/tls/key.pem;
        location / {{ proxy_pass {upstream}; proxy_http_version 1.1; }}
    }}
}}
"""


@needs_firestore
def test_http2_carries_the_regions_of_a_job_on_one_connection(tmp_path):
    from stack import free_port
    port, w = free_port(), World()
    nginx = None
    try:
        conf = tmp_path / "nginx.conf"
        conf.write_text(HTTP2.format(dir=tmp_path, port=port, data=w.data, upstream=w.side.url))
        nginx = subprocess.Popen(["nginx", "-e", "stderr", "-c", str(conf)], env=w.stack.env,
                                 stderr=subprocess.DEVNULL)
        w.stack.stop()
        w.stack.env.update(DOCUMENTAI_API_ENDPOINT=f"https://127.0.0.1:{port}/documentai",
                           GOOGLE_CA_FILE=str(w.data / "tls" / "cert.pem"))
        w.stack.start()
        w.side.control("documentai", {"delay_ms": 200,
                                      "reply": document(grid([["a", "b"], ["c", "d"]]))})
        job = w.stack.extract(repeated("scanned", 6), regions=on_pages(REGION, 6))
        assert job["outcome"] == "success", job
        seen = [line.split() for line in (tmp_path / "access.log").read_text().splitlines()]
        assert {s[0] for s in seen} == {"HTTP/2.0"} and len(seen) == 6
        assert len({s[1] for s in seen}) == 1
    finally:
        if nginx is not None:
            nginx.terminate()
            nginx.wait(10)
        w.close()
