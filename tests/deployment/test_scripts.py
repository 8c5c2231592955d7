"""deploy.sh and the scripts that set up, against a stand-in for gcloud; their commands are judged by
the real one's parser where it is installed."""
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SDK = pathlib.Path(os.environ.get("GOOGLE_CLOUD_SDK", "/usr/lib/google-cloud-sdk"))
SDK_PYTHON = SDK / "platform" / "bundledpythonunix" / "bin" / "python3"
needs_gcloud = pytest.mark.skipif(not SDK_PYTHON.exists(),
                                  reason="gcloud is not installed: its commands are NOT checked against it")
EVERYTHING = ["--project", "demo-test", "--origins", "https://a.example,https://b.example", "--gemini-key-file",
              "/dev/null", "--github", "owner/repo", "--github-id", "4711"]
KMS_KEY = "projects/demo-test/locations/us-central1/keyRings/r/cryptoKeys/k"
IMAGE = "us-central1-docker.pkg.dev/demo-test/pdf-ocr/pdf-ocr-api:1"


class World:
    """A folder of programs that stand for the real ones, and what was asked of them."""

    def __init__(self, folder):
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir()
        for tool in ("gcloud", "bq", "curl"):
            (self.bin / tool).symlink_to(HERE / "fake_gcloud.py")

    def run(self, script, *args, answers="", **env):
        (self.folder / "answers").write_text(answers)
        return subprocess.run([ROOT / script, *args], capture_output=True, text=True, timeout=600, check=False,
                              stdin=subprocess.DEVNULL,
                              env={"PATH": f"{self.bin}:/usr/bin:/bin", "FAKE_STATE": str(self.folder), **env})

    def good(self, script, *args, **kw):
        r = self.run(script, *args, **kw)
        assert r.returncode == 0, r.stderr + r.stdout
        return r.stdout

    def calls(self, tool="gcloud"):
        path = self.folder / "calls"
        calls = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [c[1:] for c in calls if c[0] == tool]

    def forget(self):
        (self.folder / "calls").unlink()

    def traffic(self):
        return [a.removeprefix("--to-revisions=") for c in self.calls() for a in c if a.startswith("--to-rev")]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def deployed(world):
    world.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:1")
    world.forget()
    return world


def judge(items):
    with tempfile.TemporaryDirectory() as home:
        r = subprocess.run([SDK_PYTHON, HERE / "gcloud_parser.py"], capture_output=True, text=True, timeout=900,
                           check=False, input="".join(json.dumps(i) + "\n" for i in items),
                           env={"PATH": "/usr/bin:/bin", "CLOUDSDK_CONFIG": home, "HOME": home,
                                "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{SDK}/lib:{SDK}/lib/third_party"})
    assert r.returncode == 0, r.stderr
    return r.stdout.splitlines()


@needs_gcloud
def test_the_parser_refuses_what_does_not_exist(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"displayName": "x", "mosaicLayout": {"colums": 48}}')
    assert len(judge([["run", "deploy", "x", "--image=i", "--no-such-flag"], ["run", "deploi", "x"],
                      ["tasks", "queues", "create", "q", "--max-attempts=many"], ["secrets", "create"],
                      ["file", "dashboard", str(bad)]])) == 5


@needs_gcloud
def test_every_gcloud_command_is_one(world):
    for _ in range(2):  # the second time other branches are taken
        world.good("scripts/setup-gcp", *EVERYTHING)
        world.good("scripts/check-image", "--project", "demo-test", "--image", IMAGE)
        world.good("scripts/setup-monitoring", "--project", "demo-test", "--uptime", "api.example", "--channel",
                   "projects/demo-test/notificationChannels/1")
        world.good("deploy.sh", "--project", "demo-test", "--yes", "--gemini", "--processor", "p1", "--watch", "0",
                   "--kms-key", KMS_KEY)
    world.good("deploy.sh", "--project", "demo-test", "--rollback")
    calls = world.calls()
    assert len(calls) > 100
    assert judge(calls) == []


