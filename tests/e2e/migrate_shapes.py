"""Documents of every shape that Firestore may hold, each with the row that is expected of it.

A shape gives (fields, columns): what is stored, and the columns that must be in the row, or None where the document
cannot be a row. Values of columns are as the tables show them; times in microseconds.
"""
import datetime
import json
import random
import uuid

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
PARENT = "projects/demo-test/databases/(default)/documents"
CREATED = datetime.datetime(2023, 5, 6, 7, 8, 9, 123456, UTC)


def micros(when):
    return (when - EPOCH) // datetime.timedelta(microseconds=1)


def value(plain):
    """A plain value as Firestore's Value; a dict with one `...Value` member is one already."""
    if isinstance(plain, dict) and len(plain) == 1 and next(iter(plain)).endswith("Value"):
        return plain
    if plain is None:
        return {"nullValue": None}
    if isinstance(plain, bool):
        return {"booleanValue": plain}
    if isinstance(plain, int):
        return {"integerValue": str(plain)}
    if isinstance(plain, float):
        return {"doubleValue": plain}
    if isinstance(plain, str):
        return {"stringValue": plain}
    if isinstance(plain, datetime.datetime):
        return {"timestampValue": plain.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    if isinstance(plain, list):
        return {"arrayValue": {"values": [value(v) for v in plain]}}
    return {"mapValue": {"fields": {k: value(v) for k, v in plain.items()}}}


REGIONS = {"pdf_id": "p1", "regions": [{"page": 1, "x": 0.1, "y": 0.25, "width": 1e-7, "height": 0.30000000000000004}],
           "output_format": "csv"}
# Numbers whose shortest digits BigQuery's PARSE_JSON refuses, and their neighbours.
NUMBERS = [0.554174, 6033.618516, 1e23, 9007199254740992.0, 9007199254740993, 0.1 + 0.2, 2.5e-5, 1.5e300, -0.554174]
EVERY_TYPE = {"null": None, "true": True, "int": 9007199254740993, "least": -9223372036854775808, "real": 1.5,
              "whole": 3.0, "huge": 1.7976931348623157e308, "tiny": 5e-324, "e21": 1e21, "text": "é 😀 \u2028 \"\\/\n\t\x01",
              "empty": {}, "none": [], "deep": {"a": {"b": [{"c": [1, 2.5, "x"]}]}}, "Z": 1, "a": 2, "é": 3}


def job(**change):
    fields = {"job_id": None, "pdf_id": "pdf-1", "status": "completed", "regions_count": 2, "output_format": "json",
              "created_at": CREATED, "updated_at": CREATED + datetime.timedelta(seconds=5), "request_data": REGIONS}
    fields.update(change)
    return {k: v for k, v in fields.items() if v is not ...}


def as_given(**change):
    """A job with changed fields that are kept as they are."""
    return job(**change), change


def time_shapes():
    """One time in many forms, with and without its microseconds."""
    exact, second = micros(CREATED), micros(CREATED.replace(microsecond=0))
    for text, want in [("2023-05-06T07:08:09.123456Z", exact), ("2023-05-06T09:08:09.123456+02:00", exact),
                       ("2023-05-06T07:08:09.123456", exact), ("2023-05-06 07:08:09.123456+00:00", exact),
                       ("2023-05-06 07:08:09", second), ("2023-05-06T01:38:09.123456-0530", exact),
                       ("2023-05-06T07:08:09.123456999Z", exact),
                       ("2023-05-06", micros(datetime.datetime(2023, 5, 6, tzinfo=UTC))),
                       ({"timestampValue": "2023-05-06T07:08:09.123456789Z"}, exact),
                       (1683356889, second), (1683356889123, second + 123000), (1683356889.5, second + 500000),
                       ("1683356889", second), ({"timestampValue": "0001-01-01T00:00:00Z"}, -62135596800000000),
                       ({"timestampValue": "9999-12-31T23:59:59.999999Z"}, 253402300799999999)]:
        yield job(created_at=text, updated_at=...), {"created_at": want, "updated_at": want}
    for bad in ["yesterday", "2023-13-06T07:08:09Z", "2023-05-06T07:08:09+25:00", True, [], {"a": 1}, 1e300,
                {"doubleValue": "NaN"}, {"geoPointValue": {"latitude": 1, "longitude": 2}}]:
        yield job(created_at=bad), None


def job_shapes():
    times = {"created_at": micros(CREATED), "updated_at": micros(CREATED) + 5000000}
    yield job(), {**times, "status": "completed", "regions_count": 2, "output_format": "json", "has_feedback": False,
                  "feedback_count": 0, "request_data": REGIONS, "owner": None, "outcome": None}
    yield {"pdf_id": value("p")}, {"pdf_id": "p", "status": "unknown", "output_format": "csv", "regions_count": 0,
                                   "feedback_count": 0, "has_feedback": False, "request_data": None,
                                   "result_url": None}
    yield job(status=None, output_format=None, regions_count=None), {"status": "unknown", "output_format": "csv",
                                                                     "regions_count": 0}
    yield job(updated_at=...), {"created_at": micros(CREATED), "updated_at": micros(CREATED)}
    yield as_given(owner="key:k1", outcome="partial_success", error_message="é\u0000\u0001😀", has_feedback=True,
                   feedback_count=3, result_url="gs://b/r.csv")
    yield job(result_name="results/1/r.csv", debug_graph_name="results/1/g.json"), {
        "result_url": "gs://demo-bucket/results/1/r.csv", "debug_graph_url": "gs://demo-bucket/results/1/g.json"}
    yield as_given(request_data=EVERY_TYPE)
    yield job(request_data={"t": CREATED, "b": {"bytesValue": "AAEC/w=="}, "nan": {"doubleValue": "NaN"},
                            "inf": {"doubleValue": "-Infinity"},
                            "ref": {"referenceValue": PARENT + "/a/b"},
                            "geo": {"geoPointValue": {"latitude": 1.5, "longitude": -2.5}}}), {
        "request_data": {"t": "2023-05-06T07:08:09.123456Z", "b": "AAEC/w==", "nan": "NaN", "inf": "-Infinity",
                         "ref": PARENT + "/a/b", "geo": {"latitude": 1.5, "longitude": -2.5}}}
    yield job(request_data=json.dumps(REGIONS)), {"request_data": REGIONS}
    yield as_given(request_data=NUMBERS)
    yield as_given(request_data="{not json")
    yield as_given(request_data=7)
    yield job(regions_count="12", feedback_count=4.0), {"regions_count": 12, "feedback_count": 4}
    yield job(has_feedback="True"), {"has_feedback": True}
    yield job(has_feedback=0), {"has_feedback": False}
    yield job(pdf_id=17, error_message=2.5, output_format=True), {"pdf_id": "17", "error_message": "2.5",
                                                                   "output_format": "true"}
    yield job(error_message={"referenceValue": PARENT + "/a/b"}), {"error_message": PARENT + "/a/b"}
    yield job(status="", extra="is not asked for"), {"status": ""}
    for bad in [{"pdf_id": ...}, {"pdf_id": None}, {"pdf_id": []}, {"status": {"a": 1}}, {"regions_count": "many"},
                {"regions_count": 1.5}, {"regions_count": True}, {"regions_count": "99999999999999999999"},
                {"regions_count": {"doubleValue": "Infinity"}}, {"has_feedback": "maybe"}, {"has_feedback": 2},
                {"request_data": {"a": [{"b\u0000c": 1}]}}, {"error_message": {"bytesValue": "AAEC"}}, {"job_id": ""},
                {"job_id": "a\u0000b"},
                {"output_format": {"geoPointValue": {"latitude": 1, "longitude": 2}}}]:
        yield job(**bad), None
    yield from time_shapes()


def feedback_shapes():
    corrections = [{"action": "move", "region_id": "r1", "bbox": {"x": 0.1, "y": 1.0}}, {"action": "delete"}]
    full = {"job_id": "j1", "corrections": corrections, "corrections_count": 2, "user_id": "u", "session_id": "s",
            "timestamp": CREATED, "status": "applied", "created_at": CREATED + datetime.timedelta(seconds=1)}
    yield full, {**full, "timestamp": micros(CREATED), "created_at": micros(CREATED) + 1000000}
    yield {"job_id": "j2"}, {"job_id": "j2", "corrections": [], "corrections_count": 0, "user_id": None,
                             "session_id": None, "status": "pending_analysis"}
    yield {"job_id": "j3", "created_at": "2023-05-06 07:08:09.123456"}, {"timestamp": micros(CREATED),
                                                                         "created_at": micros(CREATED)}
    yield {**full, "corrections": json.dumps(corrections)}, {"corrections": corrections}
    for bad in [{"job_id": None}, {"timestamp": "soon"}, {"corrections_count": "two"}, {"user_id": [1]}]:
        yield {**full, **bad}, None


SHAPES = {"extraction_jobs": list(job_shapes()), "region_feedback": list(feedback_shapes())}
BIG = {"blob": "ü" * 500_000}  # a document of nearly 1 MiB


def documents(collection, n, big=0, seed=1):
    """n documents [(id, fields as Values, expected columns or None)], all shapes in turn; `big` of them are large."""
    dice, shapes = random.Random(seed), SHAPES[collection]
    column = "request_data" if collection == "extraction_jobs" else "corrections"
    for i in range(n):
        fields, columns = shapes[i % len(shapes)]
        if big and i % (n // big) == n // big - 1:
            fields, columns = {**shapes[0][0], column: BIG}, {**shapes[0][1], column: BIG}
        name = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        if i % 97 == 5:
            name = f"é 😀 {i}"  # any text is an id
        yield name, {k: value(v) for k, v in fields.items()}, columns


def ordinary(i, dice):
    """A job as the service stores most of them."""
    when = CREATED + datetime.timedelta(minutes=i)
    regions = [{"page": p + 1, "x": dice.random(), "y": dice.random(), "width": 0.25, "height": 0.5} for p in range(3)]
    return {k: value(v) for k, v in job(
        status="completed", outcome="success", owner="key:1", created_at=when, updated_at=when, regions_count=3,
        request_data={"pdf_id": "p", "regions": regions, "output_format": "csv"}, attempts=1, retry_count=0,
        progress={"regions_done": 3, "regions_total": 3, "pages_done": 1, "pages_total": 1}).items()}


def writes(collection, named):
    """Commit bodies, each of at most 500 documents and 8 MiB: (id, fields) in."""
    batch, size = [], 0
    for name, fields in named:
        write = {"update": {"name": f"{PARENT}/{collection}/{name}", "fields": fields}}
        length = len(json.dumps(write))
        if batch and (len(batch) == 500 or size + length > 8 << 20):
            yield {"writes": batch}
            batch, size = [], 0
        batch.append(write)
        size += length
    if batch:
        yield {"writes": batch}
