#!/usr/bin/python3
"""Makes pages with one table each, with ground truth, in the kinds that real documents have.

usage: bench/make_tables.py OUT_DIR [--n 6] [--seed 1] [--kinds a,b,...]     (needs python3-reportlab)

Writes KIND-NN.pdf with KIND-NN-str.xml and KIND-NN-reg.xml in the form of the ICDAR 2013 competition.
The same seed gives the same pages. Other seeds than those that were developed with are what counts.
"""

import argparse
import pathlib
import random
from xml.sax.saxutils import escape
from reportlab.pdfgen import canvas
from reportlab.pdfbase.pdfmetrics import stringWidth

NOUNS = "revenue equity turnover capital labour energy transport housing health school forest water steel copper wheat rice sugar cotton export import tariff pension income wages prices rent taxes credit loans bonds shares savings".split()
PLACES = "Nordhaven Ostfeld Westbrook Sundale Marwick Tarnby Elmsford Kestrel Lindow Harrow Penmark Rosvik Calder Brindley Aldmoor".split()
ADJ = "total net gross average median adjusted estimated annual quarterly monthly domestic foreign public private mean".split()


class Cell:
    def __init__(self, text="", rs=1, cs=1, align="l", bold=False, valign="m"):
        self.text, self.rs, self.cs, self.align, self.bold, self.valign = (
            text,
            rs,
            cs,
            align,
            bold,
            valign,
        )


def words(r, a, b):
    return " ".join(r.choice(r.choice((NOUNS, ADJ, PLACES))) for _ in range(r.randint(a, b)))


def label(r, a=1, b=3):
    w = words(r, a, b)
    return w[0].upper() + w[1:]


def number(r):
    k = r.random()
    x = r.uniform(1, 10 ** r.randint(1, 7))
    if k < 0.45:
        return f"{x:,.0f}"
    if k < 0.7:
        return f"{x % 1000:.{r.randint(1, 2)}f}"
    if k < 0.8:
        return f"({x % 5000:,.1f})"
    if k < 0.88:
        return f"{x % 100:.1f}%"
    if k < 0.94:
        return "-" if r.random() < 0.5 else "n/a"
    return f"-{x % 900:.2f}"


# --- a grid: rows of Cell or None where another cell spans; kinds below ---
def body(r, rows, cols, lab=(1, 3), empty=0.05):
    return [
        [Cell(label(r, *lab))]
        + [Cell("" if r.random() < empty else number(r), align="r") for _ in range(cols - 1)]
        for _ in range(rows)
    ]


def header(r, cols, a=1, b=2):
    return [Cell(label(r, 1, 2), bold=True)] + [
        Cell(r.choice((label(r, a, b), str(r.randint(1990, 2024)))), align="r", bold=True)
        for _ in range(cols - 1)
    ]


def groups(r, cols):
    """A row of headers that span, over a row of plain ones."""
    top, low, c = [Cell(label(r, 1, 2), rs=2, bold=True)], [None], 1
    while c < cols:
        w = min(r.choice((1, 2, 2, 3)), cols - c)
        top += [Cell(label(r, 1, 2), cs=w, rs=1 if w > 1 else 2, align="c", bold=True)] + [None] * (
            w - 1
        )
        low += (
            [
                Cell(
                    r.choice(("Male", "Female", "no.", "Rate", "%", str(r.randint(1990, 2024)))),
                    align="r",
                    bold=True,
                )
                for _ in range(w)
            ]
            if w > 1
            else [None]
        )
        c += w
    return [top, low]


def k_plain(r):
    c = r.randint(3, 8)
    return [header(r, c)] + body(r, r.randint(4, 18), c)


def k_spanheader(r):
    c = r.randint(4, 9)
    return groups(r, c) + body(r, r.randint(4, 14), c)


def k_wraplabel(r):
    c = r.randint(3, 6)
    return [header(r, c)] + body(r, r.randint(4, 10), c, lab=(3, 11))


