"""Encrypted PDFs: their password opens them, and is nowhere when the job has ended."""
import subprocess
import urllib.parse

import pytest
from conftest import sample
from test_extract_file import one_form

PASSWORD = "Pässwort % &+ 77-geheim"
QUOTED = urllib.parse.quote(PASSWORD)


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    path = tmp_path_factory.mktemp("locked") / "locked.pdf"
    subprocess.run(["qpdf", "--encrypt", PASSWORD, "owner", "256", "--", sample("text-table"), path], check=True)
    return path.read_bytes()


@pytest.fixture(scope="module")
def pdf_id(stack, locked):
    return stack.call("POST", "/api/v1/upload/documents", locked, headers={"Content-Type": "application/pdf"}).json["pdf_id"]


def places_of(stack, text):
    """Files of the service that hold the text."""
    forms = {text.encode(), urllib.parse.quote(text).encode()}
    return [p for p in stack.base.rglob("*") if p.is_file() and any(f in p.read_bytes() for f in forms)]


def finished(stack, body):
    r = stack.call("POST", "/api/v1/extract/agentic", body)
    assert r.status == 202, r.body
    job = stack.call("GET", f"/api/v1/jobs/{r.json['job_id']}?wait=60").json
    assert job["status"] in ("completed", "failed")
    return job


@pytest.mark.main_path
def test_password_opens_a_document_and_is_kept_nowhere(stack, locked, pdf_id):
    assert finished(stack, {"pdf_id": pdf_id, "password": PASSWORD})["status"] == "completed"
    r = one_form(stack, ("password", PASSWORD), data=locked, query="?wait=60")
    assert r.status == 200 and b"Washer" in r.body
    r = stack.call("POST", "/api/v1/extract/file?wait=60", locked,
                   headers={"Content-Type": "application/pdf", "X-PDF-Password": QUOTED})
    assert r.status == 200 and b"Washer" in r.body
    assert not places_of(stack, PASSWORD)
    assert not list(stack.data.rglob("sealed/password")), "a job has ended, its sealed password stays"


def test_pages_are_shown_to_who_knows_the_password(stack, pdf_id):
    for path in (f"/api/v1/documents/{pdf_id}", f"/api/v1/documents/{pdf_id}/pages/1.png"):
        r = stack.call("GET", path, headers={"X-PDF-Password": QUOTED})
        assert r.status == 200 and r.headers["Cache-Control"] == "no-store"
        for headers in ({}, {"X-PDF-Password": "wrong"}):
            r = stack.call("GET", path, headers=headers)
            assert r.status == 422 and "password" in r.detail
    r = stack.call("GET", path, headers={"X-PDF-Password": "x" * 128})
    assert r.status == 422 and "127" in r.detail


def test_wrong_password_is_told_each_of_a_hundred_times(stack, locked, pdf_id):
    r = one_form(stack, ("password", "wrong"), data=locked, query="?wait=60")
    assert r.status == 422 and "password is another one" in r.detail and r.json["code"] == "password_wrong"
    for i in range(100):
        r = stack.call("GET", f"/api/v1/documents/{pdf_id}", headers={"X-PDF-Password": f"wrong{i}"})
        assert r.status == 422 and "password is another one" in r.detail
    assert stack.call("GET", f"/api/v1/documents/{pdf_id}", headers={"X-PDF-Password": QUOTED}).status == 200


def test_job_that_has_ended_has_lost_its_password(stack, pdf_id):
    job = finished(stack, {"pdf_id": pdf_id, "password": "wrong"})
    assert job["status"] == "failed" and "another one" in job["error_message"] and job["error_code"] == "password_wrong"
    assert stack.call("POST", f"/api/v1/jobs/{job['job_id']}/retry").status == 202
    job = stack.call("GET", f"/api/v1/jobs/{job['job_id']}?wait=60").json
    assert job["status"] == "failed" and "erased" in job["error_message"]


@pytest.mark.parametrize("password", ["", "a\nb", "x" * 128, 7])
def test_what_no_pdf_has_as_a_password_is_refused(stack, pdf_id, password):
    r = stack.call("POST", "/api/v1/extract/agentic", {"pdf_id": pdf_id, "password": password})
    assert r.status == 422 and "/password" in r.detail


def test_password_in_an_address_is_refused(stack, locked):
    r = stack.call("POST", "/api/v1/extract/file?password=secret", locked, headers={"Content-Type": "application/pdf"})
    assert r.status == 422 and "password" in r.detail
