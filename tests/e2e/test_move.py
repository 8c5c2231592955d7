"""What the job store holds, moved from SQLite to PostgreSQL and back."""
import json
import os
import random
import signal
import sqlite3
import subprocess
import uuid

import pytest
from conftest import BUILD, KEY, Stack, expected, sample, until
from postgres import BIN, Postgres

pytestmark = pytest.mark.skipif(BIN is None, reason="PostgreSQL is not installed: moving is NOT tested here")

REGION = {"regions": [{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}]}
KEYED = {"Idempotency-Key": "a-key"}
FILE = "pdf-ocr.sqlite3"
TABLES = ("jobs", "idempotency", "feedback", "counters", "tasks")


@pytest.fixture
def database():
    d = Postgres()
    yield d
    d.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """DATA_DIR of a service that has done jobs, taken feedback, and still has a job to do."""
    s = Stack(API_KEY=KEY, OCR_PAGES_PER_KEY_PER_DAY=1000)
    try:
        pdf = s.upload(sample("text-table"))
        done = s.submit(pdf)
        assert s.wait(done)["status"] == "completed"
        given = s.call("POST", "/api/v1/feedback/corrections", {
            "job_id": done, "corrections": [{"action": "delete", "region_id": "ä\"'\n\\"}]})
        assert given.status == 201, given.body
        again = s.call("POST", "/api/v1/extract", {"pdf_id": pdf, **REGION}, headers=KEYED)
        assert again.status == 202, again.body
        assert s.wait(again.json["job_id"])["status"] == "completed"
        s.stop()
        folder = tmp_path_factory.mktemp("made") / "data"
        subprocess.run(["cp", "-a", s.data, folder], check=True)
        db = sqlite3.connect(folder / FILE)
        with db:  # as a service leaves it that was killed at work
            db.execute("UPDATE tasks SET state = 'running', body = x'7b7d', ended_us = 0 WHERE name LIKE ?",
                       (f"%{done}%",))
            db.execute("INSERT INTO counters VALUES('c\u00f6unt', 9007199254740993, 1)")
        db.close()
        yield folder, done
    finally:
        s.close()


@pytest.fixture
def source(made, tmp_path):
    folder = tmp_path / "data"
    subprocess.run(["cp", "-a", made[0], folder], check=True)
    return folder


def grow(folder, n):
    """Many more jobs, as copies of the first."""
    db = sqlite3.connect(folder / FILE)
    db.row_factory = sqlite3.Row
    row = dict(db.execute("SELECT * FROM jobs LIMIT 1").fetchone())
    names = ",".join(row)
    with db:
        db.executemany(f"INSERT INTO jobs({names}) VALUES({','.join('?' * len(row))})",
                       ([*{**row, "id": str(uuid.UUID(int=i)), "created_us": i}.values()] for i in range(1, n + 1)))
    db.close()


def command(folder, database, source="sqlite", target="postgres", *options):
    return [BUILD / "pdf-ocr-migrate", "--from", source, "--to", target, *options], {
        "PATH": os.environ["PATH"], "DATA_DIR": str(folder), "DATABASE_URL": database.url,
        "ASAN_OPTIONS": "detect_leaks=1:exitcode=99"}


def move(*args):
    """The exit status, what was told of each table, the differences, and standard error."""
    argv, env = command(*args)
    r = subprocess.run([*argv, "--json"], env=env, capture_output=True, text=True, timeout=600, check=False)
    events = [json.loads(line) for line in r.stdout.splitlines()]
    return r.returncode, {e["table"]: e for e in events if e["event"] == "summary"}, \
        [e for e in events if e["event"] == "difference"], r.stderr


def content(folder, table):
    """Rows as texts: a task that runs waits again."""
    db = sqlite3.connect(folder / FILE)
    db.row_factory = sqlite3.Row
    rows = [dict(r) for r in db.execute(f"SELECT * FROM {table}")]
    db.close()
    for r in rows:
        if r.get("state") == "running":
            r["state"] = "waiting"
    return sorted(json.dumps(r, sort_keys=True, default=lambda b: b.decode()) for r in rows)


