"""Containers of the service, and what the end-to-end tests know about talking to it."""
import contextlib
import http.client
import importlib.util
import json
import pathlib
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("e2e", ROOT / "tests" / "e2e" / "conftest.py")
e2e = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(e2e)
expected, sample, KEY = e2e.expected, e2e.sample, e2e.KEY
free_port, until = e2e.free_port, e2e.until
NO_LIMITS = {"RATE_LIMIT_PER_ADDRESS": 10000, "RATE_LIMIT_PER_KEY": 10000, "RATE_LIMIT_BURST": 10000}


def docker(*args, timeout=300, env=None):
    r = subprocess.run(["docker", *map(str, args)], capture_output=True, text=True, timeout=timeout, env=env,
                       check=False)
    assert r.returncode == 0, r.stderr[-3000:]
    return r.stdout.strip()


def logs(name):
    r = subprocess.run(["docker", "logs", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=60, check=False)
    return r.stdout


def slow_reader(folder, seconds):
    """A page reader that takes its time before it works."""
    path = folder / "slow-reader"
    path.write_text(f'#!/bin/bash\nsleep {seconds}\nexec /usr/libexec/pdf-ocr-api/pdf-ocr-page "$@"\n')
    path.chmod(0o755)
    return path


class Client(e2e.Stack):
    """What the end-to-end tests do with a service, at a port of this machine."""

    def __init__(self, port, key=KEY, context=None):
        self.port, self.key, self.context = port, key, context

    def connect(self, timeout=60):
        if self.context:
            return super().connect(timeout)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def call(self, method, path, body=None, key=KEY, **kw):
        return super().call(method, path, body, self.key if key is KEY else key, **kw)

    def logs(self):
        return ""

    def wait_until_ready(self, seconds=600):
        until(self.is_ready, seconds, lambda: self.logs()[-3000:])

    def is_ready(self):
        with contextlib.suppress(OSError, ssl.SSLError, http.client.HTTPException):
            return self.call("GET", "/api/v1/health/ready", key=None).status == 200


class Container(Client):
    """with Container(image, NAME=value, ...): one hardened container, gone at the end."""

    def __init__(self, image, volume=None, mounts=(), port=None, wait=True, **env):
        super().__init__(port or free_port())
        env = {"API_KEY": KEY, "API_BASE_URL": f"http://127.0.0.1:{self.port}", **NO_LIMITS, **env}
        self.name = docker(
            "run", "-d", "--read-only", "--tmpfs", "/tmp:rw,noexec,nosuid,nodev,size=64m",
            *(["-v", f"{volume}:/data"] if volume else ["--tmpfs", "/data:rw,noexec,uid=10001,gid=10001"]),
            "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=512m", "--memory-swap=512m",
            "--pids-limit=64", "-p", f"127.0.0.1:{self.port}:8080",
            *(f"-v{m}:{m}:ro" for m in mounts), *(f"-e{k}={v}" for k, v in env.items()), image)
        try:
            if wait:
                self.wait_until_ready()
        except BaseException:
            self.close()
            raise

    def run(self, command):
        return subprocess.run(["docker", "exec", self.name, "bash", "-c", command], capture_output=True, text=True,
                              timeout=60, check=False)

    @contextlib.contextmanager
    def start(self, command):
        """A command whose standard input stays open."""
        with subprocess.Popen(["docker", "exec", "-i", self.name, "bash", "-c", "exec " + command],
                              stdin=subprocess.PIPE) as p:
            yield p
            p.stdin.close()

    @contextlib.contextmanager
    def stalled_upload(self):
        """A client that stops in the middle of what it sends."""
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"POST /api/v1/upload/documents HTTP/1.1\r\nHost: x\r\nX-API-Key: " + KEY.encode() +
                      b"\r\nContent-Length: 1000\r\n\r\nhalf")
            yield

    def facts(self):
        return json.loads(docker("inspect", self.name))[0]

    def logs(self):
        return logs(self.name)

    def close(self):
        docker("rm", "-fv", self.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
