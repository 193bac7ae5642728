"""Judges what was observed. Pure: observations in, findings out; no clock, no I/O.

**Written twice.** A guest prints a number only once it is synced, so a line is a write that Ceph
has acknowledged. A run of a guest begins at its "up" line, which tells the number that it read from its
disk. Of two runs of one VM the later one's up line came last. It is a double run where the earlier
run prints a number again after the later one has printed its first; each line carries the time
before which it was certainly not there, so lines that were merely read late accuse nobody.

**Lost.** A number that was printed must be in what any later run reads at its start, and in what
the disk holds whenever it is read later.

**Computed twice.** The processors of two QEMUs of one VM on two hosts used time in turns, A B A B,
within three seconds: neither was suspended for good while the other ran.
"""

import collections
import dataclasses

#: Seconds within which A B A B counts as at once.
AT_ONCE = 3.0


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a guest's console. `first` says that it is the up line of a new run.

    after: the line was certainly not there yet. seen: it was. Seconds of one clock.
    """

    vm: str
    host: str
    value: int
    first: bool
    after: float
    seen: float


@dataclasses.dataclass
class GuestRun:
    """One run of a guest, from its up line on."""

    host: str
    began_with: int
    seen: float
    counted_at: float | None = None
    last: int = -1


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that must not be. `rule` is written-twice, computed-twice or lost."""

    rule: str
    vm: str
    at: float
    text: str


class Ledger:
    """The numbers of one VM."""

    def __init__(self, vm):
        self.vm = vm
        self.runs = []
        self.acknowledged = -1
        self.last_line = None

    def observe(self, line):
        """Takes a line in; returns what is wrong with it."""
        self.last_line = line
        if line.first:
            return self.begin(line)
        run = next((each for each in reversed(self.runs) if each.host == line.host), None)
        if run is None:
            return []
        findings = self.judge(run, line)
        run.counted_at = run.counted_at or line.seen
        run.last = max(run.last, line.value)
        self.acknowledged = max(self.acknowledged, line.value)
        return findings

    def begin(self, line):
        """A new run must have read all that was acknowledged."""
        findings = []
        if line.value < self.acknowledged:
            text = f"began on {line.host} with {line.value} after {self.acknowledged} was printed"
            findings.append(Finding("lost", self.vm, line.seen, text))
        self.runs.append(GuestRun(line.host, line.value, line.seen))
        return findings

    def judge(self, run, line):
        """A number of a run that is not the last one."""
        for later in self.runs[self.runs.index(run) + 1 :]:
            where = f"{run.host} printed {line.value} while {later.host} ran"
            if later.counted_at is not None and line.after > later.counted_at:
                return [Finding("written-twice", self.vm, line.seen, where)]
            if line.value > later.began_with:
                text = f"{later.host} began with {later.began_with}, yet {where}"
                rule = "written-twice" if line.after > later.seen else "lost"
                return [Finding(rule, self.vm, line.seen, text)]
        return []

    def observe_disk(self, value, acknowledged, at):
        """The number on the disk, and the last one that was printed before it was read."""
        if value >= acknowledged:
            return []
        text = f"the disk holds {value} after {acknowledged} was printed"
        return [Finding("lost", self.vm, at, text)]


class Overlap:
    """Whose processors ran: finds two QEMUs of one VM at once on two hosts."""

    def __init__(self):
        self.turns = collections.defaultdict(collections.deque)

    def observe(self, at, vm, host, process):
        """A QEMU of a VM used processor time. Returns the other's host where both run."""
        turns = self.turns[vm]
        if turns and turns[-1][1:] == (host, process):
            turns[-1] = (at, host, process)
            return None
        turns.append((at, host, process))
        while len(turns) > 4:
            turns.popleft()
        if len(turns) < 4 or at - turns[0][0] > AT_ONCE:
            return None
        (_, *first), (_, *second), (_, *third), (_, *fourth) = turns
        if first == third and second == fourth and first[0] != second[0]:
            turns.clear()
            return first[0] if first[0] != host else second[0]
        return None


@dataclasses.dataclass
class Takeover:
    """One change of a VM's owner, and when each part of it was seen.

    alone: no other fault was at work between the one that is its cause and the guest's first step.
    """

    vm: str
    source: str
    target: str
    cause: str
    fault_at: float
    claimed_at: float
    resumed_at: float | None = None
    up_at: float | None = None
    alone: bool = True

    def delay(self, part):
        """Seconds from the fault to `claimed`, `resumed` or `up`; None where it never came."""
        at = getattr(self, f"{part}_at")
        return None if at is None else at - self.fault_at


def percentile(values, share):
    """The nearest-rank percentile: the least value that `share` of them do not exceed."""
    ordered = sorted(values)
    if not ordered:
        return None
    rank = -(-len(ordered) * share // 1)  # Rounded up.
    return ordered[max(0, int(rank) - 1)]
