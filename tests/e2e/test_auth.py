"""Who gets in: every route with every kind of credentials, forged tokens, keys, limits."""
import base64
import concurrent.futures
import hashlib
import http.server
import json
import os
import re
import signal
import subprocess
import threading
import time
import uuid

import pytest
from conftest import BUILD, KEY, routes, sample, until
from jwcrypto import jwk, jws

ISSUER, AUDIENCE = "https://issuer.example", "pdf-ocr"
KEYS = {"client": "client-key-0123456789", "task": "task-key-0123456789abc",
        "admin": "admin-key-0123456789ab", "expired": "expired-key-0123456789"}

# Who may call what. A route that is not here fails test_every_route_is_listed.
POLICIES = {
    "GET /api/v1/extract/{job_id}": "key",
    "GET /api/v1/jobs/{job_id}": "key",
    "GET /api/v1/jobs/{job_id}/events": "key",
    "GET /api/v1/jobs/{job_id}/result": "key",
    "POST /api/v1/extract/file": "key",
    "GET /api/v1/jobs/{job_id}/results/{format}": "key",
    "POST /api/v1/jobs/{job_id}/results/{format}": "key",
    "GET /api/v1/documents": "key",
    "GET /api/v1/documents/{pdf_id}": "key",
    "DELETE /api/v1/documents/{pdf_id}": "key",
    "GET /api/v1/documents/{pdf_id}/pages/{page}.png": "key",
    "POST /api/v1/batches": "key",
    "GET /api/v1/batches/{batch_id}": "key",
    "DELETE /api/v1/batches/{batch_id}": "key",
    "GET /api/v1/batches/{batch_id}/results": "key",
    "GET /api/v1/templates": "key",
    "POST /api/v1/templates": "key",
    "GET /api/v1/templates/{template_id}": "key",
    "PUT /api/v1/templates/{template_id}": "key",
    "DELETE /api/v1/templates/{template_id}": "key",
    "POST /api/v1/extract": "key",
    "POST /api/v1/extract/agentic": "key",
    "GET /api/v1/jobs": "key",
    "POST /api/v1/jobs/{job_id}/retry": "key",
    "DELETE /api/v1/jobs/{job_id}": "key",
    "POST /api/v1/upload/generate-url": "key",
    "PUT /api/v1/upload/pdfs/{pdf_id}/{file_name}": "signed",
    "POST /api/v1/upload/documents": "key",
    "GET /api/v1/results/{job_id}/{name}": "signed",
    "POST /api/v1/tasks/process-extraction": "task",
    "POST /api/v1/tasks/retry-job": "task",
    "POST /api/v1/tasks/deliver-callback": "task",
    "POST /api/v1/feedback/corrections": "key",
    "GET /api/v1/feedback/corrections/{job_id}": "key",
    "GET /api/v1/feedback/stats": "key",
    "GET /api/v1/health": "none",
    "GET /api/v1/health/ready": "none",
    "GET /api/v1/health/dependencies": "optional",
    "GET /api/v1/health/diagnostics": "admin",
    "GET /metrics": "none",
}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hashed(key):
    return hashlib.blake2b(key.encode(), digest_size=32).hexdigest()


class Issuer:
    """A token issuer: its keys, and what it or a forger signs."""

    def __init__(self):
        self.rsa = jwk.JWK.generate(kty="RSA", size=2048, kid="r1", use="sig", alg="RS256")
        self.ec = jwk.JWK.generate(kty="EC", crv="P-256", kid="e1", use="sig")
        self.stranger = jwk.JWK.generate(kty="RSA", size=2048, kid="r1")
        self.other_curve = jwk.JWK.generate(kty="EC", crv="P-521", kid="e5")
        self.small = jwk.JWK.generate(kty="RSA", size=1024, kid="small")

    def set(self, *keys):
        keys = keys or (self.rsa, self.ec, self.other_curve, self.small)
        return json.dumps({"keys": [json.loads(k.export_public()) for k in keys]})

    def claims(self, **changed):
        now = int(time.time())
        c = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 600}
        c.update(changed)
        return {k: v for k, v in c.items() if v is not None}

    def sign(self, key=None, header=None, alg=None, claims=None, **changed):
        key = key or self.rsa
        algorithm = alg or {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}[key["kty"]]
        header = {"alg": algorithm, "typ": "JWT", "kid": key.get("kid"), **(header or {})}
        header = {k: v for k, v in header.items() if v is not None}
        body = claims if claims is not None else json.dumps(self.claims(**changed)).encode()
        token = jws.JWS(body)
        token.allowed_algs = [algorithm]
        token.add_signature(key, algorithm, json.dumps(header))
        return token.serialize(compact=True)


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


