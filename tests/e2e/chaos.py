"""Jobs while processes die, the disk fills, the clock jumps and the store is locked."""
import argparse
import collections
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from conftest import BUILD, ROOT, Stack, expected, fill, sample

REGION = {"regions": [{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}]}
SETTINGS = {"JOB_LEASE_S": 2, "TASK_QUEUE_MIN_BACKOFF_MS": 500, "TASK_QUEUE_MAX_BACKOFF_MS": 2000,
            "TASK_QUEUE_MAX_ATTEMPTS": 20, "SWEEP_INTERVAL_S": 2, "JOB_STALE_S": 10, "RETRY_BASE_S": 1,
            "RETRY_MAX_S": 2, "JOB_MAX_ATTEMPTS": 1000, "JOB_MAX_RETRIES": 100, "SHUTDOWN_GRACE_S": 3}
# What is killed, and how often beside the others.
PROGRAMS = {"page reader": "pdf-ocr-page", "OCR program": "pdf-ocr-recogni"}  # as the kernel cuts their names
SCAN_EVERY = 20  # jobs
VICTIMS = {"task": 8, "page reader": 6, "OCR program": 4, "api": 4, "upload": 3, "dispatcher": 4, "health": 1, "page": 1, "waiter": 1,
           "nginx worker": 2, "nginx": 1, "master": 1, "everything": 1}
DISK_BYTES = 64 << 20
SANITIZED = "-fsanitize" in (BUILD / "Makefile").read_text()


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def children(pid):
    with contextlib.suppress(OSError):
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def name_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


