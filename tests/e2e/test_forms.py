"""Forms: fields that are filled in (AcroForm) and check boxes that are only drawn."""
import pytest

from made_pdf import pdf, shown
from test_text_layer import command, lines, rows, text  # noqa: F401 (a fixture, read)

WIDGET = b"/Subtype /Widget "
BUTTON = WIDGET + b"/AP << /N << /%s null /Off null >> >> /AS /%s /Rect [%d %d %d %d] "


def pairs(region):
    return {f["name"]: f["value"] for f in region["structured_data"]["form_fields"]}


def radio(x, y, name, on):
    return BUTTON % (name, name if on else b"Off", x, y, x + 10, y + 10)


def group_of(chosen):
    places = [(160, 698), (240, 698), (320, 698)]
    return pdf(shown(60, 700, "Household") + shown(175, 700, "one person") + shown(255, 700, "couple") +
               shown(335, 700, "more than two"),
               fields=[radio(x, y, b"%d" % i, i == chosen) for i, (x, y) in enumerate(places)],
               group=b"/FT /Btn /Ff 49152 /T (household) /V /" + (b"Off" if chosen is None else b"%d" % chosen))


@pytest.mark.parametrize("chosen, want", [(0, "one person"), (1, "couple"), (2, "more than two"), (None, "")])
def test_group_of_radio_buttons_is_one_field(read, chosen, want):
    assert pairs(read(group_of(chosen), "--type", "form")) == {"household": want}


def test_hidden_fields_are_left_out(read):
    field = WIDGET + b"/FT /Tx /T (f%d) /V (value%d) /F %d /Rect [160 %d 300 %d]"
    region = read(pdf(lines("Applicant"), fields=[
        field % (flags, flags, flags, 600 - 20 * i, 614 - 20 * i) for i, flags in enumerate([4, 2, 32])]),
        "--type", "form")
    assert pairs(region) == {"f4": "value4"}
    assert "value2" not in text(region) and "value32" not in text(region)


def test_each_kind_of_field_has_its_value(read):
    region = read(pdf(lines("Applicant"), fields=[
        WIDGET + b"/FT /Tx /Ff 16777216 /MaxLen 6 /T (comb) /V (481516) /Rect [160 640 280 655]",
        WIDGET + b"/FT /Tx /Ff 4096 /T (lines) /V (first line\rsecond) /Rect [160 600 300 630]",
        WIDGET + b"/FT /Tx /T (none) /Rect [160 580 300 595]",
        WIDGET + b"/FT /Tx /Ff 8192 /T (password) /V (secret) /Rect [160 560 300 575]",
        WIDGET + b"/FT /Ch /T (list) /Ff 2097152 /Opt [(a) (b) (c)] /V [(a) (c)] /I [0 2] "
        b"/Rect [160 500 300 550]",
        BUTTON % (b"On", b"On", 160, 480, 172, 492) + b"/FT /Btn /T (yes) /V /On",
        BUTTON % (b"On", b"Off", 160, 460, 172, 472) + b"/FT /Btn /T (no) /V /Off",
        BUTTON % (b"On", b"Off", 160, 440, 172, 452) + b"/FT /Btn /Ff 65536 /T (push)"]), "--type", "form")
    assert pairs(region) == {"comb": "481516", "lines": "first line\nsecond", "none": "", "list": "a\nc",
                             "yes": "true", "no": "false"}
    assert {"481516", "line", "second", "true", "false"} <= {w["text"] for w in region["words"]}


def test_fields_in_a_table_are_in_its_cells(read):
    names = ["Barley", "Oats", "Rye"]
    region = read(pdf(lines("Crop", *names) + shown(200, 700, "Tons") + shown(300, 700, "Organic"), fields=[
        WIDGET + b"/FT /Tx /T (t%d) /V (%d4.5) /Rect [198 %d 260 %d]" % (i, i, 677 - 20 * i, 691 - 20 * i)
        for i in range(3)] + [
        BUTTON % (b"On", b"On" if i else b"Off", 300, 678 - 20 * i, 310, 688 - 20 * i) +
        b"/FT /Btn /T (o%d) /V /%s" % (i, b"On" if i else b"Off") for i in range(3)]), "--type", "table")
    assert rows(region) == [["Crop", "Tons", "Organic"], ["Barley", "04.5", "false"],
                            ["Oats", "14.5", "true"], ["Rye", "24.5", "true"]]