def write_keys(path, **more):
    keys = [{"id": name, "hash": hashed(key), "scopes": ["client" if name == "expired" else name],
             **({"expires_at": "2020-01-01T00:00:00Z"} if name == "expired" else {})}
            for name, key in KEYS.items()]
    keys += [{"id": name, "hash": hashed(key), "scopes": ["client"]} for name, key in more.items()]
    path.write_text(json.dumps({"keys": keys}))


@pytest.fixture(scope="module")
def guarded(issuer, tmp_path_factory):
    from conftest import Stack
    folder = tmp_path_factory.mktemp("auth")
    write_keys(folder / "keys.json")
    (folder / "jwks.json").write_text(issuer.set())
    s = Stack(API_KEYS_FILE=folder / "keys.json", JWT_ISSUER=ISSUER, JWT_AUDIENCE=AUDIENCE,
              JWT_JWKS=folder / "jwks.json", CORS_ORIGINS="https://app.example,http://dev.example:8080")
    yield s
    s.close()


def bearer(token):
    return {"Authorization": "Bearer " + token}


# --- the table ---

def test_every_route_is_listed():
    have = {f"{r['method']} {r['path']}": r["auth"] for r in routes()}
    assert have == POLICIES


def test_openapi_tells_who_may_call(guarded):
    schemes = {"none": [], "key": [{"ApiKey": []}, {"Bearer": []}], "admin": [{"ApiKey": []}],
               "task": [{"ApiKey": []}, {"TaskToken": []}], "signed": [{"SignedUrl": []}],
               "optional": [{}, {"ApiKey": []}, {"Bearer": []}]}
    paths = guarded.call("GET", "/api/v1/openapi.json", key=None).json["paths"]
    described = {f"{m.upper()} {p}": o["security"] for p, methods in paths.items() for m, o in methods.items()}
    assert described == {"GET /api/v1/health/live": [], **{route: schemes[policy] for route, policy in POLICIES.items()}}


def credentials(issuer):
    return {
        "none": {}, "empty key": {"X-API-Key": ""}, "wrong key": {"X-API-Key": "wrong-key-0123456789"},
        "key of 600 bytes": {"X-API-Key": "x" * 600},
        **{name: {"X-API-Key": key} for name, key in KEYS.items()},
        "every scope": {"X-API-Key": KEY},
        "token RS256": bearer(issuer.sign()), "token ES256": bearer(issuer.sign(issuer.ec)),
        "expired token": bearer(issuer.sign(exp=int(time.time()) - 3600)),
        "token of another audience": bearer(issuer.sign(aud="other")),
        "Google's issuer": bearer(issuer.sign(iss="https://accounts.google.com")),
        "no token": {"Authorization": "Bearer "}, "basic": {"Authorization": "Basic YTpi"},
        "wrong key and good token": {"X-API-Key": "wrong-key-0123456789", **bearer(issuer.sign())},
        "good key and Google's token": {"X-API-Key": KEYS["client"], **bearer("ya29.of-google-0123456789")},
    }


# What a policy says to credentials: a status, or "in". "*": to all that are not named.
WRONG_TOKENS = ("expired token", "token of another audience", "Google's issuer", "no token")
EXPECTED = {
    "none": {"*": "in"},
    "signed": {"*": 403},
    "task": {"*": 401, "task": "in", "every scope": "in"},
    "key": {"*": 403, "none": 401, "empty key": 401, "basic": 401, **dict.fromkeys(WRONG_TOKENS, 401),
            **dict.fromkeys(("client", "admin", "every scope", "token RS256", "token ES256",
                             "good key and Google's token"), "in")},
}
EXPECTED["admin"] = {**EXPECTED["key"], **dict.fromkeys(
    ("client", "token RS256", "token ES256", "good key and Google's token"), 403)}
EXPECTED["optional"] = {**EXPECTED["key"], "none": "in", "empty key": "in", "basic": "in",
                        "no token": "in"}


