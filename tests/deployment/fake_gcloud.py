#!/usr/bin/python3
"""Stands for gcloud, bq and curl in the tests of the scripts: notes each call as a line of JSON and
remembers what was made, so that the next describing command finds it."""
import json
import os
import pathlib
import sys

STATE = pathlib.Path(os.environ["FAKE_STATE"])
tool, args = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
words = [a for a in args if not a.startswith("-")]
flags = dict(a[2:].partition("=")[::2] for a in args if a.startswith("--"))


def made():
    path = STATE / "made"
    return path.read_text().splitlines() if path.exists() else []


def make(what):
    with open(STATE / "made", "a") as f:
        f.write(what + "\n")


def identity(group, name=""):
    """The thing a command is about; service accounts are made by name and described by address."""
    return " ".join([*group, name.split("@")[0]])


def env():
    """What the service is set to; secrets have no value."""
    path = STATE / "env"
    return json.loads(path.read_text()) if path.exists() else {}


def update_env():
    now = env()
    now.update(p.split("=", 1) for p in flags.get("update-env-vars", "").removeprefix("^|^").split("|") if p)
    now.update((p.split("=", 1)[0], "") for p in flags.get("update-secrets", "").split(",")
               if p and not p.startswith("/"))
    for name in (flags.get("remove-env-vars", "") + "," + flags.get("remove-secrets", "")).split(","):
        now.pop(name, None)
    (STATE / "env").write_text(json.dumps(now))


def curl():
    """The next answer of the test's list: "+" or "-"; "+" when it is used up."""
    if any(a.startswith("https://us-documentai") for a in args):
        listing = not any(a == "-d" for a in args)
        found = "documentai" in made()
        make("documentai")
        print('{"processors":[{"name":"projects/1/locations/us/processors/p1","displayName":"pdf-ocr"}]}'
              if listing and found else "{}" if listing else '{"name":"projects/1/locations/us/processors/p1"}')
        return 0
    if any("/api/v1/upload/documents" in a or "/api/v1/extract" in a for a in args):
        print(json.dumps({"pdf_id": "p", "job_id": "j", "status": os.environ.get("FAKE_JOB", "completed")}))
        return 0
    path = STATE / "answers"
    answers = path.read_text() if path.exists() else ""
    path.write_text(answers[1:] or answers)  # the last one stays
    return 22 if answers[:1] == "-" else 0


def gcloud():
    form = flags.get("format", "")
    if words[:3] == ["run", "services", "describe"] and "env.name" in form:
        print("\n".join(f"{n}={v}" for n, v in env().items()))
        return 0
    if words[:3] == ["run", "services", "describe"] and form:
        revisions = [m.split()[-1] for m in made() if m.startswith("revision")]
        if "percent" in form:
            print("100 rev-1")
        elif "url" in form:
            print("canary https://canary.example\n")
        else:
            print(f"rev-{len(revisions)}")
        return 0
    if words[:2] == ["run", "deploy"]:
        update_env()
        make("run services pdf-ocr-api")
        make(f"revision {len(made())}")
        return 1 if os.environ.get("FAKE_DEPLOY_FAILS") else 0
    if words[:3] == ["run", "revisions", "list"]:
        print("rev-2\nrev-1\nrev-0")
        return 0
    if words[:2] == ["projects", "describe"]:
        print("123456")
        return 0
    if words[:2] == ["logging", "read"]:
        print(os.environ.get("FAKE_5XX", ""), end="")
        return 0
    if words[:3] == ["secrets", "versions", "access"]:
        print("secret-client-key")
        return 0
    if words[:4] == ["artifacts", "docker", "images", "scan"]:
        print("projects/demo-test/locations/us/scans/1")
        return 0
    if words[:4] == ["artifacts", "docker", "images", "list-vulnerabilities"]:
        print(os.environ.get("FAKE_WEAK", ""), end="")
        return 0
    if words[:2] == ["auth", "print-access-token"]:
        print("secret-token")
        return 0
    if "list" in words or "list-configs" in words:
        title = flags.get("filter", "").removeprefix('displayName="').removesuffix('"')
        if title in made():
            print(f"projects/demo-test/things/{len(title)}")
        return 0
    for verb in ("describe", "create", "create-oidc"):
        if verb in words:
            at = words.index(verb)
            name = words[at + 1] if len(words) > at + 1 else flags.get("database") or json.dumps(args)
            what = identity(words[:at], name)
            if verb == "create" and words[:2] == ["secrets", "create"]:
                (STATE / f"secret-{name}").write_text(pathlib.Path(flags["data-file"]).read_text())
            if verb == "describe":
                return 0 if what in made() else 1
            if what in made() and "monitoring" not in words:  # its things may be made twice
                print("ERROR: (gcloud) ALREADY_EXISTS: it already exists", file=sys.stderr)
                return 1
            make(what)
            for flag in ("policy-from-file", "config-from-file"):
                if flag in flags:
                    make(json.loads(pathlib.Path(flags[flag]).read_text()).get("displayName", what))
            if words[at - 1] == "uptime":
                make(words[at + 1])
    return 0


with open(STATE / "calls", "a") as log:
    log.write(json.dumps([tool, *args]) + "\n")
sys.exit({"gcloud": gcloud, "bq": lambda: 0, "curl": curl}[tool]())
