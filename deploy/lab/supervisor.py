"""The init of each of the lab's PID namespaces: reaps orphans, and runs services as systemd would.

One runs as the lab's root (its services are the machines, its network namespace is the fabric), and
one in each machine. It is told what to do over a Unix socket, one JSON object a connection; see
`control`. Its death ends everything in its namespace at once, which is how a machine loses power.

Usage: supervisor SPEC.json, with `socket`, and optionally `hostname`, `tmpfs`, `binds`, `keep`,
`folders`.
"""

import json
import os
import pathlib
import selectors
import signal
import socket
import subprocess
import sys
import time

from lab.control import socket_path
from lab.mounts import isolate

#: Seconds between a service's death and its restart: at first, at most, and what counts as healthy.
RESTART_DELAY = 0.1
RESTART_DELAY_LIMIT = 5.0
HEALTHY_AFTER = 5.0


class Service:
    """A child that is started again whenever it dies, until it is told to stop."""

    def __init__(self, spec):
        self.spec = spec
        self.process = None
        self.wanted = False
        self.stalled = False
        self.starts = 0
        self.started_at = 0.0
        self.delay = RESTART_DELAY
        self.due = None
        self.last_exit = None

    def start(self):
        """Starts the child in a session of its own; a program that cannot start counts as died."""
        self.wanted, self.stalled, self.due = True, False, None
        self.starts += 1
        self.started_at = time.monotonic()
        with open(self.spec["log"], "ab") as log:
            try:
                self.process = subprocess.Popen(
                    self.spec["argv"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **self.spec.get("env", {})},
                    start_new_session=True,
                )
            except OSError as error:
                log.write(f"cannot start {self.spec['argv'][0]}: {error}\n".encode())
                self.ended(127)

    def ended(self, code):
        """Notes the end, and when to start again: later each time for one that keeps dying."""
        self.process, self.stalled, self.last_exit = None, False, code
        if not self.wanted or not self.spec.get("restart", True):
            self.wanted = False
            return
        now = time.monotonic()
        if now - self.started_at > HEALTHY_AFTER:
            self.delay = RESTART_DELAY
        self.due = now + self.delay
        self.delay = min(self.delay * 2, RESTART_DELAY_LIMIT)

    def stop(self, number):
        """Ends the child for good: its whole group, as systemd ends a unit's whole cgroup."""
        self.wanted, self.due, self.delay = False, None, RESTART_DELAY
        if self.process is not None:
            os.killpg(self.process.pid, number)
            # A stopped process acts on no signal but SIGKILL until it is continued.
            os.killpg(self.process.pid, signal.SIGCONT)

    def pause(self, stalled):
        """Stops or continues the child alone, without telling anybody."""
        if self.process is None:
            return False
        self.process.send_signal(signal.SIGSTOP if stalled else signal.SIGCONT)
        self.stalled = stalled
        return True

    def report(self):
        """What `status` shows. The pid is the one inside this namespace."""
        state = "stopped"
        if self.process is not None:
            state = "stalled" if self.stalled else "running"
        elif self.wanted:
            state = "restarting"
        return {
            "state": state,
            "pid": self.process.pid if self.process else None,
            "starts": self.starts,
            "last_exit": self.last_exit,
        }


class Supervisor:
    """The services of one namespace, and the requests about them. One thread, no waiting."""

    def __init__(self):
        self.services = {}

    def answer(self, request):
        """Acts on one request. Starting what runs and stopping what is stopped are no errors."""
        action, name = request["do"], request.get("service")
        if action == "start":
            service = self.services.setdefault(name, Service(request["spec"]))
            if service.process is None:
                service.spec = request["spec"]
                service.start()
        elif action != "status":
            service = self.services.get(name)
            if service is None or not self.act(service, action):
                return {"error": f"{name} is not running"}
        return {"services": {key: each.report() for key, each in self.services.items()}}

    def act(self, service, action):
        """Stops, kills, stalls or wakes a service; False where there is none to stall or wake."""
        if action in ("stall", "wake"):
            return service.pause(action == "stall")
        service.stop(signal.SIGTERM if action == "stop" else signal.SIGKILL)
        return True

    def reap(self):
        """Collects every child that ended, its own and the orphans that init inherits."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for service in self.services.values():
                if service.process is not None and service.process.pid == pid:
                    code = os.waitstatus_to_exitcode(status)
                    service.process.returncode = code
                    service.ended(code)

    def restart_due(self):
        """Starts what is due, and returns the seconds until the next is (None: nothing waits)."""
        for service in self.services.values():
            if service.due is not None and service.due <= time.monotonic():
                service.start()
        waiting = [each.due for each in self.services.values() if each.due is not None]
        return max(0, min(waiting) - time.monotonic()) if waiting else None


def serve(supervisor, listener):
    """Runs until the namespace ends. Signals wake the selector through a pipe of their own."""
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    while True:
        supervisor.reap()
        for key, _ in selector.select(supervisor.restart_due()):
            if key.fileobj is listener:
                answer_next(supervisor, listener)
            else:
                os.read(wake_read, 4096)


def answer_next(supervisor, listener):
    """Serves one connection. A caller that is slow costs a second at most."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(1)
        try:
            # A caller that wants nothing but to see whether this init lives says nothing.
            if line := connection.makefile().readline():
                answer = supervisor.answer(json.loads(line))
                connection.sendall(json.dumps(answer).encode() + b"\n")
        except (OSError, ValueError, KeyError) as error:
            print(f"request not served: {error!r}", file=sys.stderr, flush=True)


def main():
    """Makes the namespace its own place, then serves. Listening is the sign of being ready."""
    spec = json.loads(pathlib.Path(sys.argv[1]).read_text())
    os.environ.pop("PYTHONPATH", None)
    socket.sethostname(spec["hostname"])
    isolate(spec.get("tmpfs", []), spec.get("binds", []), spec.get("keep", []))
    for folder in spec.get("folders", []):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket_path(spec["socket"]) as path:
        pathlib.Path(spec["socket"]).unlink(missing_ok=True)
        listener.bind(path)
    listener.listen(16)
    serve(Supervisor(), listener)


if __name__ == "__main__":
    main()
