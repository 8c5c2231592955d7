"""The edge: limits, CORS, TLS, slow clients and requests that mean two things."""
import concurrent.futures
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import uuid

import pytest
from conftest import BUILD, KEY, Stack, free_port, sample, until
from test_auth import KEYS, POLICIES, path_of, write_keys

ORIGIN = "https://app.example"
WRONG = "wrong-key-0123456789"


# --- limits ---

def test_each_key_has_its_own_rate(make_stack, tmp_path):
    write_keys(tmp_path / "keys.json", other="other-key-0123456789")
    s = make_stack(API_KEYS_FILE=tmp_path / "keys.json", RATE_LIMIT_PER_KEY=1, RATE_LIMIT_BURST=5)
    c = s.connect()
    answers = [s.call("GET", "/api/v1/jobs", key=KEYS["client"], connection=c) for _ in range(8)]
    assert [r.status for r in answers[:5]] == [200] * 5 and answers[7].status == 429
    assert [r.headers["RateLimit-Remaining"] for r in answers[:5]] == ["4", "3", "2", "1", "0"]
    assert {r.headers["RateLimit-Limit"] for r in answers} == {"5"}
    refused = answers[7]
    assert refused.headers["Content-Type"] == "application/problem+json" and "wait" in refused.detail
    assert int(refused.headers["Retry-After"]) == 1 and 4 <= int(refused.headers["RateLimit-Reset"]) <= 5
    # An upload is counted once, though nginx asks before it takes the body.
    upload = s.call("POST", "/api/v1/upload/documents", sample("form").read_bytes(),
                    key="other-key-0123456789", headers={"Content-Type": "application/pdf"})
    assert upload.status == 201 and upload.headers["RateLimit-Remaining"] == "4"
    refused = s.call("POST", "/api/v1/upload/documents", b"x", key=KEYS["client"])
    assert refused.status == 429 and int(refused.headers["Retry-After"]) == 1
    assert refused.headers["RateLimit-Limit"] == "5" and "wait" in refused.detail
    assert s.call("GET", "/health", key=None).status == 200
    until(lambda: s.call("GET", "/api/v1/jobs", key=KEYS["client"], connection=c).status == 200)
    # Tasks are not counted: the queue has its own rate.
    for _ in range(8):
        r = s.call("POST", "/api/v1/tasks/process-extraction", {"job_id": str(uuid.uuid4())}, key=KEYS["task"])
        assert r.status == 200 and "RateLimit-Limit" not in r.headers


def test_address_that_asks_too_often(make_stack):
    s = make_stack(RATE_LIMIT_PER_ADDRESS=1, RATE_LIMIT_BURST=3, CORS_ORIGINS=ORIGIN)
    answers = [s.call("GET", "/health", key=None, headers={"Origin": ORIGIN}) for _ in range(12)]
    refused = [r for r in answers if r.status == 429][0]
    assert int(refused.headers["Retry-After"]) >= 1 and refused.headers["RateLimit-Remaining"] == "0"
    assert refused.headers["RateLimit-Limit"] == "3" and int(refused.headers["RateLimit-Reset"]) >= 1
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_address_with_too_many_connections(make_stack, tmp_path):
    s = make_stack(CONNECTIONS_PER_ADDRESS=4)
    links = []
    for _ in range(6):  # each holds its request open
        link = s.link()
        link.sendall(f"POST /api/v1/extract HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
                     "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{".encode())
        links.append(link)
    until(lambda: s.call("GET", "/health", key=None).status == 429)
    for link in links:
        link.close()
    until(lambda: s.call("GET", "/health", key=None).status == 200)


