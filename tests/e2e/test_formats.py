"""The formats of results: what is written by hand elsewhere follows from the one table."""
import io
import json
import os
import re
import subprocess

import openpyxl
import pytest

from conftest import BUILD, READERS, ROOT


@pytest.fixture(scope="module", name="formats")
def table():
    return json.loads(subprocess.run([BUILD / "pdf-ocr-api", "--formats"], check=True,
                                     stdout=subprocess.PIPE).stdout)


def names(formats):
    return [f["name"] for f in formats]


def bare(media_type):
    return media_type.split(";")[0]


def test_openapi_knows_every_format(formats):
    spec = json.loads((ROOT / "docs" / "openapi.json").read_text())
    request = spec["components"]["schemas"]["ExtractRequest"]["properties"]
    result = spec["paths"]["/api/v1/jobs/{job_id}/results/{format}"]["get"]
    by_path = next(p for p in result["parameters"] if p["name"] == "format")
    assert request["output_format"]["enum"] == names(formats)
    assert request["output_format"]["default"] == names(formats)[0]
    assert request["also_formats"]["items"]["enum"] == names(formats)
    assert request["also_formats"]["maxItems"] == len(formats)
    assert by_path["schema"]["enum"] == names(formats)
    zipped = "application/zip"
    one_call = spec["paths"]["/api/v1/extract/file"]["post"]
    field = one_call["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]["format"]
    wanted = spec["paths"]["/api/v1/jobs/{job_id}/result"]["get"]
    assert field["enum"] == names(formats)
    for call in (one_call, wanted):
        assert next(p for p in call["parameters"] if p["name"] == "format")["schema"]["enum"] == names(formats)
    for call in (result, one_call, wanted):
        assert list(call["responses"]["200"]["content"]) == [*(bare(f["media_type"]) for f in formats), zipped]


def test_nginx_knows_every_extension(formats):
    conf = subprocess.run([ROOT / "scripts" / "render-nginx"], check=True, stdout=subprocess.PIPE, text=True, env={
        "PATH": os.environ["PATH"], "BUILD_DIR": str(BUILD), "DATA_DIR": "/data", "RUN_DIR": "/run", "PORT": "1"}).stdout
    types = re.search(r"^    types \{(.*?)\}", conf, re.S | re.M).group(1)
    known = dict(reversed(line.split()) for line in types.split(";") if line.strip())
    assert {f["extension"]: bare(f["media_type"]) for f in formats}.items() <= known.items()
    assert known["zip"] == "application/zip"


def test_command_offers_every_format(formats):
    usage = subprocess.run([BUILD / "pdf-ocr-extract", "--help"], check=True,
                           stdout=subprocess.PIPE).stdout.decode()
    offered = re.search(r"--format FORMAT +(.*) \((\w+)\)", usage)
    assert re.split(", | or ", offered.group(1)) == names(formats)
    assert offered.group(2) == names(formats)[0]
    page = (ROOT / "docs" / "man" / "pdf-ocr-extract.1").read_text()
    told = re.search(r"It Fl -format Ar FORMAT\n(.*?)\n\.It", page, re.S).group(1)
    assert re.findall(r"^\.Cm (\w+)", told, re.M) == names(formats)


def test_web_page_offers_every_format(formats):
    told = re.search(r"const EXTENSIONS = \{(.*?)\}", (ROOT / "web" / "downloads.js").read_text(), re.S).group(1)
    assert dict(re.findall(r'(\w+): "(\w+)"', told)) == {f["name"]: f["extension"] for f in formats}


def test_command_writes_every_format(formats):
    written = {subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", "--format", name,
                               BUILD / "samples" / "text-table.pdf"], check=True,
                              env=READERS,
                              stdout=subprocess.PIPE).stdout for name in names(formats)}
    assert len(written) == len(formats) and all(written)


def test_xlsx_opens_with_numbers_as_numbers():
    book = openpyxl.load_workbook(io.BytesIO(subprocess.run(
        [BUILD / "pdf-ocr-extract", "--quiet", "--format", "xlsx", BUILD / "samples" / "text-table.pdf"],
        check=True, env=READERS, stdout=subprocess.PIPE).stdout))
    rows = list(book["Table 1"].iter_rows(values_only=True))
    assert rows[0] == ("Article", "Quantity", "Unit price", "Place")
    assert rows[1] == ("Bolt, steel", 1200, 0.12, "A-01")
