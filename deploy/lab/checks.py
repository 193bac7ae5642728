"""Checks of the fault run's pure parts, on invented plans and observations. For the selftest."""

import argparse
import math

from lab.errors import LabError
from lab.faults import command, plan, report
from lab.faults.kinds import KINDS
from lab.faults.moves import Move, Moves
from lab.faults.processes import has_run
from lab.faults.rules import Ledger, Line, Overlap, Takeover, percentile


def judge(*words):
    """The rules that some lines of one VM break.

    A word is (host, kind, value, time), seen at most 0.1 s late; the kind "to" is a handover by that
    host to the one that is its value.
    """
    ledger = Ledger("vm")
    for host, kind, value, at in words:
        if kind == "to":
            ledger.moved(host, value, at)
        else:
            ledger.observe(Line("vm", host, value, kind == "up", at - 0.1, at))
    return [finding.rule for finding in ledger.judge(math.inf)]


def a_seed_gives_the_same_faults_always(_lab):
    first, again, other = [plan.Planner(seed, 600, 4, 5).plan() for seed in (7, 7, 8)]
    assert first == again and first != other
    wishes, again, other = [plan.all_wishes(seed, 600, 4, ["a", "b"]) for seed in (7, 7, 8)]
    assert wishes == again and wishes != other
    assert {"move", "drain", "ready", "create"} <= {wish.verb for wish in wishes}
    still = plan.all_wishes(7, 600, 4, ["a", "b"], moves=False)
    assert still == [wish for wish in wishes if wish.verb not in ("move", "drain", "ready")]
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
                assert wish.name not in there
                there[wish.name] = "start"
            elif wish.verb == "delete":
                del there[wish.name]
            else:
                assert there[wish.name] != wish.verb, f"seed {seed}: {wish}"
                there[wish.name] = wish.verb


def every_host_that_is_emptied_is_ready_at_the_end(_lab):
    for seed in range(50):
        empty = None
        for wish in plan.plan_moves(seed, 300, 3, ["a", "b"]):
            if wish.verb == "drain":
                assert empty is None, f"seed {seed}: two hosts at once"
                empty = wish.name
            elif wish.verb == "ready":
                assert empty == wish.name, f"seed {seed}: {wish}"
                empty = None
        assert empty is None, f"seed {seed}"


def options_that_a_scenario_has_no_use_for_are_refused(_lab):
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir")
    command.add_to(parser.add_subparsers())
    for words in ("", "--rebalance", "--no-moves"):
        refusal = ""
        try:
            command.check(parser.parse_args(["faults", "--scenario", "power", *words.split()]))
        except LabError as error:
            refusal = str(error)
        assert words in refusal and bool(words) == bool(refusal), f"{words}: {refusal}"


