"""Has curl read collections by gRPC and throw them away; prints the seconds that took: for bench/migrate.

usage: migrate_raw.py PROJECT HOST:PORT COLLECTION...
"""
import struct
import subprocess
import sys

from google.cloud.firestore_v1.types import RunQueryRequest, StructuredQuery


def framed(project, collection):
    message = RunQueryRequest.serialize(RunQueryRequest(
        parent=f"projects/{project}/databases/(default)/documents",
        structured_query=StructuredQuery(from_=[StructuredQuery.CollectionSelector(collection_id=collection)])))
    return struct.pack(">BI", 0, len(message)) + message


def main():
    project, host, *collections = sys.argv[1:]
    seconds = 0
    for collection in collections:
        out = subprocess.run(["curl", "-sSf", "--noproxy", "*", "--http2-prior-knowledge", "-o", "/dev/null",
                              "-w", "%{time_total} %{size_download}", "-H", "Content-Type: application/grpc",
                              "-H", "TE: trailers", "-H", "Authorization: Bearer owner", "--data-binary", "@-",
                              f"http://{host}/google.firestore.v1.Firestore/RunQuery"],
                             input=framed(project, collection), check=True, stdout=subprocess.PIPE).stdout.split()
        assert int(out[1]) > 0, "nothing was read"
        seconds += float(out[0])
    print(seconds)


main()
