"""What OCR reads, by request and by command."""
import pathlib
import subprocess

import pytest

from conftest import BUILD, READERS, SAMPLES, sample

WHOLE = [{"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}]


@pytest.fixture
def tessdata(tmp_path):
    """English, under the name of German too."""
    found = next(pathlib.Path("/usr/share").glob("**/tessdata/eng.traineddata"))
    for name in ("eng", "deu"):
        (tmp_path / f"{name}.traineddata").symlink_to(found)
    return tmp_path


def test_languages_of_a_request(make_stack, tessdata):
    s = make_stack(TESSDATA_PREFIX=tessdata)
    plain = s.fetch(s.extract(sample("scanned"), engine="tesseract")["result_url"]).body
    for languages in (["deu"], ["eng", "deu"]):
        job = s.extract(sample("scanned"), engine="tesseract", languages=languages)
        assert job["status"] == "completed", job
        assert s.fetch(job["result_url"]).body == plain


def test_languages_are_part_of_the_request(stack):
    body = {"pdf_id": stack.upload(sample("scanned")), "regions": WHOLE, "languages": ["eng"]}
    key = {"Idempotency-Key": "languages"}
    first = stack.call("POST", "/api/v1/extract", body, headers=key)
    assert first.status == 202
    assert stack.call("POST", "/api/v1/extract", body, headers=key).json["job_id"] == first.json["job_id"]
    other = stack.call("POST", "/api/v1/extract", {**body, "languages": ["eng", "eng"]}, headers=key)
    assert other.status == 422


@pytest.mark.parametrize("languages, told", [
    (["eng", "chi_nowhere"], "tesseract-ocr-chi-nowhere"),
    (["../eng"], "/languages/0: must be a name"),
    (["eng+deu"], "/languages/0: must be a name"),
    ("eng", "/languages: "),
    ([""], "/languages/0: "),
    (["eng"] * 20, "one language too many"),
])
def test_wrong_languages(stack, languages, told):
    pdf_id = stack.upload(sample("scanned"))
    r = stack.call("POST", "/api/v1/extract", {"pdf_id": pdf_id, "regions": WHOLE, "languages": languages})
    assert r.status == 422 and told in r.detail, r.body


def command(*options, **env):
    return subprocess.run([BUILD / "pdf-ocr-extract", *options, SAMPLES / "scanned.pdf"], env={**READERS, **env},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_languages_of_the_command(tessdata):
    assert command("--lang", "eng+deu", TESSDATA_PREFIX=str(tessdata)).stdout == command().stdout != ""
    missing = command("--lang", "eng+xyz")
    assert missing.returncode == 1 and "tesseract-ocr-xyz" in missing.stderr and not missing.stdout
    assert command("--lang", "eng+").returncode == 2
