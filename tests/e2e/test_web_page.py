"""The web page's files, as nginx serves them."""
import gzip
import re

import pytest
from conftest import ROOT

WEB = ROOT / "web"
FILES = sorted(p.name for p in WEB.iterdir())
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@pytest.mark.parametrize("name", FILES)
def test_file_is_served_compressed_and_checked_again(stack, name):
    r = stack.call("GET", "/web/" + name, key=None)
    data = (WEB / name).read_bytes()
    assert r.status == 200 and r.body == data
    assert r.headers["Content-Type"] == TYPES[(WEB / name).suffix] + "; charset=utf-8"
    assert r.headers["Cache-Control"] == "no-cache"
    again = stack.call("GET", "/web/" + name, key=None, headers={"If-None-Match": r.headers["ETag"]})
    assert again.status == 304 and again.body == b""
    packed = stack.call("GET", "/web/" + name, key=None, headers={"Accept-Encoding": "gzip"})
    large = len(data) >= 1024
    assert packed.headers.get("Content-Encoding") == ("gzip" if large else None)
    assert (gzip.decompress(packed.body) if large else packed.body) == data


@pytest.mark.parametrize("path,name", [("/", "index.html"), ("/api/v1/docs", "docs.html"),
                                       ("/api/v1/problems", "problems.html")])
def test_pages_run_nothing_but_their_own_files(stack, path, name):
    r = stack.call("GET", path, key=None)
    assert r.status == 200 and r.body == (WEB / name).read_bytes()
    policy = dict(part.strip().split(" ", 1) for part in
                  r.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in r.headers["Content-Security-Policy"]
    assert "max-age" in r.headers["Strict-Transport-Security"]
    assert r.headers["X-Content-Type-Options"] == "nosniff"
    page = r.body.decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", page)
    assert set(re.findall(r'(?:src|href)="([^"#]*)"', page)) <= \
        {"/", "/api/v1/docs", "/api/v1/openapi.json", "/api/v1/problems"} | {"/web/" + f for f in FILES}


def test_no_file_of_the_page_parses_markup_or_names_another_origin():
    for name in FILES:
        text = (WEB / name).read_text()
        for bad in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                    "new Function", "localStorage", "document.cookie"):
            assert bad not in text, (name, bad)
        assert not [u for u in re.findall(r"https?://[^\s\"')]+", text)
                    if u != "http://www.w3.org/2000/svg"], name


@pytest.mark.parametrize("path", ["/web/", "/web/nothing.js", "/web/../nginx/nginx.conf.in",
                                  "/web/%2e%2e/nginx/nginx.conf.in", "/web../nginx/nginx.conf.in",
                                  "/index.html"])
def test_nothing_else_is_served(stack, path):
    r = stack.call("GET", path, key=None)
    assert r.status in (403, 404) or (path == "/web/" and r.status == 200), r.body
    assert b"worker_processes" not in r.body


def test_page_takes_no_other_method(stack):
    for method in ("POST", "PUT", "DELETE"):
        assert stack.call(method, "/", key=None).status in (403, 404, 405)
    head = stack.call("HEAD", "/", key=None)
    assert head.status == 200 and head.body == b""