@needs_gcloud
def test_dashboard_policies_and_metrics_are_googles(world):
    files = [["file", "dashboard", str(ROOT / "monitoring" / "dashboard.json")],
             *(["file", "policy", str(p)] for p in sorted((ROOT / "monitoring" / "policies").glob("*.json"))),
             *(["file", "log-metric", str(p)] for p in (ROOT / "monitoring" / "log-metrics").glob("*.json"))]
    assert len(files) == 8 and judge(files) == []


def test_setting_up_again_makes_nothing_twice(world):
    world.good("scripts/setup-gcp", *EVERYTHING)
    first = [c for c in world.calls() if any(w.startswith("create") for w in c[:5])]
    world.forget()
    out = world.good("scripts/setup-gcp", *EVERYTHING)
    again = [c for c in world.calls() if any(w.startswith("create") for w in c[:5])]
    assert len(first) > 15 and all(c[:4] == ["firestore", "indexes", "composite", "create"] for c in again)
    assert ["tasks", "queues", "update"] in [c[:3] for c in world.calls()]
    assert [c for c in world.calls("curl") if "-d" in c] == []
    assert "--processor p1" in out and "GCP_PROCESSOR_ID=p1" in out


def test_no_secret_is_shown_or_an_argument(world):
    r = world.run("scripts/setup-gcp", *EVERYTHING)
    seen = r.stdout + r.stderr + (world.folder / "calls").read_text()
    assert r.returncode == 0 and "secret-token" not in seen
    assert not re.search(r"[0-9a-f]{48}", seen)


def test_clients_and_admins_have_keys_of_their_own(world, tmp_path):
    """The service gets the hashes, and the program takes the file."""
    world.good("scripts/setup-gcp", "--project", "demo-test")
    keys = json.loads((tmp_path / "secret-pdf-ocr-keys").read_text())["keys"]
    assert [(k["id"], k["scopes"]) for k in keys] == [("client", ["client"]), ("admin", ["client", "admin"])]
    for k in keys:
        key = (tmp_path / f"secret-pdf-ocr-{k['id']}-key").read_text()
        assert len(key) == 48 and k["hash"] == hashlib.blake2b(key.encode(), digest_size=32).hexdigest()
    readable = [c[2] for c in world.calls() if c[:2] == ["secrets", "add-iam-policy-binding"]]
    assert readable == ["pdf-ocr-keys", "pdf-ocr-sealing-key", "pdf-ocr-client-key"]  # the last by the canary's extraction
    sealing = (tmp_path / "secret-pdf-ocr-sealing-key").read_text()
    build = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build"))
    r = subprocess.run([build / "pdf-ocr-api", "--check-config"], text=True, capture_output=True, timeout=30, check=False,
                       env={"API_KEYS_FILE": str(tmp_path / "secret-pdf-ocr-keys"), "DATA_DIR": str(tmp_path),
                            "SEALING_KEY": sealing})
    assert r.returncode == 0, r.stderr
    world.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:1")
    deploy = next(c for c in world.calls() if c[:2] == ["run", "deploy"])
    assert "--update-secrets=/keys/keys.json=pdf-ocr-keys:latest,SEALING_KEY=pdf-ocr-sealing-key:latest" in deploy


def test_only_the_repository_and_its_environment_are_trusted(world):
    assert world.run("scripts/setup-gcp", "--project", "p", "--github", "owner/repo").returncode == 1
    for verb in ("create-oidc", "update-oidc"):  # the second time it is brought up to date
        world.good("scripts/setup-gcp", *EVERYTHING)
        provider = next(c for c in world.calls() if verb in c)
        condition = next(a for a in provider if a.startswith("--attribute-condition="))
        assert all(part in condition for part in (
            "assertion.repository_id == '4711'", "assertion.ref == 'refs/heads/main'",
            "assertion.environment == 'production'"))
        assert any(a.endswith("attribute.repository_id/4711") for c in world.calls() for a in c)
        world.forget()


def test_credentials_of_a_workflow_get_into_no_image():
    for name in (".dockerignore", ".gitignore"):  # Cloud Build goes by the second
        assert "gha-creds-*.json" in (ROOT / name).read_text().splitlines()


