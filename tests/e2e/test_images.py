"""PNG, JPEG and TIFF files are documents whose pages are scans."""
import io

import pytest
from conftest import sample
from made_scan import drawn
from PIL import Image
from test_documents import png_size
from test_extract_file import form

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "TIFF": "image/tiff"}


def saved(image, kind, **kw):
    out = io.BytesIO()
    image.save(out, kind, **kw)
    return out.getvalue()


@pytest.fixture(scope="module")
def page():
    """text-table, as a scanner sees it."""
    return drawn(sample("text-table").read_bytes(), 200)


def extract(stack, data, content_type, query=""):
    return stack.call("POST", "/api/v1/extract/file?wait=60&format=json" + query, data,
                      headers={"Content-Type": content_type})


def words(result):
    return " ".join(r["text"] for r in result.json["regions"])


@pytest.mark.main_path
@pytest.mark.parametrize("kind, options", [("PNG", {"dpi": (200, 200)}), ("JPEG", {"dpi": (200, 200)}),
                                           ("TIFF", {"dpi": (200, 200)}), ("PNG", {}), ("JPEG", {"dpi": (72, 72)})],
                         ids=["png", "jpeg", "tiff", "png-without-dpi", "jpeg-of-72-dpi"])
def test_image_is_read_as_a_scan(stack, page, kind, options):
    r = extract(stack, saved(page, kind, **options), TYPES[kind])
    assert r.status == 200, r.body
    assert r.json["regions"][0]["structured_data"]["tables"] and "Article" in words(r)


def test_tiff_has_as_many_pages_as_images_of_their_own_sizes(stack, page):
    small = page.resize((page.width // 2, page.height // 2)).convert("1")
    data = saved(page.convert("1"), "TIFF", save_all=True, append_images=[small], compression="group4", dpi=(200, 200))
    r = extract(stack, data, "image/tiff")
    assert r.status == 200 and r.json["summary"]["pages_total"] == 2
    document = stack.call("POST", "/api/v1/upload/documents", **form(data, name="two.tiff")).json
    sizes = stack.call("GET", f"/api/v1/documents/{document['pdf_id']}").json["pages"]
    assert [round(s["width"]) for s in sizes] == [round(page.width * .36), round(small.width * .36)]
    image = stack.call("GET", f"/api/v1/documents/{document['pdf_id']}/pages/2.png?width=400")
    assert image.status == 200 and png_size(image.body)[0] == 400


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (3, 300), (300, 1)])
def test_page_without_room_for_a_letter_is_empty(stack, page, size):
    data = saved(page.convert("1"), "TIFF", save_all=True, append_images=[Image.new("1", size)], dpi=(200, 200))
    r = extract(stack, data, "image/tiff")
    assert r.status == 200 and "Article" in words(r)
    assert r.json["summary"]["pages_total"] == 2 and not r.json["page_problems"], r.body
    alone = extract(stack, saved(Image.new("L", size), "PNG"), "image/png")
    assert alone.status == 200 and not alone.json["regions"], alone.body


def test_colours_palettes_and_transparency_are_drawn(stack):
    see_through = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    for image, seen in [(Image.new("RGB", (300, 200), (200, 100, 50)), (200, 100, 50)),
                        (Image.new("RGB", (300, 200), (200, 100, 50)).quantize(4), (200, 100, 50)),
                        (see_through, (255, 255, 255))]:
        pdf_id = stack.call("POST", "/api/v1/upload/documents", saved(image, "PNG"),
                            headers={"Content-Type": "image/png"}).json["pdf_id"]
        r = stack.call("GET", f"/api/v1/documents/{pdf_id}/pages/1.png?width=200")
        assert Image.open(io.BytesIO(r.body)).convert("RGB").getpixel((100, 60)) == seen


