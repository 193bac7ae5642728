"""Moves, as the claims in etcd tell them. Pure: records in, moves out."""

import dataclasses


@dataclasses.dataclass
class Move:
    """One move that an owner has begun. `ended` without `arrived`: the guest stayed, or was lost."""

    vm: str
    id: str
    source: str
    target: str
    live: bool
    began: float
    ended: float | None = None
    arrived: bool = False

    @property
    def took(self):
        """Seconds from its announcement to the handover, or to its end."""
        return None if self.ended is None else self.ended - self.began

    def silence(self, lines):
        """The longest time between two numbers of the guest that touches the move, or None.

        lines: those of the VM, in the order in which they were seen. A boot within is no silence.
        """
        gaps = [
            later.seen - former.seen for former, later in zip(lines, lines[1:])
            if later.seen >= self.began and former.seen <= self.ended and not later.first
        ]
        return max(gaps, default=None)


class Moves:
    """All moves of a run. A claim that changes hosts under the same key was handed over."""

    def __init__(self):
        self.open = {}
        self.all = []

    def observe(self, vm, before, claim, seen):
        """One change of a claim; returns the move that ends with it, or None.

        before, claim: the record as it was and as it is; None where there is none.
        """
        now = (claim or {}).get("move") or {}
        ended = self.open.get(vm)
        if ended is not None and now.get("id") != ended.id:
            del self.open[vm]
            ended.ended = seen
            ended.arrived = is_handed_over(before, claim) and claim["host"] == ended.target
        elif ended is None and is_handed_over(before, claim):
            # It was begun and done between two looks at etcd.
            ended = Move(vm, "", before["host"], claim["host"], same_run(before, claim), seen, seen)
            ended.arrived = True
            self.all.append(ended)
        else:
            ended = None
        if ended is not None and ended.arrived:
            ended.live = same_run(before, claim)
        if now.get("id") and vm not in self.open:
            self.open[vm] = Move(
                vm, now["id"], claim["host"], now.get("to", ""), now.get("live", True), seen)
            self.all.append(self.open[vm])
        return ended


def is_handed_over(before, claim):
    """Whether a claim went from one host to another without ever being gone."""
    return bool(before and claim) and before.get("host") != claim.get("host")


def same_run(before, claim):
    """Whether the guest runs on: one that starts anew is another incarnation."""
    return before.get("incarnation") == claim.get("incarnation")
