"""One build of the image for all tests. DOCKER_HOST is tests/containers/run's."""
import os
import subprocess

import pytest

IMAGE = "pdf-ocr-api:test"


@pytest.fixture(scope="session")
def image():
    r = subprocess.run(["docker", "build", "-q", "-t", IMAGE, os.path.join(os.path.dirname(__file__), "../..")],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900, check=False)
    assert r.returncode == 0, r.stdout[-5000:]
    return IMAGE
