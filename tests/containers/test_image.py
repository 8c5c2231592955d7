"""The image, run as production should run it: read-only, no rights, little memory."""
import contextlib
import json

import pytest
from container import Container, docker, expected, sample, slow_reader, until

QUICK = {"JOB_LEASE_S": 2, "TASK_QUEUE_MIN_BACKOFF_MS": 500, "TASK_QUEUE_MAX_BACKOFF_MS": 2000,
         "TASK_QUEUE_MAX_ATTEMPTS": 20, "SWEEP_INTERVAL_S": 2, "JOB_STALE_S": 10}


@pytest.fixture(scope="module")
def service(image):
    with Container(image) as c:
        yield c


@pytest.fixture
def volume():
    name = docker("volume", "create")
    yield name
    docker("volume", "rm", "-f", name)


def test_image_is_small_and_says_what_it_is(image):
    facts = json.loads(docker("image", "inspect", image))[0]
    print(f"{facts['Size'] / 1e6:.0f} MB")
    assert facts["Size"] < 150e6
    config = facts["Config"]
    assert config["User"] == "10001:10001" and config["Healthcheck"]["Test"][1:] == ["pdf-ocr-api", "--health"]
    assert docker("run", "--rm", "--entrypoint=pdf-ocr-migrate", image, "--version").startswith("pdf-ocr-migrate")
    assert config["Labels"]["org.opencontainers.image.title"] == "pdf-ocr-api"


def test_image_holds_the_list_of_what_it_is_made_of(service):
    bill = json.loads(service.run("cat /usr/share/pdf-ocr-api/sbom.cdx.json").stdout)
    status = service.run("cat /var/lib/dpkg/status").stdout
    installed = {entry.split("\n")[0].removeprefix("Package: ") for entry in status.split("\n\n")
                 if "\nStatus: " in entry and " installed\n" in entry}
    assert {c["name"] for c in bill["components"]} == installed and "libpoppler126" in installed


def test_image_has_no_tools_for_an_intruder(service):
    for tool in ("gcc", "make", "perl", "python3", "curl", "wget", "apt-get", "dpkg", "su", "mount", "ip", "gpg"):
        assert service.run(f"type {tool}").returncode != 0, tool
    assert service.run("id -u").stdout == "10001\n"


def test_root_file_system_is_read_only(service):
    for path in ("/x", "/usr/share/pdf-ocr-api/scripts/x", "/etc/x", "/var/x"):
        assert "Read-only" in service.run(f"echo >{path}").stderr
    assert service.run("echo >/tmp/x").returncode == 0


def test_no_right_and_the_limits_are_in_force(service):
    status = service.run("cat /proc/self/status").stdout
    assert "CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    facts = service.facts()["HostConfig"]
    assert facts["Memory"] == 512 << 20 and facts["PidsLimit"] == 64


def test_page_reader_has_its_own_sandbox_inside(service):
    """Docker's filter and one more; the reader waits for its first command meanwhile."""
    pdf_id = service.upload(sample("form"))

    def reader():
        """Its number on the host."""
        return next((line.split()[0] for line in docker("top", service.name, "-o", "pid,comm").splitlines()
                     if line.endswith("pdf-ocr-page")), None)

    def started():
        """A busy engine may not start one."""
        p = running.enter_context(service.start("/usr/libexec/pdf-ocr-api/pdf-ocr-page 60 1073741824 500 40000000"
                                                f" 3</data/blobs/pdfs/{pdf_id}/a.pdf"))
        until(lambda: p.poll() is not None or reader(), told=lambda: docker("top", service.name))
        return reader()
    with contextlib.ExitStack() as running:
        pid = until(started)

        def status(what):
            with open(f"/proc/{pid}/status") as f:
                return next(line.split()[1] for line in f if line.startswith(what + ":"))
        until(lambda: status("Seccomp_filters") == "2")
        assert status("NoNewPrivs") == "1"
        with open(f"/proc/{pid}/limits") as f:
            assert "Max address space         1073741824" in f.read()


@pytest.mark.parametrize("name", ["text-table", "scanned"])
def test_extraction(service, name):
    job = service.extract(sample(name), output_format="csv")
    assert job["status"] == "completed", job
    assert service.fetch(job["result_url"]).body == expected(name)


def test_health_turns_healthy(service):
    until(lambda: service.facts()["State"]["Health"]["Status"] == "healthy", 600)
    assert service.run("pdf-ocr-api --health").returncode == 0
    assert service.run("PORT=1 pdf-ocr-api --health").returncode == 1


def test_client_address_is_the_proxys_last_word(image):
    with Container(image, TRUSTED_PROXIES="any") as c:
        c.call("GET", "/health", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
        until(lambda: '"remoteIp":"198.51.100.7"' in c.logs())


@pytest.mark.parametrize("seconds, left", [
    (3, {"completed"}), (30, {"queued", "processing", "completed"})], ids=["finished", "broken off"])
def test_sigterm_during_an_extraction_loses_nothing(image, volume, tmp_path, seconds, left):
    slow = slow_reader(tmp_path, seconds)
    with Container(image, volume=volume, mounts=[slow], PAGE_READER=slow, **QUICK) as c:
        job_id = c.submit(c.upload(sample("form")))
        until(lambda: c.call("GET", "/api/v1/jobs/" + job_id).json["status"] == "processing")
        with c.stalled_upload():
            docker("stop", "-t", "30", c.name)  # which kills it after that, with status 137
        assert c.facts()["State"]["ExitCode"] == 0, c.logs()
    with Container(image, volume=volume, port=c.port, **QUICK) as c:
        assert c.call("GET", "/api/v1/jobs/" + job_id).json["status"] in left
        job = c.wait(job_id)
        assert job["status"] == "completed" and c.fetch(job["result_url"]).body == expected("form")


@pytest.mark.parametrize("pid_file", ["nginx.pid", "master.pid"])
def test_container_ends_with_either_process(image, pid_file):
    with Container(image) as c:
        c.run(f"kill -9 $(</tmp/run/{pid_file})")
        until(lambda: not c.facts()["State"]["Running"], 600)
        assert c.facts()["State"]["ExitCode"] == 137


def test_reader_that_eats_the_memory_ends_alone(image, tmp_path):
    hungry = tmp_path / "hungry"
    hungry.write_text("#!/bin/bash\nexec tail /dev/zero\n")
    hungry.chmod(0o755)
    with Container(image, mounts=[hungry], PAGE_READER=hungry, JOB_MAX_RETRIES=1, JOB_MAX_ATTEMPTS=1) as c:
        job = c.extract(sample("form"))
        assert job["status"] == "failed", job
        assert c.call("GET", "/api/v1/health/ready").status == 200
        assert c.facts()["State"]["Running"] and c.facts()["RestartCount"] == 0


def test_start_without_a_key_is_refused_in_google_mode(image):
    with Container(image, wait=False, API_KEY="", BACKEND="google", GCP_PROJECT_ID="p", GCS_BUCKET_NAME="b",
                   API_BASE_URL="https://api.example.com") as c:
        until(lambda: not c.facts()["State"]["Running"], 600)
        assert c.facts()["State"]["ExitCode"] == 2 and "API_KEY is not set" in c.logs()