def path_of(pattern):
    example = {"job_id": str(uuid.uuid4()), "pdf_id": str(uuid.uuid4()), "file_name": "a.pdf",
               "name": "result.csv", "page": "1", "template_id": str(uuid.uuid4()), "batch_id": str(uuid.uuid4()),
               "format": "csv"}
    return re.sub(r"{(\w+)}", lambda m: example[m.group(1)], pattern)


@pytest.mark.parametrize("route", sorted(POLICIES))
def test_route_lets_in_whom_it_should(guarded, issuer, route):
    method, pattern = route.split(" ")
    want, c, answers = EXPECTED[POLICIES[route]], guarded.connect(), []
    for name, headers in credentials(issuer).items():
        body = {} if method == "POST" and "upload" not in pattern else None
        r = guarded.call(method, path_of(pattern), body, key=None, headers=headers, connection=c)
        expected = want.get(name, want["*"])
        assert r.status == expected or (expected == "in" and r.status not in (401, 403, 429)), \
            (route, name, r.status, r.body)
        answers.append(r)
    refused = [r for r in answers if r.status in (401, 403)]
    assert all(r.headers["Content-Type"] == "application/problem+json" and r.detail for r in refused)
    assert all("X-CloudTasks" not in r.detail for r in refused)
    challenges = [r.headers["WWW-Authenticate"] for r in refused if r.status == 401]
    assert all('ApiKey realm="pdf-ocr-api"' in told or 'error="invalid_token"' in told
               for told in challenges), challenges
    c.close()


@pytest.mark.parametrize("path", ["/api/upload/generate-url?file_name=a.pdf", "/api/extract/",
                                  "/api/extract/agentic", "/api//extract/", "/api/v1//jobs/../extract"])
def test_alias_is_no_way_around(guarded, path):
    assert guarded.call("POST", path, {}, key=None).status == 401
    assert guarded.call("POST", path, {}, key="wrong-key-0123456789").status == 403


def test_internal_places_cannot_be_reached(guarded):
    for path in ("/_auth", "/_refuse", "/_problem", "/_blobs/signing-key", "/_blobs/../signing-key",
                 "/api/v1/../../_auth", "/%5fauth"):
        r = guarded.call("GET", path)
        assert r.status == 404, (path, r.status)


def test_wrong_unknown_and_long_keys_are_told_the_same(guarded):
    def told(key):
        r = guarded.call("GET", "/api/v1/jobs", key=key)
        body = {k: v for k, v in r.json.items() if k != "request_id"}
        return r.status, body, {k: v for k, v in r.headers.items()
                                if k not in ("X-Request-ID", "Date")}
    answers = [told(k) for k in ("wrong-key-0123456789", KEY[:-1], KEY + "x", KEY.upper(), "x" * 600,
                                 hashed(KEY), "client")]
    assert all(a == answers[0] for a in answers)


def test_versions_are_told_to_those_with_a_key(guarded):
    public = guarded.call("GET", "/api/v1/health/dependencies", key=None).json
    assert public["page_reader"] is True and "openssl" not in public
    assert guarded.call("GET", "/api/v1/health/dependencies", key=KEYS["client"]).json["openssl"]
    for path in ("/", "/health", "/api/v1/jobs", "/nothing"):
        r = guarded.call("GET", path, key=None)
        assert r.headers["Server"] == "nginx" and "X-Powered-By" not in r.headers


# --- tokens ---

