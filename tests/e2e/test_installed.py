"""What `make install` has put somewhere works from there."""
import pathlib
import re
import subprocess

import pytest
from conftest import BUILD, expected, sample


@pytest.fixture(scope="module")
def prefix():
    path = pathlib.Path(re.search(r"^prefix = (.+)$", (BUILD / "Makefile").read_text(), re.M)[1])
    if BUILD not in path.parents:
        pytest.skip(f"this build is for {path}; scripts/check makes one that can be installed here")
    subprocess.run(["make", "-C", BUILD, "-s", "install"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return path


def test_installed_service_extracts_a_table(make_stack, prefix):
    s = make_stack(BUILD_DIR=None, SERVE=prefix / "share" / "pdf-ocr-api" / "scripts" / "serve",
                   PATH=f"{prefix}/bin:/usr/bin:/bin:/usr/sbin")
    assert s.call("GET", "/api/v1/openapi.json").status == 200
    assert pathlib.Path(f"/proc/{s.workers('api')[0]}/exe").resolve().is_relative_to(prefix)
    told = s.call("GET", "/api/v1/health/diagnostics").json["settings"]["PAGE_READER"]
    assert told.startswith(str(prefix))
    job = s.extract(sample("text-table"))
    assert s.fetch(job["result_url"]).body == expected("text-table")


def test_installed_command_extracts_a_table(prefix):
    out = subprocess.run([prefix / "bin" / "pdf-ocr-extract", "--pages", "1", sample("text-table")],
                         check=True, stdout=subprocess.PIPE).stdout
    assert out == expected("text-table")
