"""Pages drawn by reportlab, with the widths of real letters: tables, charts, lists."""
import io

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen import canvas

WIDTH, HEIGHT = 612, 792
SIDE = {"l": 0, "c": 0.5, "r": 1}


class Page:
    """Places are points from the top left; y of text is its line."""

    def __init__(self, size=9):
        self.out, self.size = io.BytesIO(), size
        self.pen = canvas.Canvas(self.out, pagesize=(WIDTH, HEIGHT), invariant=1)

    def text(self, x, y, text, side="l", bold=False):
        font = "Helvetica-Bold" if bold else "Helvetica"
        self.pen.setFont(font, self.size)
        self.pen.drawString(x - SIDE[side] * stringWidth(text, font, self.size), HEIGHT - y, text)
        return self

    def row(self, y, places, texts, bold=False):
        """Texts at places, (x, side) each; None leaves one out."""
        for (x, side), text in zip(places, texts, strict=True):
            if text:
                self.text(x, y, text, side, bold)
        return self

    def line(self, x0, y0, x1, y1, dash=None):
        self.pen.setLineWidth(0.6)
        self.pen.setDash(*(dash or ([],)))
        self.pen.line(x0, HEIGHT - y0, x1, HEIGHT - y1)
        return self

    def grid(self, xs, ys, dash=None):
        for y in ys:
            self.line(xs[0], y, xs[-1], y, dash)
        for x in xs:
            self.line(x, ys[0], x, ys[-1], dash)
        return self

    def area(self, x0, y0, x1, y1, colour=(0.3, 0.5, 0.8)):
        self.pen.setFillColorRGB(*colour)
        self.pen.rect(x0, HEIGHT - y1, x1 - x0, y1 - y0, stroke=0, fill=1)
        self.pen.setFillGray(0)
        return self

    def pdf(self):
        self.pen.save()
        return self.out.getvalue()