def k_wrapcells(r):
    c = r.randint(2, 4)
    return [[Cell(label(r, 1, 2), bold=True) for _ in range(c)]] + [
        [Cell(label(r, 1, 2), valign="t")]
        + [Cell(label(r, 3, 16), valign="t") for _ in range(c - 1)]
        for _ in range(r.randint(3, 7))
    ]


def k_wrapheader(r):
    c = r.randint(4, 8)
    return [
        [
            Cell(label(r, 2, 5), bold=True, align="l" if i == 0 else "c", valign="b")
            for i in range(c)
        ]
    ] + body(r, r.randint(4, 12), c)


def k_rowspan(r):
    c, out = r.randint(3, 6), []
    out.append(
        [Cell(label(r), bold=True), Cell("", bold=True)]
        + [Cell(label(r, 1, 2), align="r", bold=True) for _ in range(c - 2)]
    )
    for _ in range(r.randint(2, 4)):
        n = r.randint(2, 4)
        for i in range(n):
            out.append(
                [
                    Cell(label(r, 2, 6), rs=n) if i == 0 else None,
                    Cell(r.choice(("Low", "Medium", "High", "Very high", "Count", "Share"))),
                ]
                + [Cell(number(r), align="r") for _ in range(c - 2)]
            )
    return out


def k_sections(r):
    c, out = r.randint(3, 6), []
    out.append(header(r, c))
    for _ in range(r.randint(2, 4)):
        out.append([Cell(label(r, 1, 4), cs=c, bold=True)] + [None] * (c - 1))
        out += body(r, r.randint(2, 4), c)
    return out


def k_leaders(r):
    out = [header(r, (c := r.randint(3, 6)))] + body(r, r.randint(4, 12), c)
    for row in out[1:]:
        row[0].leader = True
    return out


def k_sparse(r):
    c = r.randint(4, 8)
    return [header(r, c)] + body(r, r.randint(5, 14), c, empty=0.45)


def k_narrow(r):
    c = r.randint(7, 12)
    return groups(r, c) + body(r, r.randint(6, 16), c, lab=(1, 2))


def k_wide(r):
    c = r.randint(11, 16)
    return [header(r, c, 1, 1)] + body(r, r.randint(4, 12), c, lab=(1, 1))


def k_textual(r):
    c = r.randint(2, 5)
    return [[Cell(label(r), bold=True) for _ in range(c)]] + [
        [Cell(label(r, 1, 4)) for _ in range(c)] for _ in range(r.randint(4, 12))
    ]


def k_currency(r):
    c = r.randint(3, 6)
    out = [header(r, c)] + body(r, r.randint(4, 12), c, empty=0)
    for row in out[1:]:
        for x in row[1:]:
            x.text = "$ " + x.text if x.text[0].isdigit() else x.text
    return out


def k_small(r):
    c = r.randint(2, 3)
    return [
        [Cell(label(r)), *[Cell(number(r), align="r") for _ in range(c - 1)]]
        for _ in range(r.randint(2, 3))
    ]


KINDS = {k[2:]: v for k, v in globals().copy().items() if k.startswith("k_")}


def wrap(text, font, size, width):
    lines, line = [], ""
    for w in text.split(" "):
        t = f"{line} {w}".strip()
        if line and stringWidth(t, font, size) > width:
            lines.append(line)
            line = w
        else:
            line = t
    return lines + [line] if line or not lines else lines


