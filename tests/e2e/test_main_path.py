"""Upload, extract, result: through nginx, for every kind of sample."""
import csv
import io
import json
import os
import re
import subprocess
import uuid

import pytest
from conftest import KEY, ROOT, expected, sample

pytestmark = pytest.mark.main_path


@pytest.mark.parametrize("name", ["text-table", "ruled-table", "scanned", "form"])
def test_sample_comes_back_as_csv(stack, name):
    job = stack.extract(sample(name))
    assert (job["status"], job["outcome"]) == ("completed", "success"), job
    result = stack.fetch(job["result_url"])
    assert result.status == 200
    assert result.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert result.body == expected(name)
    assert job["result_url_expires_at"] == job["expires_at"]


def test_tsv_and_json_hold_the_same_table(stack):
    pdf_id = stack.upload(sample("ruled-table"))
    rows = list(csv.reader(io.StringIO(expected("ruled-table").decode())))
    tsv = stack.fetch(stack.wait(stack.submit(pdf_id, output_format="tsv"))["result_url"])
    assert tsv.body.decode() == "".join("\t".join(r) + "\r\n" for r in rows)
    out = stack.fetch(stack.wait(stack.submit(pdf_id, output_format="json"))["result_url"]).json
    region = out["regions"][0]
    assert region["structured_data"]["tables"] == [rows]
    assert out["summary"]["outcome"] == "success"
    for cell in region["cells"]:
        assert cell["engine"] == "text" and 0 <= cell["confidence"] <= 1
        assert set(cell["bbox"]) == {"x", "y", "w", "h"}
        assert rows[cell["row"]][cell["col"]] == cell["text"]
    assert region["words"] and region["words"][0]["engine"] == "text"


def test_scanned_page_tells_its_engine_and_confidence(stack):
    job = stack.extract(sample("scanned"), output_format="json")
    cells = stack.fetch(job["result_url"]).json["regions"][0]["cells"]
    assert {c["engine"] for c in cells if c["text"]} == {"tesseract"}
    assert all(0 < c["confidence"] <= 1 for c in cells if c["text"])


def test_regions_of_one_scan_are_read_alike(stack):
    region = {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}
    job = stack.extract(sample("scanned"), output_format="json", regions=[region] * 3)
    tables = [r["structured_data"]["tables"]
              for r in stack.fetch(job["result_url"]).json["regions"]]
    rows = list(csv.reader(io.StringIO(expected("scanned").decode())))
    assert tables == [[rows]] * 3


def test_two_columns_are_read_one_after_the_other(stack):
    job = stack.extract(sample("two-columns"), output_format="json",
                        regions=[{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.2,
                                  "region_type": "text"}])
    text = stack.fetch(job["result_url"]).json["regions"][0]["text"].split("\n")
    assert text[0].startswith("The first column") and text[3].startswith("the height")
    assert text[4].startswith("The second column")


def test_agentic_finds_tables_and_tells_how(stack):
    job = stack.wait(stack.submit(stack.upload(sample("text-table")), agentic=True))
    assert job["outcome"] == "success" and len(job["approved_regions"]) == 2
    assert [r["page"] for r in job["approved_regions"]] == [1, 2]
    graph = stack.fetch(job["debug_graph_url"]).json
    found = [e for e in graph["summary"]["trace"]
             if e["step"] == "dispatch_to_specialist" and e["status"] == "started"]
    assert [e["region_id"] for e in found] == [r["region_id"] for r in job["approved_regions"]]
    for event in found:
        assert event["region_type"] == "table" and set(event["bbox"]) == {"x", "y", "w", "h"}
    csv_text = stack.fetch(job["result_url"]).body
    assert csv_text == expected("text-table") + b"\r\n" + expected("ruled-table")


def test_agentic_keeps_to_the_pages_asked_for(stack):
    job = stack.wait(stack.submit(stack.upload(sample("text-table")), agentic=True, pages="2-"))
    assert [r["page"] for r in job["approved_regions"]] == [2]
    assert stack.fetch(job["result_url"]).body == expected("ruled-table")


def test_page_without_tables_is_no_match(stack):
    job = stack.wait(stack.submit(stack.upload(sample("two-columns")), agentic=True))
    assert (job["status"], job["outcome"]) == ("completed", "no_match")


