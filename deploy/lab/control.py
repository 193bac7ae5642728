"""Talks to a namespace's init over its Unix socket, and finds its processes from outside.

The socket is also how an init is found: SO_PEERCRED gives the listener's pid as the caller's PID
namespace counts, so there are no pid files to go stale, and a dead init refuses the connection.
"""

import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import struct
import time

from lab.errors import LabError

#: Seconds to wait for an init to come up, to answer, and to die.
START_LIMIT = 10
ANSWER_LIMIT = 5
DEATH_LIMIT = 15


@contextlib.contextmanager
def socket_path(path):
    """A short name for a socket's path: sun_path holds 107 bytes, and folders may be deep."""
    path = pathlib.Path(path)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@contextlib.contextmanager
def connection(path):
    """A connection to the init behind a socket, or None where there is none alive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_LIMIT)
        try:
            with socket_path(path) as short:
                client.connect(short)
        except (FileNotFoundError, ConnectionRefusedError):
            yield None
            return
        yield client


def init_pid(path):
    """The init's pid as seen from here, or None where it is not alive."""
    with connection(path) as client:
        if client is None:
            return None
        size = struct.calcsize("3i")
        peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return struct.unpack("3i", peer)[0]


def request(path, action, service=None, spec=None):
    """Sends one request and returns the state of all services of that namespace."""
    question = {"do": action, "service": service, "spec": spec}
    with connection(path) as client:
        if client is None:
            raise LabError(f"{pathlib.Path(path).parent.name} is down")
        client.sendall(json.dumps(question).encode() + b"\n")
        answer = json.loads(client.makefile().readline() or "{}")
    if "services" not in answer:
        raise LabError(answer.get("error", f"{path} gave no answer; see the log beside it"))
    return answer["services"]


def wait_for_init(path):
    """Waits until an init listens, and returns its pid."""
    deadline = time.monotonic() + START_LIMIT
    while (pid := init_pid(path)) is None:
        if time.monotonic() > deadline:
            raise LabError(f"{path} does not answer after {START_LIMIT} s; see the log beside it")
        time.sleep(0.01)
    return pid


def kill_init(path):
    """SIGKILLs an init, and with it everything in its PID namespace; waits until all have ended.

    Its parent, the `unshare` that made its namespaces, ends with it. The keeper's is a zombie until
    the machine's own init collects it, which is not for this one to wait for.
    """
    pid = init_pid(path)
    if pid is None:
        return False
    try:
        handles = [os.pidfd_open(each) for each in (pid, parent_pid(pid))]
        signal.pidfd_send_signal(handles[0], signal.SIGKILL)
    except (ProcessLookupError, FileNotFoundError):
        return False
    for handle in handles:
        ended, _, _ = select.select([handle], [], [], DEATH_LIMIT)
        os.close(handle)
        if not ended:
            raise LabError(f"process {pid} is still there {DEATH_LIMIT} s after SIGKILL")
    return True


def parent_pid(pid):
    """A process's parent."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def end_service(path, service, action, limit=10):
    """Stops or kills a service and waits for its end; one that ignores SIGTERM is killed."""
    request(path, action, service)
    deadline = time.monotonic() + limit
    while request(path, "status")[service]["pid"] is not None:
        if time.monotonic() > deadline:
            if action == "kill":
                raise LabError(f"{service} is still there {limit} s after SIGKILL")
            return end_service(path, service, "kill")
        time.sleep(0.01)
    return None


def enter(path):
    """The words that run a command in all namespaces of a machine, to put before its own."""
    pid = init_pid(path)
    if pid is None:
        raise LabError(f"{pathlib.Path(path).parent.name} is down")
    return ["nsenter", "-t", str(pid), "--mount", "--net", "--pid", "--uts", "--"]


def outer_pids(init):
    """Maps the pids of an init's PID namespace to those that this process sees."""
    namespace = os.readlink(f"/proc/{init}/ns/pid")
    pids = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        # A process may end between being listed and being read.
        with contextlib.suppress(OSError):
            if os.readlink(entry / "ns" / "pid") == namespace:
                status = (entry / "status").read_text()
                inner = next(line for line in status.splitlines() if line.startswith("NSpid:"))
                pids[int(inner.split()[-1])] = int(entry.name)
    return pids
