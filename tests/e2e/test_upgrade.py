"""A job store that another release has made: upgraded with all that is in it, or refused."""
import contextlib
import os
import pathlib
import re
import sqlite3
import subprocess
import time

import pytest
from conftest import BUILD, ROOT, expected, free_port, repeated, until

FIXTURE = pathlib.Path(__file__).with_name("job_store_v1.sql").read_text()
NAMES = ["queued", "processing", "completed", "failed", "cancelled"]
LATEST = 10


def open_store(path):
    return contextlib.closing(sqlite3.connect(path, timeout=20))


def make_store(data, *changes, script=FIXTURE):
    """What the old release left: its database, and the document of its jobs."""
    with open_store(data / "pdf-ocr.sqlite3") as db:
        db.executescript(script)
        for change in changes:
            db.execute(change)
        db.commit()
        db.execute("PRAGMA journal_mode = WAL")
    for pdf in set(re.findall(r'"pdf_id":"([^"]+)"', script)):
        folder = data / "blobs" / "pdfs" / pdf
        folder.mkdir(parents=True)
        (folder / "a.pdf").write_bytes(repeated("form", 12))


def rows(path, sql):
    with open_store(path) as db:
        return db.execute(sql).fetchall()


def version(path):
    return rows(path, "PRAGMA user_version")[0][0]


def start(data):
    """Starts the service, which must end by itself; gives what it said."""
    r = subprocess.run([ROOT / "scripts" / "serve", "--build", BUILD, "--data", data, "--port", str(free_port())],
                       env={**os.environ, "METRICS_PORT": str(free_port())}, timeout=600, capture_output=True,
                       text=True, check=False)
    assert r.returncode == 1
    return r.stdout + r.stderr


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_jobs_of_an_older_release_survive_and_go_on(make_stack, data):
    make_store(data)
    store, copy = data / "pdf-ocr.sqlite3", data / f"pdf-ocr.sqlite3.before-v{LATEST}"
    old = {row[0]: row for row in rows(store, "SELECT * FROM jobs")}
    feedback = rows(store, "SELECT * FROM feedback")
    s = make_stack(DATA_DIR=data, SWEEP_INTERVAL_S=1)
    listed = {j["job_id"]: j for j in s.call("GET", "/api/v1/jobs").json["jobs"]}
    assert set(listed) == set(old)
    for id, row in old.items():
        unfinished = NAMES[row[3]] in ("queued", "processing")
        job = s.wait(id) if unfinished else listed[id]
        assert job["status"] == ("completed" if unfinished else NAMES[row[3]]), job
    queued = next(id for id, row in old.items() if NAMES[row[3]] == "queued")
    assert s.fetch(s.call("GET", "/api/v1/jobs/" + queued).json["result_url"]).body == expected("form")
    # What has ended is as it was, but for its states, which have names.
    ended = [row[:3] + row[5:] for row in old.values() if row[3] >= 2]
    now = rows(store, "SELECT * FROM jobs")
    assert all(row in [r[:3] + r[5:len(row) + 2] for r in now] for row in ended)
    assert rows(store, "SELECT * FROM feedback") == feedback != []
    assert s.call("GET", "/api/v1/feedback/stats").json == {
        "feedback_count": 1, "jobs_with_feedback": 1, "corrections_count": 1,
        "by_action": {"delete": 1, "move": 0, "resize": 0, "retype": 0}}
    assert version(store) == LATEST and version(copy) == 1
    assert {row[0]: row for row in rows(copy, "SELECT * FROM jobs")} == old
    assert [e["copy"] for e in s.events() if "upgraded" in e.get("message", "")] == [str(copy)]


def test_tasks_of_an_older_release_are_kept_with_their_states_by_name(make_stack, data):
    now = time.time_ns() // 1000
    for_later, names = now + 86400 * 10**6, ["waiting", "running", "ended"]
    make_store(data, *(
        "INSERT INTO tasks(name, path, body, due_us, eta_us, state, ended_us)"
        f" VALUES('old-{name}', '/x', x'31', {for_later}, {for_later}, {i}, {now})" for i, name in enumerate(names)))
    make_stack(DATA_DIR=data)
    kept = {"old-waiting": "waiting", "old-running": "waiting", "old-ended": "ended"}

    def states():
        return dict(rows(data / "pdf-ocr.sqlite3", "SELECT name, state FROM tasks WHERE name LIKE 'old-%'"))
    # What was running when the dispatcher ended waits again: it says so once it has started.
    until(lambda: states() == kept, told=lambda: str(states()))


def test_two_processes_that_start_at_once_upgrade_once(data):
    make_store(data)
    runs = [subprocess.Popen([BUILD / "pdf-ocr-api"], stderr=subprocess.PIPE, text=True, env={
        **os.environ, "DATA_DIR": str(data), "RUN_DIR": str(data / f"run{i}"), "LOG_FORMAT": "json"}) for i in range(2)]
    try:
        until(lambda: version(data / "pdf-ocr.sqlite3") == LATEST)
    finally:
        for r in runs:
            r.terminate()
        told = "".join(r.communicate(timeout=600)[1] for r in runs)
    assert told.count("the job store is upgraded") == 1, told
    assert len(rows(data / "pdf-ocr.sqlite3", "SELECT id FROM jobs")) == 6
    assert version(data / f"pdf-ocr.sqlite3.before-v{LATEST}") == 1


def test_upgrade_that_fails_changes_nothing(data):
    make_store(data, "UPDATE jobs SET status = 99 WHERE status = 3")
    before = rows(data / "pdf-ocr.sqlite3", "SELECT * FROM jobs")
    assert "cannot run" in start(data)
    assert version(data / "pdf-ocr.sqlite3") == 1
    assert rows(data / "pdf-ocr.sqlite3", "SELECT * FROM jobs") == before


def test_store_that_cannot_be_copied_is_not_upgraded(data):
    make_store(data)
    (data / f"pdf-ocr.sqlite3.before-v{LATEST}").mkdir()
    assert "cannot be copied" in start(data)
    assert version(data / "pdf-ocr.sqlite3") == 1
    assert [p.name for p in data.glob("*.new")] == []


def test_store_of_a_newer_release_is_refused(data):
    make_store(data, script="PRAGMA user_version = 1000; CREATE TABLE later(x);")
    told = start(data)
    assert "1000" in told and "newer release" in told and str(data / "pdf-ocr.sqlite3") in told
    assert version(data / "pdf-ocr.sqlite3") == 1000
    assert rows(data / "pdf-ocr.sqlite3", "SELECT name FROM sqlite_master") == [("later",)]