def lay_out(r, kind, grid, page):
    wide = kind in ("wide", "narrow")
    family = r.choice(
        (
            ("Helvetica", "Helvetica-Bold"),
            ("Times-Roman", "Times-Bold"),
            ("Courier", "Courier-Bold"),
        )[: 2 if wide else 3]
    )
    size = r.uniform(5.5, 7.5) if wide else r.uniform(7.5, 10.5)
    if family[0] == "Courier":
        size *= 0.8
    gap = r.uniform(3, 5) if kind == "narrow" else r.uniform(5, 14)
    lead = size * r.uniform(1.12, 1.3)
    ncol = len(grid[0])
    W = page[0] - 90
    natural = [0.0] * ncol
    font = lambda c: family[1] if c.bold else family[0]
    for row in grid:
        for j, c in enumerate(row):
            if c and c.cs == 1:
                w = stringWidth(c.text, font(c), size)
                if kind in ("wraplabel", "wrapcells", "wrapheader", "rowspan"):
                    w = min(
                        w,
                        max(
                            W * (0.30 if j == 0 else 0.9 / ncol),
                            max(
                                (stringWidth(x, font(c), size) for x in c.text.split(" ")),
                                default=0,
                            ),
                        ),
                    )
                natural[j] = max(natural[j], w)
    for row in grid:  # a spanning cell's words must fit the columns below it
        for j, c in enumerate(row):
            if c and c.cs > 1 and kind != "sections":
                have = sum(natural[j : j + c.cs]) + gap * (c.cs - 1)
                need = max(stringWidth(x, font(c), size) for x in c.text.split(" "))
                for q in range(j, j + c.cs):
                    natural[q] += max(0, need - have) / c.cs
    total = sum(natural) + gap * ncol
    if total > W:
        k = W / total
        size *= k
        lead *= k
        gap *= k
        natural = [x * k * 1.001 for x in natural]
    widths = [x + gap for x in natural]
    if sum(widths) < W and r.random() < 0.4 and not wide:
        widths = [x * min(1.6, W / sum(widths)) for x in widths]
    pad = gap / 2
    texts, heights = {}, [lead] * len(grid)
    for i, row in enumerate(grid):
        for j, c in enumerate(row):
            if c:
                texts[i, j] = wrap(c.text, font(c), size, sum(widths[j : j + c.cs]) - gap + 0.5)
            if c and c.rs == 1:
                heights[i] = max(heights[i], len(texts[i, j]) * lead)
    for (i, j), t in texts.items():
        c = grid[i][j]
        short = len(t) * lead - sum(heights[i : i + c.rs])
        if c.rs > 1 and short > 0:
            for q in range(i, i + c.rs):
                heights[q] += short / c.rs
    vpad = r.uniform(1, 4) if kind not in ("wrapcells", "wraplabel") else r.uniform(2.5, 5)
    heights = [h + vpad for h in heights]
    return family, size, lead, pad, widths, heights, texts, vpad


