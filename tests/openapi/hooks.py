"""How schemathesis sends what OpenAPI only calls binary."""
import gc

import schemathesis
from hypothesis import strategies

# CPython 3.11 fails with "AST constructor recursion depth mismatch" where a collection of garbage
# breaks into ast.parse, which hypothesis calls for each filter (python/cpython issue 106905).
gc.disable()


@schemathesis.serializer("application/pdf")
def pdf(_, value):
    return value if isinstance(value, bytes) else str(value).encode()


schemathesis.openapi.media_type("application/pdf", strategies.sampled_from([b"%PDF-1.7\n", b"GIF89a"]))
# No test calls hosts that it does not run.
schemathesis.openapi.format("uri", strategies.sampled_from(["https://127.0.0.1/a.pdf", "https://[::1]/", "a"]))
