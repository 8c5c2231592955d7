"""pdf-ocr-migrate with Google's Firestore emulator and a BigQuery that executes, behind the contract server."""
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import migrate_shapes as shapes
import pytest
from conftest import BUILD, ROOT, until
from google_stack import GoogleSide, call, firestore_jar

sys.path.insert(0, str(ROOT / "tests" / "google"))
from fault_proxy import html, reset_before, reset_mid_body, status, truncated_json  # noqa: E402

ENGINE = os.environ.get("BIGQUERY_ENGINE") or ROOT / "build-check" / "bigquery" / "bin" / "python"
ZETASQL = pathlib.Path(os.environ.get("ZETASQL_MODULES") or ROOT / "build-check" / "zetasql" / "node_modules")
pytestmark = [
    pytest.mark.skipif(firestore_jar() is None, reason="Google's Firestore emulator is not installed: "
                                                       "the migration is NOT tested here"),
    pytest.mark.skipif(not pathlib.Path(ENGINE).exists(), reason="there is no venv with DuckDB (scripts/check "
                                                                 "makes it): the migration is NOT tested here")]
# All shapes several times over; MIGRATE_JOBS=20000 MIGRATE_FEEDBACK=5000 fills the emulator as a big service would.
JOBS, FEEDBACK = (int(os.environ.get("MIGRATE_" + n, d)) for n, d in (("JOBS", 700), ("FEEDBACK", 150)))
EARLY = shapes.CREATED
COLLECTIONS = {"jobs": "extraction_jobs", "feedback": "region_feedback"}
IDS = {"jobs": "job_id", "feedback": "id"}


class Side:
    """Google's side, and what a test asks of it."""

    def __init__(self):
        self.google = GoogleSide(faults=True, engine=str(ENGINE), heap="256m" if JOBS < 5000 else "2g")
        self.faults = self.google.faults
        self.made = 0

    def commit(self, body):
        code, _, answer = call(f"{self.google.firestore}/v1/{shapes.PARENT}:commit", "POST", body,
                               {"Authorization": "Bearer owner"})
        assert code == 200, answer[:500]

    def fill(self, collection, named):
        for body in shapes.writes(collection, named):
            self.commit(body)

    def put(self, collection, name, **fields):
        self.fill(collection, [(name, {k: shapes.value(v) for k, v in fields.items()})])

    def sql(self, text):
        return self.google.control("sql", {"sql": text})["rows"]

    def rows(self, dataset, table):
        """All rows, in order, as text."""
        columns = "* EXCLUDE (_streamed)"
        return self.sql(f'SELECT x::VARCHAR FROM (SELECT {columns} FROM "demo-test.{dataset}.{table}") x ORDER BY 1')

    def insert_all(self, dataset, table, rows):
        code, _, answer = call(f"{self.google.fake}/bigquery/v2/projects/demo-test/datasets/{dataset}/tables/{table}"
                               "/insertAll", "POST", {"rows": [{"json": r} for r in rows]})
        assert code == 200, answer

    def new(self):
        self.made += 1
        return f"d{self.made}"


class Run:
    """One working directory, dataset and pair of collections."""

    def __init__(self, side, folder, suffix=""):
        self.side, self.folder, self.dataset = side, folder, side.new()
        self.collections = {t: c + suffix for t, c in COLLECTIONS.items()}

    def command(self, *options):
        return [str(BUILD / "pdf-ocr-migrate"), "--dataset", self.dataset, "--collection", self.collections["jobs"],
                "--feedback-collection", self.collections["feedback"], *options]

    def start(self, *options, stderr=subprocess.PIPE):
        env = {"PATH": os.environ["PATH"], "TMPDIR": str(self.folder), "LOG_FORMAT": "json",
               "LOG_LEVEL": "warning", **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")},
               **self.side.google.env()}
        return subprocess.Popen(self.command(*options), env=env, cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=stderr)

    def __call__(self, *options, want=0):
        """Runs to the end: the last event of --json, or the text."""
        p = self.start(*options)
        out, err = p.communicate(timeout=600)
        assert p.returncode == want, (p.returncode, out[-3000:], err[-3000:])
        self.err = err
        if "--json" not in options:
            return out
        self.events = [json.loads(line) for line in out.splitlines()]
        return {t["table"]: t for t in self.events[-1]["tables"]} if self.events[-1]["event"] == "summary" else None

    def differences(self):
        return sorted((e["table"], e["kind"], e["id"]) for e in self.events if e["event"] == "difference")

    def rejects(self):
        path = self.folder / "pdf-ocr-migrate.rejects.ndjson"
        return {r["document"].removeprefix(shapes.PARENT + "/"): r["reason"]
                for r in map(json.loads, path.read_text().splitlines())} if path.exists() else {}

    def left(self):
        """What a run has left: in its folder, and of staging tables."""
        staging = self.side.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE "
                                f"'%.{self.dataset}.pdf_ocr_migrate_%'")
        return sorted(p.name for p in self.folder.iterdir() if "rejects" not in p.name), staging

    def rows(self, table):
        return self.side.rows(self.dataset, table)

    def count(self, table):
        return self.side.sql(f'SELECT count(*), count(DISTINCT {IDS[table]}) FROM '
                             f'"demo-test.{self.dataset}.{table}"')[0]