def test_guesser_is_slowed_and_learns_nothing(make_stack):
    s = make_stack(AUTH_FAILURES_PER_MINUTE=10, TRUSTED_PROXIES="127.0.0.1")

    def ask(key, address, path="/api/v1/jobs", method="GET", **headers):
        return s.call(method, path, b"" if method == "POST" else None, key=key,
                      headers={"X-Forwarded-For": address, **headers})
    guesses = [ask(f"{WRONG}{i}", "192.0.2.1").status for i in range(10)]
    assert guesses == [403] * 10
    for key in (WRONG, KEY):  # the right key does not stand out
        r = ask(key, "192.0.2.1")
        assert r.status == 429 and "wrong keys" in r.detail and 1 <= int(r.headers["Retry-After"]) <= 6
    r = ask(KEY, "192.0.2.1", "/api/v1/tasks/process-extraction", "POST")
    assert r.status == 429 and int(r.headers["Retry-After"]) >= 1
    assert ask(KEY, "192.0.2.1", "/api/v1/upload/documents", "POST").status == 429
    assert ask(None, "192.0.2.1", "/api/v1/health").status == 200
    assert ask(KEY, "192.0.2.2").status == 200
    # A proxy that is not trusted cannot be made up, and one subscriber's IPv6 addresses are one.
    assert ask(KEY, "192.0.2.2, 192.0.2.1").status == 429
    for i in range(10):
        assert ask(WRONG, f"2001:db8:1:2::{i + 1:x}").status == 403
    assert ask(KEY, "2001:db8:1:2::ffff").status == 429 and ask(KEY, "2001:db8:1:3::1").status == 200
    # Without credentials, or with links, nothing is guessed.
    for _ in range(15):
        assert ask(None, "192.0.2.3").status == 401
        assert ask(None, "192.0.2.3", f"/api/v1/results/{uuid.uuid4()}/a?expires=1&signature=x").status == 403
    assert ask(KEY, "192.0.2.3").status == 200
    until(lambda: ask(KEY, "192.0.2.1").status == 200)  # one guess is given back in 6 s


def test_guesser_on_the_same_address_does_not_stop_the_dispatcher(make_stack):
    s = make_stack(AUTH_FAILURES_PER_MINUTE=5)
    job_id = s.submit(s.upload(sample("form")))
    statuses = [s.call("POST", "/api/v1/tasks/process-extraction", {}, key=WRONG + str(i)).status for i in range(10)]
    assert statuses == [401] * 5 + [429] * 5
    until(lambda: any(e.get("message") == "job ended" and e.get("jobId") == job_id for e in s.events()))


def test_forwarded_address_is_believed_only_of_trusted_proxies(make_stack):
    s = make_stack(TRUSTED_PROXIES="10.0.0.0/8,2001:db8::/32")
    s.call("GET", "/health", key=None, headers={"X-Forwarded-For": "192.0.2.77"})
    assert "192.0.2.77" not in s.logs()


def test_behind_somebody_elses_tls_only_named_networks_are_trusted(tmp_path):
    from conftest import ROOT

    def rendered(**env):
        return subprocess.run([ROOT / "scripts" / "render-nginx"], check=True, text=True, stdout=subprocess.PIPE,
                              env={**os.environ, "DATA_DIR": str(tmp_path), "RUN_DIR": str(tmp_path), **env}).stdout
    assert "set_real_ip_from" not in rendered(PORT="8080", TRUSTED_PROXIES="")
    given = rendered(PORT="8080", TRUSTED_PROXIES="192.0.2.1")
    assert re.findall(r"set_real_ip_from (\S+);", given) == ["192.0.2.1"] and "real_ip_recursive on" in given


# --- CORS ---

@pytest.fixture(scope="module")
def shared():
    s = Stack(CORS_ORIGINS=json.dumps([ORIGIN, "http://dev.example:8080"]), CLIENT_HEADER_TIMEOUT_S=1,
              CLIENT_BODY_TIMEOUT_S=1, MAX_JSON_BYTES=4096)
    yield s
    s.close()


@pytest.mark.parametrize("origin", [ORIGIN, "http://dev.example:8080"])
def test_preflight_needs_no_key_on_any_route(shared, origin):
    for route in POLICIES:
        method, pattern = route.split(" ")
        if pattern == "/metrics":
            continue
        r = shared.call("OPTIONS", path_of(pattern), key=None, headers={
            "Origin": origin, "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type,x-api-key"})
        assert r.status == 204 and r.body == b"", (route, r.status, r.body)
        assert r.headers["Access-Control-Allow-Origin"] == origin and r.headers["Vary"] == "Origin", route
        assert method in r.headers["Access-Control-Allow-Methods"]
        for name in ("X-API-Key", "Authorization", "Content-Type"):
            assert name in r.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in r.headers