def test_there_and_back_nothing_is_changed_and_the_service_goes_on(made, source, database, tmp_path):
    status, told, differences, errors = move(source, database)
    assert (status, differences) == (0, []), errors
    assert set(told) == set(TABLES) and all(t["rows"] == t["written"] > 0 for t in told.values())
    status, again, _, _ = move(source, database)
    assert status == 0 and all(t["written"] == 0 for t in again.values())
    back = tmp_path / "back" / "data"
    back.parent.mkdir()
    status, returned, _, errors = move(back, database, "postgres", "sqlite")
    assert status == 0, errors
    for t in TABLES:
        assert content(back, t) == content(source, t)
        assert returned[t]["fingerprint"] == told[t]["fingerprint"]

    s = Stack(DATA_DIR=source, JOB_STORE="postgres", TASK_QUEUE="postgres", ANALYTICS="postgres",
              DATABASE_URL=database.url, OCR_PAGES_PER_KEY_PER_DAY=1000)
    s.secrets = s.secrets | {database.password}
    try:
        job = s.call("GET", f"/api/v1/extract/{made[1]}").json
        assert job["status"] == "completed" and s.fetch(job["result_url"]).body == expected("text-table")
        assert s.call("GET", "/api/v1/feedback/stats").json["feedback_count"] == 1
        same = s.call("POST", "/api/v1/extract", {"pdf_id": job["pdf_id"], **REGION}, headers=KEYED)
        assert json.dumps(same.json["job_id"]) in "".join(content(source, "jobs"))
        assert s.extract(sample("form"))["status"] == "completed"
    finally:
        s.close()
    status, _, _, errors = move(source, database)
    assert status == 2 and "is in use" in errors


def test_what_differs_is_told_and_made_right(source, database):
    assert move(source, database)[0] == 0
    gone, = database.ask("DELETE FROM jobs WHERE id = (SELECT min(id) FROM jobs) RETURNING id")[0]
    database.ask("UPDATE feedback SET user_id = '' WHERE user_id IS NULL; UPDATE counters SET value = value - 1")
    status, told, differences, _ = move(source, database, "sqlite", "postgres", "--verify-only")
    assert status == 1 and told["counters"]["differing"] == told["counters"]["rows"]
    assert {"event": "difference", "table": "jobs", "difference": "missing", "key": [gone]} in differences
    assert told["feedback"]["differing"] == 1, "what is not set is not what is empty"
    status, told, _, _ = move(source, database, "sqlite", "postgres", "--dry-run")
    assert status == 0 and told["jobs"]["missing"] == 1
    status, told, differences, errors = move(source, database)
    assert (status, differences) == (0, []), errors
    assert told["jobs"]["written"] == 1


def test_killed_at_any_time_it_goes_on(source, database):
    """Ten times killed, it has written less each time, and in the end all of it, once."""
    grow(source, 4000)
    rng, written = random.Random(18), 0
    argv, env = command(source, database)
    for _ in range(10):
        before = written
        with subprocess.Popen([*argv, "--resume"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
            try:
                p.wait(timeout=rng.uniform(0.05, 0.8))
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
            p.communicate()
        there = database.ask("SELECT to_regclass('jobs')") != [[""]]
        written = int(database.ask("SELECT count(*) FROM jobs")[0][0]) if there else 0
        assert written >= before
    status, told, differences, errors = move(source, database)
    assert (status, differences) == (0, []), errors
    assert told["jobs"]["rows"] == len(content(source, "jobs")) >= 4002
    assert told["jobs"]["written"] == told["jobs"]["rows"] - written


def test_nobody_writes_to_the_source_meanwhile(source, database):
    """A run that waits for a table of the target holds the source."""
    assert move(source, database)[0] == 0
    argv, env = command(source, database)
    db = sqlite3.connect(source / FILE, timeout=0.1)

    def held():
        try:
            with db:
                db.execute("UPDATE counters SET expires_us = expires_us")
        except sqlite3.OperationalError as e:
            return "locked" in str(e)
        return False
    with subprocess.Popen([BIN / "psql", "-X", database.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as locker:
        locker.stdin.write("BEGIN; LOCK TABLE tasks;\n")
        locker.stdin.flush()
        assert [locker.stdout.readline().strip() for _ in range(2)] == ["BEGIN", "LOCK TABLE"]
        with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
            try:
                until(held)
                assert p.poll() is None
            finally:
                locker.stdin.close()
                out, err = p.communicate(timeout=600)
    db.close()
    assert p.returncode == 0, (out, err)


@pytest.mark.parametrize("options, told", [
    (["--from", "sqlite"], "one is sqlite, the other is postgres"),
    (["--from", "sqlite", "--to", "sqlite"], "one is sqlite"),
    (["--from", "mysql", "--to", "sqlite"], "one is sqlite"),
    (["--from", "sqlite", "--to", "postgres"], "No such file"),
    (["--from", "postgres", "--to", "sqlite"], "needs DATABASE_URL"),
    (["--from", "postgres", "--to", "sqlite", "--create-tables"], "usage:"),
])
def test_what_cannot_be_moved_is_said(options, told, tmp_path):
    r = subprocess.run([BUILD / "pdf-ocr-migrate", *options], capture_output=True, text=True, timeout=60,
                       env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "none")}, check=False)
    assert r.returncode == 2 and told in r.stderr, r.stderr
