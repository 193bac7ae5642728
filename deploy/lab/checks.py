"""Checks of the fault run's pure parts, on invented plans and observations. For the selftest."""

from lab.faults import plan
from lab.faults.kinds import KINDS
from lab.faults.rules import Ledger, Line, Overlap, Takeover, percentile


def lines(*words):
    """Console lines of one VM from (host, kind, value, time), each seen at most 0.1 s late."""
    return [
        Line("vm", host, value, kind == "up", at - 0.1, at) for host, kind, value, at in words
    ]


def judge(*words):
    """The rules that some lines break."""
    ledger = Ledger("vm")
    return [finding.rule for line in lines(*words) for finding in ledger.observe(line)]


def a_seed_gives_the_same_faults_always(_lab):
    first, again, other = [plan.Planner(seed, 600, 4, 5).plan() for seed in (7, 7, 8)]
    assert first == again and first != other
    assert plan.plan_wishes(7, 600, ["a", "b"]) == plan.plan_wishes(7, 600, ["a", "b"])
    assert {fault.kind for fault in first} == set(KINDS), "ten minutes must have every kind"


def no_plan_takes_more_than_can_heal(_lab):
    for seed in range(50):
        faults = plan.Planner(seed, 300, 3, 2).plan()
        assert all(fault.until <= 300 for fault in faults)
        for fault in faults:
            together = [each for each in faults if each.at <= fault.at < each.until]
            targets = [each.target for each in together if each.target]
            assert len(targets) == len(set(targets)), f"seed {seed}: two faults of one host"
            assert sum(KINDS[each.kind].away for each in together) <= 2, f"seed {seed}"
            assert sum(KINDS[each.kind].scope == "etcd" for each in together) <= 1, f"seed {seed}"


def no_plan_asks_for_what_is_not_there(_lab):
    for seed in range(50):
        there = {"a": "start", "b": "start", "c": "start"}
        for wish in plan.plan_wishes(seed, 900, list(there)):
            if wish.verb == "create":
                assert wish.vm not in there
                there[wish.vm] = "start"
            elif wish.verb == "delete":
                del there[wish.vm]
            else:
                assert there[wish.vm] != wish.verb, f"seed {seed}: {wish}"
                there[wish.vm] = wish.verb


def percentiles_are_values_that_were_measured(_lab):
    assert percentile([], 0.5) is None
    assert percentile([3.0], 0.99) == 3.0
    assert percentile([4, 1, 3, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile(range(1, 102), 0.99) == 100
    takeover = Takeover("vm", "host1", "host2", "power", 10.0, 14.5)
    assert takeover.delay("claimed") == 4.5 and takeover.delay("up") is None


def a_guest_that_writes_beside_its_twin_is_found(_lab):
    assert judge(
        ("host1", "up", 0, 1), ("host1", "n", 1, 2), ("host1", "n", 2, 3),
        ("host2", "up", 2, 9), ("host2", "n", 3, 10), ("host1", "n", 3, 10.5),
    ) == ["written-twice"]
    # Also before the twin's first number, where it is beyond what the twin has read.
    assert judge(
        ("host1", "up", 0, 1), ("host1", "n", 1, 2), ("host2", "up", 1, 9), ("host1", "n", 2, 9.5)
    ) == ["written-twice"]


def a_takeover_and_lines_read_late_accuse_nobody(_lab):
    assert not judge(
        ("host1", "up", 0, 1), ("host1", "n", 1, 2), ("host2", "up", 1, 9), ("host2", "n", 2, 10),
        ("host1", "up", 2, 20), ("host1", "n", 3, 21),
    )
    late = Line("vm", "host1", 2, False, after=8.0, seen=10.5)
    ledger = Ledger("vm")
    for line in lines(("host1", "up", 0, 1), ("host2", "up", 2, 9), ("host2", "n", 3, 10)):
        ledger.observe(line)
    assert not ledger.observe(late), "it may have been written before the twin was up"


def a_lost_number_is_found(_lab):
    assert judge(("host1", "up", 0, 1), ("host1", "n", 5, 2), ("host2", "up", 4, 9)) == ["lost"]
    ledger = Ledger("vm")
    assert ledger.observe_disk(6, 7, 1.0) and not ledger.observe_disk(7, 7, 1.0)


def two_guests_that_compute_at_once_are_found(_lab):
    overlap = Overlap()
    turns = [(1.0, "host1", 10), (1.1, "host2", 20), (1.2, "host1", 10), (1.3, "host2", 20)]
    found = [overlap.observe(at, "vm", host, pid) for at, host, pid in turns]
    assert found == [None, None, None, "host1"], found


def guests_that_run_one_after_the_other_are_not(_lab):
    overlap = Overlap()
    turns = [(1.0, "host1", 10), (1.1, "host1", 10), (1.2, "host2", 20), (1.3, "host2", 20),
             (1.4, "host1", 11), (9.0, "host2", 21), (9.1, "host2", 21)]
    assert not any(overlap.observe(at, "vm", host, pid) for at, host, pid in turns)
    overlap = Overlap()
    slow = [(1.0, "host1", 10), (2.5, "host2", 20), (4.5, "host1", 10), (6.0, "host2", 20)]
    assert not any(overlap.observe(at, "vm", host, pid) for at, host, pid in slow)


CHECKS = [
    a_seed_gives_the_same_faults_always,
    no_plan_takes_more_than_can_heal,
    no_plan_asks_for_what_is_not_there,
    percentiles_are_values_that_were_measured,
    a_guest_that_writes_beside_its_twin_is_found,
    a_takeover_and_lines_read_late_accuse_nobody,
    a_lost_number_is_found,
    two_guests_that_compute_at_once_are_found,
    guests_that_run_one_after_the_other_are_not,
]