def test_image_goes_through_a_signed_address(stack, page):
    made = stack.call("POST", "/api/v1/upload/generate-url?file_name=scan.PNG&limit_size=true").json
    assert made["headers"]["Content-Type"] == "image/png"
    assert stack.fetch(made["upload_url"], "PUT", body=saved(page, "PNG"), headers=made["headers"]).status == 200
    assert stack.call("GET", f"/api/v1/documents/{made['pdf_id']}").json["pages_total"] == 1


STORED = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
          4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
          7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}


def held(image, orientation, kind="JPEG"):
    """An image that says how the camera was held; viewers show it upright."""
    stored = image.transpose(STORED[orientation]) if STORED[orientation] is not None else image
    if kind == "TIFF":
        return saved(stored, "TIFF", dpi=(200, 200), tiffinfo={0x0112: orientation})
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(stored, "JPEG", quality=95, dpi=(200, 200), exif=exif)


# Leptonica 1.82 turns coloured TIFF files of orientation 8 the wrong way.
@pytest.mark.parametrize("kind, mode", [("JPEG", "RGB"), ("TIFF", "L")])
@pytest.mark.parametrize("orientation", STORED)
def test_photo_stands_as_the_camera_was_held(stack, orientation, kind, mode):
    image = Image.new("RGB", (2, 2))
    image.putdata([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)])
    image = image.convert(mode)
    corners = image.convert("RGB").getdata()
    data = held(image.resize((600, 400), Image.Resampling.NEAREST), orientation, kind)
    pdf_id = stack.call("POST", "/api/v1/upload/documents", data, headers={"Content-Type": TYPES[kind]}).json["pdf_id"]
    size = stack.call("GET", f"/api/v1/documents/{pdf_id}").json["pages"][0]
    assert (round(size["width"]), round(size["height"])) == (216, 144)
    r = stack.call("GET", f"/api/v1/documents/{pdf_id}/pages/1.png?width=400")
    assert r.status == 200, r.body
    seen = Image.open(io.BytesIO(r.body))
    assert seen.size == (400, 267)
    for at, colour in zip([(100, 60), (300, 60), (100, 200), (300, 200)], corners):
        assert max(abs(a - b) for a, b in zip(seen.convert("RGB").getpixel(at), colour)) < 8


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_photo_is_read_as_the_camera_was_held(stack, page, orientation):
    r = extract(stack, held(page, orientation), "image/jpeg")
    assert r.status == 200 and "Article" in words(r)
    region, upright = r.json["regions"][0], extract(stack, held(page, 1), "image/jpeg").json["regions"][0]
    assert region["structured_data"] == upright["structured_data"]
    assert all(abs(region["bbox"][side] - upright["bbox"][side]) < .01 for side in "xywh")


def wide():
    return saved(Image.new("1", (40000, 8)), "PNG"), "image/png"


def bomb():
    """Three pages of 900 million pixels in some kilobytes."""
    huge = Image.new("1", (30000, 30000))
    return saved(huge, "TIFF", save_all=True, append_images=[huge, huge], compression="group4"), "image/tiff"


@pytest.mark.parametrize("made", [wide, bomb])
def test_image_of_too_many_pixels_is_refused(stack, made):
    data, content_type = made()
    r = extract(stack, data, content_type)
    assert 400 <= r.status < 500 and "32,766 pixels" in r.detail
    pdf_id = stack.call("POST", "/api/v1/upload/documents", data, headers={"Content-Type": content_type}).json["pdf_id"]
    for path in ("", "/pages/1.png"):
        r = stack.call("GET", f"/api/v1/documents/{pdf_id}{path}")
        assert r.status == 422 and "32,766 pixels" in r.detail


@pytest.mark.parametrize("data, content_type", [(b"\x89PNG\r\n\x1a\nnothing", "image/png"),
                                                (b"\xff\xd8\xff\xe0nothing", "image/jpeg"),
                                                (b"II*\0\xff\xff\xff\xff", "image/tiff")])
def test_broken_image_says_so(stack, data, content_type):
    r = extract(stack, data, content_type)
    assert 400 <= r.status < 500 and "The image is damaged" in r.detail
