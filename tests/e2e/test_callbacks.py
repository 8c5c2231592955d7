"""callback_url: that a job has ended is told, signed, until somebody has heard it."""
import base64
import contextlib
import hashlib
import hmac
import json
import sqlite3
import subprocess
import time

import pytest
from conftest import ROOT, Stack, sample, until
from receiver import HOST, Receiver
from test_extract_file import form

SECRETS = [bytes(range(24)), bytes(range(40))]
REGIONS = [{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}]
refused = []  # paths that have been refused once


def answer(request):
    if request.path.startswith("/first-refuse") and request.path not in refused:
        refused.append(request.path)
        return 503, {"Content-Length": 2}, b"no"
    if request.path == "/gone":
        return 410, {"Content-Length": 0}, b""
    if request.path == "/moved":
        return 307, {"Location": f"https://{HOST}/elsewhere", "Content-Length": 0}, b""
    return 204, {}, b""


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    r = Receiver(tmp_path_factory.mktemp("receiver"), answer)
    yield r
    r.close()


@pytest.fixture(scope="module")
def secrets_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("secrets") / "webhooks"
    path.write_text("# new one first\n" + "".join(f"whsec_{base64.b64encode(s).decode()}\n" for s in SECRETS))
    return path


@pytest.fixture(scope="module")
def stack(receiver, secrets_file):
    s = Stack(WEBHOOK_SECRETS_FILE=str(secrets_file), RETRY_BASE_S=0, RETRY_MAX_S=0, WEBHOOK_ATTEMPTS=3,
              **receiver.settings())
    s.secrets |= {base64.b64encode(x).decode() for x in SECRETS}
    yield s
    s.close()


def heard(receiver, job_id, count=1):
    """What the receiver was told of the job."""
    def came():
        got = [r for r in list(receiver.requests) if json.loads(r.body)["job_id"] == job_id]
        return len(got) >= count and got
    return until(came)


def signatures(request, secrets=SECRETS):
    told = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    return " ".join("v1," + base64.b64encode(hmac.digest(s, told, hashlib.sha256)).decode() for s in secrets)


def given_up(stack, job_id):
    return [e for e in stack.events() if e["message"] == "a callback is given up" and e.get("jobId") == job_id]


@pytest.mark.main_path
def test_the_end_of_a_job_is_told_and_signed(stack, receiver):
    stack.secrets |= {"token-of-the-receiver"}
    before = int(time.time())
    job_id = stack.submit(stack.upload(sample("text-table")), callback_url=receiver.url("/a?t=token-of-the-receiver"))
    request, = heard(receiver, job_id)
    assert request.command == "POST" and request.path == "/a?t=token-of-the-receiver"
    assert request.headers["Content-Type"] == "application/json"
    assert int(request.headers["webhook-timestamp"]) >= before
    assert request.headers["webhook-id"].startswith(job_id)
    assert request.headers["webhook-signature"] == signatures(request)
    job, told = stack.call("GET", "/api/v1/jobs/" + job_id).json, json.loads(request.body)
    links = {k for k in job if k.endswith("_url") and job[k]} | {"result_url_expires_at"}
    assert links > {"result_url_expires_at"}
    assert told == {**job, **dict.fromkeys(links)} and told["status"] == "completed"


CHECKS = {
    "python": ("python3", "check.py", """
import json, sys
secret, headers, path = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
sys.exit(0 if verified(secret, headers, open(path, "rb").read()) else 1)
"""), "javascript": ("node", "check.mjs", """
import {readFileSync} from "node:fs";
process.exit(verified(process.argv[2], JSON.parse(process.argv[3]), readFileSync(process.argv[4])) ? 0 : 1);
"""), "sh": ("bash", "check.sh", """
header() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$2" "$1"; }
verified "$1" "$(header webhook-id "$2")" "$(header webhook-timestamp "$2")" "$(header webhook-signature "$2")" "$3"
""")}


@pytest.mark.parametrize("language", CHECKS)
def test_the_docs_tell_how_to_check_a_message(stack, receiver, tmp_path, language):
    job_id = stack.submit(stack.upload(sample("text-table")), callback_url=receiver.url("/docs"))
    request = heard(receiver, job_id)[0]
    program, name, rest = CHECKS[language]
    code = (ROOT / "docs" / "webhooks.md").read_text().split(f"```{language}\n")[1].split("```")[0]
    (tmp_path / name).write_text(code + rest)

    def check(secret, body, **changed):
        (tmp_path / "body").write_bytes(body)
        headers = {k: v for k, v in request.headers.items() if k.startswith("webhook-")}
        return subprocess.run([program, tmp_path / name, "whsec_" + base64.b64encode(secret).decode(),
                               json.dumps({**headers, **changed}), tmp_path / "body"], check=False).returncode
    assert [check(s, request.body) for s in SECRETS] == [0, 0]
    assert check(b"x" * 32, request.body) == 1 and check(SECRETS[0], request.body + b" ") == 1
    assert check(SECRETS[0], request.body, **{"webhook-timestamp": "1700000000"}) == 1


def test_a_failed_job_is_told(stack, receiver):
    failed = stack.submit(stack.upload(b"%PDF-1.7\nbroken"), callback_url=receiver.url("/b"))
    assert json.loads(heard(receiver, failed)[0].body)["status"] == "failed"


