"""The profile "scale", with PostgreSQL and SeaweedFS of this machine in images of the test's own."""
import contextlib
import os
import secrets
import shutil

import pytest
from compose import Compose
from container import docker, expected, sample, until

S3_SERVER = os.environ.get("S3_SERVER", "")
POSTGRES = """FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-15 && \\
    rm -rf /var/lib/apt/lists /var/lib/postgresql/* && \\
    install -d -o postgres -g postgres /var/lib/postgresql/data && chmod 3777 /run/postgresql
COPY start /
ENTRYPOINT ["/start"]
"""
# What the official image does at its first start; its /run/postgresql is for anybody, too.
START = """#!/bin/sh
set -eu
export PATH=$PATH:/usr/lib/postgresql/15/bin PGDATA=/var/lib/postgresql/data
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    echo "${POSTGRES_PASSWORD:?}" >/tmp/password
    initdb -U "$POSTGRES_USER" -A scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    echo "CREATE DATABASE $POSTGRES_DB" | postgres --single postgres >/dev/null
fi
exec "$@" -c "listen_addresses=*"
"""
FILES = """FROM debian:bookworm-slim
RUN useradd --system seaweed && install -d -o seaweed /data
COPY weed /usr/bin/
"""

pytestmark = pytest.mark.skipif(not S3_SERVER, reason="S3_SERVER is not set: the profile scale is NOT tested here")


def build(folder, name, dockerfile):
    (folder / "Dockerfile").write_text(dockerfile)
    docker("build", "-q", "-t", name, folder, timeout=900)
    return name


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    postgres, files = tmp_path_factory.mktemp("postgres"), tmp_path_factory.mktemp("files")
    (postgres / "start").write_text(START)
    (postgres / "start").chmod(0o755)
    shutil.copy(S3_SERVER, files / "weed")
    yield {"POSTGRES_IMAGE": build(postgres, "postgres:test", POSTGRES), "S3_IMAGE": build(files, "seaweedfs:test", FILES)}
    shutil.rmtree(files)


@pytest.fixture(scope="module")
def stack(image, images):
    s = Compose(image, "scale", web="scale-web", **images, SEALING_KEY=secrets.token_hex(32),
                DATABASE_PASSWORD=secrets.token_hex(16), S3_SECRET_KEY=secrets.token_hex(20))
    try:
        s.run("up", "-d", "--no-build", "scale-web")
        yield s
    finally:
        s.run("down", "-v", "-t", "10")


def test_has_the_parts_it_should(stack):
    count = {name: len(stack.containers(name)) for name in ("scale-web", "scale-api", "scale-task", "postgres", "s3")}
    assert count == {"scale-web": 1, "scale-api": 3, "scale-task": 2, "postgres": 1, "s3": 1}


def test_links_lead_to_the_bucket_and_nothing_else_does(stack, tmp_path):
    c = stack.client(tmp_path)
    c.wait_until_ready()
    made = c.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf").json
    assert made["upload_url"].startswith(stack.env["API_BASE_URL"] + "/pdf-ocr-files/")
    put = c.fetch(made["upload_url"], "PUT", body=sample("form").read_bytes(),
                  headers={"Content-Type": "application/pdf"})
    assert put.status == 200, put.body
    job = c.wait(c.submit(made["pdf_id"]))
    assert job["status"] == "completed", job
    assert c.fetch(job["result_url"]).body == expected("form")
    assert c.fetch(job["result_url"], "DELETE").status == 403
    assert c.call("GET", job["result_url"].split("?")[0].removeprefix(stack.env["API_BASE_URL"]), key=None).status == 403


def submitted(c, name):
    """A job, or None where a client is told to try again: others find a server that is back by themselves."""
    with contextlib.suppress(AssertionError):
        return c.submit(c.upload(sample(name)))
    return None


def test_any_container_may_be_killed(stack, tmp_path):
    """What was accepted is completed, once; what there are several of is not even missed."""
    c = stack.client(tmp_path)
    c.wait_until_ready()
    jobs, killed = {}, []
    for service in ("scale-api", "scale-task", "s3", "postgres", "scale-web"):
        jobs |= {until(lambda name=name: submitted(c, name)): name for name in ("form", "scanned")}
        container = stack.containers(service)[0]
        docker("kill", container)
        if service in ("scale-api", "scale-task"):
            until(lambda: c.call("GET", "/api/v1/jobs/" + next(iter(jobs))).status == 200)
            killed.append(container)
        else:
            docker("start", container)
            c.wait_until_ready()
    for job_id, name in jobs.items():
        job = c.wait(job_id)
        assert job["status"] == "completed", job
        assert c.fetch(job["result_url"]).body == expected(name)
    docker("start", *killed)
    lines = [line for line in stack.run("logs", "--no-color", "scale-task").splitlines() if '"job ended"' in line]
    assert [sum(job_id in line for line in lines) for job_id in jobs] == [1] * len(jobs)
