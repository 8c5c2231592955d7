"""Text layers as odd producers write them, through the command: each kind that is read wrongly
elsewhere, on a page made for it."""
import json
import random
import subprocess

import pytest

from conftest import BUILD, READERS
from made_pdf import pdf, shown

UP = (0, 1, -1, 0)  # letters that run from the bottom to the top
LABELS = ["Region", "North", "South", "West"]


@pytest.fixture(name="read")
def command(tmp_path):
    def read(data, *options):
        (tmp_path / "a.pdf").write_bytes(data)
        return json.loads(subprocess.run(
            [BUILD / "pdf-ocr-extract", "--quiet", "--format", "json", *options, "--page", "1",
             "--region", "0,0,1,1", tmp_path / "a.pdf"], check=True, stdout=subprocess.PIPE,
            env=READERS).stdout)["regions"][0]
    return read


def text(region):
    return " ".join(region["text"].split())


def rows(region):
    return region["structured_data"]["tables"][0]


def lines(*texts):
    return b"".join(shown(60, 700 - 20 * i, line) for i, line in enumerate(texts))


def test_ligatures_are_letters(read):
    page = pdf(lines(b"o\x01ce and \x02at"), {1: "\ufb03", 2: "\ufb02", **{c: chr(c) for c in b"oceandt "}})
    assert text(read(page, "--type", "text")) == "office and flat"


def test_soft_hyphens_are_dropped_and_broken_words_joined(read):
    page = pdf(lines("inter|national agree-", "ments of North-", "Rhine"), {ord("|"): "\xad"})
    assert text(read(page, "--type", "text")) == "international agreements of North- Rhine"


HEBREW = {ord("P") + i: chr(0x5D0 + i) for i in range(6)}


def test_hebrew_is_in_logical_order(read):
    page = pdf(lines("one") + shown(120, 700, b"RQP") + shown(150, 700, b"two") + lines("", "plain 12"), HEBREW)
    words = [w["text"] for w in read(page, "--type", "text")["words"]]
    assert words == ["one", "\u05d0\u05d1\u05d2", "two", "plain", "12"]


def test_page_that_runs_from_the_right_is_read_whole(read):
    page = b"".join(shown(300, 700 - 20 * i, b"RQP UTS") + shown(200, 700 - 20 * i, f"1{i}".encode())
                    for i in range(3))
    region = read(pdf(page, HEBREW), "--type", "table")
    assert rows(region) == [[f"1{i}", "\u05d3\u05d4\u05d5 \u05d0\u05d1\u05d2"] for i in range(3)]


def test_letters_drawn_twice_count_once(read):
    double = b"".join(shown(60 + 5.56 * i + d, 700, c) for i, c in enumerate("25084") for d in (0, 0.3))
    assert text(read(pdf(double), "--type", "text")) == "25084"


def test_words_drawn_twice_count_once(read):
    page = b"".join(shown(60 + d, 700, "Total value 1250") for d in (0, 0.9))
    assert text(read(pdf(page), "--type", "text")) == "Total value 1250"


def test_raised_letters_stay_on_their_line_and_apart(read):
    page = b"BT /F1 10 Tf 60 700 Td (Total) Tj 4 Ts /F1 6 Tf (a,b) Tj 0 Ts /F1 10 Tf ( next) Tj ET"
    assert read(pdf(page), "--type", "text")["text"] == "Total a,b next\n"


def test_spaced_letters_are_one_word(read):
    spaced = b"".join(shown(60 + 14 * i, 700, c) for i, c in enumerate("TOTAL"))
    assert text(read(pdf(spaced + shown(160, 700, "sum")), "--type", "text")) == "TOTAL sum"


@pytest.mark.parametrize("leader", ["........", ". . . . . . ", "________"])
def test_leaders_are_no_text(read, leader):
    page = b"".join(shown(60, 700 - 20 * i, f"{a} {leader}") + shown(200, 700 - 20 * i, str(12 + i))
                    for i, a in enumerate(LABELS))
    region = read(pdf(page), "--type", "table")
    assert rows(region) == [[a, str(12 + i)] for i, a in enumerate(LABELS)]


def test_dashes_for_no_value_stay(read):
    page = b"".join(shown(60, 700 - 20 * i, a) + b"".join(
        shown(160 + 60 * k, 700 - 20 * i, "-" if i else f"Y{k}") for k in range(5))
        for i, a in enumerate(LABELS))
    assert rows(read(pdf(page), "--type", "table"))[1] == ["North"] + ["-"] * 5


def test_footnote_mark_is_no_digit_of_its_number(read):
    page = b"".join(shown(60, 700 - 20 * i, a) + shown(160, 700 - 20 * i, f"24.9{i}")
                    for i, a in enumerate(LABELS)) + shown(185.5, 684, "2", 5)
    table = rows(read(pdf(page), "--type", "table"))
    assert table[1] == ["North", "24.91 \u00b2"] and table[2] == ["South", "24.92"]


def test_turned_table_is_read_upright(read):
    page = b"".join(shown(200 + 20 * i, 200, a, turn=UP) + shown(200 + 20 * i, 320, f"1,20{i}", turn=UP)
                    + shown(200 + 20 * i, 420, f"{i}.5", turn=UP) for i, a in enumerate(LABELS))
    region = read(pdf(page), "--type", "table")
    assert rows(region) == [[a, f"1,20{i}", f"{i}.5"] for i, a in enumerate(LABELS)]
    north = next(w for w in region["words"] if w["text"] == "North")["bbox"]
    assert north["h"] > north["w"] and abs(north["x"] - 212 / 600) < 0.02


