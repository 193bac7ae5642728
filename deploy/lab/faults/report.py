"""The report of a run: figures from records and observations, and its table."""

from lab.faults.kinds import JUDGED, KINDS
from lab.faults.rules import percentile

#: What the promise adds to the TTL, in seconds.
GRACE = 1.0
PARTS = ("claimed", "resumed", "up")


def figures(values):
    """p50, p99, worst and how many of a list of seconds."""
    values = [value for value in values if value is not None]
    return {
        "count": len(values),
        "p50": rounded(percentile(values, 0.5)),
        "p99": rounded(percentile(values, 0.99)),
        "worst": rounded(max(values, default=None)),
    }


def rounded(value):
    """Hundredths of a second."""
    return None if value is None else round(value, 2)


def takeover_figures(takeovers):
    """Each part's figures over some takeovers."""
    return {part: figures([each.delay(part) for each in takeovers]) for part in PARTS}


def takeover_values(takeover):
    """One takeover, so that those of several runs can be put together."""
    parts = {part: rounded(takeover.delay(part)) for part in PARTS}
    return {"vm": takeover.vm, "cause": takeover.cause, **parts}


def count_kinds(records):
    """How many faults of each kind there were."""
    counts = {name: sum(record.kind == name for record in records) for name in KINDS}
    return {name: count for name, count in counts.items() if count}


def move_figures(moves, lines_of):
    """Moves that have come to an end: how many, how long they took, how long guests were silent."""
    live = [each for each in moves if each.arrived and each.live]
    return {
        "begun": len(moves),
        "arrived live": len(live),
        "arrived offline": sum(each.arrived and not each.live for each in moves),
        "not arrived": sum(not each.arrived for each in moves),
        "live": figures([each.took for each in live]),
        "silence": figures([each.silence(lines_of(each.vm)) for each in live]),
    }


def build(session, parameters, leaks, leftovers, wrong):
    """The report as plain values. `wrong`: reasons that other parts of the run have found."""
    observer, breaker = session.observer, session.breaker
    session.mark_alone()
    all_of_them = observer.takeovers.all
    judged = [each for each in all_of_them if each.cause in JUDGED and each.alone]
    moves = [each for each in observer.moves.all if each.ended is not None]
    alone = [each for each in moves if session.is_alone(each)]
    rules = ("written-twice", "computed-twice", "lost")
    found = {rule: [each for each in observer.findings if each.rule == rule] for rule in rules}
    report = {
        "parameters": parameters,
        "faults": count_kinds(breaker.records),
        "takeovers": {
            "all": takeover_figures(all_of_them),
            "judged": takeover_figures(judged),
            "judged, each": [takeover_values(each) for each in judged],
            "limit": session.ttl + GRACE,
            "by kind": {
                kind: takeover_figures([each for each in all_of_them if each.cause == kind])
                for kind in sorted({each.cause for each in all_of_them})
            },
            "unexplained": len(observer.takeovers.unexplained),
            "claimed again in place": observer.takeovers.in_place,
        },
        "moves": {
            "all": move_figures(moves, observer.lines_of),
            "without a fault": move_figures(alone, observer.lines_of),
        },
        "double runs": len(found["written-twice"]) + len(found["computed-twice"]),
        "computed twice with no watchdog": len(observer.excused),
        "lost counters": len(found["lost"]),
        "leaks": {kind: names for kind, names in leaks.items() if names},
        "left over": leftovers,
        "findings": [vars(each) for each in observer.findings],
    }
    report["reasons"] = reasons(report, session, wrong)
    return report


def reasons(report, session, wrong):
    """Why the run has failed; empty where it has not."""
    limit, began = report["takeovers"]["limit"], session.began
    found = [sentence(each, began) for each in session.observer.findings]
    for kind, names in report["leaks"].items():
        found.append(f"leaked {kind}: {', '.join(names[:5])}" + (" …" if names[5:] else ""))
    worst = report["takeovers"]["judged"]["resumed"]["p99"]
    if session.options.judge_times and worst is not None and worst > limit:
        found.append(f"takeovers took {worst} s at p99, and not {limit} s at most")
    return found + wrong + session.breaker.problems + session.observer.problems


def sentence(finding, began):
    """A finding for people, with the time that the run's own lines have."""
    at = finding.at - began
    return f"{finding.rule}: vm {finding.vm} at {at:.1f} s: {finding.text}"


def render(report):
    """The report for people."""
    rows = [("FAULT", "TIMES")]
    rows += [(KINDS[kind].text, str(count)) for kind, count in report["faults"].items()]
    lines = table(rows) + [""]
    takeovers = report["takeovers"]
    rows = [("TAKEOVERS (s from the fault on)", "N", "CLAIMED p50/p99/worst",
             "RUNS AGAIN p50/p99/worst", "GUEST IS UP p50/p99/worst")]
    groups = {"all": takeovers["all"], "judged: one fault alone": takeovers["judged"]}
    groups |= takeovers["by kind"]
    for name, parts in groups.items():
        cells = [cell(parts[part]) for part in PARTS]
        rows.append((name, str(parts["claimed"]["count"]), *cells))
    lines += table(rows) + [""] + table(move_rows(report["moves"])) + [""]
    rows = [
        ("WHAT", "FOUND"),
        (f"runs again within TTL + 1 s ({takeovers['limit']:g} s) at p99", verdict(takeovers)),
        ("takeovers without a fault of the host or etcd", str(takeovers["unexplained"])),
        ("claimed again in place", str(takeovers["claimed again in place"])),
        ("double runs", str(report["double runs"])),
        ("computed twice with no watchdog", str(report["computed twice with no watchdog"])),
        ("acknowledged counters lost", str(report["lost counters"])),
        ("leaks", str(sum(len(names) for names in report["leaks"].values()))),
    ]
    rows += [(what, str(count)) for what, count in report["left over"].items()]
    lines += table(rows)
    if report["reasons"]:
        lines += ["", "FAILED:"] + [f"  {reason}" for reason in report["reasons"]]
    else:
        lines += ["", "passed"]
    return "\n".join(lines)


def verdict(takeovers):
    """Whether the promise about times was kept, and by how many takeovers it was not."""
    limit, p99 = takeovers["limit"], takeovers["judged"]["resumed"]["p99"]
    if p99 is None:
        return "nothing to judge"
    times = [each["resumed"] for each in takeovers["judged, each"] if each["resumed"] is not None]
    late = sum(time > limit for time in times)
    return f"{'held' if p99 <= limit else 'NOT held'}: {late} of {len(times)} later"


def move_rows(moves):
    """The table of the moves."""
    rows = [("MOVES", "BEGUN", "LIVE", "OFFLINE", "NOT ARRIVED", "LIVE: s, p50/p99/worst",
             "GUEST SILENT s p50/p99/worst")]
    for name, part in moves.items():
        counts = (part[each] for each in
                  ("begun", "arrived live", "arrived offline", "not arrived"))
        rows.append((name, *map(str, counts), cell(part["live"]), cell(part["silence"])))
    return rows


def cell(part):
    """Three figures."""
    if not part["count"]:
        return "-"
    return " / ".join(f"{part[name]:.2f}" for name in ("p50", "p99", "worst"))


def table(rows):
    """Columns as wide as they need."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows
    ]
