"""Uploads that strain the service, and what is left of them."""
import os
import pathlib
import threading
import time
import urllib.parse

import pytest
from conftest import BUILD, sample
from test_robustness import until

MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}


def form(data, name="a.pdf"):
    return (f"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n"
            "Content-Type: application/pdf\r\n\r\n").encode() + data + b"\r\n--B--\r\n"


def post_form(stack, body):
    return stack.call("POST", "/api/v1/upload/documents", body, headers=MULTIPART)


def most_memory(stack):
    """The most that any worker which takes uploads in has ever held, in KiB."""
    return max(int(line.split()[1]) for pid in stack.workers("api") + stack.workers("upload")
               for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
               if line.startswith("VmHWM"))


@pytest.mark.skipif("-fsanitize" in (BUILD / "Makefile").read_text(),
                    reason="the sanitizer's shadow memory rules out the limit")
@pytest.mark.parametrize("body", [b"--B\n\n" * 500000 + b"--B--\r\n",
                                  b"--B\r\n" + b"X: y\r\n" * 500000 + form(b"%PDF-1.4 x")[5:]],
                         ids=["parts", "headers"])
def test_form_of_half_a_million_pieces_costs_the_worker_nothing(stack, body):
    before = most_memory(stack)
    r = post_form(stack, body)
    assert r.status == 422 and ("complex" in r.detail or "parts" in r.detail), r.body
    assert most_memory(stack) - before < 20 * 1024
    assert post_form(stack, form(sample("form").read_bytes())).status in (200, 201)


def reader_script(tmp_path, *lines):
    """A reader of forms that does something before it works."""
    path = tmp_path / "form-reader"
    path.write_text("\n".join(["#!/bin/sh", *lines, f"exec {BUILD}/pdf-ocr-form \"$@\"", ""]))
    path.chmod(0o755)
    return path


def test_no_other_request_waits_for_a_form(make_stack, tmp_path):
    started, go_on = tmp_path / "started", tmp_path / "go-on"
    s = make_stack(API_WORKERS=1, UPLOAD_WORKERS=1, FORM_READER=reader_script(
        tmp_path, f": >{started}", f"until [ -e {go_on} ]; do /bin/sleep 0.1; done"))
    answers = []
    thread = threading.Thread(target=lambda: answers.append(post_form(s, form(sample("form").read_bytes()))))
    thread.start()
    until(started.exists)
    assert s.extract(sample("text-table"))["status"] == "completed"
    assert answers == []
    go_on.touch()
    thread.join()
    assert answers[0].status == 201, answers[0].body


def test_reader_of_forms_is_given_nothing_but_the_form(make_stack, tmp_path):
    seen = tmp_path / "seen"
    s = make_stack(FORM_READER=reader_script(
        tmp_path, f"{{ /bin/ls -l /proc/$$/fd; /bin/tr '\\0' '\\n' </proc/$$/environ; }} >{seen}"))
    assert post_form(s, form(sample("form").read_bytes())).status == 201
    text = seen.read_text()
    links = [line.split(" -> ")[1] for line in text.splitlines() if " -> " in line]
    ours = [link for link in links if str(tmp_path) not in link]  # the script's own
    assert len(ours) == 5 and ours.count("/dev/null") == 2, text
    assert all(link.startswith((str(s.data / "uploads"), "pipe:", "/dev/null")) for link in ours), text
    assert s.env["API_KEY"] not in text and "DATA_DIR" not in text


def test_form_of_60000_nested_ones_is_refused(stack):
    body = b"--B\r\nContent-Type: multipart/mixed; boundary=0\r\n\r\n" + b"".join(
        b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (i, i + 1) for i in range(60000))
    assert post_form(stack, body).status == 422


@pytest.mark.parametrize("says, status", [
    ("exit 3", 503), ("echo '{\"error\":\"no_file\"}'; exit 0", 422), ("echo '{}'; exit 0", 422),
    ("while :; do echo '{{{{{{{{{{{{{{{{{{{{{{'; done", 422), ("kill -SEGV $$", 422), ("kill -KILL $$", 503),
    ("printf '{\"file_na'; kill -KILL $$", 503), ("printf '{\"file_na'; kill -SEGV $$", 422),
    ("exec 1>&-; exec /bin/sleep 1000", 503)])
def test_what_a_reader_of_forms_may_end_with(make_stack, tmp_path, says, status):
    s = make_stack(FORM_READER=reader_script(tmp_path, says))
    r = post_form(s, form(sample("form").read_bytes()))
    assert r.status == status and r.detail, r.body
    assert not [f for f in (s.data / "uploads").rglob("*.pdf")]


