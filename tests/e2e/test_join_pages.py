"""A table that goes on on the next page, through the server and by the command."""
import csv
import io
import json
import subprocess
import uuid

import openpyxl
import pytest
from conftest import BUILD
from made_pdf import pages, shown

HEAD = ["Place", "2019", "2020"]
BODY = [[f"Place {chr(65 + i)}", str(10 + i), str(20 + 3 * i)] for i in range(12)]


def rows_at(rows, top):
    return b"".join(shown((60, 250, 350)[col], top - 20 * i, text)
                    for i, row in enumerate(rows) for col, text in enumerate(row))


FIRST = shown(60, 320, "Table 1: things") + rows_at([HEAD] + BODY[:8], 290) + shown(300, 30, "Page 1")
SECOND = rows_at([HEAD] + BODY[8:], 740) + shown(300, 30, "Page 2")
ONE = pages(FIRST, SECOND)
TWO = pages(FIRST, rows_at([["Town", "Men", "Women"]] + BODY[8:], 740))
REGIONS = [{"page": 1, "x": 0.05, "y": 0.6, "width": 0.9, "height": 0.33},
           {"page": 2, "x": 0.05, "y": 0.04, "width": 0.9, "height": 0.33}]


def command(path, *options):
    return subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", *options, path], check=True,
                          env={"PAGE_READER": str(BUILD / "pdf-ocr-page")}, stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("marked", [False, True])
def test_joined_table_keeps_the_place_of_each_cell(stack, marked):
    found = {"regions": REGIONS} if marked else {"agentic": True}
    job = stack.extract(ONE, output_format="json", also_formats=["csv"], join_pages=True, **found)
    assert (job["status"], job["outcome"]) == ("completed", "success"), job
    out = stack.fetch(job["result_url"]).json
    first, second = out["regions"]
    assert first["structured_data"]["tables"] == [[HEAD] + BODY]
    assert {(c["row"], c["page"]) for c in first["cells"]} == {(i, 1 + (i > 8)) for i in range(13)}
    assert [c["header"] for c in first["cells"]] == [True] * 3 + [False] * 36
    assert min(c["bbox"]["y"] for c in first["cells"] if c["page"] == 2) < 0.15
    assert second["joined_to"] == 0 and second["cells"] == [] and second["words"]
    assert "joined_to" not in first
    assert out["summary"]["tables"] == 1


def test_request_says_whether_pages_are_joined(stack):
    key, pdf_id = {"Idempotency-Key": uuid.uuid4().hex}, stack.upload(ONE)
    body = {"pdf_id": pdf_id, "regions": REGIONS, "join_pages": True}
    first = stack.call("POST", "/api/v1/extract", body, headers=key)
    again = stack.call("POST", "/api/v1/extract", body, headers=key)
    assert first.status == again.status == 202 and first.json["job_id"] == again.json["job_id"]
    other = stack.call("POST", "/api/v1/extract", {**body, "join_pages": False}, headers=key)
    assert other.status == 422
    wrong = stack.call("POST", "/api/v1/extract", {**body, "join_pages": "yes"})
    assert wrong.status == 422 and "join_pages" in wrong.json["detail"]


def test_tables_stay_apart_unless_asked_for_or_different(tmp_path):
    (tmp_path / "one.pdf").write_bytes(ONE)
    (tmp_path / "two.pdf").write_bytes(TWO)
    for name, options in (("one", []), ("two", ["--join-pages"])):
        out = json.loads(command(tmp_path / f"{name}.pdf", "--format", "json", *options))
        assert [len(r["structured_data"]["tables"]) for r in out["regions"]] == [1, 1]


def test_every_format_has_one_table(tmp_path):
    path = tmp_path / "one.pdf"
    path.write_bytes(ONE)
    written = {f: command(path, "--join-pages", "--format", f)
               for f in ("csv", "tsv", "markdown", "html", "xlsx")}
    assert list(csv.reader(io.StringIO(written["csv"].decode()))) == [HEAD] + BODY
    assert list(csv.reader(io.StringIO(written["tsv"].decode()), delimiter="\t")) == [HEAD] + BODY
    assert len(written["markdown"].splitlines()) == 1 + len([HEAD] + BODY)
    assert written["html"].count(b"<table>") == 1 and written["html"].count(b"<tr>") == 13
    assert b"<p>" not in written["html"]
    book = openpyxl.load_workbook(io.BytesIO(written["xlsx"]))
    assert book.sheetnames == ["Table 1"] and book["Table 1"].max_row == 13