def test_all_that_is_made_is_encrypted_with_the_key_given(world):
    world.good("scripts/setup-gcp", *EVERYTHING, "--kms-key", KMS_KEY)
    calls = world.calls()
    for what in (["storage", "buckets"], ["firestore", "databases"], ["artifacts", "repositories"], ["secrets"]):
        made = [c for c in calls if c[:len(what) + 1] == [*what, "create"]]
        assert made and all(any(a.endswith("key=" + KMS_KEY) or a.endswith("key-name=" + KMS_KEY) for a in c)
                            for c in made), what
    assert any("--default_kms_key=" + KMS_KEY in c for c in world.calls("bq"))
    agents = [a for c in calls if c[:3] == ["kms", "keys", "add-iam-policy-binding"] for a in c if "--member" in a]
    assert len(agents) == 6
    assert world.run("scripts/setup-gcp", *EVERYTHING, "--kms-key", "k --x").returncode == 1


@pytest.mark.parametrize("weak, status", [
    ("", 0), ("CRITICAL False CVE-1\nHIGH False CVE-2\nMEDIUM True CVE-3\n", 0), ("LOW True CVE-1\nHIGH True CVE-2\n", 1),
    ("CRITICAL True CVE-1\n", 1)])
def test_image_with_a_weakness_that_is_mended_elsewhere_is_not_let_through(world, weak, status):
    r = world.run("scripts/check-image", "--project", "demo-test", "--image", IMAGE, FAKE_WEAK=weak)
    assert r.returncode == status, r.stderr
    assert ("CVE-" in r.stderr) == (status == 1) and "CVE-3" not in r.stderr
    assert world.run("scripts/check-image", "--project", "demo-test", "--image", IMAGE, "--severities", "LOW",
                     FAKE_WEAK="HIGH True CVE-2\n").returncode == 0


def test_what_is_built_is_scanned_before_it_is_deployed():
    for path, scan, deploy in (("cloudbuild.yaml", "scripts/check-image", "./deploy.sh"),
                               (".github/workflows/deploy.yml", "scripts/check-image", "./deploy.sh")):
        text = (ROOT / path).read_text()
        assert 0 < text.index(scan) < text.index(deploy), path


