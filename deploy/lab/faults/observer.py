"""The checker: watches QEMUs, consoles, disks and etcd from outside, and collects findings.

It runs on threads of its own in the root namespace, which no fault touches, and asks no agent.
"""

import collections
import math
import threading
import time

from lab.faults.consoles import Consoles
from lab.faults.gateway import Watch
from lab.faults.moves import Moves
from lab.faults.processes import Processes
from lab.faults.rules import Finding, Ledger, Overlap
from lab.faults.takeovers import Takeovers

#: Seconds between two looks at processes and consoles, at new console files, and at the disks.
LOOK = 0.05
DISCOVER = 0.2
DISKS = 3.0


class Observer:
    """All that was seen, and what is wrong with it. `lock` guards everything that is shared.

    stalled(host, now): whether nobody could suspend the host's guests just now, as its agent stood
    still and its watchdog, too.
    """

    def __init__(self, lab, storage, background, stalled, cause_of):
        self.lock = threading.RLock()
        self.storage = storage
        self.stalled = stalled
        self.ledgers = {}
        self.overlap = Overlap()
        self.takeovers = Takeovers(cause_of)
        self.moves = Moves()
        self.processes = Processes(lab, background)
        self.consoles = Consoles(lab)
        self.wanted = {}
        self.claims = {}
        self.volumes = {}
        self.findings = []
        self.excused = []
        self.lines = collections.defaultdict(collections.deque)
        self.problems = []
        self.ended = threading.Event()
        self.threads = [
            threading.Thread(target=self.guarded, args=(work,), daemon=True)
            for work in (self.look_often, self.look_at_disks)
        ]
        self.watch = Watch(lab, self.observe_record)

    def start(self):
        """Begins to watch."""
        self.watch.start()
        for thread in self.threads:
            thread.start()

    def stop(self):
        """Ends watching."""
        self.ended.set()
        self.watch.ended.set()
        for thread in self.threads:
            if thread.is_alive():
                thread.join()

    def judge_all(self):
        """Judges what was seen so far, also what is too young to be judged on the way."""
        with self.lock:
            self.judge_lines(math.inf)

    def guarded(self, work):
        """A checker that dies must not pass for one that found nothing."""
        try:
            work()
        except Exception as error:  # Whatever it is, the run is worthless from here on.
            self.problems.append(f"the checker ended: {error!r}")
            raise

    def look_often(self):
        """Processes and consoles, many times a second."""
        discovered = 0.0
        while not self.ended.is_set():
            now = time.monotonic()
            if now - discovered > DISCOVER:
                self.consoles.discover()
                discovered = now
            with self.lock:
                self.look_at_processes(now)
                for line in self.consoles.read(time.monotonic):
                    self.observe_line(line)
                self.judge_lines(now)
            self.ended.wait(LOOK)

    def look_at_processes(self, now):
        """Which guests ran since the last look."""
        _, gone = self.processes.look(now)
        for guest in gone:
            self.takeovers.ended(guest, now)
        for guest in self.processes.guests.values():
            if guest.active:
                self.takeovers.active(guest, now)
                if other := self.overlap.observe(now, guest.vm, guest.host, guest.pid):
                    self.computed_twice(now, guest, other)

    def computed_twice(self, now, guest, other):
        """Notes two guests that ran at once, and whether anybody could have suspended one."""
        excused = self.stalled(guest.host, now) or self.stalled(other, now)
        text = f"ran on {other} and {guest.host}"
        target = self.excused if excused else self.findings
        target.append(Finding("computed-twice", guest.vm, now, text))

    def observe_line(self, line):
        """One line of a console."""
        self.ledgers.setdefault(line.vm, Ledger(line.vm)).observe(line)
        if line.first:
            self.takeovers.up(line)
        recent = self.lines[line.vm]
        recent.append(line)
        while len(recent) > 20000:
            recent.popleft()

    def judge_lines(self, now):
        """Lines that are old enough by now."""
        for ledger in self.ledgers.values():
            self.findings += ledger.judge(now)

    def observe_record(self, key, value, is_new, seen):
        """One change in etcd."""
        folder, _, name = key.partition("/")
        with self.lock:
            if folder == "actual_vms":
                self.observe_claim(name, value, is_new, seen)
            elif folder in ("volumes", "desired_vms"):
                kept = self.volumes if folder == "volumes" else self.wanted
                if value is None:
                    kept.pop(name, None)
                else:
                    kept[name] = value

    def observe_claim(self, vm, claim, is_new, seen):
        """One change of a claim: a takeover where its key is new, a move where its host is."""
        move = self.moves.observe(vm, None if is_new else self.claims.get(vm), claim, seen)
        if claim is None:
            self.claims.pop(vm, None)
            if self.wanted.get(vm, {}).get("state", "start") != "start":
                self.takeovers.released(vm)
            return
        self.claims[vm] = claim
        if is_new:
            self.takeovers.claimed(vm, claim, seen)
        if move is not None and move.arrived:
            self.takeovers.moved(vm, move.target)
            if move.live:
                ledger = self.ledgers.setdefault(vm, Ledger(vm))
                ledger.moved(move.source, move.target, seen)

    def look_at_disks(self):
        """Now and then each disk must hold at least what its guest has printed before."""
        while not self.ended.wait(DISKS):
            self.check_disks()

    def check_disks(self):
        """Reads all disks once; returns how many could be read."""
        with self.lock:
            # What has a content is a seed, which no guest writes.
            volumes = [
                each for each in self.volumes.values()
                if each.get("provisioned") and "content" not in each
            ]
        read = 0
        for volume in volumes:
            vm, image = volume.get("vm", ""), volume.get("image", "")
            with self.lock:
                ledger = self.ledgers.setdefault(vm, Ledger(vm))
                printed = ledger.printed
            value = self.storage.counter(image)
            if value is None:
                continue
            read += 1
            with self.lock:
                if vm not in self.wanted:
                    continue  # It was deleted meanwhile, and its disk was read while it went.
                found = ledger.observe_disk(value, printed, time.monotonic())
                # A lost write stays lost, and is told once.
                known = {(each.rule, each.vm) for each in self.findings}
                self.findings += [each for each in found if (each.rule, each.vm) not in known]
        return read

    # Questions of the run and the scenarios.

    def guests_on(self, host):
        """The QEMUs of a host right now."""
        with self.lock:
            return [each for each in self.processes.guests.values() if each.host == host]

    def guests_of(self, vm):
        """The QEMUs of a VM right now, on all hosts."""
        with self.lock:
            return [each for each in self.processes.guests.values() if each.vm == vm]

    def last_line(self, vm):
        """The newest line of a VM's consoles, or None."""
        with self.lock:
            return self.lines[vm][-1] if self.lines[vm] else None

    def counts_since(self, vm, start):
        """Whether a VM has printed a number that was not there at `start`."""
        with self.lock:
            return any(not each.first and each.after >= start for each in list(self.lines[vm])[-5:])

    def lines_of(self, vm, start=0.0):
        """A VM's lines since a time."""
        with self.lock:
            return [line for line in self.lines[vm] if line.seen >= start]

    def owner(self, vm):
        """The host that the VM's claim names, or None."""
        with self.lock:
            return self.claims.get(vm, {}).get("host")