@pytest.fixture(scope="module")
def side():
    s = Side()
    try:
        yield s
    finally:
        s.google.close()


@pytest.fixture(autouse=True)
def contract(side):
    """No call breaks Google's contracts, and no fault outlives its test."""
    yield
    side.faults.clear()
    side.google.grpc_clear()
    side.google.control("engine", {})
    assert side.google.violations(clear=True) == []


@pytest.fixture(scope="module")
def filled(side):
    """Documents of every shape, some of nearly 1 MiB: {collection: [(id, fields, columns)]}."""
    made = {c: list(shapes.documents(c, n, big)) for c, n, big in
            (("extraction_jobs", JOBS, 8), ("region_feedback", FEEDBACK, 2))}
    for collection, documents in made.items():
        side.fill(collection, [(name, fields) for name, fields, _ in documents])
    return made


@pytest.fixture
def run(side, tmp_path):
    return Run(side, tmp_path)


@pytest.fixture
def small(side, tmp_path):
    """A run over two collections of its own."""
    return Run(side, tmp_path, f"_{side.made}")


def good_job(**change):
    return shapes.job(**change)


# --- content


def test_every_shape_arrives_or_is_rejected_with_its_reason(side, run, filled):
    summary = run("--json", want=1)
    columns = {"jobs": "job_id pdf_id status regions_count output_format result_url error_message debug_graph_url "
                       "has_feedback feedback_count request_data created_at updated_at outcome owner",
               "feedback": "id job_id corrections corrections_count user_id session_id timestamp status created_at"}
    rejected = run.rejects()
    for table, collection in COLLECTIONS.items():
        names = columns[table].split()
        select = ", ".join(f"epoch_us({n})" if n in ("created_at", "updated_at", "timestamp") else n for n in names)
        found = {row[0]: dict(zip(names, row)) for row in
                 side.sql(f'SELECT {select} FROM "demo-test.{run.dataset}.{table}"')}
        good = {name: expected for name, _, expected in filled[collection] if expected is not None}
        assert set(found) == set(good)
        for name, expected in good.items():
            for column, value in expected.items():
                got = found[name][column]
                if column in ("request_data", "corrections") and got is not None:
                    got = json.loads(got)
                assert got == value, (name, column)
        bad = {f"{collection}/{name}" for name, _, expected in filled[collection] if expected is None}
        assert {d for d in rejected if d.startswith(collection)} == bad
        s = summary[table]
        assert (s["documents"], s["rejected"], s["inserted"], s["same"]) == (
            len(filled[collection]), len(bad), len(good), len(good))
        assert (s["missing"], s["differing"], s["extra"], s["newer"], s["updated"]) == (0, 0, 0, 0, 0)
    assert "regions_count: a whole number expected, not many" in rejected.values()
    assert "pdf_id: is missing" in rejected.values()
    assert run.left() == ([], [])


def test_run_again_changes_nothing(run, filled):
    run("--batch-size", "300", want=1)
    before = run.rows("jobs"), run.rows("feedback")
    summary = run("--json", want=1)
    assert [(s["inserted"], s["updated"]) for s in summary.values()] == [(0, 0)] * 2
    assert (run.rows("jobs"), run.rows("feedback")) == before