def box(x, y, mark=None, side=10):
    cross = b"%g %g m %g %g l %g %g m %g %g l S\n" % (x + 1, y + 1, x + side - 1, y + side - 1, x + 1, y + side - 1,
                                                      x + side - 1, y + 1)
    tick = b"%g %g m %g %g l %g %g l S\n" % (x + 2, y + side / 2, x + side / 2.5, y + 2, x + side - 1.5, y + side - 1.5)
    dingbat = shown(x + 1, y + 1.5, b"4", side, font=b"F2")
    drawn = {None: b"", "cross": cross, "tick": tick, "dingbat": dingbat, "letter": shown(x + 1.5, y + 1.5, "X", side)}
    return b".7 w %g %g %g %g re S\n" % (x, y, side, side) + drawn[mark]


@pytest.mark.parametrize("mark", ["cross", "tick", "dingbat", "letter"])
@pytest.mark.parametrize("side", [7, 8.4, 10, 13.3, 18])
def test_drawn_check_boxes_are_true_or_false(read, mark, side):
    page = b"".join(box(60.3, 700 - 30 * i, mark if i % 2 else None, side) + shown(66 + side, 702 - 30 * i, label)
                    for i, label in enumerate(["I own the land", "I rent the land", "Other", "None of these"]))
    region = read(pdf(page), "--type", "auto")
    assert region["region_type"] == "form"
    assert pairs(region) == {"I own the land": "false", "I rent the land": "true", "Other": "false",
                             "None of these": "true"}


def test_name_before_check_boxes_has_what_is_chosen(read):
    page = shown(60, 700, "Status:") + box(120, 698) + shown(135, 700, "single") + box(200, 698, "tick") + \
        shown(215, 700, "married") + shown(60, 670, "Agreed:") + box(120, 668, "cross")
    assert pairs(read(pdf(page), "--type", "form")) == {
        "Status": "married", "single": "false", "married": "true", "Agreed": "true"}


def test_check_boxes_in_a_table_are_in_its_cells(read):
    page = b"".join(shown(x, 720, h) for x, h in [(60, "Crop"), (200, "Tons"), (300, "Organic"), (400, "Sold")])
    for i, name in enumerate(["Barley", "Oats", "Rye"]):
        page += shown(60, 700 - 20 * i, name) + shown(200, 700 - 20 * i, f"{i}4.5") + \
            box(305, 699 - 20 * i, "cross" if i else None, 9) + box(405, 699 - 20 * i, None if i else "tick", 9)
    assert rows(read(pdf(page), "--type", "table")) == [
        ["Crop", "Tons", "Organic", "Sold"], ["Barley", "04.5", "false", "true"],
        ["Oats", "14.5", "true", "false"], ["Rye", "24.5", "true", "false"]]


def test_squares_that_are_no_check_boxes_are_no_words(read):
    comb = b"".join(b"%g 600 12 14 re S\n" % (160 + 12 * i) for i in range(6))  # cells side by side
    filled = b"60 560 8 8 re f\n" + shown(75, 560, "filled") + b"60 530 8 8 re S\n"  # a bullet; no text beside
    letters = b"60 497 14 14 re S\n" + shown(64, 500, "7") + shown(80, 500, "framed")
    region = read(pdf(lines("Number") + shown(60, 602, "Code") + comb + filled + letters), "--type", "text")
    assert text(region) == "Number Code filled 7 framed"


def test_ticks_of_a_font_stay_letters_outside_of_boxes(read):
    region = read(pdf(shown(60, 700, b"4", font=b"F2") + shown(80, 700, "agreed")), "--type", "text")
    assert text(region) == "\N{HEAVY CHECK MARK} agreed"
