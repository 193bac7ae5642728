"""The long run: faults and wishes by a seed's plan, then healing, clean-up and the report."""

import pathlib
import threading
import time

from lab.errors import LabError
from lab.faults import leaks, plan, report
from lab.faults.gateway import Gateway, GatewayError
from lab.faults.kinds import KINDS
from lab.faults.session import Session
from lab.faults.world import SLOW_PAUSE, CommandFailed

#: Seconds until all wanted guests count once everything is healed, and until deleted VMs are gone.
RECOVERY_LIMIT = 180
CLEAN_LIMIT = 120

#: What `--rebalance` sets: guests are spread again before the next fault, as a rule.
REBALANCE = ("state=on", "threshold_percent=10", "interval_s=5", "cool_down_s=5")

#: Seconds between two tries of a wish that etcd could not take.
RETRY = 1.0


def run(options):
    """One run; returns its report."""
    seconds = options.minutes * 60
    lasting = [f"vm{index + 1}" for index in range(options.vms)]
    faults = plan.Planner(options.seed, seconds, options.hosts, options.ttl).plan()
    wishes = plan.all_wishes(options.seed, seconds, options.hosts, lasting, options.moves)
    with Session(options, SLOW_PAUSE) as session:
        world, observer = session.world, session.observer
        session.say(f"seed {options.seed}: {len(faults)} faults, {len(wishes)} wishes,"
                    f" TTL {options.ttl:g} s; the load is {load()}")
        world.create(lasting, lambda vm: observer.counts_since(vm, 0.0))
        if options.rebalance:
            world.metastack("config", "set", "rebalance", *REBALANCE)
        session.say("all guests count; the faults begin")
        wishing = Wishing(session, wishes)
        wishing.start()
        perform(session, faults)
        wishing.join()
        wrong = wishing.problems + recover(session)
        found, left = clean_up(session, wrong)
        observer.judge_all()
        parameters = {"seed": options.seed, "minutes": options.minutes, "ttl": options.ttl,
                      "hosts": options.hosts, "vms": options.vms, "guests": options.guests,
                      "moves": options.moves, "rebalance": options.rebalance, "load": load()}
        result = report.build(session, parameters, found, left, wrong)
        session.failed = bool(result["reasons"])
        session.write(result)
        return result


def load():
    """The machine's load over 1, 5 and 15 minutes."""
    return " ".join(pathlib.Path("/proc/loadavg").read_text().split()[:3])


def perform(session, faults):
    """Begins and ends every fault at its time, and waits until the last is healed."""
    steps = [(fault.at, 0, session.breaker.begin, fault) for fault in faults]
    steps += [
        (fault.until, 1, session.breaker.end, fault)
        for fault in faults if KINDS[fault.kind].longest > 0
    ]
    began, work = time.monotonic(), []
    for at, _, action, fault in sorted(steps, key=lambda step: step[:2]):
        time.sleep(max(0, began + at - time.monotonic()))
        work.append(action(fault))
    for future in work:
        future.result()


class Wishing(threading.Thread):
    """Changes what is wanted, one wish after the other, each until it is taken."""

    def __init__(self, session, wishes):
        super().__init__(daemon=True)
        self.session = session
        self.wishes = wishes
        self.problems = []

    def run(self):
        """All wishes at their times, later where etcd was away."""
        began = time.monotonic()
        for wish in self.wishes:
            time.sleep(max(0, began + wish.at - time.monotonic()))
            self.fulfil(wish)

    def fulfil(self, wish):
        """Repeats a wish until it is taken, or until it is clear that it never will be."""
        deadline = time.monotonic() + RECOVERY_LIMIT
        while True:
            try:
                self.session.world.ask(wish.verb, wish.name, *wish.words)
                self.session.say(f"wish: {' '.join((wish.verb, wish.name, *wish.words))}")
                return
            except CommandFailed as error:
                if time.monotonic() > deadline or self.session.observer.ended.is_set():
                    self.problems.append(f"not taken: {error}")
                    return
            time.sleep(RETRY)


def recover(session):
    """Waits until every wanted guest runs once, on one host, and counts. Returns what does not."""
    session.say("everything is healed")
    began = time.monotonic()
    late = {}

    def settled():
        late.clear()
        late.update(unsettled(session, began))
        return not late

    try:
        session.world.wait(settled, RECOVERY_LIMIT, "the guests to recover")
    except (LabError, GatewayError):
        session.say("some guests have not recovered")
        return [f"{name} {what} {RECOVERY_LIMIT} s after all was healed"
                for name, what in late.items()]
    session.say(f"all wanted guests count {time.monotonic() - began:.1f} s after the healing")
    return []


def unsettled(session, since):
    """The hosts and VMs that are not as they are wanted: name → what is wrong."""
    try:
        vms = session.world.vms()
        gateway = Gateway(session.world.lab)
        hosts, _ = gateway.records("hosts/")
        arrivals, _ = gateway.records("arrivals/")
        claims, _ = gateway.records("actual_vms/")
    except GatewayError as error:
        return {"etcd": str(error)}
    names = [machine.name for machine in session.world.lab.machines("host")]
    wrong = {name: "is not in etcd" for name in names if f"hosts/{name}" not in hosts}
    for name, vm in vms.items():
        guests = session.observer.guests_of(vm)
        if f"arrivals/{vm}" in arrivals or "move" in claims.get(f"actual_vms/{vm}", {}):
            wrong[name] = f"({vm}) still moves"
        elif name in session.world.stopped:
            if guests:
                wrong[name] = f"({vm}) still runs, though it is to be stopped,"
        elif len(guests) != 1:
            wrong[name] = f"({vm}) has {len(guests)} QEMUs"
        elif not session.observer.counts_since(vm, since):
            wrong[name] = f"({vm}) does not count"
    return wrong


def clean_up(session, wrong):
    """Deletes all VMs and the image; returns the leaks, and the numbers that are only told."""
    world, observer = session.world, session.observer
    read = observer.check_disks()
    session.say(f"{read} disks hold what their guests have printed")
    gateway, found = Gateway(world.lab), {}
    for name in world.vms():
        world.ask("delete", name)

    def nothing_left():
        found.clear()
        found.update(leaks.find(world.lab, gateway, session.storage, observer))
        return not any(found.values())

    began = time.monotonic()
    try:
        world.wait(nothing_left, CLEAN_LIMIT, "the VMs to be gone")
        session.say(f"all VMs are gone {time.monotonic() - began:.1f} s after the wish")
        world.metastack("image", "delete", "counter", "--wait")
        found["RBD images of the image pool"] = session.storage.images("images")
    except (LabError, CommandFailed) as error:
        wrong.append(str(error))
    return found, {
        "evictions not lifted": len(session.storage.evicted()),
        "files of VMs on hosts": len(leaks.files(world.lab)),
    }
