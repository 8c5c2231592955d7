"""The service with its jobs, tasks and statistics in a real PostgreSQL."""
import os
import signal
import subprocess

import pytest
from conftest import BUILD, Stack, expected, sample, until
from postgres import BIN, Postgres

pytestmark = pytest.mark.skipif(BIN is None, reason="PostgreSQL is not installed: its adapters are NOT tested here")

PARTS = {"JOB_STORE": "postgres", "TASK_QUEUE": "postgres", "ANALYTICS": "postgres"}


class DatabaseStack(Stack):
    def __init__(self, database, **env):
        super().__init__(**PARTS, DATABASE_URL=database.url, RETRY_BASE_S=1, **env)
        self.secrets = self.secrets | {database.password}


@pytest.fixture(scope="module")
def database():
    d = Postgres()
    yield d
    d.close()


@pytest.fixture
def stack(database):
    s = DatabaseStack(database)
    yield s
    s.close()


def test_the_rules_of_the_ports_are_kept(database):
    """Eight processes claim 200 jobs, dispatchers share tasks, connections are lost, among others."""
    env = {**os.environ, "DATABASE_URL": database.url, "LOG_LEVEL": "error",
           "ASAN_OPTIONS": "detect_leaks=1:exitcode=99"}
    r = subprocess.run([BUILD / "postgres_conformance"], env=env, timeout=600, check=False,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert r.returncode == 0, r.stdout[-4000:]


def test_extraction_through_the_database(stack, database):
    job = stack.extract(sample("text-table"))
    assert job["status"] == "completed", job
    assert stack.fetch(job["result_url"]).body == expected("text-table")
    told = stack.call("GET", "/api/v1/health/dependencies").json
    assert (told["job_store"], told["task_queue"]) == ("postgres", "postgres") and told["libpq"]
    assert [job["job_id"], "completed"] in database.ask("SELECT id, status FROM jobs")
    until(lambda: [f"extraction-{job['job_id']}-1"] in database.ask("SELECT name FROM tasks WHERE state = 2"))
    given = stack.call("POST", "/api/v1/feedback/corrections", {
        "job_id": job["job_id"], "corrections": [{"action": "delete", "region_id": "x"}]})
    assert given.status == 201, given.body
    stats = stack.call("GET", "/api/v1/feedback/stats").json
    assert stats["feedback_count"] == 1 and stats["by_action"]["delete"] == 1
    # As an older release left it, which did not count, and whose jobs had no code.
    database.ask("DELETE FROM counters WHERE name LIKE 'feedback-%'; ALTER TABLE jobs DROP COLUMN error_code; "
                 "UPDATE schema_version SET version = version - 2")
    upgraded = DatabaseStack(database)
    try:
        assert upgraded.call("GET", "/api/v1/feedback/stats").json == stats
    finally:
        upgraded.close()


def test_connections_are_of_tls_and_one_a_process(stack, database):
    """Each worker, the health worker, the waiter and the dispatcher have asked the database by now."""
    job = stack.submit(stack.upload(sample("text-table")))
    assert stack.call("GET", f"/api/v1/jobs/{job}?wait=60").json["status"] == "completed"
    rows = database.ask("SELECT ssl, a.pid FROM pg_stat_activity a JOIN pg_stat_ssl s USING(pid) "
                        "WHERE application_name = 'pdf-ocr-api'")
    assert rows and all(ssl == "t" for ssl, _ in rows)
    processes = sum(len(stack.workers(role)) for role in ("api", "task", "page", "upload", "health", "waiter",
                                                          "dispatcher"))
    assert len(rows) <= processes


def test_database_that_starts_again_is_found_again(stack, database):
    assert stack.extract(sample("text-table"))["status"] == "completed"
    database.stop(signal.SIGKILL)
    assert until(lambda: stack.call("GET", "/api/v1/health/ready").status == 503)
    refused = stack.call("GET", "/api/v1/extract/00000000-0000-4000-8000-000000000000")
    assert (refused.status, refused.json["code"]) == (503, "unavailable"), refused.body
    assert int(refused.headers["Retry-After"]) > 0
    database.start()
    assert until(lambda: stack.call("GET", "/api/v1/health/ready").status == 200)
    assert until(lambda: stack.call("GET", "/api/v1/jobs").status == 200)
    assert stack.extract(sample("text-table"))["status"] == "completed"


def test_database_that_hangs_is_given_up(stack, database):
    """The kernel still takes what is sent to a stopped process."""
    stack.extract(sample("text-table"))
    pids = [int(pid) for pid, in database.ask("SELECT pid FROM pg_stat_activity WHERE application_name = "
                                              "'pdf-ocr-api'")]
    for pid in [database.process.pid, *pids]:
        os.kill(pid, signal.SIGSTOP)
    try:
        answer = stack.call("GET", "/api/v1/extract/00000000-0000-4000-8000-000000000000")
        assert answer.status in (503, 504), answer.body
    finally:
        for pid in [database.process.pid, *pids]:
            os.kill(pid, signal.SIGCONT)
    until(lambda: stack.call("GET", "/api/v1/health/ready").status == 200)
    assert stack.extract(sample("text-table"))["status"] == "completed"


@pytest.mark.parametrize("settings, told", [
    ({"JOB_STORE": "postgres"}, "needs DATABASE_URL"),
    ({"JOB_STORE": "postgres", "ANALYTICS": "postgres", "DATABASE_URL": "mysql://secret-word@h/d"},
     "DATABASE_URL is not a connection string of PostgreSQL"),
    ({"ANALYTICS": "postgres", "DATABASE_URL": "postgresql:///d"}, "ANALYTICS=postgres counts what"),
    ({"JOB_STORE": "postgres", "DATABASE_URL": "postgresql:///d"}, "ANALYTICS=sqlite counts what"),
])
def test_settings_that_cannot_be_are_refused_at_the_start(settings, told):
    run = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], text=True, capture_output=True, timeout=60,
                         env={"PATH": os.environ["PATH"], **settings}, check=False)
    assert run.returncode == 2
    assert told in run.stderr and "secret-word" not in run.stderr, run.stderr


def test_database_that_is_not_there_stops_the_start(tmp_path):
    run = subprocess.run([BUILD / "pdf-ocr-api"], text=True, capture_output=True, timeout=120, check=False,
                         env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data"), **PARTS,
                              "DATABASE_URL": "postgresql://nobody:secret-word@127.0.0.1:1/none"})
    assert run.returncode == 1
    assert "The database does not answer" in run.stderr and "secret-word" not in run.stderr


def test_machine_without_workers_leaves_the_work_to_others(database, tmp_path):
    """Both have the same files; the one without workers takes requests only."""
    front = DatabaseStack(database, TASK_WORKERS=0, DATA_DIR=tmp_path / "data")
    try:
        job = front.submit(front.upload(sample("text-table")))
        assert front.call("GET", f"/api/v1/jobs/{job}").json["status"] == "queued" and not front.workers("task")
        back = DatabaseStack(database, DATA_DIR=tmp_path / "data")
        try:
            done = front.wait(job)
            assert done["status"] == "completed", done
            assert front.fetch(done["result_url"]).body == expected("text-table")
            assert back.logged(message="job ended", jobId=job)
        finally:
            back.close()
    finally:
        front.close()
