"""Single faults with a judged figure each: what `faults --scenario NAME` performs."""

import time

from lab import control
from lab.commands import run as run_tool
from lab.errors import LabError
from lab.faults import report
from lab.faults.plan import Fault
from lab.faults.rules import percentile
from lab.faults.run import load, recover
from lab.faults.session import Session
from lab.host import VIRSH

#: Microseconds between two numbers, so that a second without one is seen.
QUICK_PAUSE = 200_000

#: Seconds for a takeover to be complete, the guest's boot included.
TAKEOVER_LIMIT = 120

#: Seconds of etcd's outage; before and after it the guests are watched, too.
OUTAGE = 60.0
BEFORE = 15.0
AFTER = 20.0

#: What is promised: seconds without a number, and from an agent's waking to its lost guests' end.
SILENCE_LIMIT = 1.0
GONE_LIMIT = 2.0

#: Seconds without processor time after which a guest that counts five times a second is suspended.
SUSPENDED_AFTER = 0.4


class Scenario:
    """Guests on a lab, and one fault after the other by hand."""

    def __init__(self, session):
        self.session = session
        self.observer = session.observer
        self.wrong = []
        self.expected = set()
        self.rows = [("WHAT", "SECONDS")]

    def break_now(self, kind, target=""):
        """Breaks something; returns its record, once it is done."""
        fault = Fault(time.monotonic(), time.monotonic() + 1, kind, target)
        self.session.breaker.begin(fault).result()
        if self.session.breaker.problems:
            raise RuntimeError(self.session.breaker.problems[-1])
        return self.session.breaker.healers[fault][0]

    def heal_now(self, record):
        """Heals it."""
        self.session.breaker.end(record.fault).result()

    def busiest(self):
        """A host with the most guests, and these."""
        hosts = [machine.name for machine in self.session.world.lab.machines("host")]
        host = max(hosts, key=lambda name: len(self.observer.guests_on(name)))
        return host, self.observer.guests_on(host)

    def wait_for_twins(self, record, guests):
        """Waits until all guests of a broken host have come up elsewhere; their takeovers."""
        vms = {guest.vm for guest in guests}

        def takeovers():
            with self.observer.lock:
                return [each for each in self.observer.takeovers.all
                        if each.vm in vms and each.fault_at == record.began and each.up_at]

        self.session.world.wait(
            lambda: len(takeovers()) == len(vms), TAKEOVER_LIMIT, "the guests to come up elsewhere"
        )
        return takeovers()

    def tell(self, what, values, limit=None):
        """A row of the result; with a limit, it is judged at p99."""
        values = [value for value in values if value is not None]
        p99 = percentile(values, 0.99)
        text = "-" if not values else (
            f"p50 {percentile(values, 0.5):.2f}, p99 {p99:.2f}, worst {max(values):.2f}"
            f" (n = {len(values)})")
        if limit is not None:
            held = bool(values) and p99 <= limit
            text += f"; limit {limit:g}: {'held' if held else 'MISSED'}"
            if not held:
                self.wrong.append(f"{what}: {text}")
        self.rows.append((what, text))

    def settle(self):
        """Waits until all guests count again."""
        self.wrong += recover(self.session)


def power(scenario, times):
    """A host loses its power: how long until its guests are claimed, run, and are up."""
    ttl, takeovers = scenario.session.ttl, []
    for _ in range(times):
        host, guests = scenario.busiest()
        record = scenario.break_now("power", host)
        takeovers += scenario.wait_for_twins(record, guests)
        scenario.heal_now(record)
        scenario.settle()
    scenario.tell("from the power loss to the claim", [each.delay("claimed") for each in takeovers])
    resumed = [each.delay("resumed") for each in takeovers]
    scenario.tell("to the guest's first step", resumed, ttl + report.GRACE)
    scenario.tell("to the guest's first word", [each.delay("up") for each in takeovers])
    scenario.tell("from the claim to the first step",
                  [each.resumed_at - each.claimed_at for each in takeovers])