def test_created_at_defaults_to_when_the_document_was_made(side, small):
    before = time.time() * 1e6
    side.put(small.collections["jobs"], "only", pdf_id="p")
    small()
    made, = small.side.sql(f'SELECT epoch_us(created_at), epoch_us(updated_at) FROM "demo-test.{small.dataset}.jobs"')
    assert made[0] == made[1] and abs(made[0] - before) < 60e6


def test_newer_document_replaces_its_row_and_an_older_one_does_not(side, small):
    jobs, later = small.collections["jobs"], EARLY + datetime.timedelta(days=1)
    for name in "abc":
        side.put(jobs, name, **good_job(updated_at=EARLY))
    small()
    side.put(jobs, "a", **good_job(updated_at=later, status="failed"))
    side.put(jobs, "b", **good_job(updated_at=EARLY, feedback_count=1))  # feedback does not move updated_at
    side.put(jobs, "c", **good_job(updated_at=EARLY - datetime.timedelta(days=1), status="failed"))
    summary = small("--json")["jobs"]
    assert (summary["inserted"], summary["updated"], summary["newer"]) == (0, 2, 1)
    assert small.count("jobs") == [3, 3]
    assert side.sql(f'SELECT job_id, status, feedback_count FROM "demo-test.{small.dataset}.jobs" ORDER BY 1') == [
        ["a", "failed", 0], ["b", "completed", 1], ["c", "completed", 0]]
    assert small("--json")["jobs"]["updated"] == 0


def test_two_documents_with_one_id(side, small):
    side.put(small.collections["jobs"], "x", **good_job(job_id="same", updated_at=EARLY))
    side.put(small.collections["jobs"], "y", **good_job(job_id="same", status="failed"))
    side.put(small.collections["jobs"], "z", **good_job(job_id="same", updated_at=EARLY, status="queued"))
    summary = small("--json", want=1)["jobs"]
    assert (summary["documents"], summary["rejected"], summary["inserted"], summary["same"]) == (3, 2, 1, 1)
    assert sorted(d.split("/")[1] for d in small.rejects()) == ["x", "z"]
    assert side.sql(f'SELECT status FROM "demo-test.{small.dataset}.jobs"') == [["failed"]]


def test_rows_that_bigquery_refuses_are_rejects_and_the_others_arrive(side, small):
    jobs = small.collections["jobs"]
    for name in ("one", "unloadable", "unparsable", "two"):
        side.put(jobs, name, **good_job(request_data={"is": name}))
    side.google.control("engine", {"refuse_load": "unloadable", "refuse_json": "unparsable"})
    summary = small("--json", want=1)["jobs"]
    assert (summary["documents"], summary["rejected"], summary["inserted"], summary["same"], summary["missing"]) == (
        4, 2, 2, 2, 0)
    assert small.rejects() == {
        f"{jobs}/unloadable": "BigQuery does not load it: Error while reading data, error message: as asked",
        f"{jobs}/unparsable": "BigQuery refuses its JSON"}
    side.google.control("engine", {})
    assert small("--json")["jobs"]["same"] == 4


def test_success_says_nothing_of_refusals_that_were_expected(side, small):
    """There is no dataset yet, and no staging table of a run before: what BigQuery says of that is no error."""
    for options in (["--create-tables"], ["--create-tables"], [], ["--verify-only"]):
        small(*options)
        assert "pdf-ocr-migrate:" not in small.err


# --- beside the service's own rows


def service_row(name, when, **change):
    return {"job_id": name, "pdf_id": "pdf-1", "status": "processing", "regions_count": 2, "output_format": "json",
            "has_feedback": False, "feedback_count": 0, "request_data": json.dumps(shapes.REGIONS), "owner": "key:1",
            "created_at": EARLY.isoformat(), "updated_at": when.isoformat(), **change}


