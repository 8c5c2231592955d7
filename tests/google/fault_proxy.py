#!/usr/bin/python3
"""A loopback HTTP/1.1 proxy to one upstream that fails on request.

    proxy = FaultProxy('http://127.0.0.1:9700')
    proxy.fail(r':process$', status(503, {'Retry-After': '1'}), times=2)
    ... proxy.url ... proxy.calls ...
    proxy.close()

A connection that begins as HTTP/2 is passed on byte for byte.
"""
import argparse
import http.client
import http.server
import json as json_module
import re
import select
import socket
import struct
import threading
import time
import urllib.parse

HOP = {'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'te', 'trailer', 'upgrade', 'date', 'server'}


def named(name):
    def keep(function):
        function.fault = name
        return function
    return keep


# Each fault answers a request through the handler; ask() forwards it and gives (status, headers, body).

def status(code, headers=None, json=None, body=b''):
    """An answer of the proxy's own; the request is not forwarded."""
    @named(f'status {code}')
    def fault(handler, ask):
        kind = {'Content-Type': 'application/json; charset=UTF-8'} if json is not None else {}
        handler.reply(code, {**kind, **(headers or {})}, body if json is None else json_module.dumps(json).encode())
    return fault


def html(text='<!doctype html><title>Error</title><p>Something went wrong.'):
    """200 with a page where JSON is due, as a captive portal or a load balancer gives."""
    @named('html')
    def fault(handler, ask):
        handler.reply(200, {'Content-Type': 'text/html; charset=UTF-8'}, text.encode())
    return fault


def reset_before(forward=False):
    """A reset without an answer; the request has taken effect upstream if forward."""
    @named('reset_before')
    def fault(handler, ask):
        if forward:
            ask()
        handler.reset()
    return fault


def reset_mid_body():
    """The headers and half of the upstream's body, then a reset."""
    @named('reset_mid_body')
    def fault(handler, ask):
        code, headers, body = ask()
        handler.reply(code, headers, body[:len(body) // 2], length=len(body))
        time.sleep(0.05)  # a reset overtakes bytes that are still in the socket's buffer
        handler.reset()
    return fault


def truncated_json():
    """A complete HTTP answer whose JSON is cut short."""
    @named('truncated_json')
    def fault(handler, ask):
        code, headers, body = ask()
        handler.reply(code, headers, body[:len(body) // 2])
    return fault


def slow_loris(interval=1.0):
    """The upstream's answer, a byte each second."""
    @named('slow_loris')
    def fault(handler, ask):
        code, headers, body = ask()
        handler.reply(code, headers, b'', length=len(body))
        for i in range(len(body)):
            if handler.gone(interval):
                break
            handler.wfile.write(body[i:i + 1])
        else:
            return
        handler.close_connection = True
    return fault


def stall(seconds=3600):
    """No answer: the connection stays open until the client leaves or the time is over."""
    @named('stall')
    def fault(handler, ask):
        handler.gone(seconds)
        handler.close_connection = True
    return fault


def hang_up(ends):
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def copy(source, target):
    """Until one of them is closed: then both are."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    hang_up((source, target))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    timeout = 120

    def handle_any(self):
        proxy = self.server.proxy
        body = self.body = self.read_body()
        fault = proxy.match(self.command, self.path)
        proxy.calls.append((self.command, self.path, fault.fault if fault else 'forwarded', time.time()))

        def ask():
            return proxy.ask(self.command, self.path, self.headers, body)
        try:
            if fault:
                fault(self, ask)
            else:
                self.reply(*ask())
        except (BrokenPipeError, ConnectionError):
            self.close_connection = True

    def parse_request(self):
        if self.raw_requestline != b'PRI * HTTP/2.0\r\n':
            return super().parse_request()
        self.close_connection = True
        try:
            self.pass_on()
        except OSError:
            pass
        return False

    def pass_on(self):
        proxy = self.server.proxy
        with socket.create_connection(proxy.upstream) as upstream:
            ends = self.connection, upstream
            self.connection.settimeout(None)
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            proxy.tunnels.add(ends)
            if proxy.closing.is_set():
                hang_up(ends)
            upstream.sendall(self.raw_requestline + self.rfile.peek())  # never empty: the preface goes on
            back = threading.Thread(target=copy, args=ends[::-1], daemon=True)
            back.start()
            copy(*ends)
            back.join()
            proxy.tunnels.discard(ends)

    def read_body(self):
        if self.headers.get('Transfer-Encoding', '').lower() != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length') or 0))
        data = b''
        while size := int(self.rfile.readline().split(b';')[0], 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return data

    def reply(self, code, headers, body, length=None):
        self.send_response_only(code)
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        if code not in (204, 304):
            self.send_header('Content-Length', str(len(body) if length is None else length))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def reset(self):
        """Closes with RST: a close that lingers for no time at all."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close_connection = True

    def gone(self, seconds):
        """Waits; true when the client has left or the proxy is closing."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.server.proxy.closing.is_set() or select.select([self.connection], [], [], min(left, 0.2))[0]:
                return True
        return False

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def shutdown_request(self, request):
        # Without shutdown(), which would send FIN and spoil a reset.
        self.close_request(request)

    def handle_error(self, request, address):
        pass


class FaultProxy:
    def __init__(self, upstream, port=0):
        url = urllib.parse.urlsplit(upstream)
        self.upstream, self.faults, self.calls = (url.hostname, url.port), [], []
        self.lock, self.closing, self.tunnels = threading.Lock(), threading.Event(), set()
        self.server = Server(('127.0.0.1', port), Handler)
        self.server.proxy = self
        self.port = self.server.server_port
        self.url = f'http://127.0.0.1:{self.port}'
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.1}, daemon=True).start()

    def fail(self, path_regex, fault, times=1, method=None):
        """The next requests whose path (with its query) matches meet the fault; times=None: all of them."""
        with self.lock:
            self.faults.append([re.compile(path_regex), method, times, fault])

    def fail_each_once(self, path_regex, fault):
        """Requests whose path matches meet the fault when their body comes for the first time."""
        bodies = set()

        def once(handler, ask):
            with self.lock:
                is_new = handler.body not in bodies
                bodies.add(handler.body)
            return fault(handler, ask) if is_new else handler.reply(*ask())
        once.fault = fault.fault
        self.fail(path_regex, once, times=None)

    def clear(self):
        with self.lock:
            self.faults.clear()
            self.calls.clear()

    def match(self, method, path):
        with self.lock:
            for entry in self.faults:
                pattern, wanted, times, fault = entry
                if times != 0 and wanted in (None, method) and pattern.search(path):
                    entry[2] = times and times - 1
                    return fault
        return None

    def ask(self, method, path, headers, body):
        link = http.client.HTTPConnection(*self.upstream, timeout=120)
        try:
            kept = {n: v for n, v in headers.items() if n.lower() not in HOP and n.lower() != 'expect'}
            link.request(method, path, body or (b'' if method in ('POST', 'PUT', 'PATCH') else None), kept)
            answer = link.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 502, {'Content-Type': 'text/plain'}, repr(error).encode()
        finally:
            link.close()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        for ends in list(self.tunnels):
            hang_up(ends)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('upstream', help='http://HOST:PORT')
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--fail', nargs=2, action='append', default=[], metavar=('REGEX', 'FAULT'),
                        help='FAULT: reset_before, reset_mid_body, slow_loris, truncated_json, html, stall or a status')
    arguments = parser.parse_args()
    running = FaultProxy(arguments.upstream, arguments.port)
    for where, what in arguments.fail:
        running.fail(where, status(int(what)) if what.isdigit() else globals()[what](), times=None)
    print(running.port, flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        running.close()
