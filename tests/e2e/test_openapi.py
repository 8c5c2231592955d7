"""The description of the API: what linters, a fuzzer and makers of clients make of it. The tools are those of
tests/openapi, in the folder OPENAPI_TOOLS."""
import base64
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from conftest import KEY, ROOT, expected, routes, sample

HERE, SPEC = ROOT / "tests" / "openapi", ROOT / "docs" / "openapi.json"
OF_NGINX = {("GET", "/api/v1/health/live")}  # answered without a worker
TOOLS = pathlib.Path(os.environ.get("OPENAPI_TOOLS", "/nonexistent"))


def run(command, cwd, stderr=subprocess.STDOUT, **env):
    r = subprocess.run(command, cwd=cwd, env={**os.environ, "HOME": str(cwd), "REDOCLY_TELEMETRY": "off", **env},
                       text=True, stdout=subprocess.PIPE, stderr=stderr, timeout=600, check=False)
    assert r.returncode == 0, r.stdout[-6000:]
    return r.stdout


def npm(name):
    return TOOLS / "node_modules" / ".bin" / name


@pytest.fixture(scope="module")
def document(stack):
    stack.extract(sample("form"))
    return stack


def test_parameters_of_the_query_are_those_of_the_routes():
    described = {(m.upper(), path): {p["name"] for p in o.get("parameters", []) if p["in"] == "query"}
                 for path, methods in json.loads(SPEC.read_text())["paths"].items() for m, o in methods.items()}
    assert described == {**{(r["method"], r["path"]): set(r["query"].split()) for r in routes()},
                         **{route: set() for route in OF_NGINX}}


def test_linter_finds_nothing(tmp_path):
    report = json.loads(run([npm("redocly"), "lint", "--format=json", SPEC], tmp_path, stderr=subprocess.DEVNULL))
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, report["problems"]


def test_second_linter_finds_nothing(tmp_path):
    run([npm("spectral"), "lint", f"--ruleset={HERE / 'spectral.yaml'}", "--fail-severity=hint", SPEC], tmp_path)


@pytest.mark.parametrize("metrics", [False, True])
def test_fuzzer_finds_nothing(document, tmp_path, metrics):
    """The metrics are on a listener of their own. One worker: Python 3.11 parses code in two threads at once wrongly
    (https://github.com/python/cpython/issues/106905)."""
    base = f"http://127.0.0.1:{document.metrics_port}" if metrics else f"https://127.0.0.1:{document.port}"
    out = run([TOOLS / "bin" / "schemathesis", f"--config-file={HERE / 'schemathesis.toml'}", "run", SPEC, "-u", base,
               "--checks=all", "--seed=1", "--max-examples=6", "--workers=1", "-H", "X-API-Key: " + KEY,
               f"--tls-verify={document.data / 'tls' / 'cert.pem'}",
               "--include-path=/metrics" if metrics else "--exclude-path=/metrics"],
              tmp_path, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(HERE))
    assert f"Tested: {1 if metrics else len(routes()) + len(OF_NGINX) - 1}" in out, out


def main_path(document, **more):
    return {"BASE": f"https://127.0.0.1:{document.port}", "KEY": KEY, **more}


def test_typescript_client_compiles_and_runs(document, tmp_path):
    run([npm("openapi-typescript"), SPEC, "-o", tmp_path / "api.ts"], tmp_path)
    shutil.copy(HERE / "client.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    run([npm("tsc"), "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom",
         "client.ts"], tmp_path)
    pdf = "data:application/pdf;base64," + base64.b64encode(sample("text-table").read_bytes()).decode()
    out = run(["node", "client.js"], tmp_path, **main_path(
        document, PDF=pdf, NODE_EXTRA_CA_CERTS=str(document.data / "tls" / "cert.pem")))
    assert out.split() == expected("text-table").decode().split()


def test_python_client_is_made_and_runs(document, tmp_path):
    run([TOOLS / "bin" / "openapi-python-client", "generate", "--meta=none", "--path", SPEC, "--output-path", "made"],
        tmp_path)
    out = run([TOOLS / "bin" / "python", HERE / "client.py"], tmp_path, PYTHONPATH=str(tmp_path), **main_path(
        document, PDF=str(sample("text-table")), CA=str(document.data / "tls" / "cert.pem")))
    assert out.split() == expected("text-table").decode().split()
