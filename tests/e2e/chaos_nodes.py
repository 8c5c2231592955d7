"""Jobs over several nodes that share a PostgreSQL and an S3 server, while any of them dies or is cut off."""
import collections
import concurrent.futures
import contextlib
import http.client
import os
import random
import shutil
import signal
import subprocess
import threading
import time

from chaos import PROGRAMS, SCAN_EVERY, SETTINGS, Chaos, children
from conftest import Stack, expected, sample
from postgres import Postgres
from s3_server import BUCKET, S3Server
from wire import Wire

PARTS = {"JOB_STORE": "postgres", "TASK_QUEUE": "postgres", "ANALYTICS": "postgres"}


class NodeStack(Stack):
    def __init__(self, wires, database, files):
        self.wires = wires
        url = database.url.replace(f":{database.port}/", f":{wires['PostgreSQL'].port}/")
        super().__init__(**PARTS, DATABASE_URL=url, **{
            **files.env, "S3_ENDPOINT": f"{files.scheme}://127.0.0.1:{wires['S3'].port}",
            "S3_LINK_ENDPOINT": files.url}, TASK_WORKERS=2, **SETTINGS)


class Node(Chaos):
    """A node: what can be killed of it is what can be killed of a service on one machine."""

    def __init__(self, chaos, database, files):
        self.rng, self.done, self.stop, self.whole = chaos.rng, chaos.done, chaos.stop, chaos.whole
        self.log_read, self.roles = 0, {}
        self.stack = NodeStack({"PostgreSQL": Wire(database.port), "S3": Wire(files.ports["s3"])}, database, files)

    def close(self):
        try:
            self.stack.stop()
        finally:
            for wire in self.stack.wires.values():
                wire.close()
            shutil.rmtree(self.stack.base, ignore_errors=True)

    def cut(self):
        name = self.rng.choice(list(self.stack.wires))
        wire = self.stack.wires[name]
        with self.whole:
            wire.is_cut = True
            self.stop.wait(self.rng.uniform(1, 8))
            wire.is_cut = False
        self.done[f"node cut off from {name}"] += 1


class ChaosOfNodes(Chaos):
    def __init__(self, jobs, seed, nodes):
        self.n, self.rng = jobs, random.Random(seed)
        self.done, self.stop, self.whole = collections.Counter(), threading.Event(), threading.Lock()
        self.database, self.files, self.nodes = Postgres(sync=True), S3Server(), []
        for _ in range(nodes):
            self.nodes.append(Node(self, self.database, self.files))

    def close(self):
        try:
            for node in self.nodes:
                node.close()
        finally:
            self.files.close()
            self.database.close()

    def call(self, *args, **kw):
        """As a client in front of all nodes, which asks another when one does not answer."""
        end = time.time() + 240
        while time.time() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                r = self.rng.choice(self.nodes).stack.call(*args, **kw)
                if r.status not in (429, 500, 502, 503, 504, 507):
                    return r
            time.sleep(0.05)
        raise AssertionError(f"no answer: {args[:2]}")

    # --- what goes wrong ---

    def kill_one(self):
        self.rng.choice(self.nodes).kill_one()

    def cut(self):
        self.rng.choice(self.nodes).cut()

    def kill_server(self):
        name, server = self.rng.choice([("PostgreSQL", self.database), ("S3", self.files)])
        with self.whole:
            server.stop(signal.SIGKILL)
            self.stop.wait(self.rng.uniform(0, 5))
            if name == "PostgreSQL":  # its children end by themselves, and hold its port as long
                time.sleep(1)
            server.start()
        self.done[f"killed: {name}"] += 1

    def freeze_server(self):
        """The kernel still takes what is sent to it."""
        name, server = self.rng.choice([("PostgreSQL", self.database), ("S3", self.files)])
        with self.whole:
            pids = [server.process.pid, *children(server.process.pid)]
            for sign in (signal.SIGSTOP, signal.SIGCONT):
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, sign)
                if sign == signal.SIGSTOP:
                    self.stop.wait(self.rng.uniform(1, 10))
        self.done[f"frozen: {name}"] += 1

    # --- what came of it ---

    def result(self, job_id):
        with contextlib.suppress(AssertionError):
            return self.files.call("GET", f"/results/{job_id}/document.csv")
        return None

    def progress(self):
        return int(self.database.ask("SELECT count(*) FROM jobs WHERE status NOT IN ('queued', 'processing')")[0][0])

    def wait_for_all(self, ids):
        """Their last states. When no job has ended for 5 minutes the others are lost."""
        ended, moved = -1, time.time()
        while time.time() - moved < 300:
            with contextlib.suppress(subprocess.CalledProcessError):
                n = self.progress()
                if n != ended:
                    ended, moved = n, time.time()
                if n >= len(ids):
                    break
            time.sleep(1)
        self.stop.set()
        return {job_id: self.call("GET", "/api/v1/jobs/" + job_id).json for job_id in ids}

    def run(self):
        """What was done and found."""
        self.pdf_id = self.upload(sample("text-table").read_bytes())
        self.scan_id = self.upload(sample("scanned").read_bytes())
        quiet = self.submit(SCAN_EVERY * self.n - 1)
        assert self.nodes[0].stack.wait(quiet)["status"] == "completed"
        want = {True: self.result(quiet), False: expected("text-table")}
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            faults = [pool.submit(self.repeat, *f) for f in (
                (self.kill_one, 0.2, 0.8), (self.cut, 3, 10), (self.kill_server, 10, 30), (self.freeze_server, 5, 20))]
            try:
                ids = list(pool.map(self.submit, range(self.n)))
                jobs = self.wait_for_all([quiet, *ids])
                del jobs[quiet]
            finally:
                self.stop.set()
                for fault in faults:
                    fault.result()
        ended = collections.Counter(e["jobId"] for node in self.nodes for e in node.stack.events()
                                    if e.get("message") == "job ended")
        by_node = [sum(e.get("message") == "job ended" for e in node.stack.events()) for node in self.nodes]
        found = {"jobs": len(set(ids)), "lost": self.n - sum(j["status"] == "completed" for j in jobs.values()),
                 "completed twice": sum(n > 1 for n in ended.values()),
                 "other results": sum(self.result(id) != want[self.is_scan(i)] for i, id in enumerate(ids))}
        failed = [j for j in jobs.values() if j["status"] != "completed"]
        self.done["jobs of the node that did least"] = min(by_node)
        return found, dict(sorted(self.done.items())), failed
