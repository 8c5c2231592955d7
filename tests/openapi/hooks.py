"""How schemathesis sends what OpenAPI only calls binary."""
import schemathesis
from hypothesis import strategies


@schemathesis.serializer("application/pdf")
def pdf(_, value):
    return value if isinstance(value, bytes) else str(value).encode()


schemathesis.openapi.media_type("application/pdf", strategies.sampled_from([b"%PDF-1.7\n", b"GIF89a"]))
