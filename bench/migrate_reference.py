"""The migration as a Python script does it with Google's libraries: for bench/migrate.

Each collection is streamed, converted with defaults, and sent by insert_rows_json in batches of 500; what cannot be
converted is skipped, and at the end counts are compared.

usage: migrate_reference.py PROJECT DATASET BIGQUERY_URL COLLECTION FEEDBACK_COLLECTION
"""
import datetime
import json
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, firestore

BATCH = 500


def when(value):
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return (value or datetime.datetime.now(datetime.timezone.utc)).isoformat()


def job_row(document):
    d = document.to_dict()
    created = when(d.get("created_at"))
    return {"job_id": d.get("job_id") or document.id, "pdf_id": d.get("pdf_id", ""), "status": d.get("status", "unknown"),
            "regions_count": d.get("regions_count", 0), "output_format": d.get("output_format", "csv"),
            "result_url": d.get("result_url"), "error_message": d.get("error_message"),
            "debug_graph_url": d.get("debug_graph_url"), "has_feedback": d.get("has_feedback", False),
            "feedback_count": d.get("feedback_count", 0), "request_data": json.dumps(d.get("request_data")),
            "created_at": created, "updated_at": when(d["updated_at"]) if d.get("updated_at") else created,
            "outcome": d.get("outcome"), "owner": d.get("owner")}


def feedback_row(document):
    d = document.to_dict()
    created = when(d.get("created_at"))
    return {"id": d.get("id") or document.id, "job_id": d["job_id"], "corrections": json.dumps(d.get("corrections", [])),
            "corrections_count": d.get("corrections_count", 0), "user_id": d.get("user_id"),
            "session_id": d.get("session_id"), "timestamp": when(d.get("timestamp")) if d.get("timestamp") else created,
            "status": d.get("status", "pending_analysis"), "created_at": created}


def copy(source, target, table, collection, convert):
    rows, copied = [], 0

    def send():
        errors = target.insert_rows_json(table, rows)
        assert not errors, errors
        rows.clear()
    for document in source.collection(collection).stream():
        try:
            rows.append(convert(document))
        except (KeyError, TypeError, ValueError):
            continue
        copied += 1
        if len(rows) == BATCH:
            send()
    if rows:
        send()
    return copied


def main():
    project, dataset, url, jobs, feedback = sys.argv[1:]
    source = firestore.Client(project=project)
    target = bigquery.Client(project=project, credentials=AnonymousCredentials(), client_options={"api_endpoint": url})
    for table, collection, convert in (("jobs", jobs, job_row), ("feedback", feedback, feedback_row)):
        table = f"{project}.{dataset}.{table}"
        copied = copy(source, target, table, collection, convert)
        held = next(iter(target.query(f"SELECT COUNT(*) AS n FROM `{table}`").result())).n
        print(f"{table}: {copied} copied, {held} there")


main()
