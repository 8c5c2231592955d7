"""Starts the real stack, nginx and workers, on loopback, and talks to it over TLS."""
import collections
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from support import free_port, until  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build")).resolve()
SAMPLES = BUILD / "samples"
# Where the command finds the programs that it starts.
READERS = {"PAGE_READER": str(BUILD / "pdf-ocr-page"), "OCR_READER": str(BUILD / "pdf-ocr-recognize")}
KEY = "test-key-0123456789abcdef"


def pytest_configure(config):
    config.addinivalue_line("markers", "plain: runs with the plain build, whose speed it needs")
    config.addinivalue_line("markers", "main_path: runs with the plain build as well")


SHARE = 30  # tests of a module that use one service; more of them would be long in one process


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in this hook too
def pytest_collection_modifyitems(items):
    """For --dist loadgroup: what shares a service runs in one process; what waits long starts first."""
    sharing = collections.Counter()
    for item in items:
        shared = [d for defs in item._fixtureinfo.name2fixturedefs.values() for d in defs if d.scope == "module"]
        if shared:
            module = item.module.__name__
            item.add_marker(pytest.mark.xdist_group(f"{module}-{sharing[module] // SHARE}"))
            sharing[module] += 1
    items.sort(key=lambda item: "google" not in item.module.__name__)


def routes():
    """The route table: method, path, auth, query."""
    return json.loads(subprocess.run([BUILD / "pdf-ocr-api", "--routes"], check=True, stdout=subprocess.PIPE).stdout)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        return self.json["detail"]


