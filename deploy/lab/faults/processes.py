"""Every host's QEMU processes, seen from outside of it through /proc.

Whether a guest is let run is told by its processor: QEMU's thread `CPU 0/TCG` uses time while the
guest runs, and none from the moment it is suspended or stops at an I/O error. No agent, libvirt or
monitor is asked.
"""

import dataclasses
import os
import pathlib
import re

from lab import control

#: Nanoseconds of processor time between two looks that count as running; a stop itself costs less.
ACTIVE = 1_000_000

#: A thread's flag in /proc: it is ending. What it uses from then on is the kernel's tidying up.
EXITING = 0x4

#: Nanoseconds that a processor's thread uses before its guest can have run: QEMU makes the processor, and
#: loads its state where the guest comes from another host. Up to 1 ms on a quiet machine; a guest's first
#: steps take tens.
MAKING = 5_000_000

#: Looks at a new process until it counts as no QEMU: libvirt's child is not QEMU from the start.
TRIES = 20


@dataclasses.dataclass
class Guest:
    """One QEMU process."""

    pid: int
    host: str
    vm: str
    image: str
    processor: pathlib.Path | None = None
    used: int = -1
    active: bool = False
    first_active: float | None = None
    last_active: float | None = None


class Processes:
    """All QEMUs of a lab's hosts. `look` is called many times a second."""

    def __init__(self, lab, background):
        self.lab = lab
        self.background = background
        self.undecided = {}
        self.foreign = set()
        self.guests = {}

    def look(self, now):
        """Looks once; returns the guests that have come and those that have gone."""
        pids = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        gone = [self.guests.pop(pid) for pid in list(self.guests) if pid not in pids]
        self.foreign &= pids
        come = []
        for pid in pids - self.foreign - self.guests.keys():
            guest = self.identify(pid)
            if guest is not None:
                self.guests[pid] = guest
                self.undecided.pop(pid, None)
                come.append(guest)
        self.undecided = {pid: n for pid, n in self.undecided.items() if pid in pids}
        for guest in self.guests.values():
            self.measure(guest, now)
        return come, gone

    def identify(self, pid):
        """The guest that a process is, or None: not yet, or never."""
        tries = self.undecided.get(pid, 0) + 1
        self.undecided[pid] = tries
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
            name = re.search(r"guest=metastack-([^,\0]+),", command)
            image = re.search(r'"pool":"vms","image":"([^"]+)"', command)
            host = self.host_of(os.readlink(f"/proc/{pid}/ns/pid")) if name and image else None
        except OSError:
            return None
        if host:
            return Guest(pid, host, name[1], image[1])
        if tries >= TRIES:
            del self.undecided[pid]
            self.foreign.add(pid)
        return None

    def host_of(self, namespace):
        """The host that a PID namespace is, or None. Asked afresh: a boot makes a new one."""
        for machine in self.lab.machines("host"):
            init = control.init_pid(machine.socket)
            if init is not None and os.readlink(f"/proc/{init}/ns/pid") == namespace:
                return machine.name
        return None

    def measure(self, guest, now):
        """Notes whether the guest's processor has run since the last look."""
        try:
            if guest.processor is None:
                guest.processor = processor_of(guest.pid)
            if guest.processor is None:
                return
            used = int((guest.processor / "schedstat").read_text().split()[0])
            ran = has_run(guest.used, used) and not is_ending(guest.processor)
        except (OSError, ValueError, IndexError):
            guest.active = False  # It is ending; the next look finds it gone.
            return
        guest.active = ran
        guest.used = used
        if guest.active:
            guest.last_active = now
            if guest.first_active is None:
                guest.first_active = now
                self.background.take(guest.pid)


def has_run(before, used):
    """Whether a guest ran between two looks, which found that much time used; -1 before the first."""
    return before >= 0 and used - before > ACTIVE and used > MAKING


def is_ending(thread):
    """Whether a thread has begun to end."""
    fields = (thread / "stat").read_text().rpartition(")")[2].split()
    return bool(int(fields[6]) & EXITING)


def processor_of(pid):
    """The folder of a QEMU's processor thread; None before there is one."""
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (thread / "comm").read_text().startswith("CPU 0/"):
            return thread
    return None
