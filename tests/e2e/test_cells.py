"""Cells of the JSON result: each place of a table belongs to one cell at most."""
import json
import subprocess

import pytest

from conftest import BUILD, READERS, SAMPLES
from made_pdf import pages, shown


def result_of(path):
    done = subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", "--format", "json", path], check=False, env=READERS,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return json.loads(done.stdout) if done.stdout else {"regions": []}


def places(cell):
    return [(cell["table"], row, col) for row in range(cell["row"], cell["row"] + cell["row_span"])
            for col in range(cell["col"], cell["col"] + cell["col_span"])]


def faults(region):
    """The cells that cover a place of another, or one outside of their table."""
    taken = set()
    for cell in region["cells"]:
        table = region["tables"][cell["table"]]
        for place in places(cell):
            if place in taken or place[1] >= table["rows"] or place[2] >= table["cols"]:
                yield cell
            taken.add(place)


def spanning(long_label):
    """A table with a head over two columns, and a label that reaches into the next column."""
    xs, ys = [60, 180, 300, 420, 540], [740, 720, 700, 680, 660]
    rules = b"".join(b"60 %d m 540 %d l S\n" % (y, y) for y in ys)
    rules += b"".join(b"%d %d m %d 660 l S\n" % (x, 720 if x == 300 else 740, x) for x in xs)
    words = shown(66, 726, "Town") + shown(245, 726, "Both halves of the year") + shown(426, 726, "Sum")
    for row, texts in enumerate([("", "First", "Second", ""), (long_label, "1", "2", "3"), ("Bonn", "4", "5", "9")]):
        words += b"".join(shown(xs[col] + 6, 706 - 20 * row, text) for col, text in enumerate(texts) if text)
    return pages(rules + words)


def test_a_place_of_two_cells_is_a_fault():
    cell = {"table": 0, "row": 0, "col": 0, "row_span": 1, "col_span": 2}
    tables = [{"rows": 1, "cols": 2}]
    assert list(faults({"tables": tables, "cells": [cell]})) == []
    assert len(list(faults({"tables": tables, "cells": [cell, {**cell, "col": 1, "col_span": 1}]}))) == 1
    assert len(list(faults({"tables": tables, "cells": [{**cell, "row": 1}]}))) == 2


@pytest.mark.parametrize("label", ["Ulm", "Ulm and all that lies around it"])
def test_cells_that_span_leave_no_place_to_others(tmp_path, label):
    (tmp_path / "a.pdf").write_bytes(spanning(label))
    regions = result_of(tmp_path / "a.pdf")["regions"]
    assert any(c["col_span"] > 1 for r in regions for c in r["cells"]), regions
    assert [list(faults(r)) for r in regions] == [[]] * len(regions)


def test_no_sample_has_two_cells_in_a_place():
    seen = 0
    for path in sorted(SAMPLES.glob("*.pdf")):
        for region in result_of(path)["regions"]:
            assert list(faults(region)) == [], path
            seen += len(region["cells"])
    assert seen > 50
