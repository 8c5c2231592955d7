"""Parts that are chosen one by one: what is no shorthand of BACKEND works too, or does not start."""
import os
import subprocess

import pytest
from conftest import BUILD, expected, sample
from google_stack import World, needs_firestore


@needs_firestore
@pytest.mark.parametrize("parts", [
    {"TASK_QUEUE": "sqlite"},
    {"BLOB_STORE": "files", "ANALYTICS": "sqlite", "JOB_STORE": "sqlite"},
], ids=lambda parts: "+".join(parts))
def test_a_mix_of_parts_extracts(parts):
    world = World(**parts)
    try:
        job = world.stack.extract(sample("text-table"))
        assert job["status"] == "completed", job
        assert world.stack.fetch(job["result_url"]).body == expected("text-table")
        told = world.stack.call("GET", "/api/v1/health/dependencies").json
        names = {"job_store": "firestore", "task_queue": "cloud-tasks", "blob_store": "cloud-storage"}
        for setting, part in parts.items():
            names.update({setting.lower(): part} if setting != "ANALYTICS" else {})
        assert {n: told[n] for n in names} == names
        assert ("sqlite" in told) is ("sqlite" in parts.values())
    finally:
        world.close()


@pytest.mark.parametrize("settings, told", [
    ({"JOB_STORE": "oracle"}, "JOB_STORE is \\\"oracle\\\"; expected one of sqlite, postgres, firestore."),
    ({"BACKEND": "google"}, "GCP_PROJECT_ID is not set; JOB_STORE=firestore needs the project."),
    ({"ENGINE": "gemini"}, "none of OCR_ENGINES"),
])
def test_parts_that_cannot_be_are_refused_at_the_start(settings, told):
    run = subprocess.run([BUILD / "pdf-ocr-api", "--check-config"], text=True, capture_output=True, timeout=60,
                         env={"PATH": os.environ["PATH"], **settings}, check=False)
    assert run.returncode == 2
    assert told in run.stderr, run.stderr