@pytest.mark.parametrize("origin", [
    "https://evil.example", "https://app.example.evil.example", "http://app.example", "null", "",
    "https://app.example:444", "https://APP.example", "https://app.example/", "https://sub.app.example",
    "http://dev.example", "https://app.example, https://evil.example"])
def test_no_other_origin_is_let_in(shared, origin):
    job = str(uuid.uuid4())
    for method, path in [("OPTIONS", "/api/v1/jobs"), ("GET", "/api/v1/jobs"), ("GET", "/nothing"),
                         ("GET", f"/api/v1/results/{job}/a.csv"), ("POST", "/api/v1/upload/documents"),
                         ("POST", "/api/v1/tasks/retry-job")]:
        r = shared.call(method, path, headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
        assert "Access-Control-Allow-Origin" not in r.headers, (method, path, origin)


def test_every_refusal_can_be_read_by_the_web_client(shared):
    """The detail of an error, whoever makes it: a worker, or nginx."""
    def call(method, path, body=None, key=KEY, **headers):
        r = shared.call(method, path, body, key=key, headers={"Origin": ORIGIN, **headers})
        assert r.headers.get_all("Access-Control-Allow-Origin") == [ORIGIN], (path, r.status, r.headers)
        assert r.headers.get_all("Vary") == ["Origin"], (path, r.headers.get_all("Vary"))
        assert r.headers["Content-Type"] == "application/problem+json" and r.detail
        assert r.headers.get_all("X-Content-Type-Options") == ["nosniff"] and r.headers["Strict-Transport-Security"]
        assert r.headers.get_all("X-Frame-Options") == ["DENY"]
        assert r.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert r.headers.get_all("X-Request-ID") == [r.json["request_id"]]
        return r.status
    assert call("GET", "/api/v1/jobs", key=None) == 401
    assert call("GET", "/api/v1/jobs", key=WRONG) == 403
    assert call("GET", "/nothing") == 404
    assert call("POST", "/api/v1/extract", b"x" * 5000) == 413
    assert call("POST", "/api/v1/upload/documents", b"x", key=None) == 401
    assert call("POST", "/api/v1/upload/documents", b"x", key=WRONG) == 403
    assert call("DELETE", "/api/v1/upload/documents") == 405
    assert call("POST", "/api/v1/upload/documents", b"x", **{"Content-Type": "application/pdf"}) == 422
    assert call("PUT", f"/api/v1/upload/pdfs/{uuid.uuid4()}/a.pdf?expires=1&signature=x", b"x") == 403
    assert call("GET", "/api/v1/upload/pdfs/") == 404
    assert call("GET", "/api/v1/jobs", **{"X-Long": "x" * 40000}) == 431


def test_signed_links_are_open_to_the_web_client(shared):
    made = shared.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
    put = shared.fetch(made["upload_url"], "PUT", body=sample("form").read_bytes(),
                       headers={"Origin": ORIGIN, "Content-Type": "application/pdf"})
    assert put.status == 200 and put.headers.get_all("Access-Control-Allow-Origin") == [ORIGIN]
    job = shared.wait(shared.submit(made["pdf_id"]))
    for origin, want in ((ORIGIN, [ORIGIN]), ("https://evil.example", None)):
        r = shared.fetch(job["result_url"], headers={"Origin": origin})
        assert r.status == 200 and r.headers.get_all("Access-Control-Allow-Origin") == want
        assert r.headers.get_all("Vary") == ["Origin"] and "sandbox" in r.headers["Content-Security-Policy"]
        assert r.headers["Strict-Transport-Security"] and "attachment" in r.headers["Content-Disposition"]


def test_any_origin_where_it_is_asked_for(make_stack):
    s = make_stack(CORS_ORIGINS="*")
    for path in ("/api/v1/jobs", "/nothing"):
        r = s.call("GET", path, headers={"Origin": "https://any.example"})
        assert r.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in r.headers
    assert "Access-Control-Allow-Origin" not in s.call("GET", "/nothing").headers


# --- slow, large and ambiguous requests ---

def read_all(link):
    data = b""
    try:
        while part := link.recv(65536):
            data += part
    except OSError:
        pass
    return data


def test_slow_headers_and_bodies_are_cut_off(shared):
    """A client that drips is ended; meanwhile the others are served."""
    def drip(head, piece):
        link, start = shared.link(), time.time()
        link.sendall(head)
        try:
            while time.time() - start < 300:
                link.sendall(piece)
                link.settimeout(0.3)
                try:
                    if link.recv(4096) == b"":
                        return True
                except TimeoutError:
                    pass
        except OSError:
            return True
        finally:
            link.close()
        return False
    key = f"X-API-Key: {KEY}\r\nContent-Type: application/json\r\n".encode()
    silent = b"POST /api/v1/extract HTTP/1.1\r\nHost: x\r\n" + key + b"Content-Length: 4000\r\n\r\n{"
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        slow = [pool.submit(drip, b"GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n") for _ in range(8)]
        slow += [pool.submit(drip, b"", b"G") for _ in range(4)]
        slow += [pool.submit(drip, silent, b"") for _ in range(4)]
        for _ in range(20):
            assert shared.call("GET", "/api/v1/jobs").status == 200
        assert all(f.result() for f in slow)


def test_header_limits(shared):
    for headers in ({"X-Long": "x" * 9000}, {f"X-{i}": "x" * 1000 for i in range(60)}):
        r = shared.call("GET", "/api/v1/jobs", headers=headers)
        assert r.status == 431 and "headers" in r.detail
    r = shared.call("GET", "/api/v1/jobs?x=" + "y" * 9000)
    assert r.status == 414


def test_pipelined_requests_are_answered_in_order(shared):
    link = shared.link()
    paths = ["/api/v1/health", "/nothing", "/api/v1/jobs"] * 30
    link.sendall(b"".join(f"GET {p} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for p in paths[:-1]) +
                 f"GET {paths[-1]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answers = re.findall(rb"HTTP/1\.1 (\d+)", read_all(link))
    assert answers == [b"200", b"404", b"401"] * 30


INSIDE = b"GET /api/v1/health/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n"
POST = b"POST /api/v1/extract HTTP/1.1\r\nHost: x\r\nX-API-Key: " + KEY.encode() + \
    b"\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(INSIDE)

# Requests of which one reader may see one and another two: name, bytes, and whether the second
# one is there for everybody (then it is answered, and only then).
AMBIGUOUS = {
    "length and chunks": POST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INSIDE,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + INSIDE,
    "two lengths": POST + b"Content-Length: 0\r\n" + LENGTH + b"\r\n" + INSIDE,
    "length with a plus": POST + b"Content-Length: +0\r\n\r\n" + INSIDE,
    "negative length": POST + b"Content-Length: -1\r\n\r\n" + INSIDE,
    "length in hex": POST + b"Content-Length: 0x10\r\n\r\n" + INSIDE,
    "length with a comma": POST + b"Content-Length: 0, 40\r\n\r\n" + INSIDE,
    "huge length": POST + b"Content-Length: 99999999999999999999\r\n\r\n" + INSIDE,
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + INSIDE,
    "coding with a space": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + INSIDE,
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + INSIDE,
    "list of codings": POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + INSIDE,
    "coding with a tab": POST + b"Transfer-Encoding:\tchunked\x0b\r\n\r\n0\r\n\r\n" + INSIDE,
    "chunk size of 17 digits": POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" + INSIDE,
    "chunk size in words": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + INSIDE,
    "negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + INSIDE,
    "header that goes on": POST + b"X-A: b\r\n Content-Length: 0\r\n" + LENGTH.replace(b"C", b" C", 1) + b"\r\n" + INSIDE,
    "space before the colon": POST + b"Content-Length : 0\r\n\r\n" + INSIDE,
    "no host": b"GET /api/v1/health HTTP/1.1\r\n\r\n" + INSIDE,
    "two hosts": b"GET /api/v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + INSIDE,
    "NUL in a header": b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n" + INSIDE,
    "old version": b"GET /api/v1/health HTTP/2.0\r\nHost: x\r\n\r\n" + INSIDE,
    "no version": b"GET /api/v1/health\r\n" + INSIDE,
    "odd method": b"G@T /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n" + INSIDE,
    "upload by chunks and length": POST.replace(b"extract", b"upload/documents") + LENGTH +
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INSIDE,
}


@pytest.mark.parametrize("name", sorted(AMBIGUOUS))
def test_request_that_means_two_things_is_refused_whole(shared, name):
    link = shared.link()
    link.sendall(AMBIGUOUS[name])
    data = read_all(link)
    link.close()
    answers = re.findall(rb"HTTP/1\.1 (\d+)", data)
    second = b"smuggled" in data
    assert all(a in (b"400", b"408", b"411", b"413", b"501", b"505") for a in answers), (name, data[:400])
    assert len(answers) <= 1 and not second, (name, data[:1000])
    assert shared.call("GET", "/api/v1/health").status == 200
    assert "smuggled" not in shared.logs(), name


def test_body_stays_with_its_request(shared):
    """Chunked bodies and refused ones on one connection: what follows is its own request."""
    link = shared.link()
    body = b'{"pdf_id":"x"}'
    link.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS % (len(body), body) +
                 POST.replace(KEY.encode(), WRONG.encode()) + LENGTH + b"\r\n" + INSIDE +
                 POST.replace(b"extract", b"upload/documents").replace(KEY.encode(), WRONG.encode()) + LENGTH +
                 b"\r\n" + INSIDE +
                 POST.replace(b"extract", b"tasks/retry-job").replace(KEY.encode(), WRONG.encode()) + LENGTH +
                 b"\r\n" + INSIDE +
                 b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    data = read_all(link)
    assert re.findall(rb"HTTP/1\.1 (\d+)", data) == [b"422", b"403", b"403", b"401", b"200"], data[:2000]
    assert "smuggled" not in shared.logs()


# --- TLS ---

def s_client(s, *options):
    r = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", "-CAfile",
                        str(s.data / "tls" / "cert.pem"), *options], input=b"", timeout=600,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return r.returncode, r.stdout.decode(errors="replace")


def test_tls_speaks_only_what_is_safe(shared):
    for options in (["-tls1_3"], ["-tls1_2"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
                    ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], ["-groups", "X25519"]):
        status, text = s_client(shared, *options)
        assert status == 0 and "Verify return code: 0 (ok)" in text, (options, text[-1500:])
    weak = "DEFAULT:COMPLEMENTOFDEFAULT:@SECLEVEL=0"
    for options in (["-tls1", "-cipher", weak], ["-tls1_1", "-cipher", weak],
                    ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
                    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], ["-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"],
                    ["-tls1_2", "-cipher", "aNULL:eNULL:@SECLEVEL=0"], ["-groups", "sect571r1"]):
        status, text = s_client(shared, *options)
        assert status != 0, (options, text[-1500:])
    text = s_client(shared, "-tls1_2")[1]
    assert "Compression: NONE" in text and "TLS session ticket:" not in text
    assert "Server public key is 256 bit" in text


def certificate(folder, name, ca=None, ocsp=None):
    """A key and a certificate; signed by itself, or by ca."""
    key, cert = folder / f"{name}-key.pem", folder / f"{name}.pem"
    extra = ["-addext", f"authorityInfoAccess=OCSP;URI:{ocsp}"] if ocsp else []
    signer = ["-CA", ca[1], "-CAkey", ca[0]] if ca else ["-addext", "keyUsage=critical,keyCertSign,digitalSignature"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-keyout", key, "-out", cert, "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", *extra, *signer], check=True,
                   stderr=subprocess.DEVNULL)
    return key, cert


def shown_name(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 60) as raw, context.wrap_socket(raw) as link:
        der = link.getpeercert(True)
    text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=der, check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    return text.rsplit("=", 1)[1].strip()


class OwnCertificate(Stack):
    """A Stack with a certificate given to it."""

    def __init__(self, cert, **env):
        self.given = cert
        super().__init__(TLS_CERT=cert, **env)

    def start(self):
        (self.data / "tls").mkdir(parents=True, exist_ok=True)
        link = self.data / "tls" / "cert.pem"
        if not link.exists():
            link.symlink_to(self.given)
        super().start()


def test_certificate_is_changed_without_dropping_a_request(tmp_path):
    key, cert = certificate(tmp_path, "first")
    new_key, new_cert = certificate(tmp_path, "second")
    s = OwnCertificate(cert, TLS_KEY=key, TASKS_CA_FILE=cert)
    statuses, stop = [], threading.Event()

    def ask():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        while not stop.is_set():
            import http.client
            c = http.client.HTTPSConnection("127.0.0.1", s.port, context=context, timeout=600)
            c.request("GET", "/api/v1/jobs", headers={"X-API-Key": KEY})
            statuses.append(c.getresponse().status)
            c.close()
    threads = [threading.Thread(target=ask) for _ in range(3)]
    try:
        for t in threads:
            t.start()
        assert shown_name(s.port) == "first"
        good = key.read_bytes(), cert.read_bytes()
        key.write_bytes(new_key.read_bytes())
        os.kill(s.process.pid, signal.SIGHUP)  # a key that is not the certificate's
        until(lambda: "nginx keeps its configuration" in s.logs())
        assert shown_name(s.port) == "first"
        key.write_bytes(good[0])
        assert s.call("GET", "/api/v1/jobs").status == 200
        key.write_bytes(new_key.read_bytes())
        cert.write_bytes(new_cert.read_bytes())
        os.kill(s.process.pid, signal.SIGHUP)
        until(lambda: shown_name(s.port) == "second")
        asked = len(statuses)
        until(lambda: len(statuses) > asked + 20)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert len(statuses) > 20 and set(statuses) == {200}
    s.context = ssl.create_default_context(cafile=str(cert))
    assert s.call("GET", "/api/v1/jobs").status == 200
    s.close()


def test_certificate_with_a_responder_is_stapled(tmp_path):
    ca = certificate(tmp_path, "ca")
    port = free_port()
    key, leaf = certificate(tmp_path, "leaf", ca, f"http://127.0.0.1:{port}/")
    serial = subprocess.run(["openssl", "x509", "-in", leaf, "-noout", "-serial"], check=True,
                            stdout=subprocess.PIPE).stdout.decode().strip().split("=")[1]
    (tmp_path / "index").write_text(f"V\t401231235959Z\t\t{serial}\tunknown\t/CN=leaf\n")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(leaf.read_bytes() + ca[1].read_bytes())
    responder = subprocess.Popen(["openssl", "ocsp", "-port", str(port), "-index", tmp_path / "index", "-CA", ca[1],
                                  "-rkey", ca[0], "-rsigner", ca[1]], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
    try:
        s = OwnCertificate(chain, TLS_KEY=key, TASKS_CA_FILE=ca[1], OCSP_CA_FILE=ca[1])
        # nginx asks the responder after the first handshake.
        until(lambda: "OCSP Response Status: successful" in s_client(s, "-status")[1],
              told=lambda: s_client(s, "-status")[1][:2000] + s.logs()[-2000:])
        s.close()
    finally:
        responder.terminate()
        responder.wait(10)


# --- settings ---

# One wrong value for each of the kinds that docs/configuration.md tells of.
WRONG_VALUES = {"a whole number": "1x", "one of": "none-of-them", "true or false": "yes",
                "an http:// or https:// URL": "ftp://x.example", "a file that can be read": "/no/such/file",
                "an https:// URL": "http://elsewhere.example/keys", "origins such": "https://a.example/path",
                "addresses or networks": "10.0.0.0/33", "a name": "a b", "a path": "a;b",
                "text without": "a\tb"}


def test_every_setting_tells_what_it_expects():
    rows = [line.split("\t") for line in subprocess.run(
        [BUILD / "pdf-ocr-api", "--print-settings"], check=True, text=True,
        stdout=subprocess.PIPE).stdout.splitlines()]
    env = {k: v for k, v in os.environ.items() if k not in {r[0] for r in rows}}

    def check(row):
        name, _, meaning, expected = row
        assert meaning and expected, row
        if "printable characters" in expected:
            value, message = "with a space", f"{name} is wrong; expected {expected}."
        else:
            value = next(v for k, v in WRONG_VALUES.items() if expected.startswith(k))
            message = f'{name} is "{value}"; expected {expected}.'
        r = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], text=True, stderr=subprocess.PIPE,
                           env={**env, name: value, "LOG_FORMAT": "json", **({name: value} if name == "LOG_FORMAT" else {})})
        assert r.returncode == 2, (name, r.stderr)
        assert json.loads(r.stderr)["detail"] == message, (name, r.stderr)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(check, rows))
    assert len(rows) > 80


