"""Scores what the command finds in documents with ground truth as in the ICDAR 2013 table competition.

A data set is a folder of X.pdf with X-str.xml (cells) and X-reg.xml (regions). For structure, regions
given, the adjacency relations of Goebel, Hassan, Oro and Orsi (A methodology for evaluating
algorithms for table understanding in PDF documents, 2012) are counted, each filled cell with the
next on its right and below; for detection, nothing given, the characters in tables, and how many
tables were found with all words and no others. Figures are averaged over the documents.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import Counter

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", pathlib.Path(__file__).parents[1] / "build"))
MARGIN_PT = 2.0  # the boxes of the ground truth touch the letters


def plain(text):
    return "".join(unicodedata.normalize("NFKC", text or "").split())


def regions_of(path):
    root = ElementTree.fromstring(re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", b"", path.read_bytes()))
    return {(table.get("id"), region.get("id")): region
            for table in root.iter("table") for region in table.iter("region")}


def true_cells(region):
    for cell in region.iter("cell"):
        row, col = int(cell.get("start-row")), int(cell.get("start-col"))
        yield (row, col, max(row, int(cell.get("end-row", row))),
               max(col, int(cell.get("end-col", col))), plain(cell.findtext("content")))


def found_cells(region):
    for cell in region["cells"]:
        yield (cell["row"], cell["col"], cell["row"] + cell["row_span"] - 1,
               cell["col"] + cell["col_span"] - 1, plain(cell["text"]))


def neighbours(cells):
    """The relations of a table's filled cells: two indexes and a direction."""
    places = [(r, c, i) for i, (r0, c0, r1, c1, text) in enumerate(cells) if text
              for r in range(r0, r1 + 1) for c in range(c0, c1 + 1)]
    pairs = set()
    for direction, lane in (("right", 0), ("below", 1)):
        before = {}
        for place in sorted(places, key=lambda p, lane=lane: p[1 - lane]):
            left = before.get(place[lane], place[2])
            if left != place[2]:
                pairs.add((left, place[2], direction))
            before[place[lane]] = place[2]
    return pairs


def adjacent(cells):
    """The relations of a table's filled cells, as texts and a direction."""
    cells = list(cells)
    return Counter((cells[a][4], cells[b][4], direction) for a, b, direction in neighbours(cells))


def extract(pdf, *arguments):
    run = subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", "--format", "json", *arguments, pdf],
                         capture_output=True)
    if run.returncode not in (0, 3):
        raise SystemExit(f"{pdf}: {run.stderr.decode()}")
    return json.loads(run.stdout)["regions"]


def page_sizes(pdf):
    out = subprocess.run(["pdfinfo", "-l", "-1", str(pdf)], check=True, capture_output=True,
                         text=True, errors="replace").stdout
    return [(float(h), float(w)) if turn in ("90", "270") else (float(w), float(h)) for w, h, turn
            in re.findall(r"size:\s+([\d.]+) x ([\d.]+).*\n(?:.*rot:\s+(\d+))?", out)]


def true_box(region, w, h):
    """x, y, w, h from the top left, as fractions; the file has points from the bottom left."""
    box = region.find("bounding-box")
    x0, y0, x1, y1 = (float(re.sub(r"[^\d.-]", "", box.get(k))) for k in ("x1", "y2", "x2", "y1"))
    x0, y0 = max(0, x0 - MARGIN_PT), max(0, h - y0 - MARGIN_PT)
    x1, y1 = min(w, x1 + MARGIN_PT), min(h, h - y1 + MARGIN_PT)
    return x0 / w, y0 / h, (x1 - x0) / w, (y1 - y0) / h


def words_in(words, box):
    """Of the words whose middle is in the box: where they stand in the list, and their length."""
    x, y, w, h = box
    return {(i, len(word["text"])) for i, word in enumerate(words)
            if x <= word["bbox"]["x"] + word["bbox"]["w"] / 2 <= x + w
            and y <= word["bbox"]["y"] + word["bbox"]["h"] / 2 <= y + h}


