"""What pages cost: each is read once, budgets hold on every instance, and long documents come to their end."""
import json

import pytest
from conftest import on_pages, repeated, sample
from google_stack import GoogleStack, World, document, grid, needs_firestore  # puts tests/google on the path
from fault_proxy import status  # noqa: I001

pytestmark = needs_firestore
REGION = {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}
ROWS = [["Item", "Count"], ["Paper", "12"], ["Folder", "40"]]
DOWN = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "try later"}}


@pytest.fixture
def make_world():
    worlds = []

    def make(**env):
        worlds.append(World(**env))
        worlds[-1].side.control("documentai", {"reply": document(grid(ROWS))})
        return worlds[-1]
    yield make
    for w in worlds:
        w.close()


def read(world, pages):
    return len(world.calls(":process")) == pages


def problems(world, job):
    result = json.loads(world.stack.fetch(job["result_url"]).body)
    return [p["detail"] for p in result["page_problems"]], result


@pytest.mark.plain  # 500 pages through a slowed down build take longer than anybody waits
def test_500_scanned_pages_go_on_from_task_to_task(make_world):
    world = make_world(TASK_DEADLINE_S=90, OCR_DPI=72, TASK_WORKERS=1)
    world.side.control("documentai", {"delay_ms": 300, "reply": document(grid(ROWS))})
    s = world.stack
    job = s.wait(s.submit(s.upload(repeated("scanned", 500)), agentic=True), 1800)
    assert job["status"] == "completed" and job["outcome"] == "success", (job["error_message"], job["attempts"])
    tasks = [t["name"] for t in world.side.control("tasks") if job["job_id"] in t["name"]]
    assert len(tasks) > 1 and all("/extraction-" in name for name in tasks), tasks
    # What was being read when a deadline came is read again, and nothing else.
    assert 500 <= len(world.calls(":process")) <= 500 + 20 * (len(tasks) - 1)


def test_budget_of_a_key_holds_on_every_instance(make_world, tmp_path):
    world = make_world(OCR_PAGES_PER_KEY_PER_DAY=3)
    s = world.stack
    scan = s.upload(repeated("scanned", 4))
    job = s.wait(s.submit(scan, regions=on_pages(REGION, 4), output_format="json"))
    told, _ = problems(world, job)
    assert job["outcome"] == "partial_success" and len(told) == 1, job
    assert "used up its 3 pages of OCR a day" in told[0]
    assert read(world, 3)
    other = GoogleStack(world.side, tmp_path / "data", OCR_PAGES_PER_KEY_PER_DAY=3)
    try:
        for stack in (s, other):
            r = stack.call("POST", "/api/v1/extract", {"pdf_id": scan, "regions": [REGION]})
            assert r.status == 429 and "3 pages of OCR a day" in r.detail, r.body
            assert 0 < int(r.headers["Retry-After"]) <= 86400
        free = s.submit(s.upload(sample("form")), regions=[REGION], engine="text")
        assert s.wait(free)["status"] == "completed"
    finally:
        other.close()
    assert read(world, 3)


@pytest.mark.parametrize("env, budget", [({"JOB_MAX_RETRIES": 1}, False), ({"OCR_PAGES_PER_JOB": 1}, True)],
                         ids=["it is down", "no budget is left"])
def test_fallback_reads_and_says_so(make_world, env, budget):
    world = make_world(OCR_FALLBACK="true", **env)
    s = world.stack
    if not budget:
        world.faults.fail(r":process", status(503, json=DOWN), times=None)
    job = s.wait(s.submit(s.upload(repeated("scanned", 2)), regions=on_pages(REGION, 2), output_format="json"))
    told, result = problems(world, job)
    assert job["outcome"] == "partial_success" and len(told) == 2, (job, told)
    assert all(t.startswith("Read by tesseract instead of documentai: ") for t in told), told
    assert {r["engine"] for r in result["regions"]} == {"tesseract"}
    world.faults.clear()
    assert not budget or read(world, 0)