def stall(scenario, times):
    """An agent stalls past the TTL: its guests run elsewhere, and write nothing once evicted."""
    observer, takeovers, gone, quiet, late = scenario.observer, [], [], [], 0
    for _ in range(times):
        host, guests = scenario.busiest()
        clients = {}
        for guest in guests:
            clients[guest.vm] = scenario.session.storage.watchers(guest.image)
        record = scenario.break_now("stall", host)
        evicted = {}

        def all_evicted(evicted=evicted, clients=clients):
            listed = scenario.session.storage.evicted()
            for vm, addresses in clients.items():
                if vm not in evicted and any(each in listed for each in addresses):
                    evicted[vm] = time.monotonic()
            return len(evicted) == len(clients)

        scenario.session.world.wait(all_evicted, TAKEOVER_LIMIT, "the evictions")
        takeovers += scenario.wait_for_twins(record, guests)
        for guest in guests:
            after = evicted[guest.vm]
            late += sum(line.host == host and line.after > after
                        for line in observer.lines_of(guest.vm, after))
            quiet.append((guest.last_active or record.began) - after)
        woken = time.monotonic()
        scenario.heal_now(record)
        scenario.session.world.wait(
            lambda old=guests: not any(each in observer.guests_of(each.vm) for each in old),
            TAKEOVER_LIMIT, "the stalled host's guests to go",
        )
        gone.append(time.monotonic() - woken)
        scenario.settle()
    limit = scenario.session.ttl + report.GRACE
    scenario.tell("from the stall to the twin's first step",
                  [each.delay("resumed") for each in takeovers], limit)
    scenario.tell("from the eviction to the old guest's last step", quiet)
    scenario.tell("from the waking to the old guest's end", gone, GONE_LIMIT)
    scenario.rows.append(("numbers written by the old guest after its eviction", str(late)))
    if late:
        scenario.wrong.append(f"an evicted guest wrote {late} numbers")


def etcd_down(scenario, _times):
    """All of etcd is away for a minute: no guest stops, and nothing restarts when it is back."""
    observer = scenario.observer
    guests = sorted(observer.processes.guests)
    vms = [guest.vm for guest in observer.processes.guests.values()]
    start = time.monotonic()
    time.sleep(BEFORE)
    record = scenario.break_now("etcd-all")
    time.sleep(OUTAGE)
    scenario.heal_now(record)
    healed = time.monotonic()
    time.sleep(AFTER)
    end = time.monotonic()
    scenario.tell("longest silence of a guest before", silences(observer, vms, start, record.began))
    during = silences(observer, vms, record.began, healed)
    scenario.tell(f"in {OUTAGE:g} s without etcd", during, SILENCE_LIMIT)
    scenario.tell(f"in {AFTER:g} s after it", silences(observer, vms, healed, end), SILENCE_LIMIT)
    restarted = guests != sorted(observer.processes.guests)
    booted = [line for vm in vms for line in observer.lines_of(vm, start) if line.first]
    scenario.rows.append(("guests restarted", str(max(len(booted), int(restarted)))))
    if booted or restarted:
        scenario.wrong.append("guests were restarted")


def silences(observer, vms, start, end):
    """The longest time between two numbers of each VM, between two times."""
    longest = []
    for vm in vms:
        seen = [line.seen for line in observer.lines_of(vm, start) if line.seen <= end]
        times = [start, *seen, end]
        longest.append(max(later - former for former, later in zip(times, times[1:])))
    return longest


def cut_etcd(scenario, times):
    """One host is cut off from etcd: first for less than its lease, then until others took over."""
    observer, lead, stops, pauses, takeovers = scenario.observer, [], [], [], []
    for _ in range(times):
        host, guests = scenario.busiest()
        record = scenario.break_now("cut-etcd", host)
        wait_until_suspended(scenario, guests)
        stops += [guest.last_active - record.began for guest in guests]
        scenario.heal_now(record)
        healed = time.monotonic()
        scenario.settle()
        for guest in guests:
            if guest not in observer.guests_of(guest.vm):
                scenario.wrong.append(f"vm {guest.vm} did not go on with its memory")
                continue
            lines = [line.seen for line in observer.lines_of(guest.vm, healed)]
            pauses.append(lines[0] - guest_stop(observer, guest, record.began))

        host, guests = scenario.busiest()
        record = scenario.break_now("cut-etcd", host)
        found = scenario.wait_for_twins(record, guests)
        for each in found:
            old = next(guest for guest in guests if guest.vm == each.vm)
            lead.append(each.resumed_at - old.last_active)
        takeovers += found
        scenario.heal_now(record)
        scenario.settle()
    scenario.tell("from the cut to the guest's suspension", stops, scenario.session.ttl)
    scenario.tell("a guest's pause where the cut was healed then", pauses)
    scenario.tell("from the old guest's last step to its twin's first", lead)
    if min(lead) <= 0:
        scenario.wrong.append(f"a twin started {-min(lead):.2f} s before the old guest stopped")
    limit = scenario.session.ttl + report.GRACE
    scenario.tell("from the cut to the twin's first step",
                  [each.delay("resumed") for each in takeovers], limit)


