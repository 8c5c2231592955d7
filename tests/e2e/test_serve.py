"""scripts/serve: plain HTTP behind a proxy, the readiness probe, and how it ends."""
import concurrent.futures
import contextlib
import fcntl
import http.client
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time

import pytest
from conftest import BUILD, ROOT, Stack, expected, free_port, sample, until


class PlainStack(Stack):
    """As in a container: PORT, no TLS; clients know another address than the queue."""

    def trust(self):
        return None

    def connect(self, timeout=600):
        return http.client.HTTPConnection("127.0.0.1", int(self.env["PORT"]), timeout=timeout)

    def fetch(self, url, method="GET", **kw):
        assert url.startswith("https://public.example/")
        return self.call(method, url.removeprefix("https://public.example"), key=None, **kw)


@pytest.fixture
def plain(request):
    made = []

    def make(**env):
        made.append(PlainStack(PORT=free_port(), API_BASE_URL="https://public.example/", **env))
        return made[-1]
    yield make
    for s in made:
        s.close()


def addresses(stack, *forwarded):
    """What the service takes for the client's address, a request each."""
    for text in forwarded:
        stack.call("GET", "/health", headers={"X-Forwarded-For": text})
    return [e["httpRequest"]["remoteIp"] for e in stack.events()
            if e.get("message") == "request" and e.get("httpRequest", {}).get("requestUrl") == "/api/v1/health"][-len(forwarded):]


def test_plain_http_delivers_inside_whatever_clients_call_it(plain):
    s = plain()
    job = s.extract(sample("form"))
    assert job["status"] == "completed" and s.fetch(job["result_url"]).body == expected("form")
    assert not (s.data / "tls" / "cert.pem").exists()


@pytest.mark.parametrize("named", [None, "192.0.2.1"])
def test_nobody_but_the_named_proxies_is_believed(plain, named):
    s = plain(TRUSTED_PROXIES=named)
    assert addresses(s, "203.0.113.9") == ["127.0.0.1"]


def test_client_address_comes_from_trusted_proxies(plain):
    s = plain(TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8")
    assert addresses(s, "6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.7") == ["203.0.113.9", "203.0.113.7"]


def test_any_proxy_is_believed_for_its_own_entry_only(plain):
    s = plain(TRUSTED_PROXIES="any")
    assert addresses(s, "6.6.6.6, 203.0.113.9") == ["203.0.113.9"]


def health(**env):
    return subprocess.run([BUILD / "pdf-ocr-api", "--health"], env={**os.environ, **env}, timeout=600, text=True,
                          capture_output=True, check=False)


def test_health_asks_the_service(make_stack, plain):
    tls, http_only = make_stack(), plain()
    for s in (tls, http_only):
        assert health(**{k: s.env.get(k, "") for k in ("PORT", "HTTPS_PORT")}).returncode == 0
    r = health(PORT=str(free_port()))
    assert r.returncode == 1 and "not ready" in r.stderr
    assert health(HTTPS_PORT=str(tls.port), PORT="", LISTEN_ADDRESS="0.0.0.0").returncode == 0


@pytest.mark.parametrize("name, number, status", [("nginx.pid", signal.SIGKILL, 137), ("master.pid", signal.SIGKILL, 137),
                                                  ("master.pid", signal.SIGTERM, 1)])
def test_ends_and_fails_when_either_ends(make_stack, name, number, status):
    s = make_stack(SHUTDOWN_GRACE_S=2)
    pid = int((s.base / "run" / name).read_text())
    os.kill(pid, number)
    assert s.process.wait(timeout=600) == status
    with pytest.raises(OSError):
        s.connect().connect()  # no worker of nginx is left behind


def test_wrong_setting_ends_at_once_with_its_status(tmp_path):
    r = subprocess.run([ROOT / "scripts" / "serve", "--build", BUILD, "--data", tmp_path, "--port", str(free_port())],
                       env={**os.environ, "API_WORKERS": "none", "METRICS_PORT": str(free_port())}, timeout=600,
                       capture_output=True, text=True, check=False)
    assert r.returncode == 2 and "API_WORKERS" in r.stderr


def test_log_may_be_a_socket_as_the_journals_is(tmp_path):
    ours, theirs = socket.socketpair()
    with ours, theirs, open(tmp_path / "out", "w") as out:
        p = subprocess.Popen([ROOT / "scripts" / "serve", "--build", BUILD, "--data", tmp_path / "data"], stdout=out,
                             env={**os.environ, "PORT": str(free_port()), "METRICS_PORT": str(free_port())},
                             stderr=theirs)
        try:
            until(lambda: p.poll() is not None or "listening on" in (tmp_path / "out").read_text())
            assert p.poll() is None, ours.recv(65536)
        finally:
            p.terminate()
            assert p.wait(timeout=600) == 0


def test_url_settings_are_checked():
    for name in ("API_BASE_URL", "TASKS_BASE_URL"):
        r = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], env={**os.environ, name: "example.com"},
                           capture_output=True, text=True, timeout=600, check=False)
        assert r.returncode == 2 and name in r.stderr


def test_second_start_in_the_same_folder_changes_nothing(make_stack):
    s = make_stack()

    def files():
        kept = [s.base / "run", s.data / "uploads"]
        return {str(p): (p.stat().st_ino, p.is_file() and p.stat().st_mtime_ns)
                for top in kept for p in top.rglob("*") if not p.name.startswith("try-")}
    before = files()
    again = {**s.env, "HTTPS_PORT": str(free_port()), "METRICS_PORT": str(free_port())}
    r = subprocess.run(s.command, env=again, timeout=600, capture_output=True, text=True, check=False)
    assert r.returncode == 1 and "another service runs in" in r.stderr
    assert files() == before
    assert s.extract(sample("form"))["status"] == "completed"
    assert s.call("GET", "/api/v1/health/ready").status == 200


@pytest.mark.parametrize("name", ["serve.lock", "master.pid"])
def test_start_waits_for_what_a_killed_service_left(make_stack, name):
    """A worker may live on for a moment, and has the lock of its master or its script."""
    s = make_stack()
    s.kill()
    killed = s.process

    def waits():
        """Or has ended, which it should not."""
        if s.process is killed:
            return False
        below = pathlib.Path(f"/proc/{s.process.pid}/task/{s.process.pid}/children")
        with contextlib.suppress(OSError):
            names = [pathlib.Path(f"/proc/{p}/comm").read_text() for p in below.read_text().split()]
            return "flock\n" in names
        return s.process.poll() is not None
    with open(s.base / "run" / name, "a") as left, concurrent.futures.ThreadPoolExecutor() as pool:
        fcntl.flock(left, fcntl.LOCK_EX)
        started = pool.submit(s.start)
        until(waits)
        left.close()
        started.result()
    assert s.extract(sample("form"))["status"] == "completed"


def test_own_certificate_holds_though_the_clock_goes_back(stack):
    """Else the queue could not deliver to this machine until the clock has caught up."""
    start = subprocess.run(["openssl", "x509", "-noout", "-startdate", "-in", stack.data / "tls" / "cert.pem"], check=True,
                           capture_output=True, text=True).stdout.strip().removeprefix("notBefore=")
    assert time.time() - ssl.cert_time_to_seconds(start) > 6 * 86400
