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
from lab.watchdog import Watch

#: Seconds between a service's death and its restart: at first, at most, and what counts as healthy.
RESTART_DELAY = 0.1
RESTART_DELAY_LIMIT = 5.0
HEALTHY_AFTER = 5.0


class Service:
    """A child that is started again whenever it dies, until it is told to stop."""

    def __init__(self, name, spec):
        self.name = name
        self.spec = spec
        self.watch = None
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
        environment = {**os.environ, **self.spec.get("env", {}), **self.watched()}
        with open(self.spec["log"], "ab") as log:
            try:
                self.process = subprocess.Popen(
                    self.spec["argv"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                log.write(f"cannot start {self.spec['argv'][0]}: {error}\n".encode())
                self.ended(127)

    def watched(self):
        """Begins to watch a service whose spec wants it; returns what it has to know."""
        if "watchdog" not in self.spec:
            return {}
        if self.watch is None:
            self.watch = Watch(self.name, self.spec["watchdog"], self.spec["log"])
        self.watch.spec = self.spec["watchdog"]
        self.watch.started()
        return self.watch.environment()

    def check_beats(self):
        """Fences a service whose beats have stopped, and ends it where its mode says so."""
        if self.watch is None or not self.watch.expired():
            return
        if self.watch.spec["mode"] == "restart" and self.process is not None:
            # First, so that it cannot undo what the fence does.
            self.process.kill()
        self.watch.run_fence()

    def ended(self, code):
        """Notes the end, and when to start again: later each time for one that keeps dying."""
        if self.watch is not None:
            self.watch.ended()
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

    def pause(self, stalled, muted=False):
        """Stops or continues the child alone, without telling anybody.

        muted: its watchdog is as dead as the child is, until the child is woken.
        """
        if self.process is None:
            return False
        if self.watch is not None:
            self.watch.muted = muted
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
            **(self.watch.report() if self.watch else {}),
        }


class Supervisor:
    """The services of one namespace, and the requests about them. One thread, no waiting."""

    def __init__(self):
        self.services = {}

    def answer(self, request):
        """Acts on one request. Starting what runs and stopping what is stopped are no errors."""
        action, name = request["do"], request.get("service")
        if action == "start":
            service = self.services.setdefault(name, Service(name, request["spec"]))
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
        if action in ("stall", "stall-unwatched", "wake"):
            return service.pause(action != "wake", muted=action == "stall-unwatched")
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
            code = os.waitstatus_to_exitcode(status)
            for service in self.services.values():
                if service.process is not None and service.process.pid == pid:
                    service.process.returncode = code
                    service.ended(code)
                elif service.watch and service.watch.fence and service.watch.fence.pid == pid:
                    service.watch.fence_ended(code)

    def read_beats(self):
        """Takes what watched services have said, and fences those that have fallen silent."""
        for service in self.services.values():
            if service.watch is not None:
                service.watch.read(service.process.pid if service.process else None)
                service.check_beats()

    def restart_due(self):
        """Starts what is due, and returns the seconds until the next is (None: nothing waits)."""
        times = []
        for service in self.services.values():
            fencing = service.watch is not None and service.watch.fence is not None
            # As systemd, which starts a service again only when what follows its end is done.
            if service.due is not None and not fencing:
                if service.due <= time.monotonic():
                    service.start()
                else:
                    times.append(service.due)
            if service.watch is not None and service.watch.deadline is not None:
                times.append(service.watch.deadline)
        return max(0, min(times) - time.monotonic()) if times else None

    def sockets(self):
        """The sockets on which watched services are heard."""
        return [each.watch.socket for each in self.services.values() if each.watch is not None]


def serve(supervisor, listener):
    """Runs until the namespace ends. Signals wake the selector through a pipe of their own."""
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    while True:
        # What a service has said counts before its end, as with systemd.
        supervisor.read_beats()
        supervisor.reap()
        wait = supervisor.restart_due()
        for each in supervisor.sockets():
            if each not in selector.get_map():
                selector.register(each, selectors.EVENT_READ)
        for key, _ in selector.select(wait):
            if key.fileobj is listener:
                answer_next(supervisor, listener)
            elif key.fileobj == wake_read:
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
    if ports := spec.get("reserved_ports"):
        pathlib.Path("/proc/sys/net/ipv4/ip_local_reserved_ports").write_text(ports)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket_path(spec["socket"]) as path:
        pathlib.Path(spec["socket"]).unlink(missing_ok=True)
        listener.bind(path)
    listener.listen(16)
    serve(Supervisor(), listener)


if __name__ == "__main__":
    main()