def forged(i):
    """Tokens that must not be taken, each signed or made up in another way."""
    now = int(time.time())
    pem = i.rsa.export_to_pem()
    n = base64.urlsafe_b64decode(json.loads(i.rsa.export_public())["n"] + "==")
    hmac = {name: jwk.JWK(kty="oct", k=b64(secret), kid="r1") for name, secret in
            {"PEM": pem, "modulus": n, "empty": b"\0"}.items()}
    good, other = i.sign(), i.sign(i.ec)
    head, body, signature = good.split(".")
    claims = b64(json.dumps(i.claims()).encode())

    def header(**h):
        return b64(json.dumps(h).encode())
    flipped = signature[:20] + ("A" if signature[20] != "A" else "B") + signature[21:]
    yield from {
        "none": f"{header(alg='none')}.{claims}.", "None": f"{header(alg='None', kid='r1')}.{claims}.",
        "NONE with a signature": f"{header(alg='NONE', kid='r1')}.{claims}.{signature}",
        "no alg": f"{header(kid='r1')}.{claims}.{signature}",
        "alg is a list": f"{header(alg=['RS256'], kid='r1')}.{claims}.{signature}",
        **{f"HS256 with the {name}": i.sign(key) for name, key in hmac.items()},
        "other claims": f"{head}.{claims[:-3]}AAA.{signature}",
        "other header": f"{header(alg='RS256', kid='r1', x=1)}.{body}.{signature}",
        "flipped signature": f"{head}.{body}.{flipped}", "no signature": f"{head}.{body}.",
        "signature cut off": f"{head}.{body}.{signature[:-8]}", "two parts": f"{head}.{body}",
        "signature of another token": f"{head}.{body}.{other.split('.')[2]}",
        "four parts": good + ".x", "five parts": good + ".x.y", "empty parts": "..",
        "another's key": i.sign(i.stranger), "unknown kid": i.sign(header={"kid": "zz"}),
        "no kid": i.sign(header={"kid": None}), "kid is a number": i.sign(header={"kid": 1}),
        "kid is a path": i.sign(header={"kid": "../../dev/null"}),
        "kid of the other key": i.sign(header={"kid": "e1"}),
        "RS256 with an EC key": i.sign(i.ec).replace(other.split(".")[0], header(alg="RS256", kid="e1")),
        "own key in the header": i.sign(i.stranger, {"jwk": json.loads(i.stranger.export_public())}),
        "key by URL": i.sign(i.stranger, {"jku": "https://evil.example/keys"}),
        "key by x5u": i.sign(i.stranger, {"x5u": "https://evil.example/cert"}),
        "RS384": i.sign(alg="RS384"), "RS512": i.sign(alg="RS512"), "PS256": i.sign(alg="PS256"),
        "ES512": i.sign(i.other_curve, alg="ES512"), "small RSA key": i.sign(i.small),
        "expired by 61 s": i.sign(exp=now - 61), "valid in 70 s": i.sign(nbf=now + 70),
        "made in 70 s": i.sign(iat=now + 70), "no exp": i.sign(exp=None),
        "exp is a string": i.sign(exp=str(now + 600)), "exp is true": i.sign(exp=True),
        "exp is null": i.sign(claims=json.dumps({**i.claims(), "exp": None}).encode()),
        "nbf is a string": i.sign(nbf="0"), "exp is negative": i.sign(exp=-1),
        "another audience": i.sign(aud="pdf-ocr-other"), "audience of a prefix": i.sign(aud="pdf-oc"),
        "no audience": i.sign(aud=None), "list of other audiences": i.sign(aud=["a", "b", 1]),
        "audience is an object": i.sign(aud={AUDIENCE: AUDIENCE}),
        "another issuer": i.sign(iss="https://evil.example"), "issuer with a slash": i.sign(iss=ISSUER + "/"),
        "no issuer": i.sign(iss=None), "issuer is a list": i.sign(iss=[ISSUER]),
        "no subject": i.sign(sub=None), "empty subject": i.sign(sub=""), "subject is a number": i.sign(sub=1),
        "subject of 300 bytes": i.sign(sub="x" * 300),
        "claims are a list": i.sign(claims=b"[]"), "claims are no JSON": i.sign(claims=b"{"),
        "claims twice": i.sign(claims=json.dumps(i.claims())[:-1].encode() + b',"aud":"x"}'),
        "claims with NUL": i.sign(sub="alice\0bob"), "empty claims": i.sign(claims=b""),
        "too long": i.sign(sub="alice", pad="x" * 6500), "not base64": "a.b!.c", "word": "abc",
        "parts of a length that cannot be": f"{head}A.{body}.{signature}", "one letter": "A.A.A",
        "percent": "%00%ff", "padding": head + "=." + body + "." + signature,
    }.items()
    for crit in (["exp"], [], "b64"):
        made = jws.JWS(json.dumps(i.claims()).encode())
        head = json.dumps({"alg": "RS256", "kid": "r1", "crit": crit})
        text = b64(head.encode()) + "." + claims
        made = i.rsa.get_op_key("sign")
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding
        yield f"crit {crit}", text + "." + b64(made.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))