def test_settings_that_belong_together():
    def told(**env):
        r = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], text=True, stderr=subprocess.PIPE,
                           env={**os.environ, "LOG_FORMAT": "json", **env})
        return r.returncode, json.loads(r.stderr)["detail"] if r.stderr else ""
    status, detail = told(JWT_ISSUER="https://i.example")
    assert status == 2 and detail == "JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS belong together; JWT_AUDIENCE is not set."
    tokens = {"JWT_AUDIENCE": "a", "JWT_JWKS": "https://i.example/keys"}
    assert told(JWT_ISSUER="https://i.example", **tokens) == (0, "")
    status, detail = told(JWT_ISSUER="https://accounts.google.com", **tokens)
    assert status == 2 and "anybody" in detail
    status, detail = told(JWT_ISSUER="i", JWT_AUDIENCE="a", JWT_JWKS="/dev/null")
    assert status == 2 and detail.startswith("JWT_JWKS /dev/null: ")
    status, detail = told(API_KEYS_FILE="/dev/null")
    assert status == 2 and detail.startswith("API_KEYS_FILE /dev/null")
    status, detail = told(API_KEY="short-secret")
    assert status == 2 and detail == "API_KEY is wrong; expected 16 to 512 printable characters without spaces."


def test_defaults_stand_in_the_program_only():
    """What the scripts that configure nginx and the start use is asked of the program."""
    from conftest import ROOT
    known = [line.split("\t")[0] for line in subprocess.run(
        [BUILD / "pdf-ocr-api", "--print-settings"], check=True, text=True,
        stdout=subprocess.PIPE).stdout.splitlines()]
    for script in ("serve", "render-nginx", "quickstart"):
        defaults = re.findall(r"\$\{([A-Z_]+):?-([0-9a-z/.]+)\}", (ROOT / "scripts" / script).read_text())
        assert [d for d in defaults if d[0] in known and d[1] != "auto"] == [], script


