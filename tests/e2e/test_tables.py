"""Tables of the kinds that documents have, each on a page made for it: through the service, as JSON
with its spans and heads and as CSV."""
import csv
import io

import pytest

from made_page import Page

WHOLE = {"page": 1, "x": 0, "y": 0, "width": 1, "height": 1, "region_type": "table"}
RIGHT = [(60, "l"), (220, "r"), (300, "r"), (380, "r"), (460, "r")]
CROPS = [["Barley", "1,204", "1,310", "998", "1,020"], ["Oats", "310", "295", "412", "388"],
         ["Rye", "87", "64", "91", "77"], ["Spelt and emmer", "12", "15", "22", "9"]]
HEAD = ["Crop", "2019", "2020", "2021", "2022"]


def read(stack, page, **request):
    """The regions of a result, and its CSV."""
    request = request or {"regions": [WHOLE]}
    job = stack.extract(page.pdf(), output_format="json", also_formats=["csv"], **request)
    assert job["status"] == "completed", job
    sheet = stack.call("GET", f"/api/v1/jobs/{job['job_id']}/results/csv").body.decode()
    return stack.fetch(job["result_url"]).json["regions"], list(csv.reader(io.StringIO(sheet)))


def table(stack, page):
    """The cells that have text, by their place: text, rows and columns that they span; which rows are
    the head's; and the rows, which are the CSV's."""
    (region,), sheet = read(stack, page)
    assert region["region_type"] == "table" and sheet == region["structured_data"]["tables"][0]
    cells = {(c["row"], c["col"]): (c["text"], c["row_span"], c["col_span"]) for c in region["cells"] if c["text"]}
    return cells, {c["row"] for c in region["cells"] if c["header"]}, sheet


def rows_of(page, rows, top, places, step=14):
    for i, row in enumerate(rows):
        page.row(top + step * i, places, row)
    return page


# --- heads ---

SPANNED = [["", "Mexican American", "", "White", ""], ["Age", "Male", "Female", "Male", "Female"]]


@pytest.mark.parametrize("ruled", [True, False])
def test_heading_over_columns_spans_them(stack, ruled):
    page = Page().text(250, 100, "Mexican American", "c").text(410, 100, "White", "c")
    rows_of(page, [SPANNED[1], *CROPS], 115, RIGHT)
    if ruled:
        page.line(50, 88, 470, 88).line(180, 104, 305, 104).line(345, 104, 465, 104).line(50, 119, 470, 119)
        page.line(50, 178, 470, 178)
    cells, head, sheet = table(stack, page)
    assert cells[0, 1] == ("Mexican American", 1, 2) and cells[0, 3] == ("White", 1, 2)
    assert head == {0, 1} and sheet == SPANNED + CROPS


def test_headings_in_a_grid_span_rows_and_columns(stack):
    xs, ys = [55, 150, 225, 305, 385, 465], [90, 104, 118, 132, 146, 160, 174]
    page = Page().text(60, 107, "Age").text(227, 100, "Mexican American", "c").text(385, 100, "White", "c")
    page.row(114, RIGHT, ["", *SPANNED[1][1:]])
    rows_of(page, CROPS, 128, RIGHT)
    for y in ys:
        page.line(55 if y != 104 else 150, y, 465, y)
    for x in xs:
        page.line(x, 90 if x not in (225, 385) else 104, x, 174)
    cells, head, sheet = table(stack, page)
    assert cells[0, 0] == ("Age", 2, 1) and cells[0, 1] == ("Mexican American", 1, 2)
    assert cells[0, 3] == ("White", 1, 2) and head == {0, 1}
    assert sheet == [["Age", *SPANNED[0][1:]], ["", *SPANNED[1][1:]], *CROPS]


# --- cells of several lines ---

