"""Regions that are saved under a name and used on other documents."""
import pytest
from conftest import sample
from test_documents import new_key

TEMPLATES = "/api/v1/templates"
WHOLE = {"x": 0.05, "y": 0.05, "width": 0.9, "height": 0.9}


def create(stack, name, regions, **kw):
    r = stack.call("POST", TEMPLATES, {"name": name, "regions": regions}, **kw)
    assert r.status == 201, r.body
    return r


def test_template_is_saved_used_replaced_and_deleted(stack):
    made = create(stack, "Statement \u00e4", [{"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}])
    path, tag = f"{TEMPLATES}/{made.json['template_id']}", made.headers["ETag"]
    shown = stack.call("GET", path)
    assert shown.json == made.json and shown.headers["ETag"] == tag
    pdf_id = stack.upload(sample("ruled-table"))
    marked = {"page": 1, "x": 0.05, "y": 0.13, "width": 0.9, "height": 0.8}
    plain = stack.wait(stack.submit(pdf_id, regions=[marked]))
    for template in ("Statement \u00e4", made.json["template_id"]):
        r = stack.call("POST", "/api/v1/extract", {"pdf_id": pdf_id, "template": template})
        assert r.status == 202, r.body
        job = stack.wait(r.json["job_id"])
        assert stack.fetch(job["result_url"]).body == stack.fetch(plain["result_url"]).body
    taken = stack.call("POST", TEMPLATES, {"name": "Statement \u00e4", "regions": [{"page": 1, **WHOLE}]})
    assert taken.status == 409 and made.json["template_id"] in taken.detail
    change = {"regions": [{"page": 2, **WHOLE}]}
    assert stack.call("PUT", path, change, headers={"If-Match": '"other"'}).status == 412
    assert stack.call("PUT", path, {"name": "Other", **change}, headers={"If-Match": '"other"'}).status == 422
    put = stack.call("PUT", path, change, headers={"If-Match": tag})
    assert put.status == 200 and put.json["regions"][0]["page"] == 2 and put.headers["ETag"] != tag
    assert put.json["created_at"] == made.json["created_at"]
    assert stack.call("GET", path).json == put.json
    assert stack.call("DELETE", path, headers={"If-Match": tag}).status == 412
    assert stack.call("DELETE", path).status == 204
    assert [stack.call(m, path, b).status for m, b in (("GET", None), ("PUT", change), ("DELETE", None))] == [404] * 3


def test_region_of_every_page(stack):
    create(stack, "pages", [{"page": "all", "region_id": "top", **WHOLE}])
    pdf_id = stack.upload(sample("text-table"))
    job = stack.wait(stack.submit(pdf_id, agentic=True, template="pages", output_format="json"))
    assert [(r["page"], r["region_id"]) for r in job["approved_regions"]] == [(1, "top-page-1"), (2, "top-page-2")]
    assert job["progress"]["regions_total"] == 2
    job = stack.wait(stack.submit(pdf_id, agentic=True, template="pages", pages="2-9"))
    assert [r["page"] for r in job["approved_regions"]] == [2]
    job = stack.wait(stack.submit(pdf_id, agentic=True, template="pages", pages="3"))
    assert job["status"] == "failed" and "none of the pages" in job["error_message"]


def test_page_that_the_document_lacks_is_told(stack):
    create(stack, "far", [{"page": 900, **WHOLE}])
    r = stack.call("POST", "/api/v1/extract/file?template=far", sample("form").read_bytes(),
                   headers={"Content-Type": "application/pdf"})
    assert r.status == 422 and r.detail == "Region 1 is on page 900, but the document has 1 page."
    create(stack, "near", [{"page": "all", **WHOLE}])
    r = stack.call("POST", "/api/v1/extract/file?template=near&format=csv", sample("text-table").read_bytes(),
                   headers={"Content-Type": "application/pdf"})
    assert r.status == 200 and b"Bolt" in r.body and b"Station" in r.body  # of pages 1 and 2


def test_templates_are_of_one_key_and_not_too_many(make_stack, tmp_path):
    one, other = [new_key(tmp_path / "keys.json", name) for name in ("one", "other")]
    s = make_stack(API_KEYS_FILE=tmp_path / "keys.json")
    region = [{"page": 1, **WHOLE}]
    ids = {create(s, f"t{i}", region, key=one).json["template_id"] for i in range(100)}
    full = s.call("POST", TEMPLATES, {"name": "t100", "regions": region}, key=one)
    assert full.status == 409 and "100" in full.detail
    theirs = create(s, "t0", region, key=other).json["template_id"]
    assert theirs not in ids
    assert [s.call(m, f"{TEMPLATES}/{theirs}", b, key=one).status
            for m, b in (("GET", None), ("PUT", {"regions": region}), ("DELETE", None))] == [404] * 3
    assert len(s.call("GET", TEMPLATES, key=other).json["templates"]) == 1
    found, token = [], ""
    while token is not None:
        page = s.call("GET", f"{TEMPLATES}?page_size=60{token}", key=one).json
        found += [t["template_id"] for t in page["templates"]]
        token = page["next_page_token"] and "&page_token=" + page["next_page_token"]
    assert found == sorted(ids)


@pytest.mark.parametrize(("body", "why"), [
    ({"regions": [{"page": 1, **WHOLE}]}, "/name"),
    ({"name": "", "regions": [{"page": 1, **WHOLE}]}, "/name"),
    ({"name": "x" * 101, "regions": [{"page": 1, **WHOLE}]}, "/name"),
    ({"name": "a\nb", "regions": [{"page": 1, **WHOLE}]}, "/name"),
    ({"name": "00000000-0000-4000-8000-000000000000", "regions": [{"page": 1, **WHOLE}]}, "/name"),
    ({"name": "x"}, "/regions"),
    ({"name": "x", "regions": []}, "/regions"),
    ({"name": "x", "regions": [{"page": 1, **WHOLE}] * 201}, "/regions"),
    ({"name": "x", "regions": [WHOLE]}, "/regions/0/page"),
    ({"name": "x", "regions": [{"page": "every", **WHOLE}]}, "/regions/0/page"),
    ({"name": "x", "regions": [{"page": 0, **WHOLE}]}, "/regions/0/page"),
    ({"name": "x", "regions": [{"page": 1, **WHOLE, "witdh": 1}]}, "witdh"),
    ({"name": "x", "region": []}, "region"),
])
def test_template_that_is_refused(stack, body, why):
    r = stack.call("POST", TEMPLATES, body)
    assert r.status == 422 and why in r.detail, r.body


def test_use_of_a_template_that_is_refused(stack):
    pdf_id = stack.upload(sample("form"))
    for more, why in (({"template": "none of mine"}, "/template: there is no template none of mine"),
                      ({"template": 7}, "/template"), ({"template": ""}, "/template"),
                      ({"template": "x", "regions": [{"page": 1, **WHOLE}]}, "/template: is given beside regions")):
        r = stack.call("POST", "/api/v1/extract", {"pdf_id": pdf_id, **more})
        assert r.status == 422 and why in r.detail, r.body
    assert stack.call("GET", TEMPLATES + "?page_token=x").status == 400
    assert stack.call("GET", TEMPLATES + "/not-an-id").status == 404
