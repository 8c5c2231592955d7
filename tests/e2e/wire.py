"""A wire between a node and a server of its, which can be cut: a proxy on loopback."""
import contextlib
import selectors
import socket
import threading

from support import free_port


class Wire:
    def __init__(self, port):
        self.far, self.port = port, free_port()
        self.is_cut, self.ends, self.stopped = False, {}, False
        self.selector = selectors.DefaultSelector()
        self.door = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.selector.register(self.door, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped:
            for key, _ in self.selector.select(0.05):
                if key.fileobj is self.door:
                    self.join(self.door.accept()[0])
                elif key.fileobj in self.ends:
                    self.carry(key.fileobj)
            if self.is_cut:
                for end in list(self.ends):
                    self.drop(end)

    def join(self, near):
        far = None
        with contextlib.suppress(OSError):
            far = None if self.is_cut else socket.create_connection(("127.0.0.1", self.far), timeout=5)
        if far is None:
            near.close()
            return
        self.ends[near], self.ends[far] = far, near
        for end in (near, far):
            end.settimeout(20)
            self.selector.register(end, selectors.EVENT_READ)

    def carry(self, end):
        data = b""
        with contextlib.suppress(OSError):
            data = end.recv(1 << 16)
            self.ends[end].sendall(data)
        if not data:
            self.drop(end)

    def drop(self, end):
        other = self.ends.pop(end, None)
        if other is None:
            return
        self.ends.pop(other, None)
        for s in (end, other):
            self.selector.unregister(s)
            s.close()

    def close(self):
        self.stopped = True
        self.thread.join()
        for end in list(self.ends):
            self.drop(end)
        self.door.close()
