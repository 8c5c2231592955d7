"""Several documents in one request: one status, one ZIP, and refusals that are their item's alone."""
import io
import json
import os
import re
import shutil
import subprocess
import zipfile

import pytest
from conftest import KEY, ROOT, expected, sample
from test_documents import new_key
from test_waiting import held

BATCHES = "/api/v1/batches"
NOT_THERE = "00000000-0000-4000-8000-000000000000"
ENDED = ("completed", "failed")


def create(stack, items, key_of_request=None, options=None, **kw):
    headers = {"Idempotency-Key": key_of_request} if key_of_request else {}
    body = {"items": items, **({"options": options} if options else {})}
    return stack.call("POST", BATCHES, body, headers=headers, **kw)


def end_of(stack, made):
    """The batch once its jobs have ended: each answer comes after one more has."""
    batch = made.json
    while batch["status"] not in ENDED:
        batch = stack.call("GET", f"{made.headers['Location']}?wait=60").json
    return batch


def unzipped(r):
    assert r.status == 200 and r.headers["Content-Type"] == "application/zip", r.body[:500]
    with zipfile.ZipFile(io.BytesIO(r.body)) as z:
        assert z.testzip() is None
        return {name: z.read(name) for name in z.namelist()}


def results(stack, made, query=""):
    return stack.call("GET", made.headers["Location"] + "/results" + query)