def test_settings_are_printed_for_a_shell_without_secrets(tmp_path):
    env = {"PATH": os.environ["PATH"], "API_KEY": KEY, "DATA_DIR": str(tmp_path), "CORS_ORIGINS": '["https://a.example"]',
           "HTTPS_PORT": "8555"}
    told = subprocess.run(["sh", "-c", 'set -eu; s=$("$0" --print-env); eval "$s"; '
                           'echo "$HTTPS_PORT $NGINX_WORKERS $RUN_DIR $CORS_ORIGINS $JOB_STORE $MAX_REGIONS"; echo "$s"',
                           BUILD / "pdf-ocr-api"], check=True, text=True, stdout=subprocess.PIPE, env=env).stdout
    assert told.splitlines()[0] == f'8555 auto {tmp_path}/run ["https://a.example"] sqlite 200'
    assert KEY not in told


@pytest.mark.parametrize("workers", ["0", "many", "-1", "513", "1;x"])
def test_wrong_number_of_nginx_processes_is_refused(workers):
    r = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], text=True, stderr=subprocess.PIPE,
                       env={**os.environ, "LOG_FORMAT": "json", "NGINX_WORKERS": workers}, check=False)
    assert r.returncode == 2
    assert json.loads(r.stderr)["detail"] == \
        f'NGINX_WORKERS is "{workers}"; expected a whole number from 1 to 512, or auto.'
