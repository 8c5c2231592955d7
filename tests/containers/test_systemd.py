"""The unit under a real systemd, with all that it takes away from the service."""
import contextlib
import pathlib
import subprocess

import pytest
from container import KEY, ROOT, Client, docker, expected, free_port, logs, sample, until

HERE = pathlib.Path(__file__).resolve().parent


class Machine(Client):
    def __init__(self, image):
        super().__init__(free_port())
        self.name = docker("run", "-d", "--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined",
                           "--security-opt=apparmor=unconfined", "--cgroupns=private", "--tmpfs=/run", "--tmpfs=/tmp",
                           "-p", f"127.0.0.1:{self.port}:8080", image)

    def run(self, *command):
        return subprocess.run(["docker", "exec", self.name, *command], stdout=subprocess.PIPE, text=True, timeout=60,
                              stderr=subprocess.STDOUT, check=False).stdout.strip()

    def boots(self, seconds=600):
        """Whether systemd comes up; "degraded" is a machine with units that a container cannot start."""
        with contextlib.suppress(AssertionError):
            return until(lambda: self.run("systemctl", "is-system-running") in ("running", "degraded", "starting"), seconds)
        return False

    def unit(self, what):
        return self.run("systemctl", "show", "--value", "-p", what, "pdf-ocr-api")

    def fetch(self, url, method="GET", **kw):
        """Links have the address that the machine knows."""
        return super().fetch(url.replace(":8080/", f":{self.port}/"), method, **kw)

    def logs(self):
        return self.run("journalctl", "-u", "pdf-ocr-api", "-n", "40", "-o", "cat", "--no-pager")


@pytest.fixture(scope="module")
def machine(image, tmp_path_factory):
    folder = tmp_path_factory.mktemp("systemd")
    (folder / "env").write_text(f"PORT=8080\nAPI_KEY={KEY}\nAPI_BASE_URL=http://127.0.0.1:8080\n")
    docker("build", "-q", "--target=build", "-t", "pdf-ocr-api:build", ROOT, timeout=900)
    docker("build", "-q", "-t", "pdf-ocr-api:systemd", "-f", HERE / "systemd.Dockerfile", folder, timeout=300)
    m = Machine("pdf-ocr-api:systemd")
    try:
        if not m.boots():
            pytest.skip("systemd does not run in a container here, the unit is NOT tested: " + logs(m.name)[-300:])
        m.wait_until_ready(60)
        yield m
    finally:
        docker("rm", "-fv", m.name)


def test_unit_starts_and_is_confined(machine):
    until(lambda: machine.unit("ActiveState") == "active")
    assert machine.unit("User") == "pdf-ocr" and machine.unit("NoNewPrivileges") == "yes"
    assert machine.run("stat", "-c", "%U %a", "/var/lib/pdf-ocr-api", "/run/pdf-ocr-api").splitlines() == \
        ["pdf-ocr 750"] * 2


@pytest.mark.parametrize("name", ["text-table", "scanned"])
def test_extraction_within_the_confines(machine, name):
    job = machine.extract(sample(name), output_format="csv")
    assert job["status"] == "completed", job
    assert machine.fetch(job["result_url"]).body == expected(name)


def test_reload_reads_the_keys_again(machine):
    machine.run("systemctl", "reload", "pdf-ocr-api")
    until(lambda: "the keys were read again" in machine.logs())
    assert machine.call("GET", "/api/v1/health/ready").status == 200


def test_killed_process_is_started_again(machine):
    before = machine.unit("MainPID")
    machine.run("bash", "-c", "kill -9 $(</run/pdf-ocr-api/nginx.pid)")
    until(lambda: machine.unit("MainPID") not in (before, "0") and machine.unit("ActiveState") == "active", 600)
    machine.wait_until_ready()


def test_stop_ends_within_ten_seconds(machine):
    machine.run("systemctl", "stop", "pdf-ocr-api")  # that waits 60 s at most
    assert machine.unit("ActiveState") == "inactive" and machine.unit("ExecMainStatus") == "0"