def test_several_documents_one_status_and_one_zip(stack):
    text, ruled = sample("text-table"), sample("ruled-table")
    whole = text.read_bytes()
    ids = [stack.upload(text, "Rechnung \u00e4.pdf"), stack.upload(ruled, "rechnung \u00e4.pdf"),
           stack.upload(whole[:len(whole) // 3], "broken.pdf"), NOT_THERE, stack.upload(text, "Rechnung \u00e4.pdf")]
    region = {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}
    made = create(stack, [{"pdf_id": ids[0], "pages": "1"}, {"pdf_id": ids[1], "regions": [region]},
                          *[{"pdf_id": i, "pages": "1"} for i in ids[2:4]],
                          {"pdf_id": ids[4], "pages": "1", "output_format": "json"}],
                  options={"output_format": "csv"})
    assert made.status == 202 and made.headers["Location"] == f"{BATCHES}/{made.json['batch_id']}", made.body
    batch = end_of(stack, made)
    assert (batch["status"], batch["outcome"]) == ("completed", "partial_success")
    assert batch["counts"] == {"queued": 0, "processing": 0, "completed": 3, "failed": 1, "cancelled": 0,
                               "refused": 1, "gone": 0}
    items = batch["items"]
    assert [i["status"] for i in items] == ["completed", "completed", "failed", "refused", "completed"]
    assert [i["pdf_id"] for i in items] == ids and items[3]["job_id"] is None
    assert [i["problem"] and i["problem"]["status"] for i in items] == [None, None, 422, 404, None]
    assert items[3]["problem"]["code"] == "not_found" and NOT_THERE in items[3]["problem"]["detail"]
    job = stack.call("GET", "/api/v1/jobs/" + items[2]["job_id"]).json
    assert items[2]["problem"]["detail"] == job["error_message"] and items[2]["file_name"] == "broken.pdf"
    assert items[2]["problem"]["code"] == job["error_code"] == "invalid_value"

    files = unzipped(results(stack, made))
    assert sorted(files) == sorted(["Rechnung \u00e4.csv", "rechnung \u00e4-2.csv", "Rechnung \u00e4.json",
                                    "manifest.json"])
    for place, name in ((0, "Rechnung \u00e4.csv"), (1, "rechnung \u00e4-2.csv"), (4, "Rechnung \u00e4.json")):
        own = stack.call("GET", "/api/v1/jobs/" + items[place]["job_id"]).json["result_url"]
        assert files[name] == stack.fetch(own).body
    assert files["Rechnung \u00e4.csv"] == expected("text-table")
    manifest = json.loads(files["manifest.json"])
    assert [i["file"] for i in manifest["items"]] == [
        "Rechnung \u00e4.csv", "rechnung \u00e4-2.csv", None, None, "Rechnung \u00e4.json"]
    assert [{k: v for k, v in i.items() if k != "file"} for i in manifest["items"]] == items

    # A format that an item was not asked for is missing there, and the others are not.
    only = unzipped(results(stack, made, "?format=json"))
    assert list(only) == ["Rechnung \u00e4.json", "manifest.json"]
    told = json.loads(only["manifest.json"])["items"]
    assert "also_formats" in told[0]["problem"]["detail"] and told[0]["status"] == "completed"
    assert results(stack, made, "?format=docx").status == 422

    # A job that is deleted is gone from its batch; the others stay.
    assert stack.call("DELETE", "/api/v1/jobs/" + items[0]["job_id"]).status == 204
    item = stack.call("GET", made.headers["Location"]).json["items"][0]
    assert (item["status"], item["problem"]["code"]) == ("gone", "gone")
    assert stack.call("DELETE", made.headers["Location"]).status == 204
    assert stack.call("GET", made.headers["Location"]).status == 404
    assert stack.call("GET", "/api/v1/jobs/" + items[1]["job_id"]).status == 404


def check_partial_failure(stack):
    """On any stores."""
    broken = stack.upload(sample("form").read_bytes()[:400], "broken.pdf")
    made = create(stack, [{"pdf_id": stack.upload(sample("text-table"), "a.pdf"), "pages": "1"}, {"pdf_id": broken},
                          {"pdf_id": NOT_THERE}], "any-stores")
    batch = end_of(stack, made)
    assert [i["status"] for i in batch["items"]] == ["completed", "failed", "refused"]
    files = unzipped(results(stack, made))
    assert sorted(files) == ["a.csv", "manifest.json"] and files["a.csv"] == expected("text-table")
    assert stack.call("DELETE", made.headers["Location"]).status == 204
    assert stack.call("GET", made.headers["Location"]).status == 404


def test_result_called_as_the_manifest_keeps_another_name(stack):
    made = create(stack, [{"pdf_id": stack.upload(sample("form"), "manifest.pdf")}], options={"output_format": "json"})
    assert end_of(stack, made)["outcome"] == "success"
    assert sorted(unzipped(results(stack, made))) == ["manifest-2.json", "manifest.json"]


def test_batch_without_a_result_has_no_zip(stack):
    made = create(stack, [{"pdf_id": NOT_THERE}, {"pdf_id": stack.upload(b"%PDF-1.4\nbroken", "b.pdf")}])
    batch = end_of(stack, made)
    assert (batch["status"], batch["outcome"]) == ("failed", "failed")
    r = results(stack, made)
    assert r.status == 409 and "No item" in r.detail


def test_template_and_password_of_items(stack):
    region = {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}
    assert stack.call("POST", "/api/v1/templates", {"name": "of batches", "regions": [region]}).status == 201
    pdf_id = stack.upload(sample("ruled-table"))
    made = create(stack, [{"pdf_id": pdf_id}, {"pdf_id": pdf_id, "regions": [{**region, "y": 0.95, "height": 0.04}]},
                          {"pdf_id": pdf_id, "password": "not needed"}], options={"template": "of batches"})
    assert made.status == 202, made.body
    jobs = [stack.wait(i["job_id"]) for i in made.json["items"]]
    assert [j["regions_count"] for j in jobs] == [1, 1, 1]
    bodies = [stack.fetch(j["result_url"]).body for j in jobs]
    assert bodies[0] == bodies[2] != bodies[1]
    kept = (stack.data / "blobs" / "batches").rglob("batch.json")
    assert not any("not needed" in f.read_text() for f in kept)


def test_repeated_request_is_the_same_batch(stack):
    items = [{"pdf_id": stack.upload(sample("form"))}, {"pdf_id": NOT_THERE}]
    made = create(stack, items, "batch-1")
    again = create(stack, items, "batch-1")
    jobs = [i["job_id"] for i in made.json["items"]]
    assert again.status == 202 and [i["job_id"] for i in again.json["items"]] == jobs
    assert again.json["batch_id"] == made.json["batch_id"]
    other = create(stack, items[:1], "batch-1")
    assert other.status == 422 and "Idempotency-Key" in other.detail
    # A worker that died before the batch was stored has queued jobs; the repeated request finds them.
    shutil.rmtree(stack.data / "blobs" / "batches")
    once_more = create(stack, items, "batch-1")
    assert once_more.status == 202 and [i["job_id"] for i in once_more.json["items"]] == jobs
    assert end_of(stack, once_more)["counts"]["completed"] == 1
    listed = stack.call("GET", "/api/v1/jobs?pdf_id=" + items[0]["pdf_id"]).json["jobs"]
    assert [j["job_id"] for j in listed] == jobs[:1]
    for key in ("", "x" * 256, "a b"):
        assert stack.call("POST", BATCHES, {"items": items}, headers={"Idempotency-Key": key}).status == 400


def test_quota_refuses_an_item_and_not_the_batch(make_stack, tmp_path):
    one, other = [new_key(tmp_path / "keys.json", name) for name in ("one", "other")]
    s = make_stack(JOBS_WAITING_PER_KEY=2, MAX_BATCH_ITEMS=3, API_KEYS_FILE=tmp_path / "keys.json")
    items = [{"pdf_id": s.upload(sample("form"), key=one)}] * 3
    with held(s):
        made = create(s, items, key=one)
        assert [i["status"] for i in made.json["items"]] == ["queued", "queued", "refused"]
        refused = made.json["items"][2]["problem"]
        assert (refused["status"], refused["code"]) == (429, "too_many_requests") and "2 jobs" in refused["detail"]
        assert (made.json["status"], made.json["outcome"]) == ("processing", None) and made.headers["Retry-After"]
        path = made.headers["Location"]
        early = s.call("GET", path + "/results", key=one)
        assert early.status == 409 and "2 of the batch's 3 items" in early.detail and early.headers["Retry-After"]
        assert s.call("GET", path + "?wait=1", key=one).json["status"] == "processing"
        for method, more in (("GET", ""), ("GET", "/results"), ("DELETE", "")):
            assert s.call(method, path + more, key=other).status == 404
        assert s.call("DELETE", path, key=one).status == 204
        jobs = [s.call("GET", "/api/v1/jobs/" + i["job_id"], key=one).json for i in made.json["items"][:2]]
        assert [j["status"] for j in jobs] == ["cancelled", "cancelled"]
        assert s.call("GET", path, key=one).status == 404
    long = create(s, [*items, *items[:1]], key=one)
    assert long.status == 422 and long.detail == "/items: has 4 items; at most 3 are allowed"


def test_results_may_not_be_too_many_bytes(make_stack):
    s = make_stack(MAX_RESULT_BYTES=1024)
    made = create(s, [{"pdf_id": s.upload(sample("text-table")), "pages": "1"}] * 6)
    assert end_of(s, made)["outcome"] == "success"
    r = results(s, made)
    assert r.status == 413 and "more than 1024 bytes together" in r.detail


def test_example_of_the_readme(stack, tmp_path):
    for name in ("text-table", "ruled-table"):
        shutil.copy(sample(name), tmp_path / f"{name}.pdf")
    example = re.search(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[1]
    subprocess.run(["bash", "-euo", "pipefail", "-c", example], check=True, timeout=600, cwd=tmp_path, env={
        "PATH": os.environ["PATH"], "API_KEY": KEY, "API_URL": f"https://127.0.0.1:{stack.port}",
        "CURL_CA_BUNDLE": str(stack.data / "tls" / "cert.pem")})
    with zipfile.ZipFile(tmp_path / "tables.zip") as z:
        assert sorted(z.namelist()) == ["manifest.json", "ruled-table.csv", "text-table.csv"]
        assert expected("text-table").strip() in z.read("text-table.csv")


REGION = {"page": 1, "x": 0.1, "y": 0.1, "width": 0.5, "height": 0.5}


@pytest.mark.parametrize(("body", "why"), [
    ([], "body: must be an object"),
    ({}, "/items: is missing"),
    ({"items": {}}, "/items: must be an array"),
    ({"items": []}, "/items: must have an item"),
    ({"items": [7]}, "/items/0: must be an object"),
    ({"items": [{}]}, "/items/0/pdf_id: is missing"),
    ({"items": [{"pdf_id": "x"}]}, "/items/0/pdf_id: must be"),
    ({"items": [{"pdf_id": NOT_THERE}], "item": 1}, "/item: is not known; known: items, options"),
    ({"items": [{"pdf_id": NOT_THERE}, {"pdf_id": NOT_THERE, "page": "1"}]}, "/items/1/page: is not known"),
    ({"items": [{"pdf_id": NOT_THERE, "source_url": "https://example.org/a.pdf"}]}, "/items/0/source_url"),
    ({"items": [{"pdf_id": NOT_THERE, "regions": [{**REGION, "x": 2}]}]}, "/items/0/regions/0/x: must be"),
    ({"items": [{"pdf_id": NOT_THERE, "regions": [{**REGION, "z": 2}]}]}, "/items/0/regions/0/z: is not known"),
    ({"items": [{"pdf_id": NOT_THERE, "template": "none of mine"}]}, "/items/0/template: there is no template"),
    ({"items": [{"pdf_id": NOT_THERE}], "options": 1}, "/options: must be an object"),
    ({"items": [{"pdf_id": NOT_THERE}], "options": {"pdf_id": NOT_THERE}}, "/options/pdf_id: is for each"),
    ({"items": [{"pdf_id": NOT_THERE}], "options": {"output": "csv"}}, "/options/output: is not known"),
    ({"items": [{"pdf_id": NOT_THERE}], "options": {"template": "none"}}, "/options/template: there is no"),
    ({"items": [{"pdf_id": NOT_THERE}], "options": {"output_format": "doc"}}, "/options/output_format: must be"),
    ({"items": [{"pdf_id": NOT_THERE, "pages": "0"}], "options": {"output_format": "csv"}}, "/items/0/pages: must"),
])
def test_batch_that_is_refused(stack, body, why):
    r = stack.call("POST", BATCHES, body)
    assert r.status == 422 and why in r.detail, r.body


def test_batches_that_are_not_there(stack):
    for name in ("x", NOT_THERE, "..%2Fx%2F..", "%2e%2e%2ex"):
        assert stack.call("GET", f"{BATCHES}/{name}").status == 404
        assert stack.call("DELETE", f"{BATCHES}/{name}").status == 404
        assert stack.call("GET", f"{BATCHES}/{name}/results").status == 404
    assert stack.call("POST", BATCHES, b"{", headers={"Content-Type": "application/json"}).status == 400
    assert stack.call("POST", BATCHES, b"x", headers={"Content-Type": "text/plain"}).status == 415
    assert stack.call("PUT", BATCHES, {}).status == 405 and stack.call("GET", BATCHES).status == 405