def test_one_call_takes_a_callback(stack, receiver):
    sent = form(sample("form").read_bytes(), [("callback_url", receiver.url("/c"))])
    r = stack.call("POST", "/api/v1/extract/file?wait=0", **sent)
    assert r.status == 202, r.body
    assert heard(receiver, r.json["job_id"])


def test_who_refuses_is_asked_again(stack, receiver):
    job_id = stack.submit(stack.upload(sample("text-table")), callback_url=receiver.url("/first-refuse"))
    first, second = heard(receiver, job_id, 2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] and first.body == second.body
    assert second.headers["webhook-signature"] == signatures(second)


@pytest.mark.parametrize("path,attempts", [("/gone", 1), ("/moved", 3)])
def test_who_never_takes_it_is_given_up(stack, receiver, path, attempts):
    job_id = stack.submit(stack.upload(sample("text-table")), callback_url=receiver.url(path))
    until(lambda: given_up(stack, job_id))
    assert len(heard(receiver, job_id)) == attempts
    assert stack.wait(job_id)["status"] == "completed"


def test_an_end_whose_task_was_lost_is_told_by_the_sweep(make_stack, receiver, secrets_file):
    s = make_stack(WEBHOOK_SECRETS_FILE=str(secrets_file), RETRY_BASE_S=3600, RETRY_MAX_S=3600, SWEEP_INTERVAL_S=1,
                   JOB_STALE_S=1, **receiver.settings())
    job_id = s.submit(s.upload(sample("text-table")), callback_url=receiver.url("/first-refuse?lost"))
    heard(receiver, job_id)

    def lose():
        """The second try would come in an hour."""
        with contextlib.closing(sqlite3.connect(s.data / "pdf-ocr.sqlite3", timeout=60)) as db, db:
            return db.execute("DELETE FROM tasks WHERE name LIKE ?", (f"callback-{job_id}-%-1",)).rowcount
    until(lose)
    first, second = heard(receiver, job_id, 2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] and first.body == second.body
    until(lambda: not list((s.data / "blobs" / "callbacks").rglob("*-*-*")))
    assert s.logged(message="a callback whose task did not come is queued again")


def test_a_name_that_leads_to_what_may_not_be_called_is_not(stack, receiver):
    """127.0.0.1 is not allowed here, and what a name means is asked only when it is called."""
    before = len(receiver.requests)
    job_id = stack.submit(stack.upload(sample("text-table")), callback_url=f"https://localhost:{receiver.port}/")
    event, = until(lambda: given_up(stack, job_id))
    assert "is not called" in event["cause"] and event["status"] == "0"
    assert len(receiver.requests) == before


@pytest.mark.parametrize("url,told", [
    ("http://www.example.com/", "must be an https URL"),
    ("https://169.254.169.254/", "private, local or reserved"),
    ("https://[::ffff:169.254.169.254]/", "private, local or reserved"),
    ("https://127.0.0.1:8443/api/v1/tasks/retry-job", "private, local or reserved"),
    ("https://a:b@www.example.com/", "user or a password"),
    ("https://www.example.com/" + "a" * 2048, "callback_url"),
    ("", "callback_url"), (7, "callback_url")])
def test_bad_urls_are_refused(stack, url, told):
    pdf_id = stack.upload(sample("text-table"))
    r = stack.call("POST", "/api/v1/extract", {"pdf_id": pdf_id, "regions": REGIONS, "callback_url": url})
    assert r.status == 422 and told in r.detail and "/callback_url" in r.detail, r.body


def test_secrets_are_rotated_without_a_restart(stack, receiver, secrets_file):
    third = bytes(range(32))
    secrets_file.write_text("".join(f"whsec_{base64.b64encode(s).decode()}\n" for s in (third, SECRETS[0])))
    workers = stack.workers("task")
    stack.process.send_signal(1)
    until(lambda: len(stack.workers("task")) >= 2 and not set(workers) & set(stack.workers("task")))
    job_id = stack.submit(stack.upload(sample("text-table")), callback_url=receiver.url("/rotated"))
    request = heard(receiver, job_id)[0]
    assert request.headers["webhook-signature"] == signatures(request, [third, SECRETS[0]])


def test_the_task_is_the_queues_alone_and_checked(stack):
    path = "/api/v1/tasks/deliver-callback"
    body = {"job_id": "00000000-0000-4000-8000-000000000000", "version": 1, "attempt": 0}
    assert stack.call("POST", path, body, key=None).status == 401
    assert stack.call("POST", path, body).status == 200  # nobody is to be told of an erased job
    silent = stack.extract(sample("text-table"))["job_id"]
    assert stack.call("POST", path, {**body, "job_id": silent}).status == 200
    for bad in ({**body, "job_id": "x"}, {**body, "version": -1}, {**body, "attempt": "0"}, {}):
        assert stack.call("POST", path, bad).status == 422


def test_without_secrets_there_are_no_callbacks(make_stack):
    s = make_stack()
    r = s.call("POST", "/api/v1/extract", {"pdf_id": s.upload(sample("text-table")), "regions": REGIONS,
                                           "callback_url": "https://www.example.com/"})
    assert r.status == 422 and "no secrets" in r.detail
