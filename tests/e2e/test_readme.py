"""The examples of README.md, as they stand there."""
import os
import re
import shutil
import subprocess

import pytest
from conftest import KEY, ROOT, expected, sample

EXAMPLES = dict(re.findall(r"```(sh|python|js)\n(.*?)```", (ROOT / "README.md").read_text(), re.S))
RUN = {"sh": ["sh", "-eu"], "python": ["/usr/bin/python3", "-"], "js": ["node", "--input-type=module", "-"]}


def run(stack, folder, language):
    certificate = str(stack.data / "tls" / "cert.pem")
    return subprocess.run(RUN[language], input=EXAMPLES[language], text=True, capture_output=True, check=False, timeout=600,
                          cwd=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder), "API_KEY": KEY,
                                           "API_URL": f"https://127.0.0.1:{stack.port}", "CURL_CA_BUNDLE": certificate,
                                           "SSL_CERT_FILE": certificate, "NODE_EXTRA_CA_CERTS": certificate})


@pytest.mark.parametrize("language", RUN)
def test_example_gives_the_tables_of_a_document(stack, tmp_path, language):
    shutil.copy(sample("text-table"), tmp_path / "invoice.pdf")
    r = run(stack, tmp_path, language)
    assert r.returncode == 0, r.stderr
    assert expected("text-table").strip() in (tmp_path / "invoice.csv").read_bytes()


@pytest.mark.parametrize("language", RUN)
def test_example_says_why_there_is_no_result(stack, tmp_path, language):
    (tmp_path / "invoice.pdf").write_text("no PDF")
    r = run(stack, tmp_path, language)
    assert r.returncode != 0 and "not a PDF" in r.stdout + r.stderr, r.stderr
    assert not (tmp_path / "invoice.csv").exists()
