"""docker-compose.yml, brought up for real."""
import json
import pathlib
import shutil

import pytest
from compose import Compose
from container import Client, docker, expected, logs, sample, until

EMULATOR = pathlib.Path("/usr/lib/google-cloud-sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")
JAVA = pathlib.Path("/usr/lib/jvm")


@pytest.fixture(scope="module")
def stack(image):
    s = Compose(image)
    try:
        s.run("up", "-d", "--no-build", "--scale", "api=3")
        yield s
    finally:
        s.run("down", "-v", "-t", "10")


def test_hardened_with_limits_and_restarts(stack):
    for name in (*stack.containers("web"), *stack.containers("api")):
        host = json.loads(docker("inspect", name))[0]["HostConfig"]
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["Memory"] > 0
        assert host["SecurityOpt"] == ["no-new-privileges:true"] and host["PidsLimit"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped" and host["NanoCpus"] > 0


def test_three_containers_share_the_work(stack, tmp_path):
    c = stack.client(tmp_path)
    names = stack.containers("api")
    assert len(names) == 3
    jobs = [c.submit(c.upload(sample(n))) for n in ("form", "text-table", "ruled-table") * 4]
    for i, job_id in enumerate(jobs):
        job = c.wait(job_id)
        assert job["status"] == "completed", job
        assert c.fetch(job["result_url"]).body == expected(("form", "text-table", "ruled-table")[i % 3])
    for name in names:
        assert '"requestUrl":"/api/v1/extract' in logs(name), name


def test_losing_a_container_loses_neither_jobs_nor_requests(stack, tmp_path):
    c = stack.client(tmp_path)
    jobs = [c.submit(c.upload(sample("form"))) for _ in range(6)]
    docker("kill", stack.containers("api")[0])
    for _ in range(30):
        assert c.call("GET", "/api/v1/extract/" + jobs[0]).status == 200
    for job_id in jobs:
        assert c.wait(job_id, 90)["status"] == "completed"


def test_certificate_and_health(stack, tmp_path):
    c = stack.client(tmp_path)
    r = c.call("GET", "/health", key=None)
    assert r.status == 200 and "max-age" in r.headers["Strict-Transport-Security"]
    assert c.call("POST", "/api/v1/tasks/process-extraction", {"job_id": "x"}).status == 404
    until(lambda: docker("inspect", "-f", "{{.State.Health.Status}}", stack.containers("web")[0]) == "healthy", 600)


def emulator_image(folder):
    """Google's emulator from this machine's package, behind the command that its image has."""
    emulator = folder / "emulator"
    emulator.mkdir()
    shutil.copy(EMULATOR, emulator / "emulator.jar")
    java = pathlib.Path(shutil.which("java")).resolve().parents[1]
    shutil.copytree(java, emulator / "java", symlinks=False, ignore_dangling_symlinks=True,
                    ignore=shutil.ignore_patterns("*.zip", "ct.sym", "jmods", "man", "include"))
    (emulator / "gcloud").write_text(
        '#!/bin/sh\nfor a; do case $a in --host-port=*) p=${a##*:} ;; esac; done\n'
        'exec /java/bin/java -Xmx256m -cp /emulator.jar '
        'com.google.cloud.datastore.emulator.firestore.CloudFirestore start --host=0.0.0.0 --port="$p"\n')
    (emulator / "gcloud").chmod(0o755)
    (emulator / "Dockerfile").write_text(
        "FROM debian:bookworm-slim\nCOPY java /java\nCOPY emulator.jar /\nCOPY gcloud /usr/local/bin/\n")
    docker("build", "-q", "-t", "firestore-emulator:test", emulator)
    shutil.rmtree(emulator)
    return "firestore-emulator:test"


@pytest.mark.skipif(not EMULATOR.exists() or not shutil.which("java"),
                    reason="Google's Firestore emulator is not installed: the profile google is NOT tested here")
def test_google_profile_extracts(image, tmp_path):
    s = Compose(image, "google", FIRESTORE_EMULATOR_IMAGE=emulator_image(tmp_path))
    try:
        s.run("build", "google-fakes")
        s.run("up", "-d", "--no-build", "google-api")
        c = Client(int(s.env["GOOGLE_API_PORT"]))
        c.logs = lambda: s.run("logs", "--tail=50")
        c.wait_until_ready(60)
        links = Client(int(s.env["GOOGLE_PORT"]))
        made = c.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
        assert links.fetch(made["upload_url"], "PUT", body=sample("form").read_bytes(),
                           headers={"Content-Type": "application/pdf"}).status == 200
        job = c.wait(c.submit(made["pdf_id"]))
        assert job["status"] == "completed", job
        assert links.fetch(job["result_url"]).body == expected("form")
    finally:
        s.run("down", "-v", "-t", "10")
