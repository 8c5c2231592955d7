"""scripts/corpus finds what is wrong with a folder of PDFs, and only that."""
import os
import subprocess
import sys

from conftest import BUILD, ROOT, sample


def corpus(folder, *options):
    return subprocess.run([sys.executable, ROOT / "tests" / "e2e" / "corpus.py", folder, *options], text=True,
                          capture_output=True, check=False, timeout=600, env={**os.environ, "BUILD_DIR": str(BUILD)})


def make(tmp_path):
    folder = tmp_path / "files"
    (folder / "more").mkdir(parents=True)
    for name in ("form", "text-table"):
        (folder / f"{name}.pdf").write_bytes(sample(name).read_bytes())
    (folder / "more" / "half.PDF").write_bytes(sample("form").read_bytes()[:300])
    (folder / "more" / "no.pdf").write_text("not at all")
    (folder / "read me.txt").write_text("is passed over")
    return folder


def test_documents_are_read_or_refused_truly(tmp_path):
    r = corpus(make(tmp_path))
    told = dict(line.rsplit(None, 1) for line in r.stdout.splitlines() if "," not in line)
    assert r.returncode == 0 and told["faults"] == "0", r.stdout + r.stderr
    assert told["files"] == "4" and told["command: read"] == told["service: read"] == "2", r.stdout
    assert told["command: refused"] == told["service: refused"] == "2", r.stdout


def test_crash_hang_and_false_reason_are_told(tmp_path):
    folder = make(tmp_path)
    command = tmp_path / "command"
    command.write_text('#!/bin/sh\ncase $3 in\n*form.pdf) kill -SEGV $$ ;;\n*table.pdf) echo "it is damaged" >&2; exit 1 ;;\n'
                       '*half*) sleep 60 ;;\nesac\n')
    command.chmod(0o755)
    r = corpus(folder, "--command", command, "--seconds", "5")
    found = {line.split(":")[0]: line for line in r.stdout.splitlines()[-4:]}
    assert r.returncode == 1, r.stdout
    assert "form.pdf: status -11" in found["crash"] and "half.PDF" in found["hang"], r.stdout
    assert "text-table.pdf" in found["not damaged"], r.stdout


def test_empty_folder_is_refused(tmp_path):
    r = corpus(tmp_path)
    assert r.returncode == 1 and "there is no PDF" in r.stderr