@pytest.mark.parametrize("place", ["top", "middle", "bottom"])
def test_values_stand_beside_their_label_of_several_lines(stack, place):
    labels = [["Crops that are sown in autumn", "and harvested in early summer"],
              ["Crops that are sown in spring", "and harvested in late summer"],
              ["Meadows that are mown once a", "year, and pastures in the hills"]]
    values = [["1,204", "1,310"], ["310", "295"], ["87", "64"]]
    page = Page().row(100, [(60, "l"), (300, "r"), (380, "r")], ["Land use", "2019", "2020"])
    for i, (lines, own) in enumerate(zip(labels, values, strict=True)):
        y = 118 + 32 * i
        page.text(60, y, lines[0]).text(60, y + 11, lines[1])
        page.row(y + {"top": 0, "middle": 5.5, "bottom": 11}[place], [(300, "r"), (380, "r")], own)
    _, _, sheet = table(stack, page)
    assert sheet == [["Land use", "2019", "2020"]] + [
        [" ".join(lines), *own] for lines, own in zip(labels, values, strict=True)]


@pytest.mark.parametrize("ruled", [True, False])
def test_lines_of_one_cell_are_one_cell(stack, ruled):
    cells = [["Tillage", "Ploughed in autumn and left", "open until the frost", "The county pays for it"],
             ["Harvest", "Cut in the last week of July", "or as the weather allows", "Cooperative of the valley"],
             ["Storage", "Dried in the barn, then kept", "in the silo by the mill", "Mill, for a yearly rent"]]
    page = Page().row(100, [(60, "l"), (130, "l"), (270, "l")], ["Step", "What is done", "Who"], bold=True)
    for i, (name, first, second, who) in enumerate(cells):
        y = 118 + 30 * i
        page.row(y, [(60, "l"), (130, "l"), (270, "l")], [name, first, who]).text(130, y + 10, second)
    if ruled:
        page.grid([55, 125, 265, 400], [89, 106, 136, 166, 196])
    _, _, sheet = table(stack, page)
    assert sheet == [["Step", "What is done", "Who"]] + [[n, f"{a} {b}", w] for n, a, b, w in cells]


# --- labels and titles ---

LEVELS = ["Low", "Medium", "High"]


@pytest.mark.parametrize("ruled", [True, False])
def test_label_in_the_middle_of_its_rows_spans_them(stack, ruled):
    places = [(60, "l"), (160, "l"), (300, "r"), (380, "r")]
    page = Page().row(100, places, ["Region", "Class", "2019", "2020"])
    want = [["Region", "Class", "2019", "2020"]]
    for group, name in enumerate(["North", "South"]):
        for i, level in enumerate(LEVELS):
            row = [name if i == 1 else "", level, f"{group}{i}.5", f"{group}{i}.75"]
            page.row(116 + 14 * (3 * group + i), places, row)
            want.append([name if i == 0 else "", *row[1:]])
    if ruled:
        for k, y in enumerate([90, 105, 119, 133, 147, 161, 175, 189]):
            page.line(55 if k < 2 or (k - 1) % 3 == 0 else 150, y, 390, y)
        for x in (55, 150, 240, 310, 390):
            page.line(x, 90, x, 189)
    cells, _, sheet = table(stack, page)
    assert cells[1, 0] == ("North", 3, 1) and cells[4, 0] == ("South", 3, 1)
    assert sheet == want


def test_title_of_a_section_has_its_row(stack):
    page = rows_of(Page(), [HEAD], 100, RIGHT)
    page.text(60, 116, "Sown in autumn, harvested in summer", bold=True)
    rows_of(page, CROPS[:2], 130, RIGHT)
    page.text(60, 160, "Sown in spring", bold=True)
    rows_of(page, CROPS[2:], 174, RIGHT)
    cells, head, sheet = table(stack, page)
    assert cells[1, 0] == ("Sown in autumn, harvested in summer", 1, 5)
    assert cells[4, 0] == ("Sown in spring", 1, 5) and head == {0}
    assert [row[0] for row in sheet] == ["Crop", cells[1, 0][0], "Barley", "Oats", "Sown in spring", "Rye",
                                         "Spelt and emmer"]


# --- columns ---