def test_actions_of_others_are_named_by_commit():
    used = [line.split("uses:")[1].split("#")[0].strip() for path in (ROOT / ".github" / "workflows").iterdir()
            for line in path.read_text().splitlines() if "uses:" in line]
    assert len(used) > 4
    assert [u for u in used if not u.startswith("./") and not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", u)] == []


def test_bill_of_materials_names_every_package():
    bill = json.loads(subprocess.run([ROOT / "scripts" / "sbom", "1.2.3"], check=True, stdout=subprocess.PIPE).stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["metadata"]["component"] == {"type": "application", "name": "pdf-ocr-api", "version": "1.2.3"}
    listed = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status} ${Package} ${Version}\n"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout.splitlines()
    installed = sorted(line.removeprefix("installed ") for line in listed if line.startswith("installed "))
    assert sorted(f"{c['name']} {c['version']}" for c in bill["components"]) == installed
    refs = {c["bom-ref"] for c in bill["components"]}
    assert len(refs) == len(bill["components"]) and not any(set("+ ") & set(r) for r in refs)


def test_a_build_needs_nothing_that_only_triggers_have():
    image = next(line for line in (ROOT / "cloudbuild.yaml").read_text().splitlines() if "_IMAGE:" in line)
    assert image.endswith(":${BUILD_ID}")


def test_what_is_erased_is_gone(world):
    world.good("scripts/setup-gcp", "--project", "demo-test")
    assert any("--clear-soft-delete" in c for c in world.calls())
    ttl = [a for c in world.calls() if c[:4] == ["firestore", "fields", "ttls", "update"] for a in c]
    assert {f"--collection-group={c}" for c in ("extraction_jobs", "extraction_jobs_idempotency", "extraction_jobs_counters",
                                                "region_feedback")} <= set(ttl)


def test_queue_is_as_designed(world):
    world.good("scripts/setup-cloud-tasks", "--project", "demo-test")
    create = next(c for c in world.calls() if c[:3] == ["tasks", "queues", "create"])
    assert {"--max-dispatches-per-second=10", "--max-concurrent-dispatches=10", "--max-attempts=3",
            "--min-backoff=60s", "--max-backoff=3600s"} <= set(create)


def test_indexes_are_those_of_the_docs(world):
    world.good("scripts/setup-gcp", *EVERYTHING)
    made = []
    for c in world.calls():
        if c[:4] == ["firestore", "indexes", "composite", "create"]:
            fields = [dict(p.split("=") for p in a.removeprefix("--field-config=").split(","))
                      for a in c if a.startswith("--field-config")]
            made.append((next(a.split("=")[1] for a in c if a.startswith("--collection-group")),
                         [(f["field-path"], f["order"].upper()) for f in fields]))
    wanted = [(i["collectionGroup"], [(f["fieldPath"], f["order"]) for f in i["fields"]])
              for i in json.loads((ROOT / "docs" / "firestore.indexes.json").read_text())["indexes"]]
    assert made == wanted
    unindexed = [(next(a.split("=")[1] for a in c if a.startswith("--collection-group")), c[4])
                 for c in world.calls() if c[:4] == ["firestore", "indexes", "fields", "update"]]
    overrides = json.loads((ROOT / "docs" / "firestore.indexes.json").read_text())["fieldOverrides"]
    assert unindexed == [(o["collectionGroup"], o["fieldPath"]) for o in overrides]


@pytest.mark.parametrize("command", [["scripts/setup-gcp", *EVERYTHING],
                                     ["scripts/setup-gcp", *EVERYTHING, "--kms-key", KMS_KEY],
                                     ["scripts/check-image", "--project", "demo-test", "--image", IMAGE],
                                     ["scripts/setup-monitoring", "--project", "demo-test"],
                                     ["deploy.sh", "--project", "demo-test", "--gemini"],
                                     ["deploy.sh", "--project", "demo-test", "--rollback"]])
def test_dry_run_shows_every_command_and_runs_none(world, command):
    out = world.good(*command, "--dry-run")
    assert world.calls() == [] and world.calls("curl") == [] and world.calls("bq") == []
    shown = [shlex.split(line[1:]) for line in out.splitlines() if line.startswith("+ ")]
    assert all(c[0] in ("gcloud", "bq", "curl") for c in shown) and len(shown) > 1
    if SDK_PYTHON.exists():
        assert judge([c[1:] for c in shown if c[0] == "gcloud"]) == []


@pytest.mark.parametrize("script", ["deploy.sh", "scripts/setup-gcp", "scripts/setup-cloud-tasks",
                                    "scripts/setup-monitoring", "scripts/check-image"])
def test_usage(world, script):
    assert "usage:" in world.good(script, "--help")
    assert world.run(script, "--odd").returncode == 2
    r = world.run(script)
    assert r.returncode == 1 and "--project" in r.stderr and world.calls() == []


def test_first_deployment_has_what_cloud_run_needs(world):
    world.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:1", "--gemini")
    deploy = next(c for c in world.calls() if c[:2] == ["run", "deploy"])
    assert {"--cpu=2", "--memory=4Gi", "--timeout=300", "--min-instances=0", "--max-instances=10",
            "--update-secrets=/keys/keys.json=pdf-ocr-keys:latest,GEMINI_API_KEY=gemini-api-key:latest",
            "--no-invoker-iam-check",
            "--service-account=pdf-ocr-api@demo-test.iam.gserviceaccount.com"} <= set(deploy)
    assert "--no-traffic" not in deploy and world.traffic() == []


def settings_of(deploy):
    flag = "--update-env-vars=^|^"
    return dict(s.split("=", 1) for a in deploy if a.startswith(flag) for s in a.removeprefix(flag).split("|"))


def test_a_deployment_keeps_what_the_service_has(world, tmp_path):
    """What an operator added or changed stays, shown in the plan, until it is given anew or taken off."""
    world.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:1", "--processor", "p1", "--url",
               "https://api.example", "--set", "TASK_WORKERS=2", "--set", "OCR_LANGUAGE=eng+deu", "--gemini")
    assert not any(a.startswith("--set-") for c in world.calls() if c[:2] == ["run", "deploy"] for a in c)
    world.forget()
    (tmp_path / "env").write_text(json.dumps({**json.loads((tmp_path / "env").read_text()), "JWT_ISSUER": "https://i",
                                              "RESULT_TTL_DAYS": "30"}))
    file = tmp_path / "more"
    file.write_text("# of the night shift\nRETRY_BASE_S=5\n\nOCR_LANGUAGE=fra\n")
    out = world.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:2", "--watch", "0",
                     "--env-file", str(file), "--unset", "GEMINI_API_KEY", "--unset", "RESULT_TTL_DAYS")
    deploy = next(c for c in world.calls() if c[:2] == ["run", "deploy"])
    assert settings_of(deploy) == {
        "BACKEND": "google", "GCP_PROJECT_ID": "demo-test", "TASK_QUEUE_LOCATION": "us-central1",
        "TASKS_SERVICE_ACCOUNT": "pdf-ocr-tasks@demo-test.iam.gserviceaccount.com", "RETRY_BASE_S": "5",
        "OCR_LANGUAGE": "fra"}
    assert {"--remove-env-vars=RESULT_TTL_DAYS", "--remove-secrets=GEMINI_API_KEY"} <= set(deploy)
    assert not any(a.startswith("--update-secrets") for a in deploy)
    now = json.loads((tmp_path / "env").read_text())
    assert (now["JWT_ISSUER"], now["TASK_WORKERS"], now["GCP_PROCESSOR_ID"], now["API_BASE_URL"]) == (
        "https://i", "2", "p1", "https://api.example")
    assert {c[-1] for c in world.calls("curl")} >= {"https://api.example/api/v1/health/ready"}
    for line in ("new:     RETRY_BASE_S=5", "changed: OCR_LANGUAGE=fra (was eng+deu)", "goes:    GEMINI_API_KEY",
                 "stays:   JWT_ISSUER", "stays:   TASK_WORKERS"):
        assert line in out, out