@pytest.mark.parametrize("told", [True, False])
def test_rows_in_the_streaming_buffer_are_not_touched(side, small, told):
    """What the service has just streamed cannot be changed: a newer row is put beside it, until it has settled."""
    now = datetime.datetime.now(shapes.UTC).replace(microsecond=0)
    small("--create-tables")
    side.put(small.collections["jobs"], "a", **good_job(owner="key:1", created_at=EARLY, updated_at=now))
    side.put(small.collections["jobs"], "b", **good_job(owner="key:1", created_at=EARLY, updated_at=now))
    side.insert_all(small.dataset, "jobs", [
        service_row("a", now - datetime.timedelta(seconds=9)), service_row("b", now, status="completed")])
    side.google.control("engine", {"hide_buffer": not told})
    summary = small("--json")["jobs"]
    assert (summary["inserted"], summary["updated"], summary["older_rows"], summary["same"]) == (1, 0, 1, 2)
    side.google.control("settle", {})
    side.put(small.collections["jobs"], "b", **good_job(owner="key:1", created_at=EARLY, updated_at=now, feedback_count=2))
    summary = small("--json")["jobs"]
    assert (summary["inserted"], summary["updated"], summary["same"]) == (0, 1, 2)


def test_a_streamed_row_that_differs_waits_for_the_next_run(side, small):
    now = datetime.datetime.now(shapes.UTC).replace(microsecond=0)
    small("--create-tables")
    side.put(small.collections["jobs"], "a", **good_job(owner="key:1", created_at=EARLY, updated_at=now))
    side.insert_all(small.dataset, "jobs", [service_row("a", now, status="completed", feedback_count=5)])
    small("--json", want=1)
    assert small.differences() == [("jobs", "differing", "a")] and small.count("jobs") == [1, 1]
    assert any("streaming buffer" in e.get("text", "") for e in small.events)
    side.google.control("settle", {})
    assert small("--json")["jobs"]["updated"] == 1


def test_owner_of_feedback_comes_from_its_job_and_is_kept(side, small):
    side.put(small.collections["jobs"], "j1", **good_job(owner="key:7"))
    side.put(small.collections["feedback"], "f1", job_id="j1", status="new", created_at=EARLY)
    side.put(small.collections["feedback"], "f2", job_id="gone", created_at=EARLY)
    small("--create-tables")
    side.insert_all(small.dataset, "feedback", [
        {"id": "f2", "job_id": "gone", "corrections": "[]", "corrections_count": 1, "status": "pending_analysis",
         "timestamp": EARLY.isoformat(), "created_at": EARLY.isoformat(), "owner": "key:8"}])
    side.google.control("settle", {})
    assert small("--json")["feedback"]["updated"] == 1
    assert side.sql(f'SELECT id, owner, status, corrections_count FROM "demo-test.{small.dataset}.feedback" '
                    'ORDER BY 1') == [["f1", "key:7", "new", 0], ["f2", "key:8", "pending_analysis", 0]]


# --- verification


def test_verification_tells_missing_extra_differing_and_newer_apart(side, small):
    for name in ("gone", "changed", "json", "ahead", "same"):
        side.put(small.collections["jobs"], name, **good_job())
    assert small("--json")["jobs"]["same"] == 5
    table = f'"demo-test.{small.dataset}.jobs"'
    side.sql(f"DELETE FROM {table} WHERE job_id = 'gone'")
    side.sql(f"UPDATE {table} SET error_message = '' WHERE job_id = 'changed'")
    side.sql(f"UPDATE {table} SET request_data = replace(request_data, '0.25', '0.26') WHERE job_id = 'json'")
    side.sql(f"UPDATE {table} SET updated_at = updated_at + INTERVAL 1 SECOND WHERE job_id = 'ahead'")
    side.sql(f"INSERT INTO {table} SELECT * REPLACE ('more' AS job_id) FROM {table} WHERE job_id = 'same'")
    before = small.rows("jobs")
    summary = small("--verify-only", "--json", want=1)["jobs"]
    assert small.differences() == [("jobs", "differing", "changed"), ("jobs", "differing", "json"),
                                   ("jobs", "extra", "more"), ("jobs", "missing", "gone"), ("jobs", "newer", "ahead")]
    assert (summary["same"], summary["missing"], summary["differing"], summary["extra"], summary["newer"]) == (
        1, 1, 2, 1, 1)
    assert small.rows("jobs") == before
    text = small("--verify-only", want=1)
    assert "missing   jobs gone\n" in text and "extra     jobs more\n" in text
    summary = small("--json")["jobs"]  # repaired
    assert (summary["inserted"], summary["updated"], summary["missing"], summary["differing"]) == (1, 2, 0, 0)


def test_verify_only_without_tables(small):
    out = small("--verify-only", want=1)
    assert out.count("missing") == 5


