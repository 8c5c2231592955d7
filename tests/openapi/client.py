"""The main path by the client that openapi-python-client makes: upload, extract, poll, fetch."""
import os
import pathlib
import ssl
import time

import httpx
from made import AuthenticatedClient
from made.api.extract import extract_regions
from made.api.jobs import get_job, list_jobs
from made.api.upload import create_upload_url
from made.models import ExtractRequest, Job, JobStatus, Problem, RegionByEdges

trust = ssl.create_default_context(cafile=os.environ["CA"])
client = AuthenticatedClient(os.environ["BASE"], os.environ["KEY"], prefix="", auth_header_name="X-API-Key",
                             verify_ssl=trust, raise_on_unexpected_status=True)
made = create_upload_url.sync(client=client, file_name="a.pdf")
put = httpx.put(made.upload_url, content=pathlib.Path(os.environ["PDF"]).read_bytes(), verify=trust,
                headers={"Content-Type": "application/pdf"})
put.raise_for_status()
region = RegionByEdges(page=1, x=0.05, y=0.13, width=0.9, height=0.8)
job = extract_regions.sync(client=client, body=ExtractRequest(pdf_id=made.pdf_id, regions=[region]))
while job.status in (JobStatus.QUEUED, JobStatus.PROCESSING):
    time.sleep(0.1)
    job = get_job.sync(job.job_id, client=client)
assert isinstance(job, Job) and job.status == JobStatus.COMPLETED, job
assert job.job_id in [j.job_id for j in list_jobs.sync(client=client).jobs]
wrong = extract_regions.sync(client=client, body=ExtractRequest(pdf_id="x", regions=[region]))
assert isinstance(wrong, Problem) and wrong.code.value == "invalid_value", wrong
print(httpx.get(job.result_url, verify=trust).text, end="")
