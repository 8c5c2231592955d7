"""Scans made by Pillow: a PDF's page as it comes from a scanner, or a picture as a page."""
import io
import pathlib
import subprocess
import tempfile
import zlib

from PIL import Image, ImageDraw, ImageFont

from made_pdf import joined

DPI = 200
SIZE = (1654, 2339)  # an A4 page in pixels
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def drawn(data, dpi=DPI):
    """The first page of a PDF as a grey picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "a.pdf"
        path.write_bytes(data)
        subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", "-singlefile", path, path.with_suffix("")], check=True)
        with Image.open(path.with_suffix(".pgm")) as image:
            return image.convert("L")


def turned(image, degrees):
    return image.rotate(degrees, expand=True, resample=Image.BICUBIC, fillcolor=255)


def written(lines, dpi=DPI, size=SIZE, ink=0, ground=255, points=11):
    """A picture of lines of text, from the top left."""
    image = Image.new("L", size, ground)
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, int(points * dpi / 72))
    for i, line in enumerate(lines):
        pen.text((dpi // 2, dpi // 2 + int(1.7 * i * points * dpi / 72)), line, fill=ink, font=font)
    return image


def scan(image, dpi=DPI, points=None, layer=b""):
    """A PDF whose page is the picture, as large as its dpi says or points (width, height). layer: a
    content stream of a text layer under it, of font F1."""
    width, height = points or (image.width * 72 / dpi, image.height * 72 / dpi)
    out = io.BytesIO()
    if image.mode == "1":
        data, bits, coding = zlib.compress(image.tobytes()), 1, b"/FlateDecode"
    else:
        image.save(out, "JPEG", quality=75)
        data, bits, coding = out.getvalue(), 8, b"/DCTDecode"
    content = layer + b"q %g 0 0 %g 0 0 cm /I Do Q" % (width, height)
    return joined({
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 4 0 R /Resources << /Font "
           b"<< /F1 6 0 R >> /XObject << /I 5 0 R >> >> >>" % (width, height),
        4: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        5: b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent %d /ColorSpace "
           b"/DeviceGray /Filter %s /Length %d >>\nstream\n%s\nendstream"
           % (*image.size, bits, coding, len(data), data),
        6: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    })