def test_a_differing_schema_stops_the_run_untouched(side, small):
    code, _, _ = call(f"{side.google.fake}/bigquery/v2/projects/demo-test/datasets", "POST",
                      {"datasetReference": {"datasetId": small.dataset}})
    assert code == 200
    code, _, _ = call(f"{side.google.fake}/bigquery/v2/projects/demo-test/datasets/{small.dataset}/tables", "POST",
                      {"tableReference": {"projectId": "demo-test", "datasetId": small.dataset, "tableId": "jobs"},
                       "schema": {"fields": [{"name": "job_id", "type": "INTEGER"}]}})
    assert code == 200
    assert "column job_id is INTEGER NULLABLE, expected STRING REQUIRED" in small(want=1)
    assert small.left() == ([], [])


# --- dry run, options, output


def test_dry_run_tells_and_writes_nothing(side, run, filled):
    summary = run("--dry-run", "--json", want=1)
    good = sum(columns is not None for _, _, columns in filled["extraction_jobs"])
    assert summary["jobs"]["inserted"] == good and summary["jobs"]["bytes"] > 8 << 19
    assert [e["table"] for e in run.events if e["event"] == "sample"] == ["jobs", "feedback"]
    assert len(run.rejects()) == sum(s["rejected"] for s in summary.values())
    written = [c for c in side.faults.calls if "/bigquery/" in c[1] and c[0] != "GET"]
    assert written == [] and run.left() == ([], [])
    run(want=1)
    before = run.rows("jobs")
    text = run("--dry-run", want=1)
    assert "Nothing was written" in text and "a row of jobs: {" in text
    assert run.rows("jobs") == before
    written = [c for c in side.faults.calls if "/bigquery/" in c[1] and c[0] not in ("GET", "POST")]
    assert all("upload" in c[1] or "pdf_ocr_migrate_" in c[1] for c in written)  # of the run between


@pytest.mark.parametrize("options", [
    ["--dry-run", "--verify-only"], ["--resume", "--dry-run"], ["--batch-size", "0"], ["--batch-size", "x"],
    ["--odd"], ["more"], ["--collection", "a/b"], ["--project", ""]])
def test_wrong_options(run, options):
    assert run(*options, want=2) == ""
    assert run.err != ""


def test_progress_lines_and_a_summary_table(small):
    small.side.put(small.collections["jobs"], "a", **good_job())
    out = small()
    assert f"reading {small.collections['jobs']}: 1 of 1" in small.err
    assert [line.split()[:2] for line in out.splitlines()[-3:]] == [
        ["table", "documents"], ["jobs", "1"], ["feedback", "0"]]
    assert "\x1b" not in out + small.err


def test_a_bar_on_a_terminal(small):
    small.side.put(small.collections["jobs"], "a", **good_job())
    ours, theirs = os.openpty()
    p = small.start(stderr=theirs)
    os.close(theirs)
    p.communicate(timeout=600)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert p.returncode == 0
    assert f"reading {small.collections['jobs']} [{'#' * 30}] 1/1, " in shown and "/s" in shown


def test_a_load_job_has_the_documents_that_were_asked_for(side, small):
    side.fill(small.collections["jobs"], [(f"j{i}", {k: shapes.value(v) for k, v in good_job().items()})
                                          for i in range(25)])
    side.faults.calls.clear()
    small("--batch-size", "10")
    loads = [c for c in side.faults.calls if c[0] == "PUT"]
    assert len(loads) == 3 and small.count("jobs") == [25, 25]


# --- faults

BQ_JOBS = r"/projects/demo-test/jobs"
FAULTS = {
    "429": (BQ_JOBS, status(429, {"Retry-After": "1"}), 3),
    "503": (BQ_JOBS, status(503), 6),  # more than the client's own tries
    "reset": (r"/queries|" + BQ_JOBS, reset_before(), 3),
    "lost answers": (BQ_JOBS, reset_before(forward=True), 6),
    "cut answers": (r"/queries|" + BQ_JOBS, reset_mid_body(), 3),
    "half answers": (r"/queries/", truncated_json(), 3),
    "a page instead": (r"/queries/", html(), 2),
    "rate limit": (BQ_JOBS, status(403, json={"error": {"code": 403, "message": "slow down", "errors": [
        {"reason": "rateLimitExceeded"}]}}), 2),
}
READING = {  # by gRPC, from Firestore
    "429": ({"status": 8, "message": "slow down", "retry_delay": 1}, 3),
    "503": ({"status": 14, "message": "not now"}, 6),
    "late": ({"status": 4, "message": "Deadline exceeded."}, 2),
    "reset": ({"reset": True}, 3),
    "cut": ({"cut": True}, 3),
    "half a message": ({"half": True}, 3),
    "no status": ({"end": True}, 3),
    "503 of a load balancer": ({"http": 503}, 3),
    "a page instead": ({"html": True}, 2),
}
LITTLE = {"extraction_jobs": 150, "region_feedback": 60}


