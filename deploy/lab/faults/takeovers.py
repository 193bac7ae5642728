"""Puts changes of owners together with the faults behind them, and measures each part."""

from lab.faults.rules import Takeover


class Takeovers:
    """Fed by the observer, under its lock.

    cause_of(host, at): the record of the fault that explains why a host lost a VM at that time, or
    None.
    """

    def __init__(self, cause_of):
        self.cause_of = cause_of
        self.owners = {}
        self.open = {}
        self.all = []
        self.unexplained = []
        self.in_place = 0
        self.ends = []

    def claimed(self, vm, record, seen):
        """A claim that was not there before."""
        if record.get("state") == "deleting":
            return
        before, host = self.owners.get(vm), record.get("host", "")
        self.owners[vm] = host
        if before is None:
            return
        if before == host:
            self.in_place += 1
            return
        found = self.cause_of(before, seen)
        if found is None:
            self.unexplained.append((vm, before, host, seen))
            return
        takeover = Takeover(vm, before, host, found.kind, found.began, seen)
        self.open[vm] = takeover
        self.all.append(takeover)

    def moved(self, vm, host):
        """The claim was handed over, which is no takeover: somebody wanted it."""
        self.owners[vm] = host
        # A guest that had not spoken yet does so elsewhere; its boot is not timed.
        self.open.pop(vm, None)

    def released(self, vm):
        """The VM was stopped: its next owner takes nothing over."""
        self.owners.pop(vm, None)

    def active(self, guest, now):
        """A guest's processor has run."""
        takeover = self.open.get(guest.vm)
        if takeover and takeover.target == guest.host and takeover.resumed_at is None:
            takeover.resumed_at = guest.first_active

    def up(self, line):
        """A guest's first sign of life."""
        takeover = self.open.get(line.vm)
        if takeover and takeover.target == line.host:
            takeover.up_at = line.seen
            takeover.resumed_at = takeover.resumed_at or line.seen
            del self.open[line.vm]

    def ended(self, guest, now):
        """A QEMU has gone."""
        self.ends.append((now, guest))
