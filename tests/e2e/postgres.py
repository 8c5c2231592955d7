"""A real PostgreSQL on loopback, with TLS and a password, in a folder of its own."""
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile

from support import free_port, until

BIN = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None)


class Postgres:
    """It does not run as root: then it is the user that the package has made."""

    def __init__(self, sync=False, options=()):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="pocr-pg-", dir="/tmp"))
        self.port, self.password = free_port(), secrets.token_hex(12)
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self.sync, self.options = "on" if sync else "off", options
        self.process = None
        password, self.cert, key = self.base / "password", self.base / "cert.pem", self.base / "key.pem"
        password.write_text(self.password)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", key, "-out", self.cert], check=True, stderr=subprocess.DEVNULL)
        self.base.chmod(0o755)
        if self.user:
            for path in (self.base, password, self.cert, key):
                shutil.chown(path, "postgres", "postgres")
        key.chmod(0o600)
        self.run("initdb", "-D", self.base / "data", "-U", "postgres", "-A", "scram-sha-256", "--pwfile", password,
                 "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()

    @property
    def url(self):
        return (f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"
                f"?sslmode=verify-full&sslrootcert={self.cert}")

    def run(self, program, *args):
        return subprocess.run([BIN / program, *args], check=True, cwd=self.base, stdout=subprocess.PIPE,
                              text=True, **self.user).stdout

    def start(self):
        with open(self.base / "log", "ab") as log:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", self.base / "data", "-p", str(self.port), "-k", self.base,
                 "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on", "-c", f"ssl_cert_file={self.cert}",
                 "-c", f"ssl_key_file={self.base / 'key.pem'}", "-c", f"fsync={self.sync}",
                 "-c", "max_connections=200", *self.options],
                cwd=self.base, stdout=log, stderr=log, **self.user)
        until(lambda: subprocess.run([BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                                     check=False).returncode == 0, told=lambda: (self.base / "log").read_text()[-2000:])

    def ask(self, sql):
        """The rows, each a list of texts."""
        r = subprocess.run([BIN / "psql", "-X", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url],
                           check=True, stdout=subprocess.PIPE, text=True)
        return [line.split("\t") for line in r.stdout.splitlines()]

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(timeout=600)

    def close(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.base)