def guest_stop(observer, guest, since):
    """When a guest printed its last number before the pause that began after a time."""
    seen = [line.seen for line in observer.lines_of(guest.vm, since)]
    gaps = [(later - former, former) for former, later in zip(seen, seen[1:])]
    return max(gaps)[1] if gaps else since


def wait_until_suspended(scenario, guests):
    """Waits until none of some guests has used its processor for a while."""
    def suspended():
        latest = max(guest.last_active or 0 for guest in guests)
        return time.monotonic() - latest > SUSPENDED_AFTER

    scenario.session.world.wait(suspended, TAKEOVER_LIMIT, "the guests to be suspended")


def twin(scenario, _times):
    """Proves the checker: a guest is started beside itself by hand, which must not go unseen."""
    observer, lab = scenario.observer, scenario.session.world.lab
    host, guests = scenario.busiest()
    other = next(each for each in lab.machines("host") if each.name != host)
    # Not `stop`: that leaves a fence behind, which would suspend the twin.
    control.end_service(other.socket, "agent", "kill")
    inside = [control.enter(lab.machine(host).socket), control.enter(other.socket)]
    domain = f"metastack-{guests[0].vm}"
    description = run_tool(*inside[0], *VIRSH, "dumpxml", "--security-info", domain)
    run_tool(*inside[1], "mkdir", "-p", "/var/log/metastack/console")
    run_tool(*inside[1], *VIRSH, "create", "/dev/stdin", stdin=description)
    scenario.expected = {"written-twice", "computed-twice", "lost"}

    def found():
        return {each.rule for each in observer.findings} >= {"written-twice", "computed-twice"}

    try:
        scenario.session.world.wait(found, TAKEOVER_LIMIT, "the checker to see the twin")
    except LabError as error:
        scenario.wrong.append(str(error))
    run_tool(*inside[1], *VIRSH, "destroy", domain)
    for rule in sorted(scenario.expected):
        count = sum(each.rule == rule for each in observer.findings)
        scenario.rows.append((f"{rule}, as it must be found", str(count)))


SCENARIOS = {
    "power": power, "stall": stall, "etcd-down": etcd_down, "cut-etcd": cut_etcd, "twin": twin
}


def perform(options):
    """Performs a scenario, prints its figures; returns the exit code."""
    with Session(options, QUICK_PAUSE) as session:
        scenario = Scenario(session)
        names = [f"vm{index + 1}" for index in range(options.vms)]
        session.world.create(names, lambda vm: session.observer.counts_since(vm, 0.0))
        session.say(f"all guests count; the load is {load()}")
        SCENARIOS[options.scenario](scenario, options.times)
        session.observer.check_disks()
        session.observer.judge_all()
        scenario.wrong += [
            report.sentence(each, session.began) for each in session.observer.findings
            if each.rule not in scenario.expected
        ]
        scenario.wrong += session.breaker.problems + session.observer.problems
        session.failed = bool(scenario.wrong)
        session.write({"scenario": options.scenario, "ttl": options.ttl, "load": load(),
                       "rows": scenario.rows[1:], "reasons": scenario.wrong})
    print("\n" + "\n".join(report.table(scenario.rows)))
    print("\n" + "\n".join(["FAILED:", *scenario.wrong] if scenario.wrong else ["passed"]))
    return 1 if scenario.wrong else 0
