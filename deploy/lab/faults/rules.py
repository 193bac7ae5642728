"""Judges what was observed. Pure: observations in, findings out; no clock, no I/O.

**Written twice.** A guest prints a number only once it is synced, so a line is a write that Ceph
has acknowledged. A run of a guest begins at its "up" line, which tells the number that it read from its
disk. Of two runs of one VM the later one's up line came last. It is a double run where the earlier
run prints a number again after the later one has printed its first; each line carries the time
before which it was certainly not there, so lines that were merely read late accuse nobody.

**Moved.** A guest that is moved while it runs goes on elsewhere without an up line: the claim's
handover says where. It stays one run, whose numbers come once each, on whatever host; a second time
is a double run, whoever was first. Lines are judged once a handover that they rest on was seen.

**Lost.** A number that was printed must be in what any later run reads at its start, and in what
the disk holds whenever it is read later.

**Computed twice.** The processors of two QEMUs of one VM on two hosts used time in turns, A B A B,
within three seconds: neither was suspended for good while the other ran.
"""

import collections
import dataclasses

#: Seconds within which A B A B counts as at once.
AT_ONCE = 3.0

#: Seconds that the watch of the claims may lag behind the consoles. Lines are judged so much later.
LAG = 3.0


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
    """One run of a guest, from its up line on.

    host: where it is, as far as handovers were followed.
    since: the hosts that it has been on, each with the time from which on it may print there.
    numbers: the host that printed each.
    """

    began_with: int
    seen: float
    host: str
    since: dict[str, float]
    counted_at: float | None = None
    numbers: dict[int, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that must not be. `rule` is written-twice, computed-twice or lost."""

    rule: str
    vm: str
    at: float
    text: str


class Ledger:
    """The numbers of one VM. `printed` is the last one that was seen, judged or not."""

    def __init__(self, vm):
        self.vm = vm
        self.runs = []
        self.waiting = collections.deque()
        self.handovers = collections.deque()
        self.printed = -1
        self.acknowledged = -1

    def observe(self, line):
        """Takes a line in, in the order in which lines are seen."""
        self.waiting.append(line)
        if not line.first:
            self.printed = max(self.printed, line.value)

    def moved(self, source, target, seen):
        """The claim was handed over, and the guest runs on."""
        self.handovers.append((seen, source, target))

    def judge(self, now):
        """Judges the lines that are old enough; returns what is wrong with them."""
        findings = []
        while self.waiting and self.waiting[0].seen <= now - LAG:
            line = self.waiting.popleft()
            self.follow(line)
            findings += self.begin(line) if line.first else self.count(line)
        return findings

    def follow(self, line):
        """Lets runs go where they were moved to, as far as a line may rest on it."""
        while self.handovers:
            seen, source, target = self.handovers[0]
            due = seen <= line.seen
            early = not line.first and target == line.host and seen <= line.seen + LAG
            # Of a guest that has not come up yet nobody knows that it runs: it is no older run of there,
            # and its up line may be among those that come until the handover is due.
            known = bool(self.runs) and self.runs[-1].host == source
            if not (due or early and known):
                return
            self.handovers.popleft()
            if known:
                run = self.runs[-1]
                run.host = target
                run.since[target] = min(run.since.get(target, seen), seen - LAG)

    def run_on(self, host, at):
        """The run that came last to a host before a time, or None."""
        there = [each for each in self.runs if each.since.get(host, at + 1) <= at]
        return max(there, key=lambda run: run.since[host], default=None)

    def begin(self, line):
        """A new run must have read all that was acknowledged."""
        findings = []
        if line.value < self.acknowledged:
            text = f"began on {line.host} with {line.value} after {self.acknowledged} was printed"
            findings.append(Finding("lost", self.vm, line.seen, text))
        self.runs.append(GuestRun(line.value, line.seen, line.host, {line.host: line.seen}))
        return findings

    def count(self, line):
        """One more number of a run."""
        run = self.run_on(line.host, line.seen)
        if run is None:
            return []
        findings = self.compare(run, line)
        run.counted_at = run.counted_at or line.seen
        run.numbers.setdefault(line.value, line.host)
        self.acknowledged = max(self.acknowledged, line.value)
        return findings

    def compare(self, run, line):
        """A number against what its own run and later ones have printed."""
        other = run.numbers.get(line.value, line.host)
        if other != line.host:
            text = f"{line.host} printed {line.value}, which {other} had printed in the same run"
            return [Finding("written-twice", self.vm, line.seen, text)]
        for later in self.runs[self.runs.index(run) + 1 :]:
            where = f"{line.host} printed {line.value} while {'/'.join(later.since)} ran"
            if later.counted_at is not None and line.after > later.counted_at:
                return [Finding("written-twice", self.vm, line.seen, where)]
            if line.value > later.began_with:
                text = f"the later run began with {later.began_with}, yet {where}"
                rule = "written-twice" if line.after > later.seen else "lost"
                return [Finding(rule, self.vm, line.seen, text)]
        return []

    def observe_disk(self, value, printed, at):
        """The number on the disk, and the last one that was printed before it was read."""
        if value >= printed:
            return []
        text = f"the disk holds {value} after {printed} was printed"
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