def test_forged_tokens_are_refused(guarded, issuer):
    c = guarded.connect()
    answers = {name: guarded.call("GET", "/api/v1/jobs", key=None, headers=bearer(token), connection=c)
               for name, token in forged(issuer)}
    assert answers["too long"].status in (401, 400, 431)
    count = len(answers)
    del answers["too long"]
    for name, r in answers.items():
        assert r.status == 401, (name, r.status, r.body)
        assert r.detail in ("The bearer token is not valid.", "The bearer token has expired; get a new one."), name
        assert r.headers["WWW-Authenticate"] == 'Bearer realm="pdf-ocr-api", error="invalid_token"'
    c.close()
    assert count > 60
    why = {e.get("cause") for e in guarded.events() if e.get("message") == "credentials were refused"}
    for reason in ("alg is neither", "signature is wrong", "kid is not known", "several keys", "critical",
                   "audience", "issuer", "not valid yet", "expired", "sub is missing"):
        assert any(reason in (w or "") for w in why), (reason, why)


def test_good_tokens_are_taken(guarded, issuer):
    now = int(time.time())
    for name, token in {
            "RS256": issuer.sign(), "ES256": issuer.sign(issuer.ec),
            "list of audiences": issuer.sign(aud=["other", AUDIENCE]),
            "expired within the leeway": issuer.sign(exp=now - 50),
            "valid in a moment": issuer.sign(nbf=now + 50, iat=now + 50),
            "fraction": issuer.sign(exp=now + 600.5), "no iat": issuer.sign(iat=None),
            "typ at+jwt": issuer.sign(header={"typ": "at+jwt"})}.items():
        r = guarded.call("GET", "/api/v1/jobs", key=None, headers=bearer(token))
        assert r.status == 200, (name, r.body)
    r = guarded.call("GET", "/api/v1/jobs", key=None, headers={"authorization": "bearer  " + issuer.sign()})
    assert r.status == 200


def test_jobs_of_a_token_belong_to_its_subject(guarded, issuer):
    def call(method, path, sub, **kw):
        return guarded.call(method, path, key=None, headers=bearer(issuer.sign(sub=sub)), **kw)
    made = call("POST", "/api/v1/upload/generate-url?file_name=a.pdf", "alice").json
    guarded.fetch(made["upload_url"], "PUT", body=sample("form").read_bytes(),
                  headers={"Content-Type": "application/pdf"})
    job = call("POST", "/api/v1/extract/agentic", "alice", body={"pdf_id": made["pdf_id"]}).json
    path = "/api/v1/jobs/" + job["job_id"]
    assert call("GET", path, "alice").status == 200
    assert call("GET", path, "bob").status == 404
    assert guarded.call("GET", path, key=KEYS["client"]).status == 404
    assert guarded.call("GET", path, key=KEYS["admin"]).status == 200
    # A subject cannot be given the name of a key.
    for sub in ("default", "client", "dispatcher", "jwt:alice", "anonymous", "ALICE", "alice\u0301", "x" * 255):
        assert call("GET", path, sub).status == 404, sub


class KeyServer:
    """Serves a JWK set; counts, waits, breaks."""

    def __init__(self, text):
        self.text, self.status, self.delay, self.count = text, 200, 0, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.count += 1
                time.sleep(outer.delay)
                data = outer.text.encode()
                self.send_response(outer.status)
                self.send_header("Cache-Control", "public, max-age=3600")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/keys"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def key_server(issuer):
    k = KeyServer(issuer.set(issuer.rsa))
    yield k
    k.close()


def test_issuer_rotates_its_keys(make_stack, issuer, key_server):
    s = make_stack(JWT_ISSUER=ISSUER, JWT_AUDIENCE=AUDIENCE, JWT_JWKS=key_server.url, API_WORKERS=1,
                   AUTH_FAILURES_PER_MINUTE=5)  # which is for keys: a signature is not guessed

    def status(token):
        return s.call("GET", "/api/v1/jobs", key=None, headers=bearer(token)).status
    assert [status(issuer.sign()) for _ in range(5)] == [200] * 5 and key_server.count == 1
    assert status(issuer.sign(header={"kid": None})) == 200  # one key: there is no choice
    key_server.text = issuer.set(issuer.rsa, issuer.ec)
    assert status(issuer.sign(issuer.ec)) == 200 and key_server.count == 2  # unknown kid: asked once
    # A guesser makes nobody ask, and a broken set or a dead issuer takes nothing away.
    key_server.text = "{"
    assert {status(issuer.sign(header={"kid": f"k{i}"})) for i in range(20)} == {401}
    assert key_server.count == 2
    assert status(issuer.sign()) == status(issuer.sign(issuer.ec)) == 200


