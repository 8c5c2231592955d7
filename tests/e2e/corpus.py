"""Every PDF of a folder through the command and the service: what crashes, hangs, or is told wrongly."""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

from conftest import BUILD, Stack

LIMITS = {"RATE_LIMIT_BURST": "100000", "MAX_PAGES": "5000", "MAX_REGIONS": "10000"}
# What the product says of the document, and what it says of itself.
DAMAGED = re.compile(r"damaged|not a PDF")
TROUBLE = re.compile(r"try again|Max retries exceeded|could not be started|from outside")


class Run:
    """A program's end: its status (None: it did not end), what it said, seconds, and KiB at most."""

    def __init__(self, command, seconds):
        with tempfile.TemporaryFile() as said:
            started = time.monotonic()
            p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                                 start_new_session=True)
            late = threading.Timer(seconds, lambda: os.killpg(p.pid, 9))
            late.start()
            _, status, used = os.wait4(p.pid, 0)
            self.hung = not late.is_alive()
            late.cancel()
            p.returncode = self.status = os.waitstatus_to_exitcode(status)
            self.seconds, self.kib = time.monotonic() - started, used.ru_maxrss
            said.seek(0)
            self.said = said.read().decode(errors="replace").strip()


def reference(path):
    """What poppler's own programs find: "" what cannot be opened, else whether there are words."""
    info = subprocess.run(["pdfinfo", path], capture_output=True, check=False, timeout=120)
    if info.returncode != 0:
        return ""
    try:
        text = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        return "opens"
    return "has words" if text.returncode == 0 and text.stdout.split() else "opens"


class Corpus:
    def __init__(self, folder, seconds, command):
        self.files = sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".pdf" and p.is_file())
        self.folder, self.seconds, self.command = folder, seconds, command
        self.counts, self.found, self.lock = collections.Counter(), [], threading.Lock()
        self.slowest, self.largest = (0, ""), (0, "")

    def fault(self, kind, path, detail):
        with self.lock:
            self.found.append(f"{kind}: {path.relative_to(self.folder)}: {detail[:300]}")

    def count(self, name):
        with self.lock:
            self.counts[name] += 1

    def judge(self, who, path, ended, said):
        """ended: whether a result came."""
        known = reference(path)
        self.count(f"{who}: read" if ended else f"{who}: refused")
        if ended:
            return
        if not said:
            self.fault("no reason", path, who)
        if DAMAGED.search(said) and known:
            self.fault("not damaged", path, f"{who}: {said} (pdfinfo opens it)")
        elif known == "has words":
            self.fault("refused", path, f"{who}: {said} (pdftotext finds words)")
        if TROUBLE.search(said):
            self.fault("trouble", path, f"{who}: {said}")

    def by_command(self, path):
        r = Run([self.command, "--format", "json", path], self.seconds)
        with self.lock:
            self.slowest = max(self.slowest, (r.seconds, path.name))
            self.largest = max(self.largest, (r.kib, path.name))
        if r.hung:
            self.fault("hang", path, f"more than {self.seconds} s")
        elif r.status < 0 or r.status not in (0, 1, 3) or "Sanitizer" in r.said:
            self.fault("crash", path, f"status {r.status}: {r.said}")
        else:
            self.judge("command", path, r.status != 1, r.said)

    def by_service(self, stack, path):
        pdf = path.read_bytes()
        made = stack.call("POST", "/api/v1/upload/documents", pdf, headers={"Content-Type": "application/pdf"})
        if made.status not in (200, 201):
            if made.status >= 500:
                self.fault("trouble", path, f"upload: {made.status} {made.body[:200]!r}")
            self.judge("service", path, False, made.detail)
            return
        asked = stack.call("POST", "/api/v1/extract/agentic", {"pdf_id": made.json["pdf_id"], "output_format": "json"})
        if asked.status != 202:
            self.judge("service", path, False, asked.detail)
            return
        try:
            job = stack.wait(asked.json["job_id"], self.seconds * 4)
        except AssertionError:
            self.fault("hang", path, "the job does not end")
            return
        self.judge("service", path, job["status"] == "completed", job["error_message"] or "")
        if job["status"] == "completed":
            json.loads(stack.fetch(job["result_url"]).body)
        stack.call("DELETE", "/api/v1/jobs/" + asked.json["job_id"])

    def run(self):
        n = os.cpu_count()
        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            list(pool.map(self.by_command, self.files))
        stack = Stack(TASK_WORKERS=n, **LIMITS)
        try:
            with concurrent.futures.ThreadPoolExecutor(2 * n) as pool:
                list(pool.map(lambda p: self.by_service(stack, p), self.files))
            self.found += [f"worker died: {e}" for e in stack.events()
                           if e.get("message") == "a worker ended and is started again"]
        finally:
            stack.close()

    def tell(self):
        print(f"{'files':40} {len(self.files)}")
        for name, n in sorted(self.counts.items()):
            print(f"{name:40} {n}")
        print(f"{'slowest, s':40} {self.slowest[0]:.1f} {self.slowest[1]}")
        print(f"{'largest, MiB':40} {self.largest[0] / 1024:.0f} {self.largest[1]}")
        print(f"{'faults':40} {len(self.found)}")
        print("".join(f"{line}\n" for line in sorted(self.found)), end="")


def main():
    parser = argparse.ArgumentParser(prog="scripts/corpus", description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="with PDFs, at any depth")
    parser.add_argument("--seconds", type=int, default=300, help="what a document may take (300)")
    parser.add_argument("--command", type=pathlib.Path, default=BUILD / "pdf-ocr-extract", help=argparse.SUPPRESS)
    given = parser.parse_args()
    corpus = Corpus(given.folder, given.seconds, given.command)
    if not corpus.files:
        sys.exit(f"scripts/corpus: there is no PDF in {given.folder}")
    corpus.run()
    corpus.tell()
    sys.exit(1 if corpus.found else 0)


if __name__ == "__main__":
    main()