def test_column_with_few_values_is_one(stack):
    few = [["Barley", "1,204", "", "", "1,020"], ["Oats", "", "295", "", "388"], ["Rye", "87", "", "", "77"],
           ["Spelt", "", "", "22", "9"], ["Emmer", "12", "15", "", ""], ["Millet", "", "", "14", "30"]]
    _, _, sheet = table(stack, rows_of(Page(), [HEAD, *few], 100, RIGHT))
    assert sheet == [HEAD, *few]


def test_columns_a_few_points_apart_are_parted(stack):
    places = [(60, "l"), *[(150 + 25 * i, "r") for i in range(8)]]
    body = [[name, *[f"{1000 + 137 * r + 211 * i}" for i in range(8)]]
            for r, name in enumerate(["Barley", "Oats", "Rye", "Spelt", "Emmer"])]
    rows = [["Crop", *[str(2010 + i) for i in range(8)]], *body]
    _, _, sheet = table(stack, rows_of(Page(), rows, 100, places))
    assert sheet == rows


def test_sign_of_a_currency_set_apart_belongs_to_its_number(stack):
    page, want = Page().row(100, RIGHT[:3], HEAD[:3]), [HEAD[:3]]
    for i, (name, a, b, *_) in enumerate(CROPS):
        y = 116 + 14 * i
        page.row(y, RIGHT[:3], [name, a, f"({b})"]).text(190, y, "$").text(262, y, "$")
        want.append([name, f"$ {a}", f"$ ({b})"])
    _, _, sheet = table(stack, page)
    assert sheet == want


@pytest.mark.parametrize("dash", [[0.6, 1.8], [1, 2], [3, 2]])
def test_dotted_rules_part_cells(stack, dash):
    """Without them the lines would be rows of their own."""
    places = [(60, "l"), (160, "l"), (260, "l")]
    page, want = Page().grid([55, 155, 255, 355], [90, 118, 146, 174], [dash]), []
    for i in range(3):
        first, second = [f"{name} {i}a" for name in "xyz"], [f"{name} {i}b" for name in "xyz"]
        page.row(102 + 28 * i, places, first).row(113 + 28 * i, places, second)
        want.append([f"{a} {b}" for a, b in zip(first, second, strict=True)])
    _, _, sheet = table(stack, page)
    assert sheet == want


# --- how many tables there are ---

def found(stack, page):
    regions, _ = read(stack, page, agentic=True)
    return [r["structured_data"]["tables"][0] for r in regions if r["structured_data"]["tables"]]


def test_two_lines_without_rules_are_a_table(stack):
    rows = [["Members", "480", "Graduates", "3,495"], ["Guests", "484", "Teachers", "4,880"]]
    page = rows_of(Page(), rows, 200, [(60, "l"), (180, "r"), (220, "l"), (340, "r")])
    assert found(stack, page) == [rows]


def test_tables_side_by_side_are_two(stack):
    xs, ys = [55, 150, 200, 250], [90, 104, 118, 132, 146]
    page = Page().grid(xs, ys).grid([x + 260 for x in xs], ys)
    for left in (0, 260):
        rows_of(page, [row[:3] for row in CROPS], 101, [(60 + left, "l"), (195 + left, "r"), (245 + left, "r")])
    assert found(stack, page) == [[row[:3] for row in CROPS]] * 2


def test_stacked_tables_of_different_columns_are_two(stack):
    other = [["Town", "Men", "Women"], ["Calder", "1,310", "1,402"], ["Penmark", "712", "698"], ["Rosvik", "55", "61"]]
    page = rows_of(Page(), [HEAD, *CROPS], 100, RIGHT)
    page.text(60, 200, "The towns of the valley are counted once in ten years, as the law of the land wants it.")
    rows_of(page, other, 240, [(60, "l"), (330, "r"), (420, "r")])
    assert found(stack, page) == [[HEAD, *CROPS], other]


