"""One lab with its breaker and its checker: what the long run and the scenarios have in common."""

import contextlib
import json
import shutil
import signal
import sys
import time

from lab.faults.background import Background
from lab.faults.breaker import Breaker
from lab.faults.kinds import ENDS_LEASE, KINDS
from lab.faults.observer import Observer
from lab.faults.storage import Storage
from lab.faults.world import World

#: Seconds for which a healed fault still explains what happens to its host, besides the TTL.
AFTERMATH = 6.0

#: Seconds around a takeover in which another fault counts as at work.
MARGIN = 3.0


class Session:
    """A context: the lab is up inside of it, and gone after it, whatever happens."""

    def __init__(self, options, pause):
        self.options = options
        self.ttl = options.ttl
        self.began = time.monotonic()
        self.world = World(options, self.say, pause)
        self.storage = self.background = self.breaker = self.observer = None
        self.failed = True

    def __enter__(self):
        signal.signal(signal.SIGTERM, interrupt)
        try:
            self.world.up()
            lab = self.world.lab
            self.storage = Storage(lab)
            self.background = Background(lab.number)
            self.breaker = Breaker(lab, self.say, lambda host: self.observer.guests_on(host))
            self.observer = Observer(
                lab, self.storage, self.background, self.stalled, self.cause_of)
            self.observer.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        """Ends everything; keeps the logs of a run that failed. A second ^C changes nothing."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if self.observer:
            self.observer.stop()
        if self.breaker:
            self.breaker.pool.shutdown(wait=True, cancel_futures=True)
        if self.failed or kind is not None or self.options.keep_logs:
            self.keep_logs()
        if self.storage:
            self.storage.close()
        if self.options.keep:
            self.say(f"the lab stays up: metastack-lab --dir {self.world.folder} down")
        elif self.world.lab or self.world.started:
            self.world.down()
        if self.background:
            self.background.close()

    def keep_logs(self):
        """Copies the logs to where they outlive the lab."""
        if self.world.lab:
            shutil.rmtree(self.options.logs, ignore_errors=True)
            with contextlib.suppress(OSError):
                self.world.keep_logs(self.options.logs)
                self.say(f"the lab's logs are in {self.options.logs}")

    def say(self, text):
        """One line of progress with the time since the start and the clock that logs use."""
        now = time.time()
        clock = time.strftime("%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}"
        print(f"{time.monotonic() - self.began:7.1f} s  {clock}  {text}", flush=True)

    def stalled(self, host, now):
        """Whether a host's agent stood still just now, or hardly runs again, and nobody watched."""
        return any(
            record.kind == "stall-unwatched" and record.fault.target == host
            and record.touches(now - MARGIN, now)
            for record in self.breaker.records
        )

    def cause_of(self, host, at):
        """The fault that explains why a host lost a VM: its own that ends leases, else another of
        its own, else one of etcd."""
        since = at - self.ttl - AFTERMATH
        records = [each for each in self.breaker.records if each.touches(since, at)]
        own = [each for each in records if each.fault.target == host]
        etcd = [each for each in records if KINDS[each.kind].scope == "etcd"]
        for group in ([each for each in own if each.kind in ENDS_LEASE], own, etcd):
            if group:
                return group[-1]
        return None

    def mark_alone(self):
        """Tells takeovers from a single fault from those amid others."""
        for each in self.observer.takeovers.all:
            end = each.resumed_at or each.claimed_at
            others = [
                record for record in self.breaker.records
                if record.touches(each.fault_at - MARGIN, end) and record.began != each.fault_at
                and record.kind != "etcd-compact"
            ]
            each.alone = not others

    def is_alone(self, move):
        """Whether no fault was at work from shortly before a move to its end."""
        return not any(
            record.touches(move.began - MARGIN, move.ended + 1)
            for record in self.breaker.records if record.kind != "etcd-compact"
        )

    def write(self, report):
        """Writes the report where --json asks for it."""
        if self.options.json:
            self.options.json.write_text(json.dumps(report, indent=2) + "\n")


def interrupt(_number, _frame):
    """Turns SIGTERM into what SIGINT is, so that the lab is taken down."""
    raise KeyboardInterrupt