def judge_cells(cells, truth, judged):
    """Adds of each filled cell how sure it says it is, whether it stands where it belongs, with its
    text, beside and under the right ones, and whether all its neighbours do, too. A neighbour whose
    text the table has nowhere is wrong, and not the cell beside it."""
    places = list(found_cells({"cells": cells}))
    texts = {text for a, b, _ in truth for text in (a, b)}
    wrong, beside_wrong, known = set(), set(), set()
    for a, b, direction in neighbours(places):
        known |= {a, b}
        if truth[places[a][4], places[b][4], direction]:
            continue
        beside_wrong |= {a, b}
        misread = {i for i in (a, b) if places[i][4] not in texts}
        wrong |= misread or {a, b}
    judged += [(cells[i]["confidence"], i not in wrong, i not in beside_wrong) for i in sorted(known)]


def overlapping(cells):
    """How many places of a table are covered by two cells."""
    places = Counter((r, c) for r0, c0, r1, c1, _ in cells
                     for r in range(r0, r1 + 1) for c in range(c0, c1 + 1))
    return sum(n > 1 for n in places.values())


def structure(pdf, truth, boxes, judged):
    """How many relations are in both, were found, are true; adds (sure, right, right with its neighbours) of cells to judged."""
    both = found = true = 0
    for key, region in truth.items():
        page, box = boxes[key]
        where = ",".join(f"{v:.5f}" for v in box)
        result = extract(pdf, "--page", str(page), "--region", where)[0]
        cells, theirs = list(found_cells(result)), adjacent(true_cells(region))
        if overlapping(cells):
            print(f"{pdf}: {overlapping(cells)} places of a table are in two cells")
        ours = adjacent(cells)
        both, found = both + (ours & theirs).total(), found + ours.total()
        true += theirs.total()
        judge_cells(result["cells"], theirs, judged)
    return both, found, true


def detection(pdf, boxes):
    """What structure gives, of characters, then how many tables were found exactly."""
    regions = [r for r in extract(pdf) if r["region_type"] == "table"]
    both = found = true = exact = 0
    for page in {r["page"] for r in regions} | {page for page, _ in boxes.values()}:
        words = extract(pdf, "--page", str(page), "--region", "0,0,1,1")[0]["words"]
        ours = [words_in(words, r["bbox"].values()) for r in regions if r["page"] == page]
        theirs = [words_in(words, box) for at, box in boxes.values() if at == page]
        in_ours, in_theirs = set().union(*ours), set().union(*theirs)
        both += sum(n for _, n in in_ours & in_theirs)
        found += sum(n for _, n in in_ours)
        true += sum(n for _, n in in_theirs)
        exact += sum(t in ours for t in theirs)
    return (both, found, true), exact


def figures(counts):
    """Precision, recall and F1 of documents' counts."""
    precision = sum(both / found if found else 1 for both, found, _ in counts) / len(counts)
    recall = sum(both / true if true else 1 for both, _, true in counts) / len(counts)
    return precision, recall, 2 * precision * recall / ((precision + recall) or 1)


def documents(dataset):
    """Each document of a data set with its tables' cells and boxes."""
    pdfs = [p for p in sorted(dataset.glob("*.pdf")) if p.with_name(f"{p.stem}-str.xml").exists()]
    if not pdfs:
        raise SystemExit(f"no X.pdf with X-str.xml in {dataset}")
    for pdf in pdfs:
        sizes = page_sizes(pdf)
        boxes = {key: (int(r.get("page")), true_box(r, *sizes[int(r.get("page")) - 1]))
                 for key, r in regions_of(pdf.with_name(f"{pdf.stem}-reg.xml")).items()}
        yield pdf, regions_of(pdf.with_name(f"{pdf.stem}-str.xml")), boxes