def test_lists_and_running_text_are_no_tables(stack):
    page = Page()
    for i, text in enumerate(["the price of barley", "the price of oats", "who mows the meadows", "the mill"]):
        page.text(60, 100 + 13 * i, f"{i + 1}.").text(80, 100 + 13 * i, text)
        page.text(60, 200 + 13 * i, "\u2022").text(80, 200 + 13 * i, text)
    for i in range(8):
        y = 300 + 12 * i
        page.text(60, y, "The cooperative met in the upper valley and agreed")
        page.text(330, y, "on the price of barley and oats for the season to")
    assert found(stack, page) == []


# --- charts ---

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
AMOUNTS = [34, 78, 51, 96, 62, 45]
COLOURS = [(0.2, 0.4, 0.7), (0.8, 0.4, 0.2), (0.4, 0.7, 0.3), (0.8, 0.7, 0.2)]


def axes(page):
    page.line(80, 120, 80, 300).line(80, 300, 500, 300)
    for i in range(5):
        page.text(74, 303 - 40 * i, str(25 * i), "r")
    return page


@pytest.mark.parametrize("inside", [True, False])
def test_bars_with_values_are_no_table(stack, inside):
    page = axes(Page())
    for i, (month, n) in enumerate(zip(MONTHS, AMOUNTS, strict=True)):
        page.area(100 + 65 * i, 300 - 1.6 * n, 135 + 65 * i, 300)
        page.text(117 + 65 * i, 300 - 1.6 * n + (12 if inside else -4), str(n), "c")
        page.text(117 + 65 * i, 313, month, "c")
    assert found(stack, page) == []


def test_stacked_bars_are_no_table(stack):
    page = axes(Page())
    for i, (month, n) in enumerate(zip(MONTHS, AMOUNTS, strict=True)):
        low = 300
        for k, part in enumerate([n, 30 + n % 7, 100 - n]):
            page.area(100 + 65 * i, low - part, 135 + 65 * i, low, COLOURS[k])
            page.text(117 + 65 * i, low - part / 2 + 3, str(part), "c")
            low -= part
        page.text(117 + 65 * i, 313, month, "c")
    assert found(stack, page) == []


@pytest.mark.parametrize("aligned", [1, 5])
def test_bars_to_the_right_are_no_table(stack, aligned):
    """Some bars are as long as others, so that values stand under each other by chance."""
    page = Page().line(120, 95, 120, 240)
    for i, (month, n) in enumerate(zip(MONTHS, AMOUNTS, strict=True)):
        n -= n % aligned
        page.text(114, 110 + 22 * i, month, "r").area(120, 100 + 22 * i, 120 + 3 * n, 114 + 22 * i)
        page.text(124 + 3 * n, 110 + 22 * i, str(n))
    assert found(stack, page) == []


def test_legend_of_a_pie_is_no_table(stack):
    page = Page()
    for i, (name, n) in enumerate(zip(["Barley", "Oats", "Rye", "Spelt"], [45, 30, 15, 10], strict=True)):
        page.pen.setFillColorRGB(*COLOURS[i])
        page.pen.wedge(100, 500, 220, 620, 90 * i, 90, fill=1)
        page.area(300, 190 + 16 * i, 308, 198 + 16 * i, COLOURS[i])
        page.text(314, 197 + 16 * i, name).text(400, 197 + 16 * i, f"{n}%", "r")
    assert found(stack, page) == []


def test_shaded_rows_and_heads_are_a_table_still(stack):
    page = Page().area(55, 90, 470, 105, (0.75, 0.8, 0.9))
    for i in (1, 3):
        page.area(55, 91 + 14 * i, 470, 105 + 14 * i, (0.93, 0.93, 0.93))
    rows_of(page, [HEAD, *CROPS], 101, RIGHT)
    assert found(stack, page) == [[HEAD, *CROPS]]


def test_bars_in_the_cells_of_a_table_leave_it_one(stack):
    page = rows_of(Page(), [HEAD[:3], *[row[:3] for row in CROPS]], 101, RIGHT[:3])
    for i, n in enumerate([90, 40, 12, 4]):
        page.area(320, 108 + 14 * i, 320 + n, 116 + 14 * i)
    assert found(stack, page) == [[HEAD[:3], *[row[:3] for row in CROPS]]]
