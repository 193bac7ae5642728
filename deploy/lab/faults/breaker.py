"""Performs faults and heals them, and keeps what was done when."""

import concurrent.futures
import contextlib
import dataclasses
import os
import signal
import threading
import time

from lab import agent, cluster, control, etcd, fabric, host
from lab.errors import LabError
from lab.faults.gateway import Gateway, GatewayError
from lab.faults.kinds import KINDS

#: Seconds until a compaction is given up, which needs a quorum.
COMPACT_LIMIT = 60
RETRY = 0.5


@dataclasses.dataclass
class Record:
    """One fault as it happened; `note` says what was found only then."""

    fault: object
    began: float
    ended: float | None = None
    note: str = ""

    @property
    def kind(self):
        """The fault's kind."""
        return self.fault.kind

    def touches(self, start, end):
        """Whether it was at work at some time between two."""
        return self.began <= end and (self.ended is None or self.ended >= start)


class Breaker:
    """Breaks the lab. Each kind has a method of its name: it breaks, and returns what heals."""

    def __init__(self, lab, say, guests):
        self.lab = lab
        self.say = say
        self.guests = guests
        self.gateway = Gateway(lab)
        self.records = []
        self.healers = {}
        self.lock = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=8)
        self.problems = []

    def begin(self, fault):
        """Breaks something, without waiting for it."""
        return self.pool.submit(self.guarded, self.perform, fault)

    def end(self, fault):
        """Heals it, after it was broken."""
        return self.pool.submit(self.guarded, self.heal, fault)

    def guarded(self, action, fault):
        """Runs on the pool's thread: what fails there must be told."""
        try:
            action(fault)
        except Exception as error:  # Anything: a fault that is not done makes the run worthless.
            self.problems.append(f"{fault.kind} {fault.target}: {error}")
            self.say(f"PROBLEM {fault.kind} {fault.target}: {error!r}")

    def perform(self, fault):
        """Breaks something now. The time is taken right before."""
        machine = self.lab.machine(fault.target) if fault.target else None
        record = Record(fault, time.monotonic())
        with self.lock:
            self.records.append(record)
        done = threading.Event()
        self.healers[fault] = (record, done, lambda: None)
        try:
            method = getattr(self, fault.kind.replace("-", "_"))
            healer = method(fault, machine, record) or (lambda: None)
            self.healers[fault] = (record, done, healer)
        finally:
            done.set()
        lasting = KINDS[fault.kind].longest > 0
        if not lasting:
            record.ended = time.monotonic()
        heals = f", for {fault.until - fault.at:.1f} s" if lasting else ""
        note = f" ({record.note})" if record.note else ""
        self.say(f"{fault.kind} {fault.target}".rstrip() + note + heals)

    def heal(self, fault):
        """Heals a fault once it was performed."""
        record, done, _ = self.healers[fault]
        done.wait()
        self.healers[fault][2]()
        if record.ended is None:
            record.ended = time.monotonic()
            self.say(f"  healed: {fault.kind} {fault.target}".rstrip())

    def close(self):
        """Waits for what is under way."""
        self.pool.shutdown(wait=True)

    # Hosts.

    def power(self, _fault, machine, _record):
        """Power loss, and a boot with an agent."""
        cluster.kill(self.lab, machine)

        def boot():
            cluster.boot(self.lab, machine)
            agent.start(self.lab, machine)

        return boot

    def agent_kill(self, _fault, machine, record):
        """SIGKILL of the process, and not of the service: the supervisor starts it again."""
        record.note = self.kill_service(machine, "agent")

    def agent_upgrade(self, _fault, machine, _record):
        """A clean stop, and a start."""
        control.end_service(machine.socket, "agent", "stop")
        return lambda: agent.start(self.lab, machine)

    def stall_unwatched(self, fault, machine, record):
        """As `stall`, and nobody notices."""
        return self.stall(fault, machine, record, "stall-unwatched")

    def stall(self, _fault, machine, _record, request="stall"):
        """SIGSTOP and SIGCONT. A watchdog may have ended the stalled process meanwhile."""
        control.request(machine.socket, request, "agent")

        def wake():
            with contextlib.suppress(LabError):
                control.request(machine.socket, "wake", "agent")

        return wake

    def cut_etcd(self, _fault, machine, _record):
        """Both ways, from all members."""
        fabric.cut(self.lab, machine, "etcd")
        return lambda: fabric.heal(self.lab, machine)

    def cut_ceph(self, _fault, machine, _record):
        """Both ways."""
        fabric.cut(self.lab, machine, "ceph")
        return lambda: fabric.heal(self.lab, machine)

    def cut_both(self, _fault, machine, _record):
        """From etcd and Ceph; other hosts stay within reach."""
        fabric.cut(self.lab, machine, "etcd")
        fabric.cut(self.lab, machine, "ceph")
        return lambda: fabric.heal(self.lab, machine)

    def cut_all(self, _fault, machine, _record):
        """From everybody."""
        fabric.cut(self.lab, machine, "all")
        return lambda: fabric.heal(self.lab, machine)

    def deaf(self, _fault, machine, _record):
        """etcd hears the host, which hears nothing of it."""
        fabric.cut_way(self.lab, machine, "etcd", inward=True)
        return lambda: fabric.heal(self.lab, machine)

    def mute(self, _fault, machine, _record):
        """The host hears etcd, which hears nothing of it."""
        fabric.cut_way(self.lab, machine, "etcd", inward=False)
        return lambda: fabric.heal(self.lab, machine)

    def lossy(self, _fault, machine, _record):
        """Random losses in each direction."""
        fabric.lose(self.lab, machine)
        return lambda: fabric.heal(self.lab, machine)

    def slow(self, _fault, machine, record):
        """Late packets."""
        record.note = fabric.slow_down(self.lab, machine)
        return lambda: fabric.speed_up(self.lab, machine)

    def libvirt_restart(self, _fault, machine, _record):
        """libvirtd dies, and is away for a while; its guests run on."""
        control.end_service(machine.socket, "libvirtd", "kill")
        return lambda: host.start_libvirt(self.lab, machine)

    def qemu_kill(self, fault, machine, record):
        """SIGKILL of one guest's QEMU, where there is one."""
        guests = sorted(self.guests(machine.name), key=lambda guest: guest.vm)
        if not guests:
            record.note = "no guest there"
            return
        guest = guests[fault.choice % len(guests)]
        record.note = f"vm {guest.vm}"
        # It may end by itself at this moment.
        with contextlib.suppress(ProcessLookupError):
            os.kill(guest.pid, signal.SIGKILL)

    def kill_service(self, machine, service):
        """SIGKILLs the process of a service; says so where there was none."""
        init = control.init_pid(machine.socket)
        inner = control.request(machine.socket, "status").get(service, {}).get("pid")
        pid = control.outer_pids(init).get(inner) if init else None
        if pid is None:
            return "was not running"
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return ""

    # etcd.

    def stop_members(self, members):
        """Kills members; returns what starts them again."""
        for member in members:
            control.end_service(member.socket, "etcd", "kill")

        def start():
            for member in members:
                etcd.start(self.lab, member)
            etcd.wait_until_healthy(self.lab, members)

        return start

    def etcd_member(self, fault, _machine, record):
        """One of them, the leader or not."""
        members = self.lab.machines("etcd")
        member = members[fault.choice % len(members)]
        record.note = member.name
        return self.stop_members([member])

    def etcd_leader(self, _fault, _machine, record):
        """The leader, or the first where none leads."""
        member = self.gateway.leader() or self.lab.machine("etcd1")
        record.note = member.name
        return self.stop_members([member])

    def etcd_quorum(self, fault, _machine, record):
        """All but one."""
        members = self.lab.machines("etcd")
        spared = members[fault.choice % len(members)]
        record.note = f"all but {spared.name}"
        return self.stop_members([each for each in members if each != spared])

    def etcd_all(self, _fault, _machine, _record):
        """All of them."""
        return self.stop_members(self.lab.machines("etcd"))

    def etcd_rolling(self, _fault, _machine, _record):
        """Each stopped and started, when the one before serves again."""
        for member in self.lab.machines("etcd"):
            control.end_service(member.socket, "etcd", "stop")
            etcd.start(self.lab, member)
            etcd.wait_until_healthy(self.lab, [member])

    def etcd_compact(self, _fault, _machine, record):
        """Compaction, as soon as there is a quorum for it."""
        deadline = time.monotonic() + COMPACT_LIMIT
        while True:
            try:
                return self.gateway.compact()
            except GatewayError as error:
                if time.monotonic() > deadline:
                    record.note = f"not done: {error}"
                    return None
            time.sleep(RETRY)