def test_keys_of_a_service_stay_until_others_are_given(world, tmp_path):
    (tmp_path / "made").write_text("run services pdf-ocr-api\n")
    (tmp_path / "env").write_text(json.dumps({"API_KEY": ""}))
    for more, flags in [([], []), (["--keys-secret", "k", "--unset", "API_KEY"],
                                   ["--update-secrets=/keys/keys.json=k:latest", "--remove-secrets=API_KEY"])]:
        world.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:2", "--watch", "0", *more)
        deploy = next(c for c in world.calls() if c[:2] == ["run", "deploy"])
        assert [a for a in deploy if "secrets" in a] == flags
        world.forget()


@pytest.mark.parametrize("bad", ["nonsense", "a=b", "X=a|b"])
def test_setting_that_is_none_is_refused(world, bad):
    r = world.run("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:1", "--set", bad)
    assert r.returncode == 1 and not [c for c in world.calls() if c[:2] == ["run", "deploy"]]


def test_settings_of_cloud_run_are_accepted_by_the_program(world):
    world.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:1", "--processor", "p1")
    deploy = next(c for c in world.calls() if c[:2] == ["run", "deploy"])
    env = settings_of(deploy)
    assert env.pop("API_KEYS_FILE") == "/keys/keys.json"  # from the secret
    build = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build"))
    r = subprocess.run([build / "pdf-ocr-api", "--check-config"], env={**env, "API_KEY": "k" * 16}, text=True,
                       capture_output=True, timeout=30, check=False)
    assert r.returncode == 0, r.stderr
    known = subprocess.run([build / "pdf-ocr-api", "--print-settings"], text=True, capture_output=True, timeout=30,
                           check=True).stdout
    for name in env:
        assert re.search(rf"^{name}\t", known, re.M), name