def test_turned_table_on_a_rotated_page_is_read_upright(read):
    page = b"".join(shown(200 + 20 * i, 200, a, turn=UP) + shown(200 + 20 * i, 320, f"1,20{i}", turn=UP)
                    for i, a in enumerate(LABELS))
    for rotate in (90, 180, 270):
        region = read(pdf(page, extra=b"/Rotate %d" % rotate), "--type", "table")
        assert rows(region) == [[a, f"1,20{i}"] for i, a in enumerate(LABELS)]


def test_heads_in_turned_letters_stand_over_their_columns(read):
    heads = [shown(60, 700, "Region")] + [shown(168 + 60 * k, 700, h, turn=UP)
                                          for k, h in enumerate(["Turnout", "Blank", "Void"])]
    body = b"".join(shown(60, 680 - 20 * i, a) + b"".join(
        shown(160 + 60 * k, 680 - 20 * i, f"{i}{k}") for k in range(3)) for i, a in enumerate(LABELS[1:]))
    table = rows(read(pdf(b"".join(heads) + body), "--type", "table"))
    assert table[:2] == [["Region", "Turnout", "Blank", "Void"], ["North", "00", "01", "02"]]


def test_values_of_a_form_are_read(read):
    utf16 = "\ufeffÖstfeld Süd".encode("utf-16-be").hex().encode()
    region = read(pdf(lines("Applicant", "Organic"), fields=[
        b"/Subtype /Widget /FT /Tx /T (applicant) /V <%s> /Rect [160 695 300 712]" % utf16,
        b"/Subtype /Widget /FT /Btn /T (organic) /V /Yes /AS /Yes /Rect [160 675 174 689] "
        b"/AP << /N << /Yes null /Off null >> >>",
        b"/Subtype /Widget /FT /Ch /Ff 131072 /T (region) /Opt [(Upper) (Lower)] /V (Lower) "
        b"/Rect [160 655 300 669]"]), "--type", "form")
    found = {(f["name"], f["value"]) for f in region["structured_data"]["form_fields"]}
    assert {("applicant", "Östfeld Süd"), ("region", "Lower")} <= found
    assert {w["text"] for w in region["words"]} >= {"Applicant", "Östfeld", "Süd", "Lower"}


def test_notes_are_read(read):
    region = read(pdf(lines("Applicant"), fields=[
        b"/Subtype /FreeText /DA (/F1 10 Tf) /Contents (checked by hand) /Rect [160 600 300 620]"]),
        "--type", "text")
    assert "checked by hand" in text(region)


@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (1e-9, 0, 0, 1e-9), (1e7, 0, 0, 1e7),
                                    (0, 0, 0, 0), (1, 1, 1, 1)])
def test_no_box_costs_the_page(read, matrix):
    region = read(pdf(lines("plain text") + shown(300, 500, "odd", turn=matrix)), "--type", "text")
    assert "plain text" in text(region)


@pytest.mark.parametrize("seed", range(12))
def test_no_boxes_of_any_kind_cost_the_page(read, seed):
    rnd = random.Random(seed)
    some = [0, 1, -1, 1e-9, -1e-9, 1e5, -1e5, 1e12, -1e12, .5, -.5, 7]
    odd = b"".join(shown(rnd.choice([50, 300, -1e6, 1e9]), rnd.choice([400, -50, 1e8]), f"odd{i}", rnd.choice([0, 1, 10, 1e4]),
                         [rnd.choice(some) for _ in range(4)]) for i in range(40))
    region = read(pdf(lines("plain text") + odd), "--type", "text")
    assert "plain text" in text(region)


@pytest.mark.parametrize("extra", [b"/CropBox [600 800 0 0]", b"/CropBox [-9999 -9999 9999 9999]", b"/Rotate 45",
                                   b"/CropBox [0 0 0 0]", b"/UserUnit 1000", b"/CropBox [(a) null 1 2]", b"/Rotate -90"])
def test_no_odd_box_of_a_page_costs_its_words(read, extra):
    region = read(pdf(lines("plain text"), extra=extra), "--type", "text")
    assert {"plain", "text"} <= {w["text"] for w in region["words"]}


def found(tmp_path, content):
    (tmp_path / "a.pdf").write_bytes(pdf(content))
    made = subprocess.run([BUILD / "pdf-ocr-extract", "--quiet", "--format", "json", tmp_path / "a.pdf"],
                          check=False, stdout=subprocess.PIPE, env={"PAGE_READER": str(BUILD / "pdf-ocr-page")})
    return [r["structured_data"]["tables"][0] for r in json.loads(made.stdout)["regions"]]


def test_columns_that_touch_are_parted(tmp_path):
    want = [["Carrier", "City", "Code"], ["Rosvik Eagle Air", "Penmark City", "73159"],
            ["Calder", "Tarnby", "74115"], ["Northern Airways", "Lindow", "74116"]]
    ends = [shown(60 + 84 * col, 700 - 14 * i, text) for i, row in enumerate(want)
            for col, text in enumerate(row)]
    assert found(tmp_path, b"".join(ends)) == [want]


def test_lists_are_no_tables(tmp_path):
    items = b"".join(shown(60, 700 - 14 * i, b"\x95") + shown(80, 700 - 14 * i, text)
                     for i, text in enumerate(["apples", "pears and plums", "nuts", "some of the rest"]))
    assert found(tmp_path, items) == []


def test_two_lines_of_names_and_values_are_a_table(tmp_path):
    want = [["Members", "480", "Graduates", "3495"], ["Guests", "484", "Teachers", "4880"]]
    page = [shown((60, 170, 230, 340)[col], 700 - 16 * i, text) for i, row in enumerate(want)
            for col, text in enumerate(row)]
    assert found(tmp_path, b"".join(page)) == [want]
