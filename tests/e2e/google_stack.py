"""The service in Google mode: real nginx and workers, Google's side played by tests/google."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

import pytest
from conftest import BUILD, ROOT, Stack

sys.path.insert(0, str(ROOT / "tests" / "google"))
from stack import GoogleSide, call, firestore_jar  # noqa: E402

needs_firestore = pytest.mark.skipif(
    firestore_jar() is None,
    reason="Google's Firestore emulator is not installed: Google mode is NOT tested here")

# The stand-in does not look at pixels.
QUICK = {"RETRY_BASE_S": 1, "RETRY_MAX_S": 2, "OCR_DPI": 72}


class GoogleStack(Stack):
    """A Stack whose links point to Cloud Storage's stand-in."""

    def __init__(self, side, data, **env):
        self.side = side
        super().__init__(DATA_DIR=data, **{**side.env(), **QUICK, **env})

    def fetch(self, url, method="GET", body=None, headers=None, **kw):
        u = urllib.parse.urlsplit(url)
        if u.netloc == f"127.0.0.1:{self.port}":
            return super().fetch(url, method, body=body, headers=headers, **kw)
        self.note_secrets(url, headers or {})
        status, answer_headers, data = call(url, method, body, headers)

        class Answer:
            json = property(lambda self: json.loads(self.body))
        answer = Answer()
        answer.status, answer.headers, answer.body = status, answer_headers, data
        return answer


# Of keys, tokens, signatures and sessions, whoever holds one may do something.
SECRETS = ("gemini-test-key", "Bearer", "ya29.", "owner\"}", "access_token", "PRIVATE KEY",
           "X-Goog-Signature", "upload_id=")


class World:
    """Google's side and one service; more services can join. Its log may hold no secret."""

    def __init__(self, faults=True, **env):
        self.folder = tempfile.TemporaryDirectory(prefix="pocr-google-")
        self.data = pathlib.Path(self.folder.name) / "data"
        self.side = GoogleSide(faults=faults,
                               fake_options=["--target-ca", str(self.data / "tls" / "cert.pem")])
        try:
            self.stack = GoogleStack(self.side, self.data, **env)
        except BaseException:
            self.side.close()
            raise

    @property
    def faults(self):
        return self.side.faults

    def calls(self, pattern):
        """What went through the proxy, by a part of the path."""
        return [c for c in self.faults.calls if pattern in c[1]]

    def close(self):
        try:
            self.stack.stop()
            log = self.stack.logs()
            self.stack.close()
            assert [s for s in SECRETS if s in log] == []
        finally:
            self.side.close()
            self.folder.cleanup()


def make_tables(side):
    subprocess.run([BUILD / "pdf-ocr-migrate", "--create-tables"], check=True, timeout=600,
                   env={**os.environ, **side.env()}, stdout=subprocess.DEVNULL)


def document(words, width=1000, height=500):
    """What Document AI answers for words [(text, x, y, w, h)] in fractions of the image."""
    text, tokens = "", []
    for word, x, y, w, h in words:
        start = len(text)
        text += word + " "
        corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
        tokens.append({"layout": {
            "textAnchor": {"textSegments": [{"startIndex": str(start), "endIndex": str(len(text))}]},
            "confidence": 0.97,
            "boundingPoly": {"normalizedVertices": [{"x": a, "y": b} for a, b in corners]}}})
    return {"document": {"mimeType": "image/png", "text": text, "pages": [
        {"pageNumber": 1, "dimension": {"width": width, "height": height, "unit": "pixels"},
         "tokens": tokens}]}}


def grid(rows, top=0.2, left=0.1):
    """Words of a table, one a cell."""
    return [(cell, left + 0.25 * c, top + 0.1 * r, 0.02 * len(cell), 0.05)
            for r, row in enumerate(rows) for c, cell in enumerate(row)]


def proposal(rows):
    """What Gemini answers."""
    return {"candidates": [{"content": {"role": "model", "parts": [
        {"text": json.dumps({"rows": rows})}]}, "finishReason": "STOP", "index": 0}],
        "modelVersion": "gemini-3.5-flash-lite"}
