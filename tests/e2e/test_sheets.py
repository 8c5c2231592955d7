"""Several tables in CSV and TSV, and the names of results."""
import csv
import io
import subprocess
import urllib.parse
import zipfile

import pytest

from conftest import BUILD, READERS, sample
from made_pdf import pages, shown

HEADS = ("Article", "Quantity", "Price")


def ruled(x, y, rows):
    """A table with rules around its cells; y: of its upper edge."""
    wide, high = 120, 20
    lines = [b"%d %d m %d %d l S\n" % (x, y - r * high, x + 3 * wide, y - r * high) for r in range(len(rows) + 1)]
    lines += [b"%d %d m %d %d l S\n" % (x + c * wide, y, x + c * wide, y - len(rows) * high) for c in range(4)]
    words = [shown(x + c * wide + 6, y - (r + 1) * high + 6, text)
             for r, row in enumerate(rows) for c, text in enumerate(row)]
    return b"".join(lines + words)


def document():
    """Three tables on two pages; the first and the third have the same head."""
    first = ruled(60, 740, [HEADS, ("Bolt", "12", "0.10"), ("Nut", "7", "0.05")])
    other = ruled(60, 400, [("Place", "Street", "Town"), ("North", "Main 1", "Ulm"), ("South", "Side 2", "Bonn")])
    third = ruled(60, 740, [HEADS, ("Washer", "40", "0.02"), ("Screw", "9", "0.08")])
    return pages(first + other, third)


REGIONS = [{"page": 1, "x": 0.05, "y": 0.05, "width": 0.9, "height": 0.3, "region_type": "table"},
           {"page": 1, "x": 0.05, "y": 0.45, "width": 0.9, "height": 0.3, "region_type": "table"},
           {"page": 2, "x": 0.05, "y": 0.05, "width": 0.9, "height": 0.3, "region_type": "table"}]


def rows(text):
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture(scope="module", name="three")
def uploaded(stack):
    return stack.upload(document(), "Rechnung für Müller.pdf")


def result(stack, pdf_id, **request):
    job = stack.wait(stack.submit(pdf_id, regions=REGIONS, **request))
    assert job["status"] == "completed", job
    answer = stack.fetch(job["result_url"])
    assert answer.status == 200
    return job, answer


def saved_as(answer):
    kind, name = answer.headers["Content-Disposition"].split("; ")
    assert kind == "attachment" and name.startswith("filename*=UTF-8''")
    return urllib.parse.unquote(name.removeprefix("filename*=UTF-8''"))


def test_results_have_the_name_of_the_document(stack, three):
    job, answer = result(stack, three, also_formats=["json"])
    assert job["file_name"] == "Rechnung für Müller.pdf"
    assert saved_as(answer) == "Rechnung für Müller.csv"
    also = stack.call("GET", f"/api/v1/jobs/{job['job_id']}/results/json")
    assert also.status == 200 and saved_as(also) == "Rechnung für Müller.json"
    listed = stack.call("GET", "/api/v1/jobs?pdf_id=" + three).json["jobs"]
    assert {j["file_name"] for j in listed} == {"Rechnung für Müller.pdf"}


def test_document_known_by_its_bytes_keeps_its_name(stack):
    head = {"Content-Type": "multipart/form-data; boundary=x"}
    body = (b'--x\r\nContent-Disposition: form-data; name="file"; filename="result_graph.pdf"\r\n'
            b"Content-Type: application/pdf\r\n\r\n" + document() + b"\r\n--x--\r\n")
    made = stack.call("POST", "/api/v1/upload/documents", body, headers=head)
    assert made.status == 201, made.body
    job = stack.wait(stack.submit(made.json["pdf_id"], agentic=True, output_format="json"))
    assert job["file_name"] == "result_graph.pdf"
    # Its JSON would lie where the graph lies.
    assert saved_as(stack.fetch(job["result_url"])) == "result.json"
    assert "trace" in stack.fetch(job["debug_graph_url"]).json["summary"]