def post_pdf(stack, data):
    return stack.call("POST", "/api/v1/upload/documents", data,
                      headers={"Content-Type": "application/pdf"})


@pytest.mark.parametrize("name,stored", [
    ("Smith's.pdf", "Smith_s.pdf"), ("Invoice #12 & co.pdf", "Invoice _12 _ co.pdf"),
    ("a[1].pdf", "a_1_.pdf"), ("50%.pdf", "50_.pdf"), (".hidden", "_hidden"), ("..", "_."),
    ("a<b>|?*\".pdf", "a_b_____.pdf"), ("Größe (2).pdf", "Größe (2).pdf")])
def test_ordinary_file_name_is_taken_and_told_again(stack, name, stored):
    made = stack.call("POST", "/api/v1/upload/generate-url?file_name=" + urllib.parse.quote(name))
    assert made.status == 200 and made.json["file_name"] == name
    put = stack.fetch(made.json["upload_url"], "PUT", body=sample("form").read_bytes())
    assert put.status == 200, put.body
    folder = stack.data / "blobs" / "pdfs" / made.json["pdf_id"]
    assert [f.name for f in folder.iterdir()] == [stored]
    assert stack.wait(stack.submit(made.json["pdf_id"]))["status"] == "completed"


def test_damaged_document_is_stored_again(stack):
    data = sample("form").read_bytes() + b"% damaged"
    made = post_pdf(stack, data)
    assert made.status == 201 and made.json["was_duplicate"] is False
    stored = stack.data / "blobs" / "documents" / (made.json["pdf_id"] + ".pdf")
    os.truncate(stored, 100)
    again = post_pdf(stack, data)
    assert again.status == 201 and again.json["was_duplicate"] is False
    assert stored.read_bytes() == data


def test_document_sent_again_late_in_its_life_lives_on(stack):
    data = sample("form").read_bytes() + b"% old"
    stored = stack.data / "blobs" / "documents" / (post_pdf(stack, data).json["pdf_id"] + ".pdf")
    old = time.time() - 6 * 86400
    os.utime(stored, (old, old))
    again = post_pdf(stack, data)
    assert again.status == 200 and again.json["was_duplicate"] is True
    assert time.time() - stored.stat().st_mtime < 3600 and stored.read_bytes() == data


def test_file_left_by_a_killed_worker_is_in_nobodys_way(stack):
    uploads = stack.data / "uploads"
    for folder in (uploads, *(f for f in uploads.iterdir() if f.is_dir())):
        for n in range(1, 200):
            (folder / f"{n:010}.pdf").write_bytes(b"left over")
    data = sample("form").read_bytes()
    assert [post_form(stack, form(data)).status in (200, 201) for _ in range(3)] == [True] * 3


def test_what_nobody_will_ask_for_is_erased(make_stack):
    s = make_stack(SWEEP_INTERVAL_S=1)
    used, unused = s.upload(sample("form")), s.upload(sample("form"))
    document = post_pdf(s, sample("form").read_bytes()).json["pdf_id"]
    job = s.wait(s.submit(used))
    blobs = s.data / "blobs"
    batches = [s.call("POST", "/api/v1/batches", {"items": [{"pdf_id": used}]}).json["batch_id"] for _ in range(2)]
    old_batch, new_batch = [next((blobs / "batches").glob(f"*/{batch}/batch.json")) for batch in batches]
    orphan = blobs / "results" / "0f0e0d0c-0b0a-4908-8706-050403020100" / "debug" / "graph.json"
    orphan.parent.mkdir(parents=True)
    debris = [s.data / "uploads" / "0000000042", s.data / "uploads" / "0000000042.pdf",
              blobs / "tmp" / "half-written"]
    for path in (*debris, orphan):
        path.write_bytes(b"x")
    fresh = s.data / "uploads" / "0000000043"
    gone = [*debris, orphan, old_batch, blobs / "pdfs" / unused / "a.pdf",
            blobs / "documents" / (document + ".pdf")]
    kept = [blobs / "pdfs" / used / "a.pdf", blobs / "results" / job["job_id"] / "a.csv"]
    fresh.write_bytes(b"x")
    for path in gone + kept:
        for p in (path, path.parent):
            os.utime(p, (time.time() - 8 * 86400,) * 2)
    assert all(p.exists() for p in gone)
    s.stop()
    s.start()  # files are looked through once an hour, and soon after a start
    until(lambda: not any(p.exists() for p in gone), told=lambda: [p for p in gone if p.exists()])
    assert all(p.exists() for p in [*kept, fresh, new_batch])
    assert not (blobs / "pdfs" / unused).exists()
    assert s.fetch(job["result_url"]).status == 200