def percentiles_are_values_that_were_measured(_lab):
    assert percentile([], 0.5) is None
    assert percentile([3.0], 0.99) == 3.0
    assert percentile([4, 1, 3, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile(range(1, 102), 0.99) == 100
    takeover = Takeover("vm", "host1", "host2", "power", 10.0, 14.5)
    assert takeover.delay("claimed") == 4.5 and takeover.delay("up") is None


def the_verdict_on_times_says_how_many_were_late(_lab):
    for times, wanted in (
        ([2.0] * 99 + [3.5], "held: 1 of 100 later"),
        ([2.0, 3.5, None, 3.01], "NOT held: 2 of 3 later"),
        ([], "nothing to judge"),
    ):
        found = report.verdict({
            "limit": 3.0,
            "judged": {"resumed": report.figures(times)},
            "judged, each": [{"resumed": time} for time in times],
        })
        assert found == wanted, f"{times}: {found}"


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
    ledger = Ledger("vm")
    for host, value, first, after, seen in (
        ("host1", 0, True, 0.9, 1.0), ("host2", 2, True, 8.9, 9.0), ("host2", 3, False, 9.9, 10.0),
        ("host1", 2, False, 8.0, 10.5),
    ):
        ledger.observe(Line("vm", host, value, first, after, seen))
    assert not ledger.judge(math.inf), "it may have been written before the twin was up"


def a_guest_that_moves_goes_on_with_its_numbers(_lab):
    there = [("host1", "up", 0, 1), ("host1", "n", 1, 2), ("host1", "to", "host2", 2.5),
             ("host2", "n", 2, 3)]
    back = [("host2", "to", "host1", 3.5), ("host1", "n", 3, 4), ("host1", "n", 4, 5)]
    assert not judge(*there, *back)
    # The numbers of a move are acknowledged as any others.
    assert judge(*there, ("host3", "up", 1, 9)) == ["lost"]
    assert judge(*there, *back, ("host2", "up", 3, 9)) == ["lost"]
    assert not judge(*there, *back, ("host2", "up", 4, 9), ("host2", "n", 5, 10))


def a_handover_that_is_seen_after_the_guest_runs_there_accuses_nobody(_lab):
    words = [("host2", "up", 0, 1), ("host2", "n", 1, 2), ("host1", "up", 1, 9),
             ("host1", "n", 2, 10), ("host2", "n", 3, 11), ("host2", "n", 4, 12)]
    assert not judge(*words, ("host1", "to", "host2", 12.5))
    assert judge(*words)[0] == "written-twice", "nobody moved it there"


def a_guest_that_is_moved_before_it_is_up_accuses_nobody(_lab):
    words = [("host4", "up", 0, 1), ("host4", "n", 1, 2), ("host1", "up", 1, 5),
             ("host1", "n", 2, 6), ("host1", "n", 3, 9), ("host4", "to", "host1", 10)]
    assert not judge(*words, ("host1", "up", 3, 12), ("host1", "n", 4, 13))


def a_guest_that_comes_back_as_another_run_is_told_from_the_one_before(_lab):
    words = [("host3", "up", 0, 1), ("host3", "n", 1, 2), ("host3", "to", "host1", 2.5),
             ("host1", "n", 2, 8), ("host4", "up", 2, 9), ("host4", "n", 3, 9.5),
             ("host4", "to", "host1", 9.9)]
    assert not judge(*words, ("host1", "n", 4, 11), ("host1", "n", 5, 12))
    once = [("host4", "up", 0, 1), ("host4", "n", 1, 2), ("host4", "to", "host1", 2.5), *words[3:]]
    assert not judge(*once, ("host1", "n", 4, 11), ("host1", "n", 5, 12))
    assert judge(*words, ("host1", "n", 4, 11), ("host4", "n", 4, 11.5)) == ["written-twice"]


def a_guest_that_runs_at_both_ends_of_its_move_is_found(_lab):
    there = [("host1", "up", 0, 1), ("host1", "n", 1, 2), ("host1", "to", "host2", 2.5)]
    assert judge(*there, ("host2", "n", 2, 3), ("host1", "n", 2, 3.1)) == ["written-twice"]
    assert judge(*there, ("host1", "n", 2, 3), ("host2", "n", 2, 3.1)) == ["written-twice"]
    twin = [*there, ("host2", "n", 2, 3), ("host3", "up", 2, 9), ("host3", "n", 3, 10)]
    for host in ("host1", "host2"):
        assert judge(*twin, (host, "n", 3, 10.5)) == ["written-twice"], host


def claims_tell_how_moves_end(_lab):
    def claim(host, move=None, incarnation=7):
        order = {"move": {"id": move, "to": "host2", "live": True}} if move else {}
        return {"host": host, "incarnation": incarnation, **order}

    def watch(*claims):
        moves, before = Moves(), None
        for at, after in enumerate(claims):
            moves.observe("vm", before, after, float(at))
            before = after
        return [(move.arrived, move.live, move.took) for move in moves.all]

    assert watch(claim("host1"), claim("host1", "a"), claim("host2")) == [(True, True, 1.0)]
    assert watch(claim("host1"), claim("host1", "a"), claim("host1")) == [(False, True, 1.0)]
    assert watch(claim("host1", "a"), None, claim("host2")) == [(False, True, 1.0)]
    assert watch(claim("host1", "a"), claim("host2", None, 9)) == [(True, False, 1.0)]
    assert watch(claim("host1"), claim("host2")) == [(True, True, 0.0)]
    assert watch(claim("host1"), None, claim("host2")) == []
    both = watch(claim("host1", "a"), claim("host1", "b"), claim("host2"))
    assert both == [(False, True, 1.0), (True, True, 1.0)], both


def a_move_knows_the_silence_of_its_guest(_lab):
    move = Move("vm", "a", "host1", "host2", True, 10.0, 12.0)
    def said(*times):
        return [Line("vm", "host1", 0, False, at, at) for at in times]

    assert move.silence(said(1, 9, 9.5, 10.5, 13, 20)) == 2.5
    assert move.silence(said(1, 2)) is None
    boot = [*said(9, 10), Line("vm", "host2", 0, True, 30, 30), *said(31)]
    assert move.silence(boot) == 1.0, "a guest that boots was not moved"


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


def a_processor_in_the_making_is_no_guest_that_runs(_lab):
    """Of a guest that is being moved, QEMU uses that much on the target while the guest still runs."""
    ms = 1_000_000
    assert not has_run(-1, 300 * ms), "nothing is known of the time before the first look"
    assert not has_run(ms // 3, ms * 3 // 2), "QEMU has made a processor"
    assert not has_run(300 * ms, 300 * ms + ms // 2), "a guest was told to stop"
    assert has_run(ms, 30 * ms) and has_run(300 * ms, 302 * ms)


CHECKS = [
    a_seed_gives_the_same_faults_always,
    no_plan_takes_more_than_can_heal,
    no_plan_asks_for_what_is_not_there,
    every_host_that_is_emptied_is_ready_at_the_end,
    options_that_a_scenario_has_no_use_for_are_refused,
    percentiles_are_values_that_were_measured,
    the_verdict_on_times_says_how_many_were_late,
    a_guest_that_writes_beside_its_twin_is_found,
    a_takeover_and_lines_read_late_accuse_nobody,
    a_guest_that_moves_goes_on_with_its_numbers,
    a_handover_that_is_seen_after_the_guest_runs_there_accuses_nobody,
    a_guest_that_is_moved_before_it_is_up_accuses_nobody,
    a_guest_that_runs_at_both_ends_of_its_move_is_found,
    claims_tell_how_moves_end,
    a_move_knows_the_silence_of_its_guest,
    a_lost_number_is_found,
    two_guests_that_compute_at_once_are_found,
    guests_that_run_one_after_the_other_are_not,
    a_processor_in_the_making_is_no_guest_that_runs,
]
