"""Uploads that strain the service, and what is left of them."""
import pathlib

import pytest
from conftest import BUILD, sample

MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}


def form(data, name="a.pdf"):
    return (f"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n"
            "Content-Type: application/pdf\r\n\r\n").encode() + data + b"\r\n--B--\r\n"


def post_form(stack, body):
    return stack.call("POST", "/api/v1/upload/documents", body, headers=MULTIPART)


def most_memory(stack):
    """The most that any api worker has ever held, in KiB."""
    return max(int(line.split()[1]) for pid in stack.workers("api")
               for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
               if line.startswith("VmHWM"))


@pytest.mark.skipif("-fsanitize" in (BUILD / "Makefile").read_text(),
                    reason="the sanitizer's shadow memory rules out the limit")
@pytest.mark.parametrize("body", [b"--B\n\n" * 500000 + b"--B--\r\n",
                                  b"--B\r\n" + b"X: y\r\n" * 500000 + form(b"%PDF-1.4 x")[5:]],
                         ids=["parts", "headers"])
def test_form_of_half_a_million_pieces_costs_the_worker_nothing(stack, body):
    before = most_memory(stack)
    r = post_form(stack, body)
    assert r.status == 422 and ("complex" in r.detail or "parts" in r.detail), r.body
    assert most_memory(stack) - before < 20 * 1024
    assert post_form(stack, form(sample("form").read_bytes())).status in (200, 201)
