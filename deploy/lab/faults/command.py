"""The verb `faults` of `metastack-lab`."""

import argparse
import pathlib
import sys

from lab import cluster, layout
from lab.errors import LabError

DEFAULT_FOLDER = cluster.DEFAULT_FOLDER.with_name("metastack-faults")

SUMMARY = "break a lab of its own at random, watch it from outside, and report what was broken"

#: The reasons why a run fails; docs/failures.md says the same at length.
DETAILS = """\
The run fails (exit code 1) unless all of these are 0:
  double runs     two QEMUs of one VM of which the earlier one prints another number, synced, after
                  the later one has printed its first; or whose processors ran in turns (A B A B
                  within 3 s). The second is excused, and told apart, while an agent stands still
                  and so does its watchdog, so that nobody could have suspended its guests.
  lost counters   numbers that a guest printed as synced, which a later run of it, or its disk read
                  from outside, does not know
  leaks           records, RBD images, domains or QEMUs that are left when all VMs are deleted
and unless all wanted guests count again once everything is healed.
The same seed gives the same faults and wishes at the same times.
"""


def add_to(verbs):
    """Adds the verb and its options."""
    from lab.faults import scenarios  # It names the choices; only this verb pays for its imports.

    sub = verbs.add_parser(
        "faults",
        help=SUMMARY,
        description=SUMMARY,
        epilog=DETAILS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sub.set_defaults(action=faults)
    sub.add_argument("--minutes", type=float, default=5, help="how long (default: %(default)g)")
    sub.add_argument("--seed", type=int, default=1, help="chooses the faults (default: 1)")
    sub.add_argument("--hosts", type=int, default=4, help="how many hosts (default: 4)")
    sub.add_argument("--vms", type=int, default=None, help="how many guests (default: 10)")
    sub.add_argument("--guests", choices=("linux", "bare"), default="linux",
                     help="what counts: Linux, or programs without an operating system, which boot"
                     " at once, so that a small machine's processors are left to what is measured"
                     " (default: %(default)s)")
    sub.add_argument("--no-moves", dest="moves", action="store_false",
                     help="order no moves and no maintenance: the faults alone move guests")
    sub.add_argument("--rebalance", action="store_true",
                     help="have the nodes share load by themselves, every few seconds")
    sub.add_argument("--ttl", type=float, default=5, help="each node's lease in s (default: 5)")
    sub.add_argument("--binaries", help="folder of metastack-node and metastack")
    sub.add_argument("--scenario", choices=sorted(scenarios.SCENARIOS), help="one fault, judged")
    sub.add_argument("--times", type=int, default=1, help="repeats of a scenario (default: 1)")
    sub.add_argument("--judge-times", action="store_true", help="fail where takeovers are late")
    sub.add_argument("--json", type=pathlib.Path, metavar="FILE", help="where to write the report")
    sub.add_argument("--logs", type=pathlib.Path, help="where its logs are kept if it fails")
    sub.add_argument("--keep-logs", action="store_true", help="also of a run that passed")
    sub.add_argument("--keep", action="store_true", help="leave the lab up at the end")
    sub.add_argument("--plan", action="store_true", help="print what the seed stands for, and end")


def faults(options):
    """Runs what was asked for; returns the exit code."""
    from lab.faults import plan, report, run, scenarios  # As above.

    check(options)
    if options.plan:
        seconds = options.minutes * 60
        names = [f"vm{index + 1}" for index in range(options.vms)]
        steps = plan.Planner(options.seed, seconds, options.hosts, options.ttl).plan()
        steps += plan.all_wishes(options.seed, seconds, options.hosts, names, options.moves)
        for step in sorted(steps, key=lambda each: each.at):
            print(step)
        return 0
    if options.scenario:
        return scenarios.perform(options)
    result = run.run(options)
    print("\n" + report.render(result), flush=True)
    return 1 if result["reasons"] else 0


def check(options):
    """Refuses what cannot be done, and fills in what follows from the rest."""
    if options.dir == cluster.DEFAULT_FOLDER:
        options.dir = DEFAULT_FOLDER
    if not 2 <= options.hosts <= layout.HOST_LIMIT:
        raise LabError(f"--hosts takes 2 to {layout.HOST_LIMIT}")
    if options.ttl < 2 or options.ttl != int(options.ttl):
        raise LabError("--ttl takes whole seconds from 2 on")
    options.ttl = int(options.ttl)
    if options.minutes * 60 < 30:
        raise LabError("--minutes takes 0.5 or more: faults need time to be healed")
    if options.scenario and (options.rebalance or not options.moves):
        raise LabError("--scenario breaks one thing, and neither orders moves nor shares load:"
                       " leave out --no-moves and --rebalance")
    if options.vms is None:
        options.vms = 10 if not options.scenario else 4
    name = options.scenario or f"seed{options.seed}"
    options.logs = options.logs or pathlib.Path(f"/var/tmp/metastack-faults-{name}")
    if options.keep:
        print(f"the lab will stay up in {options.dir}", file=sys.stderr)
