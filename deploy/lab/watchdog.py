"""What systemd does for a service of Type=notify with WatchdogSec, played by a lab's init.

A watched service gets a notification socket (sd_notify(3)). From its first beat on, or from READY=1,
it has to beat; when it does not, its fence is run: in a machine that is `metastack-node fence`, which
suspends the guests.
What comes of the service then is the mode: `fence` leaves it alone, as if systemd were slow, so
that a stalled agent can be looked at and woken; `restart` kills it and starts it again, as the unit
file has it.
"""

import array
import contextlib
import datetime
import os
import socket
import struct
import subprocess
import time

MODES = ("fence", "restart", "off")


class Watch:
    """One service's notification socket, its beats and its fence.

    spec: `seconds` between beats at most, `fence` (the words of the command) and `mode`.
    """

    def __init__(self, name, spec, log):
        self.spec = spec
        self.log = log
        self.limit = spec["seconds"]
        self.deadline = None
        self.muted = False
        self.ready = False
        self.status = ""
        self.fences = 0
        self.fence = None
        self.last_fence = None
        # Abstract names belong to the network namespace, and every machine has one of its own.
        self.address = f"metastack-lab/{name}"
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self.socket = socket.socket(socket.AF_UNIX, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind("\0" + self.address)

    def environment(self):
        """What the service has to know."""
        return {
            "NOTIFY_SOCKET": "@" + self.address,
            "WATCHDOG_USEC": str(int(self.spec["seconds"] * 1_000_000)),
        }

    def started(self):
        """A new process has everything still before it."""
        self.limit, self.deadline, self.ready, self.status = self.spec["seconds"], None, False, ""

    def ended(self):
        """A process that is gone is not watched."""
        self.deadline, self.ready = None, False

    def read(self, main):
        """Takes all messages; those of other processes than `main` count for nothing."""
        size = struct.calcsize("3i")
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(size))
                credentials = array.array("i")
                for _, _, content in ancillary:
                    credentials.frombytes(content[:size])
                if credentials and credentials[0] == main:
                    for line in data.decode(errors="replace").split("\n"):
                        self.take(*line.partition("=")[::2])

    def take(self, key, value):
        """One assignment of a message."""
        if key == "READY":
            self.ready, self.deadline = True, time.monotonic() + self.limit
        elif key == "STOPPING":
            self.ended()
        elif key == "STATUS":
            self.status = value
        elif key == "WATCHDOG_USEC":
            self.limit = int(value) / 1_000_000
            self.beat()
        elif key == "WATCHDOG" and value == "trigger":
            self.deadline = time.monotonic()
        elif key == "WATCHDOG":
            self.beat()

    def beat(self):
        """Puts the deadline off."""
        self.deadline = time.monotonic() + self.limit

    def expired(self):
        """Whether the beats have stopped for too long. Says so once, until the next beat."""
        if self.deadline is None or self.deadline > time.monotonic():
            return False
        self.deadline = None
        return not self.muted

    def run_fence(self):
        """Starts the fence; its end is told by `fence_ended`."""
        if self.fence is not None:
            return
        self.fences += 1
        with open(self.log, "ab") as log:
            log.write(f"{stamp()} watchdog: the beats have stopped, fencing\n".encode())
            log.flush()
            try:
                self.fence = subprocess.Popen(
                    self.spec["fence"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "SERVICE_RESULT": "watchdog"},
                    start_new_session=True,
                )
            except OSError as error:
                log.write(f"cannot fence: {error}\n".encode())
                self.last_fence = 127

    def fence_ended(self, code):
        """Notes how the fence went, and when."""
        with open(self.log, "ab") as log:
            log.write(f"{stamp()} watchdog: fenced, exit {code}\n".encode())
        self.fence.returncode = code
        self.fence, self.last_fence = None, code

    def report(self):
        """What `status` shows."""
        return {
            "ready": self.ready,
            "notified": self.status,
            "fences": self.fences,
            "last_fence": self.last_fence,
        }


def stamp():
    """The time as agents write it into the same log."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
