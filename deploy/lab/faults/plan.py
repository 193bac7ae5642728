"""Decides what breaks when, and what is asked for meanwhile. Pure: a seed gives the same always."""

import dataclasses
import random

from lab.faults.kinds import KINDS

#: Seconds before the first fault, and without a new one at the end.
QUIET_START = 3.0
QUIET_END = 12.0

#: Seconds between two faults: usual ones, and those that come together.
GAP = (5.0, 20.0)
BURST_GAP = (0.0, 1.0)
BURST_CHANCE = 0.3

#: Seconds that a host is left in peace after a fault, so that it can be seen to mend.
REST = 3.0

#: The share of long cuts from etcd in whose middle etcd is compacted.
COMPACT_CHANCE = 0.5

#: Hosts that may be down or cut off at once.
AWAY_LIMIT = 2

#: Seconds between two wishes for VMs, and how many VMs may come and go besides the lasting ones.
CHURN_GAP = (6.0, 15.0)
EXTRAS = 3

#: Seconds between two orders to move VMs, how many are given at once, and the share of those for
#: which the guest is shut down.
MOVE_GAP = (3.0, 12.0)
MOVES_AT_ONCE = 3
OFFLINE_CHANCE = 0.2

#: Seconds between the end of a host's maintenance and the next one, and how long one lasts.
DRAIN_GAP = (15.0, 45.0)
DRAIN_LENGTH = (6.0, 20.0)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault. `target` is a machine's name or empty; `choice` picks what only then is known."""

    at: float
    until: float
    kind: str
    target: str = ""
    choice: int = 0


@dataclasses.dataclass(frozen=True)
class Wish:
    """One change of what is wanted: `verb` is one of `world.VERBS`; `name` of a VM or a host."""

    at: float
    verb: str
    name: str
    words: tuple = ()


class Planner:
    """Draws faults from a shuffled deck, so that every kind comes before one comes too often."""

    def __init__(self, seed, seconds, hosts, ttl):
        self.random = random.Random(f"faults {seed}")
        self.end = seconds - QUIET_END
        self.hosts = [f"host{index + 1}" for index in range(hosts)]
        self.ttl = ttl
        self.away_limit = min(AWAY_LIMIT, hosts - 1)
        self.deck = []
        self.faults = []

    def plan(self):
        """All faults in the order of their time."""
        at = QUIET_START
        while at < self.end:
            if fault := self.draw(at):
                self.faults.append(fault)
                self.compact_within(fault)
            gap = BURST_GAP if self.random.random() < BURST_CHANCE else GAP
            at += self.random.uniform(*gap)
        return sorted(self.faults, key=lambda fault: fault.at)

    def draw(self, at):
        """The next fault for a time: the first card of the deck that the rules allow there."""
        if len(self.deck) < len(KINDS):
            more = [kind.name for kind in KINDS.values() for _ in range(kind.share)]
            self.random.shuffle(more)
            self.deck += more
        for card, name in enumerate(self.deck):
            kind = KINDS[name]
            targets = self.targets(kind, at)
            if targets:
                del self.deck[card]
                length = self.random.uniform(kind.shortest, kind.longest) * self.ttl
                until = min(at + length, self.end + REST)
                target = self.random.choice(targets)
                return Fault(at, max(at, until), name, target, self.random.randrange(1000))
        return None

    def targets(self, kind, at):
        """What a kind may hit at a time; one empty name where it takes no machine."""
        if kind.scope == "none":
            return [""]
        busy = [each for each in self.faults if each.until + REST > at]
        if kind.scope == "etcd":
            return [] if any(KINDS[each.kind].scope == "etcd" for each in busy) else [""]
        if kind.away and sum(KINDS[each.kind].away for each in busy) >= self.away_limit:
            return []
        taken = {each.target for each in busy}
        return [host for host in self.hosts if host not in taken]

    def compact_within(self, fault):
        """A host that comes back to a compacted etcd has to list it again."""
        if fault.kind not in ("cut-etcd", "cut-all", "deaf", "mute"):
            return
        if self.random.random() < COMPACT_CHANCE:
            middle = (fault.at + fault.until) / 2
            self.faults.append(Fault(middle, middle, "etcd-compact"))


def plan_wishes(seed, seconds, vms):
    """What is asked for during the run. Lasting VMs stop and start; others come and go."""
    source = random.Random(f"wishes {seed}")
    stopped, extras, made, wishes = [], [], 0, []
    at = QUIET_START + source.uniform(*CHURN_GAP)
    while at < seconds - QUIET_END:
        verbs = ["create"] if len(extras) < EXTRAS else []
        verbs += ["delete"] if extras else []
        verbs += ["start", "start"] if stopped else []
        verbs += ["stop"] if len(stopped) < 2 else []
        verb = source.choice(verbs)
        if verb == "create":
            made += 1
            vm = f"extra{made}"
            extras.append(vm)
        elif verb == "delete":
            vm = extras.pop(source.randrange(len(extras)))
        elif verb == "start":
            vm = stopped.pop(source.randrange(len(stopped)))
        else:
            vm = source.choice([each for each in vms if each not in stopped])
            stopped.append(vm)
        wishes.append(Wish(at, verb, vm))
        at += source.uniform(*CHURN_GAP)
    return wishes


def all_wishes(seed, seconds, hosts, vms, moves=True):
    """All that is asked for, in the order of its time; without `moves`, the rest of the same."""
    wishes = plan_wishes(seed, seconds, vms)
    if moves:
        wishes += plan_moves(seed, seconds, hosts, vms)
    return sorted(wishes, key=lambda wish: wish.at)


def plan_moves(seed, seconds, hosts, vms):
    """Orders to move lasting VMs, several at once, and hosts that are emptied for a while."""
    source = random.Random(f"moves {seed}")
    end, wishes = seconds - QUIET_END, []
    at = QUIET_START + source.uniform(*MOVE_GAP)
    while at < end:
        for vm in source.sample(vms, source.randint(1, min(MOVES_AT_ONCE, len(vms)))):
            words = ("--offline",) if source.random() < OFFLINE_CHANCE else ()
            words += ("--to", f"host{source.randint(1, hosts)}") if source.random() < 0.5 else ()
            wishes.append(Wish(at, "move", vm, words))
        at += source.uniform(*MOVE_GAP)
    at = QUIET_START + source.uniform(*DRAIN_GAP)
    while at < end:
        host = f"host{source.randint(1, hosts)}"
        wishes.append(Wish(at, "drain", host))
        at += source.uniform(*DRAIN_LENGTH)
        wishes.append(Wish(at, "ready", host))
        at += source.uniform(*DRAIN_GAP)
    return wishes
