#!/usr/bin/python3
"""Turns born-digital pages with ground truth into scans of them.

usage: bench/scan_dataset.py SOURCE_DIR TARGET_DIR DPI SKEW_DEGREES NOISE     (NOISE 0..1)

Each page of X.pdf is drawn in grey, turned by up to SKEW, blended with grain and kept as JPEG; the
X-str.xml and X-reg.xml go with it. The same source gives the same scans. Needs python3-pil, pdftoppm.
"""

import io
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from PIL import Image

GRAIN = 60  # of the noise, in grey levels
MOST_GRAIN = 0.25  # part of a pixel that is grain when NOISE is 1
QUALITY = 75  # of the JPEG


def scanned(page, skew, noise):
    image = Image.open(page).convert("L")
    if skew:
        image = image.rotate(random.uniform(-skew, skew), resample=Image.BICUBIC, fillcolor=255)
    if noise:
        image = Image.blend(image, Image.effect_noise(image.size, GRAIN), MOST_GRAIN * noise)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=QUALITY)
    return Image.open(data)


def scan(pdf, target, dpi, skew, noise):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["pdftoppm", "-r", str(dpi), "-gray", pdf, folder + "/p"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        pages = [scanned(p, skew, noise) for p in sorted(pathlib.Path(folder).glob("p-*.pgm"))]
    pages[0].save(target, save_all=True, append_images=pages[1:], resolution=dpi)


def main():
    if len(sys.argv) != 6:
        raise SystemExit(__doc__)
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    dpi, skew, noise = int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
    target.mkdir(parents=True, exist_ok=True)
    for pdf in sorted(source.glob("*.pdf")):
        truth = [pdf.with_name(pdf.stem + end) for end in ("-str.xml", "-reg.xml")]
        if not all(path.exists() for path in truth):
            continue
        random.seed(pdf.name)
        scan(pdf, target / pdf.name, dpi, skew, noise)
        for path in truth:
            shutil.copy(path, target)


main()