def test_tables_of_the_same_columns_are_merged(stack, three):
    text = result(stack, three, tables="merged", source_columns=True)[1].body.decode()
    first, other = text.split("\r\n\r\n")
    assert rows(first) == [["page", "table", *HEADS], ["1", "1", "Bolt", "12", "0.10"], ["1", "1", "Nut", "7", "0.05"],
                           ["2", "3", "Washer", "40", "0.02"], ["2", "3", "Screw", "9", "0.08"]]
    assert rows(other)[1] == ["1", "2", "North", "Main 1", "Ulm"]


def test_tables_are_files_of_a_zip(stack, three):
    job, answer = result(stack, three, output_format="tsv", tables="zip", bom=True)
    assert answer.headers["Content-Type"] == "application/zip"
    assert saved_as(answer) == "Rechnung für Müller.tsv.zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["table-1.tsv", "table-2.tsv", "table-3.tsv"]
        assert packed.read("table-3.tsv").startswith("\ufeffArticle\tQuantity\tPrice\r\nWasher\t".encode())
    same = stack.call("GET", f"/api/v1/jobs/{job['job_id']}/results/tsv")
    assert same.body == answer.body and same.headers["Content-Type"] == "application/zip"


def test_one_table(stack, three):
    assert rows(result(stack, three, table=2)[1].body.decode())[0] == ["Place", "Street", "Town"]
    job = stack.wait(stack.submit(three, regions=REGIONS, table=4))
    assert job["status"] == "failed" and job["attempts"] == 1
    assert job["error_message"] == "table: there is no table 4; 3 were found."


def test_zip_of_ten_thousand_tables_is_refused(make_stack):
    s = make_stack(MAX_REGIONS=10000)
    job = s.wait(s.submit(s.upload(document()), regions=[REGIONS[0]] * 10000, tables="zip"))
    assert job["status"] == "failed" and job["attempts"] == 1
    assert job["error_message"].startswith("tables: a ZIP takes at most 1000 files, and this one would have 10000;")


@pytest.mark.parametrize("request_, field", [
    ({"output_format": "json", "tables": "zip"}, "/tables"), ({"output_format": "xlsx", "table": 1}, "/table"),
    ({"output_format": "html", "bom": True}, "/bom"), ({"table": 1, "tables": "merged"}, "/table"),
    ({"output_format": "markdown", "source_columns": True}, "/source_columns"), ({"tables": "each"}, "/tables"),
    ({"table": 0}, "/table")])
def test_what_does_not_fit_is_named(stack, three, request_, field):
    r = stack.call("POST", "/api/v1/extract", {"pdf_id": three, "regions": REGIONS, **request_})
    assert r.status == 422 and r.detail.startswith(field + ": "), r.body


def command(*options, files=None, check=True):
    return subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", *options, *(files or [sample("text-table")])],
                          check=check, env=READERS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_command_has_the_same_options(tmp_path):
    (tmp_path / "three.pdf").write_bytes(document())
    files = [tmp_path / "three.pdf"]
    assert command("--table", "1", "--bom", files=files).stdout.startswith(b"\xef\xbb\xbf")
    merged = command("--tables", "merged", "--source-columns", files=files).stdout.decode()
    assert merged.count("page,table,Article") == 1
    command("--tables", "zip", "--output-dir", tmp_path / "out", files=files)
    with zipfile.ZipFile(tmp_path / "out" / "three.csv.zip") as packed:
        assert "table-3.csv" in packed.namelist()
    beyond = command("--table", "99", files=files, check=False)
    assert beyond.returncode == 1 and b"there is no table 99" in beyond.stderr
    for wrong in (["--format", "json", "--bom"], ["--table", "1", "--tables", "zip"], ["--table", "0"]):
        assert command(*wrong, files=files, check=False).returncode == 2
