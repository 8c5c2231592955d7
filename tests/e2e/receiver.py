"""A host of a client's: an HTTPS server on an address of the loopback network that is not 127.0.0.1."""
import http.server
import ssl
import subprocess
import threading

HOST = "127.0.0.2"


class Receiver:
    """answer(request) gives (status, headers, body) to what it is asked."""

    def __init__(self, folder, answer):
        self.certificate, self.requests = folder / "receiver.pem", []
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", folder / "receiver.key", "-out", self.certificate, "-days", "2",
                        "-subj", "/CN=receiver", "-addext", f"subjectAltName=IP:{HOST},DNS:localhost"],
                       check=True, stderr=subprocess.DEVNULL)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.requests.append(self)
                status, headers, body = receiver.answer(self)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.answer = answer
        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who hangs up is one of the tests
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "receiver.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"https://{HOST}:{self.port}{path}"

    def settings(self):
        """With which a service may call it."""
        return {"OUTBOUND_ALLOWED_NETWORKS": HOST, "OUTBOUND_CA_FILE": str(self.certificate),
                "OUTBOUND_TIMEOUT_S": 50}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