class Chaos:
    def __init__(self, jobs, seed):
        self.n, self.rng = jobs, random.Random(seed)
        self.done = collections.Counter()
        self.stop = threading.Event()
        self.log_read, self.roles = 0, {}
        self.whole = threading.Lock()  # no restart while the disk is full or the store locked
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pocr-chaos-", dir="/tmp"))
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES + jobs * 24576}", "tmpfs", self.disk],
                       check=True)
        self.clock = self.folder / "clock"
        self.move_clock(0)
        self.stack = Stack(DATA_DIR=self.disk / "data", TASK_WORKERS=2, **SETTINGS, **self.preload())

    def preload(self):
        if SANITIZED:  # its own library has to come first
            return {}
        library = self.folder / "wall_clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests/e2e/wall_clock.c"], check=True)
        return {"LD_PRELOAD": library, "WALL_CLOCK": self.clock}

    def close(self):
        try:
            self.stack.stop()
        finally:
            subprocess.run(["umount", "-l", self.disk], check=True)
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.rmtree(self.stack.base, ignore_errors=True)

    def call(self, *args, **kw):
        """As a client that tries again when the service says so, or breaks off."""
        end = time.time() + 120
        while time.time() < end:  # when the faults have stopped it is answered
            with contextlib.suppress(OSError, http.client.HTTPException):
                r = self.stack.call(*args, **kw)
                if r.status not in (429, 500, 502, 503, 504, 507):
                    return r
            time.sleep(0.05)
        raise AssertionError(f"no answer: {args[:2]}")

    # --- what goes wrong ---

    def move_clock(self, seconds):
        with open(self.clock, "r+b" if self.clock.exists() else "wb") as f:
            f.write(seconds.to_bytes(8, "little", signed=True))

    def workers(self, role):
        """The living ones; of the log only what is new is read."""
        with open(self.stack.base / "log", "rb") as log:
            log.seek(self.log_read)
            new = log.read()
        end = new.rfind(b"\n") + 1
        self.log_read += end
        for line in new[:end].splitlines():
            if b'"worker started"' in line:
                event = json.loads(line)
                self.roles[event["pid"]] = event["role"]
        # Numbers of processes come again: that of a dead worker may be of anything by now, also of this service's.
        living = self.stack.children()
        return [p for p, r in self.roles.items() if r == role and p in living]

    def victims(self, what):
        s = self.stack
        if what in PROGRAMS:
            return [p for w in self.workers("task") + self.workers("page") for p in children(w)
                    if name_of(p) == PROGRAMS[what]]
        if what == "nginx worker":
            return children(int((s.base / "run" / "nginx.pid").read_text()))
        if what in ("nginx", "master"):
            return [int((s.base / "run" / f"{what}.pid").read_text())]
        return self.workers(what)

    def kill_one(self):
        what = self.rng.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        ends_all = what in ("nginx", "master", "everything")
        started = time.monotonic()
        with self.whole if ends_all else contextlib.nullcontext():
            if what == "everything":
                self.stack.kill()
            else:
                with contextlib.suppress(OSError, ValueError):
                    alive = self.victims(what)
                    if not alive:
                        return
                    kill(self.rng.choice(alive))
            self.done[f"killed: {what}"] += 1
            if ends_all:
                self.stack.process.wait(timeout=600)
                self.stack.log.close()
                self.stack.start()
        if ends_all:  # a slow machine gets on between two restarts, too
            self.stop.wait(time.monotonic() - started)

    def fill_disk(self):
        with self.whole:
            fill(self.disk)
            self.stop.wait(self.rng.uniform(1, 4))
            (self.disk / "fill").unlink(missing_ok=True)
        self.done["disk full and freed"] += 1

    def lock_store(self):
        with self.whole:
            db = sqlite3.connect(self.stack.data / "pdf-ocr.sqlite3", timeout=600, isolation_level=None)
            with contextlib.closing(db):
                db.execute("BEGIN IMMEDIATE")
                self.stop.wait(self.rng.uniform(1, 7))  # the service waits for 5 s
                db.execute("ROLLBACK")
        self.done["job store locked"] += 1

    def jump(self):
        if SANITIZED:
            return
        name, seconds, hold = self.rng.choice([("back 1 h", -3600, 8), ("ahead 8 days", 8 * 86400, 5)])
        self.move_clock(seconds)
        self.stop.wait(hold)
        self.move_clock(0)
        self.done[f"clock {name} and right again"] += 1

    def repeat(self, what, least, most):
        try:
            while not self.stop.wait(self.rng.uniform(least, most)):
                what()
        except BaseException:
            self.stop.set()  # a fault that cannot be made ends the run
            raise

    # --- what goes on meanwhile ---

    def visit(self):
        """Documents and page images, so that those who serve them have something to die of."""
        data = sample("form").read_bytes() + b"\n%" + uuid.uuid4().hex.encode()
        boundary = {"Content-Type": "multipart/form-data; boundary=B"}
        form = b"--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n" + data + b"\r\n--B--\r\n"
        r = self.call("POST", "/api/v1/upload/documents", form, headers=boundary)
        assert r.status in (200, 201), r.body
        page = self.call("GET", f"/api/v1/documents/{r.json['pdf_id']}/pages/1.png")
        assert page.status == 200 and page.body.startswith(b"\x89PNG"), page.body[:200]
        self.done["documents and page images"] += 1

    def upload(self, data):
        r = self.call("POST", "/api/v1/upload/documents", data, headers={"Content-Type": "application/pdf"})
        return r.json["pdf_id"]

    def submit(self, i):
        pdf_id = self.scan_id if self.is_scan(i) else self.pdf_id
        r = self.call("POST", "/api/v1/extract", {"pdf_id": pdf_id, **REGION},
                      headers={"Idempotency-Key": f"chaos-{i}"})
        assert r.status == 202, r.body
        return r.json["job_id"]

    @staticmethod
    def is_scan(i):
        return i % SCAN_EVERY == SCAN_EVERY - 1

    def result(self, job_id):
        path = self.disk / "data" / "blobs" / "results" / job_id / "document.csv"
        return path.read_bytes() if path.exists() else None

    def wait_for_all(self, ids):
        """Their last states. When no job has ended for 2 minutes the others are lost."""
        jobs, pending, ended, moved = {}, collections.deque(ids), -1, time.time()
        while pending and time.time() - moved < 120:
            job_id = pending.popleft()
            r = self.call("GET", "/api/v1/jobs/" + job_id)
            if r.status == 200 and r.json["status"] in ("completed", "failed", "cancelled"):
                jobs[job_id] = r.json
                continue
            pending.append(job_id)
            time.sleep(0.5)
            n = len(jobs) + len(list((self.disk / "data" / "blobs" / "results").glob("*")))
            if n != ended:
                ended, moved = n, time.time()
        return jobs

    def run(self):
        """What was done and found."""
        self.pdf_id = self.upload(sample("text-table").read_bytes())
        self.scan_id = self.upload(sample("scanned").read_bytes())
        quiet = self.submit(SCAN_EVERY * self.n - 1)  # what a scan gives before anything goes wrong
        assert self.wait_for_all([quiet])[quiet]["status"] == "completed"
        want = {True: self.result(quiet), False: expected("text-table")}
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            faults = [pool.submit(self.repeat, *f) for f in (
                (self.kill_one, 0.2, 0.8), (self.fill_disk, 5, 15), (self.lock_store, 5, 15), (self.jump, 5, 15),
                (self.visit, 0.2, 1))]
            try:
                ids = list(pool.map(self.submit, range(self.n)))
                jobs = self.wait_for_all(ids)
            finally:
                self.stop.set()
                for fault in faults:
                    fault.result()
        ended = collections.Counter(e["jobId"] for e in self.stack.events() if e.get("message") == "job ended")
        found = {"jobs": len(set(ids)), "lost": self.n - sum(j["status"] == "completed" for j in jobs.values()),
                 "completed twice": sum(n > 1 for n in ended.values()),
                 "other results": sum(self.result(id) != want[self.is_scan(i)] for i, id in enumerate(ids))}
        failed = [j for j in jobs.values() if j["status"] != "completed"]
        return found, dict(sorted(self.done.items())), failed


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=1000)
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--nodes", type=int, default=1, help="above 1: they share a PostgreSQL and an S3 server")
    o = options.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))  # what was begun is ended
    started = time.time()
    if o.nodes > 1:
        from chaos_nodes import ChaosOfNodes  # it knows this file
        chaos = ChaosOfNodes(o.jobs, o.seed, o.nodes)
    else:
        chaos = Chaos(o.jobs, o.seed)
    try:
        found, done, failed = chaos.run()
    finally:
        chaos.close()
    ends = collections.Counter(f"{j['status']}: {j['error_message']}" for j in failed)
    for name, n in {"seed": o.seed, **ends, **found, **done, "seconds": int(time.time() - started)}.items():
        print(f"{name:36} {n}")
    return 0 if (found["jobs"], found["lost"], found["completed twice"], found["other results"]) == (o.jobs, 0, 0, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
