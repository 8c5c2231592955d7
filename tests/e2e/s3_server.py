"""A real S3 server, SeaweedFS, on loopback with TLS, in a folder of its own.

It checks signatures of requests and links, digests of bodies, parts, ranges and conditions. What it does
not check: session tokens, which only its own STS gives, and AWS's limits, such as the size of parts.
"""
import json
import os
import pathlib
import secrets
import shutil
import signal
import ssl
import subprocess
import tempfile

from support import free_port, until

SERVER = os.environ.get("S3_SERVER", "")
BUCKET, REGION = "pdf-ocr", "eu-central-1"


class S3Server:
    def __init__(self, tls=True):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="pocr-s3-", dir="/tmp"))
        self.access, self.secret = "AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20)
        self.ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
        self.grpc = {name: free_port() for name in self.ports}
        self.cert, self.key = self.base / "cert.pem", self.base / "key.pem"
        self.scheme = "https" if tls else "http"
        self.process = None
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext",
                        f"subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:{BUCKET}.localhost",
                        "-keyout", self.key, "-out", self.cert], check=True, stderr=subprocess.DEVNULL)
        (self.base / "data").mkdir()
        (self.base / "s3.json").write_text(json.dumps({"identities": [{
            "name": "pdf-ocr", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            "credentials": [{"accessKey": self.access, "secretKey": self.secret}]}]}))
        self.start()
        self.call("PUT", "")

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.ports['s3']}"

    @property
    def env(self):
        """The settings of a service that keeps its files here."""
        env = {"BLOB_STORE": "s3", "S3_ENDPOINT": self.url, "S3_PATH_STYLE": "true", "S3_BUCKET_NAME": BUCKET,
               "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret}
        return {**env, "S3_CA_FILE": str(self.cert)} if self.scheme == "https" else env

    def start(self):
        args = [f"-{name}.port={port}" for name, port in self.ports.items()]
        args += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
        args += [f"-{name}.port.grpc={port}" for name, port in self.grpc.items()]
        if self.scheme == "https":
            args += [f"-s3.cert.file={self.cert}", f"-s3.key.file={self.key}"]
        with open(self.base / "log", "ab") as log:
            self.process = subprocess.Popen(
                [SERVER, "server", f"-dir={self.base / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer",
                 "-s3", f"-s3.config={self.base / 's3.json'}", "-s3.domainName=localhost", "-s3.iam=false",
                 "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=40",
                 "-volume.minFreeSpace=1", *args],
                cwd=self.base, env={"PATH": os.environ["PATH"], "HOME": str(self.base)}, stdout=log, stderr=log)
        until(lambda: self.call("GET", "", check=False), 120, lambda: (self.base / "log").read_text()[-2000:])

    def call(self, method, path, body=b"", check=True):
        """A signed request by curl's own program; the answer's body. Without check: whether any came."""
        r = subprocess.run(["curl", "-sS", "--cacert", self.cert, "--aws-sigv4", f"aws:amz:{REGION}:s3", "--user",
                            f"{self.access}:{self.secret}", "-X", method, "--max-time", "20", "--data-binary", "@-",
                            *(["--fail-with-body"] if check else []), f"{self.url}/{BUCKET}{path}"],
                           input=body, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if not check:
            return r.returncode == 0
        assert r.returncode == 0, r
        return r.stdout

    def names(self):
        return self.call("GET", "?list-type=2").decode().split("<Key>")[1:]

    def trust(self):
        return ssl.create_default_context(cafile=str(self.cert)) if self.scheme == "https" else None

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(timeout=600)

    def close(self):
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
        shutil.rmtree(self.base)