@pytest.mark.parametrize("how", ["broken", "status", "hangs", "away"])
def test_issuer_that_does_not_answer_is_a_503(make_stack, issuer, key_server, how):
    s = make_stack(JWT_ISSUER=ISSUER, JWT_AUDIENCE=AUDIENCE, JWT_JWKS=key_server.url, API_WORKERS=1)
    if how == "broken":
        key_server.text = '{"keys":[{"kty":"oct","k":"AAAA"}]}'
    elif how == "status":
        key_server.status = 500
    elif how == "hangs":
        key_server.delay = 20
    else:
        key_server.close()
    r = s.call("GET", "/api/v1/jobs", key=None, headers=bearer(issuer.sign()))
    assert r.status == 503 and int(r.headers["Retry-After"]) >= 1 and "cannot be checked" in r.detail
    assert s.call("GET", "/api/v1/jobs").status == 200  # a key needs no issuer
    before = key_server.count
    assert s.call("GET", "/api/v1/jobs", key=None, headers=bearer(issuer.sign())).status == 503
    assert key_server.count == before
    assert any("could not be read" in e.get("message", "") for e in s.events())


def test_file_of_an_issuers_keys_is_replaced(make_stack, issuer, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(issuer.set(issuer.rsa))
    s = make_stack(JWT_ISSUER=ISSUER, JWT_AUDIENCE=AUDIENCE, JWT_JWKS=path)

    def status(token):
        return s.call("GET", "/api/v1/jobs", key=None, headers=bearer(token)).status

    def reload_until(what):
        os.kill(s.process.pid, signal.SIGHUP)
        until(what)
    path.write_text("{")  # a broken file changes nothing
    reload_until(lambda: any("old ones stay" in e.get("message", "") for e in s.events()))
    assert any(e.get("detail", "").startswith("JWT_JWKS ") for e in s.events())
    path.write_text(issuer.set(issuer.ec))
    reload_until(lambda: status(issuer.sign(issuer.ec)) == 200)
    until(lambda: status(issuer.sign()) == 401)  # the last of the old workers has ended


# --- keys ---

def keys(path, *args, status=0):
    r = subprocess.run([BUILD / "pdf-ocr-api", "keys", *args], text=True,
                       env={**os.environ, "API_KEYS_FILE": str(path)},
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert r.returncode == status, (args, r.stdout, r.stderr)
    return r.stdout.strip(), r.stderr


def test_keys_are_made_rotated_and_revoked_without_downtime(make_stack, tmp_path):
    path = tmp_path / "keys.json"
    old, hint = keys(path, "new", "2026-01", "--subject", "team")
    assert len(old) == 50 and "SIGHUP" in hint and old not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    s = make_stack(API_KEYS_FILE=path)
    statuses, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            statuses.append(s.call("GET", "/api/v1/jobs", key=old).status)
    asking = threading.Thread(target=ask)
    asking.start()

    def reload_until(key, status):
        os.kill(s.process.pid, signal.SIGHUP)
        until(lambda: s.call("GET", "/api/v1/jobs", key=key).status == status)
    new, _ = keys(path, "new", "2026-02", "--subject", "team", "--days", "30")
    reload_until(new, 200)
    job = s.call("POST", "/api/v1/extract/agentic", {"pdf_id": s.upload(sample("form"), key=old)}, key=old).json
    assert s.call("GET", "/api/v1/jobs/" + job["job_id"], key=new).status == 200  # the same owner
    stop.set()
    asking.join()
    assert len(statuses) > 5 and set(statuses) == {200}
    listed, _ = keys(path, "list")
    assert [line.split("\t")[:3] for line in listed.splitlines()] == [
        ["2026-01", "client", "team"], ["2026-02", "client", "team"]]
    assert "never" in listed and hashed(old) not in listed
    keys(path, "revoke", "2026-01")
    reload_until(old, 403)
    assert s.call("GET", "/api/v1/jobs", key=new).status == 200


def test_keys_command_refuses_what_is_wrong(tmp_path):
    path = tmp_path / "keys.json"
    keys(path, "new", "a", "--scope", "task", "--scope", "admin")
    before = path.read_text()
    for args, status, text in [
            (("new", "a"), 1, "revoke it first"), (("revoke", "zz"), 1, "no key with the id"),
            (("new", "dispatcher"), 1, "must not be"), (("new", "x" * 65), 1, "/id"),
            (("new", "b", "--subject", "anonymous"), 1, "anonymous"), (("new",), 2, "usage"),
            (("new", "b", "--scope", "all"), 2, "usage"), (("new", "b", "--days", "0"), 2, "usage"),
            (("new", "b", "c"), 2, "usage"), (("list", "a"), 2, "usage"), (("odd",), 2, "usage"),
            ((), 2, "usage")]:
        assert text in keys(path, *args, status=status)[1], args
        assert path.read_text() == before
    assert "usage" in keys(path, "--help")[0]
    assert "API_KEYS_FILE is not set" in keys("", "list", status=1)[1]
    path.write_text("{broken")
    assert "line 1" in keys(path, "new", "b", status=1)[1] and path.read_text() == "{broken"
    assert "Cannot" in keys(tmp_path / "none" / "keys.json", "new", "a", status=1)[1]
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real.json")
    (tmp_path / "real.json").write_text('{"keys":[],"note":"kept"}')
    keys(link, "new", "a")
    assert link.is_symlink() and json.loads((tmp_path / "real.json").read_text())["note"] == "kept"
    assert [f.name for f in tmp_path.iterdir() if f.name.count(".") > 1] == []


def test_keys_made_at_the_same_time_are_all_kept(tmp_path):
    path = tmp_path / "keys.json"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: keys(path, "new", f"k{i}")[0], range(16)))
    assert len(set(made)) == 16 and len(json.loads(path.read_text())["keys"]) == 16