def test_empty_region_beside_a_full_one_is_partial(stack):
    job = stack.extract(sample("text-table"), regions=[
        {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.3},
        {"page": 1, "x": 0.05, "y": 0.8, "width": 0.9, "height": 0.1}])
    assert job["outcome"] == "partial_success"


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_page_rotated_and_set_upright_again_reads_the_same(stack, tmp_path, angle):
    out = tmp_path / "rotated.pdf"
    subprocess.run(["qpdf", f"--rotate=+{angle}", sample("text-table"), out], check=True)
    job = stack.extract(out, output_format="json", engine="text",
                        regions=[{"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}])
    words = stack.fetch(job["result_url"]).json["regions"][0]["words"]
    bolt = next(w for w in words if w["text"] == "Bolt,")["bbox"]
    x, y = 66 / 595, 162 / 842  # where the sample puts it, upright
    where = {90: (1 - y, x), 180: (1 - x, 1 - y), 270: (y, 1 - x)}[angle]
    assert abs(bolt["x"] - where[0]) < 0.09 and abs(bolt["y"] - where[1]) < 0.09


def test_cropped_page_counts_from_its_crop_box(stack, tmp_path):
    out = tmp_path / "cropped.pdf"
    plain = subprocess.run(["qpdf", "--qdf", "--object-streams=disable", sample("ruled-table"), "-"],
                           check=True, stdout=subprocess.PIPE).stdout
    assert plain.count(b"/MediaBox") >= 1
    cut = plain.replace(b"/MediaBox [", b"/CropBox [ 50 580 545 730 ]\n  /MediaBox [", 1)
    fixed = subprocess.run(["fix-qdf"], input=cut, check=True, stdout=subprocess.PIPE).stdout
    out.write_bytes(fixed)
    job = stack.extract(out, regions=[{"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}])
    assert stack.fetch(job["result_url"]).body == expected("ruled-table")


def test_document_upload_knows_a_duplicate(stack):
    data = sample("form").read_bytes()
    first = stack.call("POST", "/api/v1/upload/documents", data,
                       headers={"Content-Type": "application/pdf"})
    assert first.status == 201 and first.json["was_duplicate"] is False
    boundary = uuid.uuid4().hex
    form = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n"
            f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; "
            f"filename=\"form.pdf\"\r\nContent-Type: application/pdf\r\n\r\n").encode() + data + \
        f"\r\n--{boundary}--\r\n".encode()
    second = stack.call("POST", "/api/v1/upload/documents", form, headers={
        "Content-Type": f"multipart/form-data; boundary={boundary}"})
    assert second.status == 200, second.body
    assert second.json["was_duplicate"] is True and second.json["filename"] == "form.pdf"
    assert second.json["pdf_id"] == first.json["pdf_id"]
    job = stack.wait(stack.submit(second.json["pdf_id"]))
    assert stack.fetch(job["result_url"]).body == expected("form")


def test_existing_web_client_works_unchanged(make_stack):
    origin = "https://client.example"
    s = make_stack(CORS_ORIGINS=json.dumps([origin]))
    with_origin = {"Origin": origin}
    pre = s.call("OPTIONS", "/api/extract/", key=None, headers={
        **with_origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key,content-type"})
    assert pre.status == 204 and pre.headers["Access-Control-Allow-Origin"] == origin
    assert "X-API-Key" in pre.headers["Access-Control-Allow-Headers"]
    made = s.call("POST", "/api/upload/generate-url?file_name=my%20file.pdf", headers=with_origin)
    assert made.status == 200 and set(made.json) == {"pdf_id", "upload_url", "file_name"}
    put = s.fetch(made.json["upload_url"], "PUT", body=sample("text-table").read_bytes(),
                  headers={**with_origin, "Content-Type": "application/pdf"})
    assert put.status == 200 and put.headers["Access-Control-Allow-Origin"] == origin
    job = s.call("POST", "/api/extract/agentic", {"pdf_id": made.json["pdf_id"], "regions": []},
                 headers=with_origin).json
    plain = s.call("POST", "/api/extract/", {
        "pdf_id": made.json["pdf_id"], "output_format": "csv",
        "regions": [{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}]},
        headers=with_origin)
    assert plain.status == 202
    s.wait(plain.json["job_id"])
    done = s.wait(job["job_id"])
    polled = s.call("GET", "/api/extract/" + job["job_id"], headers=with_origin)
    assert polled.json == {**done, "progress": 100, "progress_detail": done["progress"]}
    assert polled.headers["Access-Control-Allow-Origin"] == origin
    for link in (done["result_url"], done["debug_graph_url"]):
        r = s.fetch(link, headers=with_origin)
        assert r.status == 200 and r.headers["Access-Control-Allow-Origin"] == origin
    other = s.call("GET", "/api/extract/" + job["job_id"], headers={"Origin": "https://evil.example"})
    assert other.headers["Access-Control-Allow-Origin"] is None
    wrong = s.call("POST", "/api/extract/", {"pdf_id": "x"}, headers=with_origin)
    assert wrong.status == 422 and "pdf_id" in wrong.detail
    assert s.call("GET", "/health", key=None).json["status"] == "healthy"


def test_idempotency_key_gives_the_same_job(stack):
    pdf_id = stack.upload(sample("form"))
    body = {"pdf_id": pdf_id, "regions": [{"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}]}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    a = stack.call("POST", "/api/v1/extract", body, headers=key)
    b = stack.call("POST", "/api/v1/extract", body, headers=key)
    assert a.status == b.status == 202 and a.json["job_id"] == b.json["job_id"]
    body["output_format"] = "json"
    c = stack.call("POST", "/api/v1/extract", body, headers=key)
    assert c.status == 422 and "Idempotency-Key" in c.detail


def test_etag_saves_the_body(stack):
    job = stack.extract(sample("form"))
    r = stack.call("GET", "/api/v1/jobs/" + job["job_id"])
    again = stack.call("GET", "/api/v1/jobs/" + job["job_id"],
                       headers={"If-None-Match": r.headers["ETag"]})
    assert again.status == 304 and again.body == b""
    assert r.headers["X-Request-ID"] and "Retry-After" not in r.headers


def test_jobs_are_listed_newest_first_in_pages(stack):
    pdf_id = stack.upload(sample("form"))
    made = [stack.submit(pdf_id) for _ in range(5)]
    for job_id in made:
        stack.wait(job_id)
    seen, token = [], ""
    while True:
        page = stack.call("GET", f"/api/v1/jobs?pdf_id={pdf_id}&page_size=2{token}").json
        seen += [j["job_id"] for j in page["jobs"]]
        if page["next_page_token"] is None:
            break
        token = "&page_token=" + page["next_page_token"]
    assert seen == made[::-1]
    assert stack.call("GET", "/api/v1/jobs?page_token=x").status == 400
    assert stack.call("GET", "/api/v1/jobs?status=odd").status == 422


def test_delete_erases_job_and_results(stack):
    job = stack.extract(sample("form"))
    assert stack.call("DELETE", "/api/v1/jobs/" + job["job_id"]).status == 204
    assert stack.call("GET", "/api/v1/jobs/" + job["job_id"]).status == 404
    gone = stack.fetch(job["result_url"])
    assert gone.status == 404 and gone.headers["Content-Type"] == "application/problem+json"


def test_completed_job_cannot_be_retried(stack):
    job = stack.extract(sample("form"))
    r = stack.call("POST", f"/api/v1/jobs/{job['job_id']}/retry")
    assert r.status == 409 and "completed" in r.detail


def test_result_can_be_read_in_parts(stack):
    job = stack.extract(sample("text-table"))
    part = stack.fetch(job["result_url"], headers={"Range": "bytes=0-6"})
    assert part.status == 206 and part.body == b"Article"
    head = stack.fetch(job["result_url"], method="HEAD")
    assert head.status == 200 and int(head.headers["Content-Length"]) == len(expected("text-table"))


def test_feedback_is_kept_and_counted(stack):
    job = stack.wait(stack.submit(stack.upload(sample("text-table")), agentic=True))
    region = job["approved_regions"][0]["region_id"]
    body = {"job_id": job["job_id"], "user_id": "u1", "corrections": [
        {"action": "delete", "region_id": region},
        {"action": "move", "region_id": region, "new_bbox": {"x": 0, "y": 0, "w": 0.5, "h": 0.5}},
        {"action": "retype", "region_id": region, "new_region_type": "form"}]}
    made = stack.call("POST", "/api/v1/feedback/corrections", body)
    assert made.status == 201 and made.json["status"] == "pending_analysis"
    listed = stack.call("GET", "/api/v1/feedback/corrections/" + job["job_id"]).json
    assert listed["count"] == 1 and listed["feedback"][0]["corrections"] == body["corrections"]
    after = stack.call("GET", "/api/v1/jobs/" + job["job_id"]).json
    assert after["has_feedback"] and after["feedback_count"] == 1 and after["last_feedback_at"]
    stats = stack.call("GET", "/api/v1/feedback/stats").json
    assert stats["feedback_count"] >= 1 and stats["by_action"]["move"] >= 1
    body["corrections"][1].pop("new_bbox")
    bad = stack.call("POST", "/api/v1/feedback/corrections", body)
    assert bad.status == 422 and "/corrections/1/new_bbox" in bad.detail


def test_health_tells_what_is_there(stack):
    assert stack.call("GET", "/api/v1/health/ready", key=None).status == 200
    assert stack.call("GET", "/api/v1/health/dependencies", key=None).json["page_reader"] is True
    told = stack.call("GET", "/api/v1/health/diagnostics")
    assert told.json["settings"]["API_KEY"] == "set" and KEY.encode() not in told.body
    assert told.json["sandbox"] in ("landlock, seccomp", "seccomp, fonts opened before")
    assert told.json["sandbox"] in {e.get("sandbox") for e in stack.events()}
    assert stack.call("GET", "/api/v1/health/diagnostics", key=None).status == 401


def test_metrics_are_for_this_machine_only(stack):
    assert stack.call("GET", "/metrics").status == 404
    out = subprocess.run(["curl", "-fsS", f"http://127.0.0.1:{stack.metrics_port}/metrics"],
                         check=True, stdout=subprocess.PIPE).stdout
    assert b'pdf_ocr_requests_total{route="' in out and b"pdf_ocr_queue_depth" in out


def test_http2_and_tls_versions(stack):
    url = f"https://127.0.0.1:{stack.port}/health"
    ca = ["--cacert", str(stack.data / "tls" / "cert.pem"), "-sS", "-o", "/dev/null"]
    out = subprocess.run(["curl", *ca, "--http2", "-w", "%{http_version}", url], check=True,
                         stdout=subprocess.PIPE).stdout
    assert out == b"2"
    old = subprocess.run(["curl", *ca, "--tlsv1.1", "--tls-max", "1.1", url],
                         stderr=subprocess.DEVNULL, check=False)
    assert old.returncode != 0


def test_answers_carry_security_headers(stack):
    r = stack.call("GET", "/health", key=None)
    assert r.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in r.headers["Content-Security-Policy"]
    assert "max-age" in r.headers["Strict-Transport-Security"]
    assert "/" not in r.headers["Server"]


def test_openapi_describes_exactly_the_routes(stack):
    served = stack.call("GET", "/api/v1/openapi.json", key=None)
    assert served.status == 200 and served.headers["Content-Type"] == "application/json"
    source = (ROOT / "src" / "app" / "routes.c").read_text()
    routes = {(m.lower(), p) for m, p in re.findall(r'ROUTE\((\w+), "([^"]+)"', source)}
    described = {(m, p) for p, methods in served.json["paths"].items() for m in methods}
    assert described == routes | {("get", "/api/v1/health/live")} and len(routes) > 15  # that one is nginx's own


@pytest.mark.parametrize("key, status", [(KEY, 0), ("k" * 40, 1)])
def test_canary_of_a_deployment_extracts(stack, tmp_path, key, status):
    """The functions of deploy.sh that try a new revision, with the service itself."""
    (tmp_path / ".curlrc").write_text("insecure\n")
    functions = "/^small_pdf() {/,/^}/p; /^extracts() {/,/^}/p"
    r = subprocess.run(["bash", "-euo", "pipefail", "-c", f"""
        eval "$(sed -n '{functions}' deploy.sh)"
        ask() {{ echo "$GIVEN_KEY"; }}
        script=deploy.sh dry_run='' project=p canary_key=s wait=20
        extracts "https://127.0.0.1:{stack.port}" """], cwd=ROOT, text=True, capture_output=True, timeout=600, check=False,
        env={"PATH": os.environ["PATH"], "CURL_HOME": str(tmp_path), "GIVEN_KEY": key})
    assert r.returncode == status, r.stderr
