"""A twin of the web client of the service that this one replaces: the calls it makes, in its order
and with its headers, from its own origin, and what it reads of each answer."""
import json

import pytest
from conftest import KEY, Stack, expected, sample, until

ORIGIN = "https://client.example"
EXPOSED = {"ETag", "Location", "Retry-After", "X-Request-ID"}


class Client:
    """What a browser does for the client's fetch() calls: the Origin header, preflights, and no
    answer to the script where CORS does not let it through."""

    def __init__(self, stack):
        self.stack = stack

    def preflight(self, path, method, headers):
        r = self.stack.call("OPTIONS", path, key=None, headers={
            "Origin": ORIGIN, "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(sorted(h.lower() for h in headers))})
        assert r.status == 204 and r.headers.get_all("Access-Control-Allow-Origin") == [ORIGIN]
        assert method in r.headers["Access-Control-Allow-Methods"]
        allowed = {h.strip().lower() for h in r.headers["Access-Control-Allow-Headers"].split(",")}
        assert {h.lower() for h in headers} <= allowed, (path, headers, allowed)

    def fetch(self, url, method="GET", body=None, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        base = f"https://127.0.0.1:{self.stack.port}"
        path = url.removeprefix(base)
        assert path.startswith("/"), url
        if headers or method not in ("GET", "POST", "HEAD"):
            self.preflight(path, method, headers)
        r = self.stack.call(method, path, body, key=None, headers={"Origin": ORIGIN, **headers})
        assert r.headers.get_all("Access-Control-Allow-Origin") == [ORIGIN], (path, r.status)
        return r

    def upload(self, name, data):
        made = self.fetch(f"/api/upload/generate-url?file_name={name}", "POST", X_API_Key=KEY)
        assert made.status == 200
        answer = json.loads(made.body)
        put = self.fetch(answer["upload_url"], "PUT", data, Content_Type="application/pdf")
        assert 200 <= put.status < 300
        return answer

    def extract(self, path, request):
        r = self.fetch(path, "POST", json.dumps(request), X_API_Key=KEY,
                       Content_Type="application/json")
        assert r.status == 202, r.body
        return self.draw(json.loads(r.body))

    @staticmethod
    def draw(job):
        """The client puts the number into its text and its bar: `${Math.round(progress)}%`."""
        progress, ended = job["progress"], job["status"] == "completed"
        assert type(progress) is int and 0 <= progress <= 100 and (progress == 100) == ended, job
        assert set(job["progress_detail"]) == {"regions_done", "regions_total", "pages_done", "pages_total"}
        return job

    def poll(self, job_id, seconds=600):
        seen = []

        def ended():
            r = self.fetch("/api/extract/" + job_id, X_API_Key=KEY)
            assert r.status == 200
            job = self.draw(json.loads(r.body))
            seen.append(job["status"])
            return job["status"] in ("completed", "failed") and job
        return until(ended, seconds, lambda: seen), seen


@pytest.fixture(scope="module")
def client():
    stack = Stack(CORS_ORIGINS=json.dumps([ORIGIN, "https://other.example"]))
    yield Client(stack)
    stack.close()


@pytest.mark.parametrize("path", ["/health", "/api/v1/health"])
def test_health(client, path):
    r = client.fetch(path)
    assert r.status == 200 and r.headers["Content-Type"] == "application/json"
    assert json.loads(r.body)["status"] == "healthy"


def test_upload_link_is_made_and_taken(client):
    made = client.upload("my%20file.pdf", sample("form").read_bytes())
    assert list(made) == ["pdf_id", "upload_url", "file_name"]
    assert made["file_name"] == "my file.pdf"
    base = f"https://127.0.0.1:{client.stack.port}/api/v1/upload/pdfs/{made['pdf_id']}/my%20file.pdf?"
    assert made["upload_url"].startswith(base)
    assert KEY not in made["upload_url"]


def test_marked_regions(client):
    made = client.upload("a.pdf", sample("text-table").read_bytes())
    job = client.extract("/api/extract/", {"pdf_id": made["pdf_id"], "output_format": "csv", "regions": [
        {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.4, "region_id": "r1",
         "region_type": "table"},
        {"page": 2, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}]})
    assert job["status"] == "queued" and job["regions_count"] == 2
    done, seen = client.poll(job["job_id"])
    assert set(seen) <= {"queued", "processing", "completed"} and done["status"] == "completed"
    assert done["job_id"] == job["job_id"] and done["pdf_id"] == made["pdf_id"]
    assert done["error_message"] is None and done["debug_graph_url"] is None
    result = client.fetch(done["result_url"])
    assert result.status == 200 and result.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert EXPOSED <= set(result.headers["Access-Control-Expose-Headers"].split(", "))
    assert result.body == expected("text-table") + b"\r\n" + expected("ruled-table")


def test_progress_is_a_number_under_the_old_paths_only(client):
    made = client.upload("a.pdf", sample("form").read_bytes())
    job = client.extract("/api/extract/agentic", {"pdf_id": made["pdf_id"], "regions": []})
    done, _ = client.poll(job["job_id"])
    for path in ("/api/v1/extract/", "/api/v1/jobs/"):
        same = client.stack.call("GET", path + job["job_id"]).json
        assert same["progress"] == done["progress_detail"] and "progress_detail" not in same


def test_result_as_json(client):
    made = client.upload("a.pdf", sample("form").read_bytes())
    job = client.extract("/api/extract/", {"pdf_id": made["pdf_id"], "output_format": "json",
                                           "regions": [{"page": 1, "x": 0.05, "y": 0.13,
                                                        "width": 0.9, "height": 0.5}]})
    done, _ = client.poll(job["job_id"])
    result = json.loads(client.fetch(done["result_url"]).body)
    region = result["regions"][0]
    assert region["region_index"] == 0 and region["page"] == 1 and 0 <= region["confidence"] <= 1
    assert isinstance(region["text"], str) and region["structured_data"]["tables"] == []
    fields = [(f["name"], f["value"]) for f in region["structured_data"]["form_fields"]]
    rows = [line.split(",") for line in expected("form").decode().splitlines()]
    assert fields == [tuple(row) for row in rows]


def test_agentic_regions_are_read_from_the_trace(client):
    made = client.upload("a.pdf", sample("text-table").read_bytes())
    job = client.extract("/api/extract/agentic", {"pdf_id": made["pdf_id"], "regions": [],
                                                  "output_format": "csv"})
    done, _ = client.poll(job["job_id"])
    graph = client.fetch(done["debug_graph_url"])
    assert graph.status == 200 and graph.headers["Content-Type"] == "application/json"
    found = [{"region_id": e["region_id"], "region_type": e["region_type"], "page": e["page"],
              "bbox": e["bbox"]} for e in json.loads(graph.body)["summary"]["trace"]
             if e["step"] == "dispatch_to_specialist" and e["status"] == "started"]
    assert found == [{k: r[k] for k in ("region_id", "region_type", "page", "bbox")}
                     for r in done["approved_regions"]]
    assert [(r["region_id"], r["region_type"], r["page"]) for r in found] == [
        ("region-0", "table", 1), ("region-1", "table", 2)]
    for region in found:
        assert list(region["bbox"]) == ["x", "y", "w", "h"]
        assert all(isinstance(v, float) and 0 <= v <= 1 for v in region["bbox"].values())
    assert client.fetch(done["result_url"]).body == \
        expected("text-table") + b"\r\n" + expected("ruled-table")


def test_errors_carry_a_detail_that_the_client_may_read(client):
    wrong = client.fetch("/api/extract/", "POST", json.dumps({"pdf_id": "x", "regions": []}),
                         X_API_Key=KEY, Content_Type="application/json")
    assert wrong.status == 422 and isinstance(json.loads(wrong.body)["detail"], str)
    unknown = client.fetch("/api/extract/00000000-0000-4000-8000-000000000000", X_API_Key=KEY)
    assert unknown.status == 404 and "There is no job" in json.loads(unknown.body)["detail"]
    nobody = client.fetch("/api/extract/00000000-0000-4000-8000-000000000000", X_API_Key="wrong")
    assert nobody.status == 403 and json.loads(nobody.body)["detail"]
    name = client.fetch("/api/upload/generate-url?file_name=", "POST", X_API_Key=KEY)
    assert name.status == 422 and "file_name" in json.loads(name.body)["detail"]


def test_damaged_pdf_ends_in_a_message(client):
    made = client.upload("a.pdf", b"%PDF-1.7\nnothing")
    job = client.extract("/api/extract/agentic", {"pdf_id": made["pdf_id"], "regions": []})
    done, _ = client.poll(job["job_id"])
    assert done["status"] == "failed" and "damaged" in done["error_message"]
    assert done["result_url"] is None


def test_another_origin_gets_nothing_to_read(client):
    made = client.upload("a.pdf", sample("form").read_bytes())
    for origin in ("https://evil.example", "null", ORIGIN + ".evil.example"):
        r = client.stack.call("POST", "/api/extract/agentic", {"pdf_id": made["pdf_id"]},
                              headers={"Origin": origin})
        assert r.headers["Access-Control-Allow-Origin"] is None
