"""docker-compose.yml, as a test brings it up."""
import os
import ssl
import subprocess

from container import KEY, ROOT, Client, docker, free_port


class Compose:
    def __init__(self, image, *profiles, web="web", **env):
        self.command = ["docker-compose", "-f", str(ROOT / "docker-compose.yml"),
                        *(f"--profile={p}" for p in profiles)]
        self.env = {**os.environ, "IMAGE": image, "API_KEY": KEY, "HTTPS_PORT": str(free_port()),
                    "GOOGLE_PORT": str(free_port()), "GOOGLE_API_PORT": str(free_port()), **env}
        self.web = web
        self.env["API_BASE_URL"] = f"https://127.0.0.1:{self.env['HTTPS_PORT']}"

    def run(self, *args, timeout=300):
        r = subprocess.run([*self.command, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           env=self.env, timeout=timeout, check=False)
        assert r.returncode == 0, r.stdout[-3000:]
        return r.stdout

    def containers(self, service):
        return self.run("ps", "-q", service).split()

    def client(self, tmp_path):
        """A client that trusts the certificate that was made."""
        pem = tmp_path / "cert.pem"
        pem.write_text(docker("exec", self.containers(self.web)[0], "cat", "/tls/cert.pem"))
        c = Client(int(self.env["HTTPS_PORT"]), context=ssl.create_default_context(cafile=str(pem)))
        c.logs = lambda: self.run("logs", "--tail=50")
        return c