def test_anonymous_clients_where_they_are_allowed(make_stack):
    s = make_stack(ALLOW_ANONYMOUS="true", RATE_LIMIT_PER_KEY=1, RATE_LIMIT_BURST=50)
    made = s.call("POST", "/api/v1/upload/generate-url?file_name=a.pdf", key=None)
    assert made.status == 200 and made.headers["RateLimit-Limit"] == "50"
    s.fetch(made.json["upload_url"], "PUT", body=sample("form").read_bytes(),
            headers={"Content-Type": "application/pdf"})
    job = s.call("POST", "/api/v1/extract/agentic", {"pdf_id": made.json["pdf_id"]}, key=None)
    assert job.status == 202
    assert s.call("GET", "/api/v1/jobs/" + job.json["job_id"], key=None).status == 200
    keyed = s.submit(made.json["pdf_id"])
    assert s.call("GET", "/api/v1/jobs", key="wrong-key-0123456789").status == 403
    assert s.call("GET", "/api/v1/health/diagnostics", key=None).status == 401
    assert s.call("POST", "/api/v1/tasks/process-extraction", {}, key=None).status == 401
    # What has an owner is nobody else's.
    s.call("GET", "/api/v1/jobs/" + keyed)
    jobs = s.call("GET", "/api/v1/jobs", key=None).json["jobs"]
    assert [j["job_id"] for j in jobs] == [job.json["job_id"]]


# --- what a client cannot forge ---

