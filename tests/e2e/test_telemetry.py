"""Traces and metrics by OTLP, received as a collector receives them."""
import re
import time

import pytest
from collector import Collector
from conftest import sample, until

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector():
    c = Collector()
    yield c
    c.close()


def attributes(thing):
    return {a["key"]: next(iter(a["value"].values())) for a in thing["attributes"]}


def test_job_is_one_trace(make_stack, collector):
    s = make_stack(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_HEADERS="x-team=a,x-token=s3cret=")
    pdf_id = s.upload(sample("form"))
    body = {"pdf_id": pdf_id, "regions": [{"page": 1, "x": 0, "y": 0, "width": 1, "height": 1}], "output_format": "json"}
    made = s.call("POST", "/api/v1/extract", body, headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    assert s.wait(made.json["job_id"])["status"] == "completed"
    until(lambda: collector.span("task_process_extraction"))
    asked = collector.span("extract_create")
    worked = collector.span("task_process_extraction")
    assert asked["traceId"] == worked["traceId"] == TRACE
    assert asked["parentSpanId"] == SPAN and worked["parentSpanId"] == asked["spanId"] != worked["spanId"]
    assert attributes(worked)["job.id"] == attributes(asked)["job.id"] == made.json["job_id"]
    assert attributes(asked)["http.response.status_code"] == "202" and asked["kind"] == worked["kind"] == 2
    for span in collector.spans():
        assert re.fullmatch("[0-9a-f]{32}", span["traceId"]) and re.fullmatch("[0-9a-f]{16}", span["spanId"])
        start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        assert start <= end and abs(end / 1e9 - time.time()) < 3600
    assert len({span["traceId"] for span in collector.spans()}) > 1  # requests without one get their own
    path, headers, body = collector.requests[0]
    assert (headers["x-team"], headers["x-token"], headers["Content-Type"]) == ("a", "s3cret=", "application/json")
    assert attributes(body["resourceSpans"][0]["resource"])["service.name"] == "pdf-ocr-api"
    assert "s3cret" not in s.logs()


def test_trace_that_is_not_sampled_is_not_told(make_stack, collector):
    s = make_stack(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    s.call("GET", "/api/v1/jobs", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    s.call("GET", "/api/v1/feedback/stats", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    until(lambda: collector.span("feedback_statistics", traceId=TRACE))
    assert collector.span("job_list") is None


def test_metrics_are_told_with_their_kinds(make_stack, collector):
    s = make_stack(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_METRIC_EXPORT_INTERVAL_S=1)
    for _ in range(3):
        s.call("GET", "/api/v1/jobs")

    def told():
        m = collector.metrics().get("pdf_ocr_requests_total")
        return m and [p["asDouble"] for p in m["sum"]["dataPoints"]
                      if attributes(p) == {"route": "job_list", "status": "2xx"}] == [3]
    until(told)
    metrics = collector.metrics()
    assert metrics["pdf_ocr_requests_total"]["sum"]["isMonotonic"] is True
    assert metrics["pdf_ocr_requests_total"]["sum"]["aggregationTemporality"] == 2
    assert "dataPoints" in metrics["pdf_ocr_busy_workers"]["gauge"]
    point = next(p for p in metrics["pdf_ocr_request_seconds"]["histogram"]["dataPoints"]
                 if attributes(p)["route"] == "job_list")
    assert point["count"] == "3" and sum(map(int, point["bucketCounts"])) == 3
    assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1 and point["sum"] > 0
    assert point["explicitBounds"] == sorted(point["explicitBounds"])


def test_collector_that_refuses_harms_nobody(make_stack, collector):
    collector.status = 503
    s = make_stack(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert s.call("GET", "/api/v1/jobs").status == 200
    until(lambda: "does not take them" in s.logs())
    collector.status = 200
    assert s.call("GET", "/api/v1/feedback/stats").status == 200
    until(lambda: collector.span("feedback_statistics"))
