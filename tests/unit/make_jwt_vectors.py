"""Writes jwt_vectors.h: a key set and tokens made by another library (python3-jwcrypto)."""
import json

from jwcrypto import jwk, jws

CLAIMS = {"iss": "https://issuer.example", "aud": ["x", "pdf-ocr"], "sub": "alice", "iat": 1000000,
          "nbf": 1000000, "exp": 1000600, "email": "t@example.com", "email_verified": True}
rsa = jwk.JWK.generate(kty="RSA", size=2048, kid="r1")
ec = jwk.JWK.generate(kty="EC", crv="P-256", kid="e1")


def sign(key, algorithm, **header):
    token = jws.JWS(json.dumps(CLAIMS))
    token.add_signature(key, algorithm, json.dumps({"alg": algorithm, **header}))
    return token.serialize(compact=True)


def define(name, text):
    text = text.replace('"', '\\"')
    lines = []
    while text:
        n = 80 - (text[79:80] == "\\")
        lines.append(f'    "{text[:n]}"')
        text = text[n:]
    print(f"#define {name} \\\n" + " \\\n".join(lines))


print("/* Made by make_jwt_vectors.py, and formatted. */\n#ifndef PDF_OCR_TESTS_JWT_VECTORS_H\n"
      "#define PDF_OCR_TESTS_JWT_VECTORS_H\n")
define("JWKS_TEXT", json.dumps({"keys": [json.loads(k.export_public()) for k in (rsa, ec)]}))
define("TOKEN_RS256", sign(rsa, "RS256", kid="r1"))
define("TOKEN_ES256", sign(ec, "ES256", kid="e1"))
define("TOKEN_UNKNOWN_KID", sign(rsa, "RS256", kid="r2"))
define("TOKEN_WITHOUT_KID", sign(rsa, "RS256"))
define("TOKEN_B64", sign(rsa, "RS256", kid="r1", b64=True, crit=["b64"]))
print("\n#endif")
