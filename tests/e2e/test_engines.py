"""The engines: what is written by hand elsewhere follows from the table of src/ports/engine.h."""
import json
import re
import subprocess

import pytest
from conftest import BUILD, READERS, ROOT, sample


@pytest.fixture(scope="module", name="engines")
def table():
    lines = subprocess.run([BUILD / "pdf-ocr-api", "--print-settings"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    expected = next(line.split("\t")[3] for line in lines if line.startswith("ENGINE\t"))
    return expected.removeprefix("one of ").split(", ")


def test_openapi_knows_every_engine(engines):
    schemas = json.loads((ROOT / "docs" / "openapi.json").read_text())["components"]["schemas"]
    assert schemas["EngineChoice"]["enum"] == engines


def extracts(engine):
    run = subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", "--engine", engine, sample("text-table")],
                         env=READERS, capture_output=True, check=False)
    assert run.returncode == 0 or f"The engine {engine} is not available here." in run.stderr.decode()
    return run.returncode == 0


def test_command_offers_every_engine_of_this_machine(engines):
    usage = subprocess.run([BUILD / "pdf-ocr-extract", "--help"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    offered = re.search(r"--engine ENGINE +(.*) \((\w+)\)", usage)
    assert offered.group(1).split(", ") == [name for name in engines if extracts(name)]
    assert offered.group(2) == engines[0]
    page = (ROOT / "docs" / "man" / "pdf-ocr-extract.1").read_text()
    told = re.search(r"It Fl -engine Ar ENGINE\n(.*?)\n\.It", page, re.S).group(1)
    assert re.findall(r"^\.Cm (\w+)", told, re.M) == offered.group(1).split(", ")