@pytest.fixture(scope="module")
def little(side):
    """A few documents for the tests of faults and kills, and what a run makes of them."""
    for collection, n in LITTLE.items():
        side.fill(collection + "_little", [(name, fields) for name, fields, _ in
                                           shapes.documents(collection, n, seed=7)])
    return side


@pytest.fixture(scope="module")
def wanted(little, tmp_path_factory):
    run = Run(little, tmp_path_factory.mktemp("wanted"), "_little")
    run("--batch-size", "40", want=1)
    return run.rows("jobs"), run.rows("feedback"), run.rejects()


def outcome(run):
    return run.rows("jobs"), run.rows("feedback"), run.rejects()


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_ridden_out(little, wanted, tmp_path, fault):
    run = Run(little, tmp_path, "_little")
    pattern, what, times = FAULTS[fault]
    little.faults.clear()
    little.faults.fail(pattern, what, times=times)
    run("--batch-size", "40", want=1)
    assert len([c for c in little.faults.calls if c[2] != "forwarded"]) == times
    assert outcome(run) == wanted


@pytest.mark.parametrize("fault, after", [
    (name, after) for name, (what, _) in READING.items() for after in (0, 2)
    if after == 0 or not {"http", "html"} & what.keys()])
def test_faults_of_reading_are_ridden_out(little, wanted, tmp_path, fault, after):
    """At the first message, and in the middle of an answer."""
    run = Run(little, tmp_path, "_little")
    what, times = READING[fault]
    little.google.grpc_clear()
    little.google.grpc_fail("RunQuery", times, after=after, **what)
    summary = run("--batch-size", "40", "--json", want=1)
    met = [c["messages"] for c in little.google.grpc_calls() if c["fault"] != "forwarded"]
    assert met == [after] * times
    assert {COLLECTIONS[t]: s["documents"] for t, s in summary.items()} == LITTLE
    assert outcome(run) == wanted


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("status, message", [
    (7, "Missing or insufficient permissions."), (9, "The query requires an index.")])
def test_a_refusal_by_firestore_ends_the_run_at_once(little, wanted, tmp_path, status, message, after):
    run = Run(little, tmp_path, "_little")
    little.google.grpc_clear()
    little.google.grpc_fail("RunQuery", None, status=status, message=message, after=after)
    run("--batch-size", "40", want=2)
    assert "Firestore" in run.err and message in run.err
    assert [(c["fault"], c["messages"]) for c in little.google.grpc_calls()] == [(f"status {status}", after)]
    little.google.grpc_clear()
    run("--batch-size", "40", "--resume", want=1)
    assert outcome(run) == wanted


def test_documents_are_read_while_a_load_job_runs(little, wanted, tmp_path):
    """The second batch is on its way before the first one's job is asked for again."""
    run = Run(little, tmp_path, "_little")
    little.google.control("engine", {"load_s": 0.3})
    little.faults.clear()
    run("--batch-size", "40", want=1)
    assert outcome(run) == wanted
    asked = [c[1] for c in little.faults.calls if c[0] == "GET" and "-jobs-load-" in c[1]]
    numbers = [int(path.split("-load-")[1].split("-")[0]) for path in asked]
    assert numbers[:5] == [0, 0, 1, 1, 0], numbers  # each is looked for, started and found; then the first one's end


def test_failed_load_jobs_are_run_again(little, wanted, tmp_path):
    run = Run(little, tmp_path, "_little")
    little.google.control("engine", {"fail": [{"job": "-load-1-", "reason": "backendError", "times": 2},
                                              {"job": "-merge-", "reason": "jobBackendError"}]})
    run("--batch-size", "40", want=1)
    assert outcome(run) == wanted