def test_new_revision_goes_from_nothing_by_a_share_to_everything(deployed):
    deployed.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:2", "--watch", "1")
    deploy = next(c for c in deployed.calls() if c[:2] == ["run", "deploy"])
    assert "--no-traffic" in deploy and "--tag=canary" in deploy
    assert deployed.traffic() == ["rev-2=10,rev-1=90", "rev-2=100"]
    asked = [c[-1] for c in deployed.calls("curl")]
    assert {u for u in asked if "health" in u} == {"https://canary.example/api/v1/health/ready",
                                                   "https://pdf-ocr-api-123456.us-central1.run.app"
                                                   "/api/v1/health/ready"}
    assert [u for u in asked if "health" not in u] == ["https://canary.example/api/v1/" + p for p in (
        "upload/documents", "extract", "extract/j")]  # before it gets any traffic
    seen = (deployed.folder / "calls").read_text()
    assert "secret-client-key" not in seen


@pytest.mark.parametrize("env, told, steps", [({"FAKE_JOB": "failed"}, "does not extract", []),
                                              ({"FAKE_5XX": "/api/v1/extract"}, "answered 5xx", ["rev-2=10,rev-1=90"])])
def test_canary_that_fails_at_its_work_loses_all_traffic(deployed, env, told, steps):
    """Being ready is not enough: it extracts, and answers nobody with an error."""
    r = deployed.run("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:2", "--watch", "1", **env)
    assert r.returncode == 1 and told in r.stderr
    assert deployed.traffic() == [*steps, "rev-1=100"]


def test_time_limits_agree(world):
    """What an extraction may take, nginx waits 10 s longer and Cloud Run for nginx."""
    for settings, timeout in ([], 300), (["--set", "TASK_DEADLINE_S=1770"], 1785), ([], 1785):
        world.good("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:1", "--watch", "0", *settings)
        deploy = next(c for c in world.calls() if c[:2] == ["run", "deploy"])
        assert f"--timeout={timeout}" in deploy
        assert any(a.startswith("--startup-probe=httpGet.path=/api/v1/health,") for a in deploy)
        assert any(a.startswith("--liveness-probe=httpGet.path=/api/v1/health/live,") for a in deploy)
        world.forget()


@pytest.mark.parametrize("answers, steps", [("-", []), ("++-", ["rev-2=10,rev-1=90"]),
                                            ("++++-", ["rev-2=10,rev-1=90", "rev-2=100"])])
def test_unhealthy_revision_loses_all_traffic(deployed, answers, steps):
    r = deployed.run("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:2", "--wait", "20", "--watch", "1",
                     answers=answers)
    assert r.returncode == 1 and "goes back to rev-1" in r.stderr
    assert deployed.traffic() == [*steps, "rev-1=100"]


def test_revision_that_does_not_start_never_gets_traffic(deployed):
    r = deployed.run("deploy.sh", "--project", "demo-test", "--yes", "--image", "i:2", FAKE_DEPLOY_FAILS="1")
    assert r.returncode == 1 and "rev-1 serves" in r.stderr and deployed.traffic() == []


def test_rollback_goes_to_the_revision_before_or_the_one_named(deployed):
    deployed.good("deploy.sh", "--project", "demo-test", "--rollback")
    deployed.good("deploy.sh", "--project", "demo-test", "--rollback", "rev-9")
    assert deployed.traffic() == ["rev-2=100", "rev-9=100"]


def test_alerts_name_titles_that_differ():
    titles = [json.loads(p.read_text())["displayName"] for p in (ROOT / "monitoring" / "policies").glob("*.json")]
    assert len(set(titles)) == len(titles) == 6


def test_no_project_is_hard_coded():
    files = [ROOT / "deploy.sh", ROOT / "cloudbuild.yaml", *ROOT.glob("scripts/setup-*"),
             *ROOT.glob(".github/workflows/*.yml")]
    for f in files:
        for account in re.findall(r"@([a-z0-9$-]+)\.iam\.gserviceaccount", f.read_text()):
            assert account == "$project", f