class Stack:
    """One running service; its settings are environment variables."""

    secrets = frozenset()

    def __init__(self, **env):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="pocr-", dir="/tmp"))
        self.data = pathlib.Path(env.pop("DATA_DIR", self.base / "data"))
        self.port, self.metrics_port = free_port(), free_port()
        serve = env.pop("SERVE", ROOT / "scripts" / "serve")
        # A shell that found SIGHUP ignored, as under nohup, cannot catch it.
        self.command = [*env.pop("WRAPPER", "").split(), "env", "--default-signal=HUP", str(serve)]
        self.env = {
            "PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(self.base),
            "DATA_DIR": str(self.data), "RUN_DIR": str(self.base / "run"),
            "HTTPS_PORT": str(self.port), "METRICS_PORT": str(self.metrics_port),
            "BUILD_DIR": str(BUILD), "API_KEY": KEY, "LOG_FORMAT": "json",
            "TASK_NICE": "1",  # at 10, the other checks beside these starve the task workers
            "RATE_LIMIT_PER_ADDRESS": "10000", "RATE_LIMIT_PER_KEY": "10000",
            "RATE_LIMIT_BURST": "10000", "AUTH_FAILURES_PER_MINUTE": "1000000",
            "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
        }
        if env.get("BACKEND") == "google":
            self.env["API_BASE_URL"] = f"https://127.0.0.1:{self.port}"
        self.env.update({k: str(v) for k, v in env.items() if v is not None})
        self.env = {k: v for k, v in self.env.items() if env.get(k, "") is not None}
        self.context = None
        self.process = None
        # What must not be in the log: keys of the settings, and what is sent as credentials.
        self.secrets = {self.env[k] for k in ("API_KEY", "GEMINI_API_KEY") if k in self.env}
        self.start()

    def start(self):
        self.log = self.open_log()
        self.process = subprocess.Popen(self.command, env=self.env,
                                        stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, cwd=self.base)
        until(self.is_ready, told=lambda: self.logs()[-3000:])

    def is_ready(self):
        assert self.process.poll() is None, self.logs()[-3000:]
        with contextlib.suppress(OSError, ssl.SSLError, http.client.HTTPException):
            self.context = self.trust()
            return self.call("GET", "/api/v1/health/ready", key=None).status == 200

    def trust(self):
        return ssl.create_default_context(cafile=str(self.data / "tls" / "cert.pem"))

    def connect(self, timeout=60):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context,
                                           timeout=timeout)

    def link(self, timeout=60):
        """A TLS connection, for bytes that need not be a request."""
        return self.context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout),
                                        server_hostname="127.0.0.1")

    def call(self, method, path, body=None, key=KEY, headers=None, connection=None):
        headers = dict(headers or {})
        if key is not None:
            headers["X-API-Key"] = key
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        self.note_secrets(path, headers)
        c = connection or self.connect()
        try:
            c.request(method, path, body=body, headers=headers)
            r = c.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            if connection is None:
                c.close()

    def note_secrets(self, path, headers):
        """Credentials and signatures, but for words that a log may hold for other reasons."""
        sent = [headers.get("X-API-Key"), headers.get("Authorization", "").split(" ")[-1]]
        sent += re.findall(r"[Ss]ignature=([^&]+)", path)
        self.secrets = self.secrets | {s for s in sent if s and len(s) >= 12}

    def fetch(self, url, method="GET", **kw):
        u = urllib.parse.urlsplit(url)
        assert u.netloc == f"127.0.0.1:{self.port}"
        return self.call(method, u.path + "?" + u.query, key=None, **kw)

    def upload(self, data, name="a.pdf", **kw):
        if isinstance(data, pathlib.Path):
            data = data.read_bytes()
        made = self.call("POST", "/api/v1/upload/generate-url?file_name=" +
                         urllib.parse.quote(name), **kw).json
        put = self.fetch(made["upload_url"], "PUT", body=data,
                         headers={"Content-Type": "application/pdf"})
        assert put.status == 200, put.body
        return made["pdf_id"]

    def submit(self, pdf_id, agentic=False, **request):
        if not agentic:
            request.setdefault("regions", [{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9,
                                            "height": 0.8}])
        path = "/api/v1/extract" + ("/agentic" if agentic else "")
        r = self.call("POST", path, {"pdf_id": pdf_id, **request})
        assert r.status == 202, r.body
        return r.json["job_id"]

    def wait(self, job_id, seconds=600):
        def ended():
            job = self.call("GET", "/api/v1/extract/" + job_id).json
            return job["status"] in ("completed", "failed", "cancelled") and job
        job = until(ended, seconds, lambda: f"{job_id}\n{self.logs()[-3000:]}")
        if job["error_message"]:
            print(job_id, job["error_message"])  # pytest shows it when the test fails
        return job

    def extract(self, source, **request):
        return self.wait(self.submit(self.upload(source), **request))

    def logs(self):
        return (self.base / "log").read_text(errors="replace")

    def events(self):
        for line in self.logs().splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def logged(self, **fields):
        """The events with these fields, once there is one: a line may come after what it tells of was seen."""
        return until(lambda: [e for e in self.events() if fields.items() <= e.items()],
                     told=lambda: f"{fields}\n{self.logs()[-3000:]}")

    def workers(self, role):
        """The living processes of a role. Each tells the log that it has started, some time after it has."""
        until(lambda: self.children() <= set(self.roles()), told=self.logs)
        return [pid for pid, its in self.roles().items() if its == role and self.lives(pid)]

    def roles(self):
        """The processes that have told that they started, with their roles."""
        return {e["pid"]: e["role"] for e in self.events() if e.get("message") == "worker started"}

    def children(self):
        """The processes that the master has."""
        with contextlib.suppress(OSError):
            master = (pathlib.Path(self.env["RUN_DIR"]) / "master.pid").read_text().strip()
            return set(map(int, pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()))
        return set()

    @staticmethod
    def lives(pid):
        """It may end between any two looks."""
        with contextlib.suppress(OSError):
            return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
        return False

    def open_log(self):
        return open(self.base / "log", "ab")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                raise AssertionError("the service does not end:\n" + self.kill()) from None
        self.log.close()

    def kill(self):
        """Ends every process of this stack at once; tells what each was doing."""
        told, pids = [], []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"RUN_DIR={self.env['RUN_DIR']}".encode() not in (entry / "environ").read_bytes().split(b"\0"):
                    continue
                pids.append(int(entry.name))
                status = dict(re.findall(r"^(\w+):\s*(.*)$", (entry / "status").read_text(), re.M))
                told.append([entry.name, (entry / "cmdline").read_text().replace("\0", " ")[:60]] +
                            [f"{k}={status[k]}" for k in ("PPid", "State", "SigPnd", "ShdPnd", "SigBlk", "SigCgt")] +
                            [(entry / "wchan").read_text()])
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # nginx has a group of its own, and overwrites the environment that its workers are known by.
        with contextlib.suppress(OSError, ValueError):
            os.killpg(int((self.base / "run" / "nginx.pid").read_text()), signal.SIGKILL)
        self.process.wait(timeout=10)
        # The last of them has ended when the lock is free.
        subprocess.run(["flock", "-w", "10", self.base / "run" / "serve.lock", "true"], check=True)
        return "\n".join(" ".join(line) for line in told) + "\n" + self.logs()[-2000:]

    def kept_secrets(self):
        """Keys that the service has made for itself."""
        files = [self.data / "api-key"]
        return {f.read_text().strip() for f in files if f.exists()}

    def close(self):
        self.stop()
        try:
            for text in (self.logs(),):
                for bad in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
                    assert bad not in text, text[text.index(bad) - 200:][:4000]
                for secret in self.secrets | self.kept_secrets():
                    assert secret not in text, "a key, token or signature is in the log"
                assert "signature=" not in text, "a signature is in the log"
                token = re.search(r"eyJ[\w-]{10,}\.[\w-]{10,}\.", text)
                assert token is None, "a token is in the log"
        finally:
            shutil.rmtree(self.base, ignore_errors=True)


@pytest.fixture(scope="module")
def stack():
    s = Stack()
    yield s
    s.close()


@pytest.fixture
def make_stack():
    made = []

    def make(**env):
        made.append(Stack(**env))
        return made[-1]
    yield make
    for s in made:
        s.close()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB."""
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", mount], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("no right to mount a small file system")
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


def fill(mount, leave=0):
    """Takes what is free but for so many bytes, into a file of the name."""
    free = os.statvfs(mount)
    with contextlib.suppress(OSError), open(mount / "fill", "wb") as f:  # it may be full already
        f.write(b"\0" * (free.f_bavail * free.f_bsize - leave))


def sample(name):
    return SAMPLES / f"{name}.pdf"


def repeated(name, n):
    """A document of n pages, each the first one of a sample."""
    return subprocess.run(["qpdf", "--empty", "--pages", *[sample(name), "1"] * n, "--", "-"], check=True,
                          stdout=subprocess.PIPE).stdout


def tried_once(stack, job):
    """But for what the machine's load cost, which is tried again."""
    return job["attempts"] == 1 or "too little computing time" in stack.logs()


def on_pages(region, n):
    """The region on each of n pages."""
    return [{**region, "page": page} for page in range(1, n + 1)]


def expected(name):
    return subprocess.run([BUILD / "make-samples", "--expected", name], check=True,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
                          stdout=subprocess.PIPE).stdout