@pytest.mark.parametrize("job, reason, told", [
    ("-load-1-", "invalid", "A job of BigQuery failed: as asked"), ("-merge-", "quotaExceeded", "--resume")])
def test_a_lasting_failure_stops_the_run_and_resume_ends_it(little, wanted, tmp_path, job, reason, told):
    run = Run(little, tmp_path, "_little")
    little.google.control("engine", {"fail": [{"job": job, "reason": reason, "times": 9, "message": "as asked"}]})
    run("--batch-size", "40", want=2)
    assert told in run.err
    little.google.control("engine", {})
    if reason == "invalid":  # its name is used up: anew
        run("--batch-size", "40", want=1)
    else:
        run("--batch-size", "40", "--resume", want=2)
        run("--batch-size", "40", want=1)
    assert outcome(run) == wanted
    assert run.left() == ([], [])


def test_a_used_up_quota_is_told(little, wanted, tmp_path):
    run = Run(little, tmp_path, "_little")
    little.faults.fail("/upload/bigquery", status(403, json={"error": {"code": 403, "message": "Quota exceeded: loads",
                       "errors": [{"reason": "quotaExceeded"}]}}), times=1)
    run("--batch-size", "40", want=2)
    assert "go on later with --resume" in run.err and "Quota exceeded: loads" in run.err
    run("--batch-size", "40", "--resume", want=1)
    assert outcome(run) == wanted


# --- kills


@pytest.mark.plain
@pytest.mark.parametrize("round_", range(20))
def test_killed_anywhere_and_resumed_it_ends_the_same(little, wanted, tmp_path, round_):
    """kill -9 after a random time, up to three times, then --resume."""
    run, dice, kills = Run(little, tmp_path, "_little"), random.Random(round_), 0
    for _ in range(dice.randint(1, 3)):
        p = run.start("--batch-size", "40", "--resume")
        try:
            p.communicate(timeout=dice.uniform(0.02, 1.6))
            break
        except subprocess.TimeoutExpired:
            p.kill()
            p.communicate()
            kills += 1
    run("--batch-size", "40", "--resume", want=1)
    assert outcome(run) == wanted
    assert run.left() == ([], [])


def test_sigint_stops_cleanly_and_resume_ends_the_same(little, wanted, tmp_path):
    run = Run(little, tmp_path, "_little")
    little.faults.clear()  # of the calls of the fixtures
    little.faults.fail("-merge-", status(503), times=None)
    p = run.start("--batch-size", "40")
    until(lambda: p.poll() is not None or any("-merge-" in c[1] for c in little.faults.calls))
    assert p.poll() is None
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=600)
    assert p.returncode == 130 and "go on with --resume" in out, (out, err)
    little.faults.clear()
    assert "Going on where the last run stopped." in run("--batch-size", "40", "--resume", want=1)
    assert outcome(run) == wanted


@pytest.mark.parametrize("after", [0, 2])
def test_sigint_while_firestore_says_nothing(little, wanted, tmp_path, after):
    run = Run(little, tmp_path, "_little")
    little.google.grpc_clear()
    little.google.grpc_fail("RunQuery", stall=True, after=after)
    p = run.start("--batch-size", "40")
    until(lambda: p.poll() is not None or any(c["fault"] == "stall" for c in little.google.grpc_calls()))
    assert p.poll() is None
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=600)
    assert p.returncode == 130 and "go on with --resume" in out, (out, err)
    run("--batch-size", "40", "--resume", want=1)
    assert outcome(run) == wanted


def test_a_run_without_resume_clears_what_another_left(little, wanted, tmp_path):
    run = Run(little, tmp_path, "_little")
    little.faults.fail("-merge-", status(400, json={"error": {"code": 400}}), times=None)
    run("--batch-size", "40", want=2)
    assert len(run.left()[1]) == 1
    little.faults.clear()
    run("--batch-size", "41", "--resume", want=2)
    assert "started with other options" in run.err
    run("--batch-size", "41", want=1)
    assert outcome(run) == wanted and run.left() == ([], [])