def draw(r, kind, grid, path):
    landscape = kind in ("wide", "narrow") or r.random() < 0.1
    page = (842, 595) if landscape else (595, 842)
    family, size, lead, pad, widths, heights, texts, vpad = lay_out(r, kind, grid, page)
    cv = canvas.Canvas(str(path), pagesize=page, invariant=1)
    x0, y = 45, page[1] - 60
    cv.setFont(family[0], 10)
    for _ in range(r.randint(0, 4)):
        cv.drawString(45, y, words(r, 8, 12)[:95])
        y -= 13
    cv.setFont(family[1], 10)
    cv.drawString(45, y, f"Table {r.randint(1, 40)}. {label(r, 2, 5)}")
    y -= 16
    ruling = r.choice(("grid", "grid", "rows", "head", "none", "booktabs", "shade"))
    if kind == "wrapcells" and ruling == "none":
        ruling = r.choice(("rows", "none", "head"))
    top = y
    xs = [x0]
    ys = [top]
    for w in widths:
        xs.append(xs[-1] + w)
    for h in heights:
        ys.append(ys[-1] - h)
    nhead = 2 if kind in ("spanheader", "narrow") else 0 if kind == "small" else 1
    cells, n = [], len(grid)
    for i in range(1, n, 2):
        if ruling == "shade":
            cv.setFillGray(0.9)
            cv.rect(xs[0], ys[i + 1], xs[-1] - xs[0], heights[i], stroke=0, fill=1)
            cv.setFillGray(0)
    for i, row in enumerate(grid):
        for j, c in enumerate(row):
            if not c:
                continue
            left, right, up, low = xs[j], xs[j + c.cs], ys[i], ys[i + c.rs]
            if ruling == "grid":
                cv.setLineWidth(0.6)
                cv.rect(left, low, right - left, up - low)
            lines = texts[i, j]
            if not c.text:
                continue
            f = family[1] if c.bold else family[0]
            cv.setFont(f, size)
            block = len(lines) * lead
            start = (
                up - vpad / 2
                if c.valign == "t"
                else low + vpad / 2 + block
                if c.valign == "b"
                else (up + low) / 2 + block / 2
            )
            for q, line in enumerate(lines):
                w = stringWidth(line, f, size)
                base = start - q * lead - size * 0.86
                x = (
                    left + pad
                    if c.align == "l"
                    else right - pad - w
                    if c.align == "r"
                    else (left + right - w) / 2
                )
                cv.drawString(x, base, line)
                if getattr(c, "leader", False) and q == len(lines) - 1:
                    dot = stringWidth(".", f, size)
                    k = int((right - x - w - pad) / dot) - 1
                    if k > 2:
                        cv.drawString(x + w + dot, base, "." * k)
            cells.append((i, j, i + c.rs - 1, j + c.cs - 1, c.text, (left, low, right, up)))
    cv.setLineWidth(0.7)

    def hline(k, a=0, b=None):
        cv.line(xs[a], ys[k], xs[-1 if b is None else b], ys[k])

    if ruling in ("rows", "booktabs", "head", "shade"):
        if ruling != "shade":
            hline(0)
            hline(n)
        hline(nhead)
        if ruling == "rows":
            for k in range(1, n):
                if all(not (c and i < k < i + c.rs) for i, row in enumerate(grid) for c in row):
                    hline(k)
        if nhead == 2:
            for j, c in enumerate(grid[0]):
                if c and c.cs > 1:
                    cv.line(xs[j] + pad, ys[1], xs[j + c.cs] - pad, ys[1])
    y = ys[-1] - 16
    cv.setFont(family[0], 8)
    if r.random() < 0.6:
        cv.drawString(45, y, "Source: " + words(r, 3, 8))
        y -= 20
    cv.setFont(family[0], 10)
    while y > 80 and r.random() < 0.75:
        cv.drawString(45, y, words(r, 8, 12)[:95])
        y -= 13
    cv.save()
    box = (xs[0], ys[-1], xs[-1], ys[0])
    b = lambda q: '<bounding-box x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>' % q
    head = f"<?xml version='1.0' encoding='UTF-8'?>\n<document filename='{path.name}'>\n <table id='1'>\n  <region id='1' page='1'"
    path.with_name(path.stem + "-reg.xml").write_text(
        f"{head}>{b(box)}</region>\n </table>\n</document>\n"
    )
    path.with_name(path.stem + "-str.xml").write_text(
        head
        + " col-increment='0' row-increment='0'>\n"
        + "".join(
            f"   <cell id='{q}' start-row='{i}' start-col='{j}' end-row='{i1}' end-col='{j1}'>{b(bb)}<content>{escape(t)}</content></cell>\n"
            for q, (i, j, i1, j1, t, bb) in enumerate(cells)
        )
        + "  </region>\n </table>\n</document>\n"
    )


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("out")
    ap.add_argument("--n", type=int, default=6)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--kinds")
    a = ap.parse_args()
    out = pathlib.Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    for kind in a.kinds.split(",") if a.kinds else KINDS:
        for i in range(a.n):
            r = random.Random(f"{a.seed}/{kind}/{i}")
            p = out / f"{kind}-{i:02}.pdf"
            draw(r, kind, KINDS[kind](r), p)


if __name__ == "__main__":
    main()
