"""What a key may use in a day."""
from conftest import sample
from test_documents import new_key

PDF = {"Content-Type": "application/pdf"}


def upload(stack, key):
    return stack.call("POST", "/api/v1/upload/documents", sample("text-table").read_bytes(), key=key, headers=PDF)


def submit(stack, key, pdf_id, named=None):
    return stack.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id}, key=key,
                      headers={"Idempotency-Key": named} if named else None)


def refused(r, limit):
    return r.status == 429 and limit in r.detail and int(r.headers["Retry-After"]) > 0


def test_pages_and_bytes_of_a_day_are_counted_by_key(make_stack, tmp_path):
    path = tmp_path / "keys.json"
    one, two = new_key(path, "one"), new_key(path, "two")
    most = 2 * len(sample("text-table").read_bytes())
    stack = make_stack(API_KEYS_FILE=path, PAGES_PER_KEY_PER_DAY=1, UPLOAD_BYTES_PER_KEY_PER_DAY=most)
    pdf_id = upload(stack, one).json["pdf_id"]
    job = submit(stack, one, pdf_id, "first").json
    assert stack.call("GET", f"/api/v1/jobs/{job['job_id']}?wait=60", key=one).json["status"] == "completed"
    assert refused(submit(stack, one, pdf_id), "1 pages a day")
    again = submit(stack, one, pdf_id, "first")
    assert again.status == 202 and again.json["job_id"] == job["job_id"], "the answer to a repeated request"
    assert refused(submit(stack, one, pdf_id, "second"), "1 pages a day")
    assert upload(stack, one).status == 200
    assert refused(upload(stack, one), f"{most} bytes of uploads a day")
    assert refused(stack.call("POST", "/api/v1/extract/file", sample("form").read_bytes(), key=one, headers=PDF), "bytes")
    assert refused(stack.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf", key=one), "bytes of uploads")
    assert submit(stack, two, upload(stack, two).json["pdf_id"]).status == 202, "of another key"
