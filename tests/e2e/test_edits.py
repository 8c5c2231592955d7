"""POST /jobs/{id}/results/{format}: a result written anew, as a person edited it."""
import csv
import io
import zipfile

import pytest
from conftest import KEY, sample


@pytest.fixture(scope="module", name="job")
def extracted(stack):
    pdf = stack.upload(sample("text-table").read_bytes(), "stock.pdf")
    return stack.wait(stack.submit(pdf, agentic=True, also_formats=["json"]))["job_id"]


def edited(stack, job, form, body, **kw):
    return stack.call("POST", f"/api/v1/jobs/{job}/results/{form}", body, **kw)


def stored(stack, job, form):
    r = stack.call("GET", f"/api/v1/jobs/{job}/results/{form}")
    assert r.status == 200, r.body
    return r


def two_rows(stack, job, **change):
    """An edit that leaves the first two rows of the first table, with change in the last cell."""
    region = stored(stack, job, "json").json["regions"][0]
    cells = [{"row": c["row"], "col": c["col"], "text": c["text"], "header": c["header"], "was": [c["row"], c["col"]]}
             for c in region["cells"] if c["row"] < 2]
    cells[-1].update(change)
    return {"region_index": 0, "table": 0, "rows": 2, "cols": region["tables"][0]["cols"], "cells": cells}


def test_edited_table_is_written_in_every_format_and_the_original_stays(stack, job, tmp_path):
    before = {f: stored(stack, job, f).body for f in ("csv", "json")}
    body = {"edits": [two_rows(stack, job, text="Z-99")], "removed": [1]}
    made = edited(stack, job, "csv", body)
    assert made.status == 200 and made.headers["Content-Disposition"].endswith("''stock.csv")
    table = list(csv.reader(io.StringIO(made.body.decode())))
    assert table == [["Article", "Quantity", "Unit price", "Place"], ["Bolt, steel", "1200", "0.12", "Z-99"]]
    cells = [c for c in edited(stack, job, "json", body).json["regions"][0]["cells"] if c.get("edited")]
    assert [(c["text"], c["row"], c["confidence"]) for c in cells] == [("Z-99", 1, 1)]
    for form in ("tsv", "markdown", "html"):
        text = edited(stack, job, form, body).body.decode()
        assert "Z-99" in text and "Washer" not in text and "Temperature" not in text
    sheet = tmp_path / "stock.xlsx"
    sheet.write_bytes(edited(stack, job, "xlsx", body).body)
    with zipfile.ZipFile(sheet) as z:
        assert b"Z-99" in z.read("xl/sharedStrings.xml") and "xl/worksheets/sheet2.xml" not in z.namelist()
    assert {f: stored(stack, job, f).body for f in before} == before


def test_result_in_a_form_that_the_job_was_not_asked_for(stack, job):
    made = edited(stack, job, "csv", {"tables": "zip"})
    assert made.status == 200 and made.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(made.body)) as packed:
        assert packed.namelist() == ["table-1.csv", "table-2.csv"]
    second = edited(stack, job, "csv", {"table": 2, "bom": True}).body
    assert second.startswith("\ufeff".encode()) and b"Temperature" in second and b"Article" not in second
    assert edited(stack, job, "csv", {}).body == stored(stack, job, "csv").body
    assert edited(stack, job, "json", {}).body == stored(stack, job, "json").body


def test_edit_of_what_is_not_there_is_refused(stack, job):
    edit = two_rows(stack, job)
    for change, said in [({"was": [9, 0]}, "/was: the table has no cell there"), ({"row": 2}, "/row: must be 0 to 1"),
                         ({"col": 0}, ": lies over another cell")]:
        r = edited(stack, job, "csv", {"edits": [two_rows(stack, job, **change)]})
        assert r.status == 422 and r.detail == f"/edits/0/cells/7{said}", r.body
    r = edited(stack, job, "csv", {"edits": [{**edit, "region_index": 2}]})
    assert r.status == 422 and "there is no such region" in r.detail
    r = edited(stack, job, "csv", {"edits": [{**edit, "table": 1}]})
    assert r.status == 422 and "no such table" in r.detail
    r = edited(stack, job, "csv", {"removed": [7]})
    assert r.status == 422 and r.detail.startswith("/removed/0: ")
    r = edited(stack, job, "csv", {"edit": []})
    assert r.status == 422 and "edit" in r.detail
    assert edited(stack, job, "csv", b"").status == 400
    assert edited(stack, job, "docx", {}).status == 404
    assert edited(stack, job, "csv", {}, key="x" * len(KEY)).status == 403


def test_edited_form_is_written_and_the_original_stays(stack):
    pdf = stack.upload(sample("form").read_bytes(), "form.pdf")
    job = stack.wait(stack.submit(pdf, regions=[{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.5}],
                                  also_formats=["json"]))["job_id"]
    before = stored(stack, job, "csv").body
    read = stored(stack, job, "json").json["regions"][0]["structured_data"]["form_fields"]
    assert read[0]["name"] == "Name" and len(read) > 2
    fields = [{"name": f["name"], "value": f["value"], "was": i} for i, f in enumerate(read) if i != 1]
    fields[0]["value"] = "Eva Musterfrau"
    body = {"forms": [{"region_index": 0, "fields": [*fields, {"name": "Telephone", "value": "0221"}]}]}
    made = edited(stack, job, "json", body).json["regions"][0]["structured_data"]["form_fields"]
    assert [(f["name"], f["value"]) for f in made] == \
        [("Name", "Eva Musterfrau"), *((f["name"], f["value"]) for f in read[2:]), ("Telephone", "0221")]
    assert [f.get("edited", False) for f in made] == [True] + [False] * (len(read) - 2) + [True]
    assert made[0]["bbox"] == read[0]["bbox"] and made[1] == read[2]
    table = list(csv.reader(io.StringIO(edited(stack, job, "csv", body).body.decode())))
    assert table[0] == ["Name", "Eva Musterfrau"] and table[-1] == ["Telephone", "0221"] and len(table) == len(read)
    assert stored(stack, job, "csv").body == before
    for fields, said in [([], "/forms/0/fields: must hold at least one"),
                         ([{"name": "a", "value": "b", "was": 99}], f"/forms/0/fields/0/was: the region has no such field; it has {len(read)}"),
                         ([{"name": "a"}], "/forms/0/fields/0/value"), ([{"name": "a", "value": "b", "x": 1}], "x")]:
        r = edited(stack, job, "csv", {"forms": [{"region_index": 0, "fields": fields}]})
        assert r.status == 422 and said in r.detail, r.body
    r = edited(stack, job, "csv", {"forms": [{"region_index": 1, "fields": body["forms"][0]["fields"]}]})
    assert r.status == 422 and "there is no such region" in r.detail


def test_job_without_json_says_so(stack):
    pdf = stack.upload(sample("form").read_bytes())
    job = stack.wait(stack.submit(pdf, agentic=True))["job_id"]
    r = edited(stack, job, "csv", {})
    assert r.status == 404 and "has no result as json" in r.detail