def test_two_runs_in_one_folder(little, wanted, tmp_path):
    run = Run(little, tmp_path, "_little")
    little.faults.clear()  # of the calls of the fixtures
    little.faults.fail("-merge-", status(503), times=None)
    p = run.start()
    until(lambda: p.poll() is not None or any("-merge-" in c[1] for c in little.faults.calls))
    assert p.poll() is None
    run(want=2)
    assert "another pdf-ocr-migrate works there" in run.err
    p.kill()
    p.communicate()
    little.faults.clear()
    run("--resume", want=1)
    assert outcome(run) == wanted


# --- GoogleSQL


def test_statements_are_googlesql_and_google_computes_the_same_fingerprints(side, run, filled):
    """Google's own engine analyses what was run, and computes the fingerprints of all shapes as DuckDB did, to which
    the program's own were equal."""
    if not ZETASQL.exists():
        pytest.skip("the npm package of ZetaSQL is not installed: the SQL is NOT checked by Google's analyser")
    run(want=1)
    statements = [s for s in side.google.control("statements") if f".{run.dataset}." in s]
    assert sum(s.startswith("MERGE") for s in statements) == 2
    tables = {}
    for (name,) in side.sql("SELECT table_name FROM information_schema.tables"):
        tables[name] = None
    schema = {t: json.loads(call(f"{side.google.fake}/bigquery/v2/projects/demo-test/datasets/{run.dataset}/tables/{t}")
                            [2])["schema"]["fields"] for t in COLLECTIONS}
    requests = {"tables": {}, "analyze": statements, "evaluate": []}
    for table, fields in schema.items():
        requests["tables"][f"demo-test.{run.dataset}.{table}"] = [[f["name"], f["type"]] for f in fields]
        staged = [["document", "STRING"]] + [[f["name"], "STRING" if f["type"] == "JSON" else f["type"]] for f in fields]
        for s in statements:
            for part in s.split("`")[1::2]:
                if part.endswith("_" + table):
                    requests["tables"][part] = staged
    expected = []
    for table, fields in schema.items():
        text = next(s for s in statements if s.startswith(f"SELECT t.{IDS[table]} AS id"))
        formula = text[text.index("TO_HEX("):text.index(" AS fingerprint")]
        ours = {row[0]: row[1] for row in fingerprints(side, run, table, text)}
        names = [f["name"] for f in fields]
        select = ", ".join(f"epoch_us({f['name']})" if f["type"] == "TIMESTAMP" else f["name"] for f in fields)
        for row in side.sql(f'SELECT {select} FROM "demo-test.{run.dataset}.{table}" LIMIT 150'):
            if sum(len(str(v)) for v in row) > 100_000:
                continue
            literals = ", ".join(f"{literal(v, f['type'])} AS {f['name']}" for v, f in zip(row, fields))
            requests["evaluate"].append(f"(SELECT {formula} FROM (SELECT {literals}) AS t)")
            expected.append({"value": ours[row[names.index(IDS[table])]]})
    r = subprocess.run(["node", str(ROOT / "tests" / "google" / "zetasql.cjs"), str(ZETASQL)], text=True, timeout=600,
                       input=json.dumps(requests), capture_output=True)
    assert r.returncode == 0, r.stderr
    answers = json.loads(r.stdout)
    assert answers["analyze"] == [None] * len(statements)
    assert len(expected) > 50 and answers["evaluate"] == expected


def literal(value, kind):
    if value is None:
        return f"CAST(NULL AS {'INT64' if kind == 'INTEGER' else 'BOOL' if kind == 'BOOLEAN' else kind})"
    if kind == "TIMESTAMP":
        return f"TIMESTAMP_MICROS({value})"
    if kind in ("INTEGER", "BOOLEAN"):
        return str(value)
    text = "'" + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value) + "'"
    return f"PARSE_JSON({text})" if kind == "JSON" else text


def fingerprints(side, run, table, text):
    """As the stand-in computes them."""
    code, _, answer = call(f"{side.google.fake}/bigquery/v2/projects/demo-test/jobs", "POST",
                           {"configuration": {"query": {"query": text}}})
    assert code == 200, answer
    job = json.loads(answer)["jobReference"]["jobId"]
    _, _, answer = call(f"{side.google.fake}/bigquery/v2/projects/demo-test/queries/{job}")
    return [[row["f"][0]["v"], row["f"][2]["v"]] for row in json.loads(answer)["rows"]]
