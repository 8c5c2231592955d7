"""What every test program needs: ports of its own, and one way to wait.

As a program: `support.py N COMMAND...` runs the command with N free ports as PORT_1 and on.
"""
import fcntl
import os
import pathlib
import random
import socket
import sys
import time

LOCKS = pathlib.Path("/tmp/pdf-ocr-api-ports")
held = []


def free_port():
    """A port of 127.0.0.1 that no other test takes before this process ends.

    It lies below those that the kernel gives to outgoing connections.
    """
    LOCKS.mkdir(exist_ok=True)
    last = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(max(1024, last - 12000), last), 1000):
        lock = os.open(LOCKS / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        held.append(lock)
        return port
    raise OSError("no port of 127.0.0.1 is free")


def until(what, seconds=600, told=lambda: ""):
    """What `what` gives, once that is true; `told` says what was found instead when it never is.

    seconds: only how long a failure takes to show; a busy machine needs many.
    """
    end = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < end, f"waited {seconds} s in vain. {told()}"
        time.sleep(0.05)
    return got


if __name__ == "__main__":
    count, command = int(sys.argv[1]), sys.argv[2:]
    ports = {f"PORT_{i + 1}": str(free_port()) for i in range(count)}
    for lock in held:
        os.set_inheritable(lock, True)
    os.execvpe(command[0], command, {**os.environ, **ports})
