"""The manifests of kubernetes/, as the program and nginx take them. Their schemas are validate's matter."""
import os
import pathlib
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build")).resolve()
SECRET = {"API_KEY": "0123456789abcdef", "DATABASE_URL": "postgresql://user@db/pdf_ocr",
          "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}


def manifests():
    names = yaml.safe_load((ROOT / "kubernetes/kustomization.yaml").read_text())["resources"]
    return [m for name in names for m in yaml.safe_load_all((ROOT / "kubernetes" / name).read_text())]


def of_kind(kind):
    return {m["metadata"]["name"]: m for m in manifests() if m["kind"] == kind}


def container(name):
    return of_kind("Deployment")[name]["spec"]["template"]["spec"]["containers"][0]


@pytest.fixture
def metrics(tmp_path):
    """Where the volume has it, as a file of this machine."""
    path = tmp_path / "metrics.conf"
    path.write_text(of_kind("ConfigMap")["pdf-ocr-nginx"]["data"]["metrics.conf"])
    return path


@pytest.mark.parametrize("name", ["pdf-ocr-api", "pdf-ocr-task"])
def test_settings_are_taken_by_program_and_nginx(name, metrics, tmp_path):
    env = {"PATH": os.environ["PATH"] + ":/usr/sbin", "BUILD_DIR": str(BUILD), "PORT": "18080",
           "DATA_DIR": str(tmp_path), "RUN_DIR": str(tmp_path), **of_kind("ConfigMap")["pdf-ocr"]["data"], **SECRET,
           **{e["name"]: e["value"] for e in container(name)["env"]}, "NGINX_EXTRA_FILE": str(metrics)}
    run = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], env=env, capture_output=True, text=True,
                         timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    rendered = subprocess.run([ROOT / "scripts/render-nginx"], env=env, capture_output=True, text=True, timeout=60,
                              check=True).stdout
    (tmp_path / "uploads").mkdir()
    (tmp_path / "nginx.conf").write_text(rendered)
    run = subprocess.run(["nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"], env=env,
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr


def test_whoever_selects_finds_pods():
    pods = {name: d["spec"]["template"]["metadata"]["labels"] for name, d in of_kind("Deployment").items()}
    selectors = [d["spec"]["selector"]["matchLabels"] for kind in ("Deployment", "PodDisruptionBudget")
                 for d in of_kind(kind).values()] + [s["spec"]["selector"] for s in of_kind("Service").values()]
    for selector in selectors:
        assert [n for n, labels in pods.items() if selector.items() <= labels.items()], selector
    assert {h["spec"]["scaleTargetRef"]["name"] for h in of_kind("HorizontalPodAutoscaler").values()} <= set(pods)
    assert len(of_kind("PodDisruptionBudget")) == len(pods)


def test_requests_and_extractions_have_pods_of_their_own():
    settings = {name: {e["name"]: e["value"] for e in container(name)["env"]} for name in of_kind("Deployment")}
    assert settings["pdf-ocr-api"]["TASK_WORKERS"] == "0" and int(settings["pdf-ocr-task"]["TASK_WORKERS"]) > 0
    service, = of_kind("Service").values()
    assert service["spec"]["selector"]["app.kubernetes.io/component"] == "api"
