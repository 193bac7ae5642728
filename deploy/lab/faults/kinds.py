"""The kinds of faults: how long each lasts, how often it comes, and what it takes away."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of fault.

    scope: `host` takes a host for itself, `etcd` takes etcd as a whole, `none` takes nothing.
    away: whether a host with this fault counts as down or cut off, of which there is a limit.
    share: how many cards of this kind are in the deck that faults are drawn from.
    shortest, longest: the fault's time in TTLs of the lease; 0 for one that heals by itself.
    """

    name: str
    scope: str
    text: str
    away: bool = False
    share: int = 1
    shortest: float = 0
    longest: float = 0


KINDS = {
    kind.name: kind
    for kind in (
        Kind("power", "host", "a host loses its power, and boots later", True, 3, 1.5, 5),
        Kind("agent-kill", "host", "kill -9 of the agent; it is restarted", False, 2),
        Kind("agent-upgrade", "host", "the agent is stopped, and started", False, 2, 0.1, 1.6),
        Kind("stall", "host", "the agent stands still (SIGSTOP)", True, 2, 0.4, 4),
        Kind("stall-unwatched", "host", "the agent and its watchdog stand still", True, 1, 0.4, 4),
        Kind("cut-etcd", "host", "a host cut off from etcd", True, 2, 0.3, 4),
        Kind("cut-ceph", "host", "a host cut off from Ceph", True, 1, 0.5, 6),
        Kind("cut-both", "host", "a host cut off from etcd and Ceph", True, 1, 0.5, 5),
        Kind("cut-all", "host", "a host cut off from everybody", True, 1, 0.5, 4),
        Kind("deaf", "host", "nothing of etcd reaches the host", True, 1, 0.5, 3),
        Kind("mute", "host", "nothing of the host reaches etcd", True, 1, 0.5, 3),
        Kind("lossy", "host", "a fifth of a host's packets is lost", True, 1, 1, 4),
        Kind("slow", "host", "a host's packets are late", False, 1, 1, 4),
        Kind("libvirt-restart", "host", "libvirtd is killed, and starts again", False, 1, 0.05, 1),
        Kind("qemu-kill", "host", "kill -9 of one guest's QEMU", False, 2),
        Kind("etcd-member", "etcd", "one etcd member killed", False, 1, 0.3, 4),
        Kind("etcd-leader", "etcd", "etcd's leader killed", False, 1, 0.3, 4),
        Kind("etcd-quorum", "etcd", "two of three members killed", False, 1, 0.5, 4),
        Kind("etcd-all", "etcd", "all etcd members killed", False, 1, 0.5, 4),
        Kind("etcd-rolling", "etcd", "the members restarted one by one", False, 1),
        Kind("etcd-compact", "none", "compaction and defragmentation", False, 2),
    )
}

#: A host with one of these is as good as dead to its VMs once the lease has ended.
ENDS_LEASE = (
    "power", "stall", "stall-unwatched", "cut-etcd", "cut-both", "cut-all", "deaf", "mute"
)

#: Those whose takeover is held against the promise of TTL + 1 s: the lease hears nothing from the
#: fault on. (A deaf host's last request still arrives, a third of the TTL later.)
JUDGED = ("power", "stall", "stall-unwatched", "cut-etcd", "cut-both", "cut-all", "mute")
