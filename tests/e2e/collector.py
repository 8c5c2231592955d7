"""A collector of OTLP over HTTP, as JSON: keeps what it is sent."""
import http.server
import json
import threading


class Collector:
    def __init__(self):
        self.requests, self.status = [], 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                collector.requests.append((self.path, dict(self.headers), body))
                self.send_response(collector.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def bodies(self, path):
        return [body for at, _, body in list(self.requests) if at == path]

    def spans(self):
        return [s for b in self.bodies("/v1/traces") for r in b["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]]

    def span(self, name, **kw):
        return next((s for s in self.spans() if s["name"] == name and all(s.get(k) == v for k, v in kw.items())), None)

    def metrics(self):
        """By name, as last told."""
        return {m["name"]: m for b in self.bodies("/v1/metrics") for r in b["resourceMetrics"] for c in r["scopeMetrics"]
                for m in c["metrics"]}