def test_headers_of_the_inside_cannot_be_forged(guarded):
    forged_headers = {
        "X-CloudTasks-TaskName": "forged-task", "X-CloudTasks-QueueName": "forged",
        "X-CloudTasks-TaskRetryCount": "99", "X-Body-File": "/etc/passwd", "X_BODY_FILE": "/etc/passwd",
        "X-Body-Length": "1", "Body-File": "/etc/passwd", "X-Request-ID": "forged-id",
        "Request-Id": "forged-id", "Auth-Step": "done", "X-Auth-Step": "check", "Auth-Uri": "/api/v1/health",
        "Document-Uri": "/api/v1/health", "X-Accel-Redirect": "/_blobs/x", "X-Original-URI": "/api/v1/health",
        "X-Rewrite-Url": "/api/v1/health", "X-Http-Method-Override": "GET", "Proxy": "http://evil.example"}
    for method, path in [("GET", "/api/v1/jobs"), ("POST", "/api/v1/upload/documents"),
                         ("POST", "/api/v1/tasks/process-extraction")]:
        r = guarded.call(method, path, b"x" if method == "POST" else None, key=None, headers=forged_headers)
        assert r.status == 401 and re.fullmatch(r"[0-9a-f]{32}", r.headers["X-Request-ID"])
    r = guarded.call("POST", "/api/v1/upload/documents", b"no pdf", headers={
        **forged_headers, "Content-Type": "application/pdf"})
    assert r.status == 422 and r.detail == "The file is not a PDF, PNG, JPEG or TIFF file."
    r = guarded.call("POST", "/api/v1/extract", {"pdf_id": "x"}, headers=forged_headers)
    assert r.status == 422
    r = guarded.call("GET", "/api/v1/jobs", headers=forged_headers)  # a key with the scope task
    assert r.status == 200
    text = guarded.logs()
    assert "forged" not in text and "evil" not in text
    r = guarded.call("POST", "/api/v1/tasks/process-extraction", {"job_id": str(uuid.uuid4())},
                     key=KEYS["task"], headers={"X-CloudTasks-TaskName": "true-task"})
    assert r.status == 200 and guarded.logged(task="true-task")


def test_nothing_is_stored_before_the_key_is_checked(guarded):
    """A large body without credentials is refused before it is on the disk."""
    uploads = guarded.data / "uploads"
    for path in ("documents", f"pdfs/{uuid.uuid4()}/a.pdf?expires=9999999999&signature=AAAA"):
        method = "POST" if path == "documents" else "PUT"
        with guarded.link() as s:
            s.sendall(f"{method} /api/v1/upload/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n"
                      "Content-Type: application/pdf\r\n\r\n".encode() + b"%PDF-1.4" + b"x" * 500000)
            answer = s.recv(65536)
            assert answer.split(b" ")[1] in (b"401", b"403"), answer[:300]
            assert b"problem+json" in answer and not any(f.is_file() for f in uploads.rglob("*"))
    r = guarded.call("DELETE", "/api/v1/upload/documents")
    assert r.status == 405 and r.headers["Allow"] == "POST"


def test_documents_belong_to_whoever_uploaded_them(guarded, issuer):
    def call(method, path, sub, **kw):
        return guarded.call(method, path, key=None, headers=bearer(issuer.sign(sub=sub)), **kw)

    def sees(pdf_id, sub):
        """The same answer by every route: there, or nothing that tells that it is."""
        seen = {call("GET", f"/api/v1/documents/{pdf_id}", sub).status,
                call("GET", f"/api/v1/documents/{pdf_id}/pages/1.png?width=200", sub).status}
        asked = call("POST", "/api/v1/extract/agentic", sub, body={"pdf_id": pdf_id})
        if asked.status == 404:
            assert "upload it first" in asked.json["detail"]
        assert seen == {200 if asked.status == 202 else asked.status}
        return asked.status == 202

    data = sample("form").read_bytes()
    made = call("POST", "/api/v1/upload/generate-url?file_name=a.pdf", "carol").json
    guarded.fetch(made["upload_url"], "PUT", body=data, headers={"Content-Type": "application/pdf"})
    assert sees(made["pdf_id"], "carol")
    assert not sees(made["pdf_id"], "dave")
    assert sees(made["pdf_id"], "carol")  # after another asked for it, too
    assert guarded.call("GET", f"/api/v1/documents/{made['pdf_id']}", key=KEYS["client"]).status == 404
    assert guarded.call("GET", f"/api/v1/documents/{made['pdf_id']}", key=KEYS["admin"]).status == 200

    def send(sub):
        return guarded.fetch(f"https://127.0.0.1:{guarded.port}/api/v1/upload/documents", "POST", body=data,
                             headers={"Content-Type": "application/pdf", **bearer(issuer.sign(sub=sub))})
    first = send("carol")
    assert first.status == 201
    pdf_id = first.json["pdf_id"]
    assert not sees(pdf_id, "dave")
    second = send("dave")  # who is not told that these bytes were there
    assert second.status == 201 and second.json["was_duplicate"] is False
    assert sees(pdf_id, "dave") and sees(pdf_id, "carol")
    again = send("dave")
    assert again.status == 200 and again.json["was_duplicate"] is True
