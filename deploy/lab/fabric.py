"""The lab's network: one bridge in a namespace of its own, and a cable from each machine to it.

The fabric is the keeper's network namespace. Cables are cut by bridge filter rules on it, which
drop frames silently as a broken switch does: no machine sees its link go down, and IPv4, IPv6 and
ARP are cut alike.
"""

import json
import pathlib
import time

from lab import control
from lab.commands import run, succeeds
from lab.errors import LabError

BRIDGE = "mslbr"
ROOT_CABLE = "mslroot"

#: Seconds for an interface to go.
REMOVAL_LIMIT = 10

RULES = """
table bridge msl {
    set pairs { type ifname . ifname; }
    set alone { type ifname; }
    set lossy { type ifname; }
    chain forward {
        type filter hook forward priority 0; policy accept;
        iifname . oifname @pairs drop
        iifname @alone drop
        oifname @alone drop
        iifname @lossy numgen random mod 100 < 20 drop
        oifname @lossy numgen random mod 100 < 20 drop
    }
}
"""


def keeper_pid(lab):
    """The pid that stands for the fabric's namespace; raises where the lab does not run."""
    pid = control.init_pid(lab.keeper_socket)
    if pid is None:
        raise LabError(f"the lab in {lab.folder} does not run; start it with: metastack-lab up")
    return pid


def configure(pid, lines):
    """Runs `ip` commands, one a line, in a process's network namespace."""
    run("nsenter", "-t", pid, "-n", "ip", "-batch", "-", stdin="\n".join(lines) + "\n")


def claim_number(folder, preferred):
    """Takes a lab number by making its interface, which the kernel lets only one caller do.

    The interface carries the lab's folder as its alias, which tells whose it is ever after.
    """
    for number in [preferred, *range(256)]:
        name = f"msl{number}"
        if succeeds("ip", "link", "add", name, "type", "veth", "peer", f"{name}p"):
            run("ip", "link", "set", name, "alias", folder)
            return number
    raise LabError("no free lab number: interfaces msl0 to msl255 exist, or `ip link add` fails")


def root_ports(folder):
    """The interfaces of the root namespace that lead into the lab of a folder: one, or none."""
    aliases = pathlib.Path("/sys/class/net").glob("msl*/ifalias")
    return [path.parent.name for path in aliases if path.read_text().strip() == str(folder)]


def create(lab, pid):
    """Makes the bridge and its rules, and lays the cable from the root namespace."""
    root, cable = lab.root_port, f"{lab.root_port}p"
    if succeeds("ip", "link", "show", cable):
        run("ip", "link", "set", cable, "netns", pid, "name", ROOT_CABLE)
    if not succeeds("nsenter", "-t", pid, "-n", "ip", "link", "show", BRIDGE):
        configure(pid, ["link set lo up", f"link add {BRIDGE} type bridge forward_delay 0"])
        run("nsenter", "-t", pid, "-n", "nft", "-f", "-", stdin=RULES)
    configure(
        pid,
        [
            # The fabric is a wire: it has no addresses, so it needs no IPv6 of its own.
            f"link set {BRIDGE} addrgenmode none up",
            f"link set {ROOT_CABLE} addrgenmode none master {BRIDGE} up",
        ],
    )
    run("ip", "addr", "replace", f"{lab.subnet[1]}/24", "dev", root)
    run("ip", "addr", "replace", f"{lab.prefix6}1/64", "dev", root, "nodad")
    run("ip", "link", "set", root, "up")


def remove_root_port(folder):
    """Removes the root namespace's end of a lab's cable, and waits until it is gone.

    The kernel removes it as well, some time after the last process of the fabric has ended, so
    that a failure to remove it is none.
    """
    deadline = time.monotonic() + REMOVAL_LIMIT
    while ports := root_ports(folder):
        succeeds("ip", "link", "del", ports[0])
        if time.monotonic() > deadline:
            raise LabError(f"cannot remove {ports[0]}; try: ip link del {ports[0]}")


def attach(lab, machine, pid):
    """Lays a machine's cable; a host's ends in its guests' bridge `br0`, others' in `eth0`."""
    keeper = keeper_pid(lab)
    configure(
        keeper,
        [
            f"link add {machine.port} type veth peer name eth0 netns {pid}",
            f"link set {machine.port} addrgenmode none master {BRIDGE} up",
        ],
    )
    lines, port = ["link set lo up", "link set eth0 up"], "eth0"
    if machine.kind == "host":
        # A fixed MAC: a bridge takes the lowest of its ports' otherwise, and guests come and go.
        last = int(machine.address.rsplit(".", 1)[1])
        mac = f"52:54:77:00:{lab.number:02x}:{last:02x}"
        lines += [
            f"link add br0 address {mac} type bridge forward_delay 0",
            "link set eth0 addrgenmode none master br0",
            "link set br0 up",
        ]
        port = "br0"
    lines += [
        f"addr add {machine.address}/24 dev {port}",
        f"addr add {machine.address6}/64 dev {port} nodad",
    ]
    configure(pid, lines)


def unplug(lab, machine):
    """Takes a machine's cable down at the fabric's end, so that not even its last words get out."""
    if succeeds("nsenter", "-t", keeper_pid(lab), "-n", "ip", "link", "show", machine.port):
        configure(keeper_pid(lab), [f"link set {machine.port} down"])


def discard(lab, machine):
    """Removes what is left of a dead machine's cable."""
    if succeeds("nsenter", "-t", keeper_pid(lab), "-n", "ip", "link", "show", machine.port):
        configure(keeper_pid(lab), [f"link del {machine.port}"])


def cut(lab, host, what):
    """Drops everything between a host and `etcd` or `ceph`, or between it and everybody (`all`)."""
    if what == "all":
        change_set(lab, "add", "alone", [f'"{host.port}"'])
    else:
        pairs = []
        for other in lab.machines(what):
            pairs += [f'"{host.port}" . "{other.port}"', f'"{other.port}" . "{host.port}"']
        change_set(lab, "add", "pairs", pairs)


def cut_way(lab, host, what, inward):
    """Drops one direction between a host and `etcd` or `ceph`: what comes in, or what goes out."""
    ways = [(other.port, host.port) for other in lab.machines(what)]
    ways = ways if inward else [(port, other) for other, port in ways]
    change_set(lab, "add", "pairs", [f'"{source}" . "{target}"' for source, target in ways])


def lose(lab, host):
    """Drops a fifth of a host's packets, at random, in each direction."""
    change_set(lab, "add", "lossy", [f'"{host.port}"'])


def slow_down(lab, host):
    """Delays what a host is sent. Returns the discipline: netem, or a narrow tbf without it."""
    words = ("nsenter", "-t", keeper_pid(lab), "-n", "tc", "qdisc", "replace", "dev", host.port)
    if succeeds(*words, "root", "netem", "delay", "60ms", "30ms", "loss", "2%"):
        return "netem"
    run(*words, "root", "tbf", "rate", "1mbit", "burst", "4kb", "latency", "300ms")
    return "tbf"


def speed_up(lab, host):
    """Ends `slow_down`; fine where the cable was laid anew meanwhile."""
    words = ("nsenter", "-t", keeper_pid(lab), "-n", "tc", "qdisc", "del", "dev", host.port)
    succeeds(*words, "root")


def heal(lab, host):
    """Ends every cut of a host, and its losses."""
    pairs, alone, lossy = cut_ports(lab)
    gone = [f'"{one}" . "{other}"' for one, other in pairs if host.port in (one, other)]
    change_set(lab, "delete", "pairs", gone)
    change_set(lab, "delete", "alone", [f'"{host.port}"' for port in alone if port == host.port])
    change_set(lab, "delete", "lossy", [f'"{host.port}"' for port in lossy if port == host.port])


def cuts(lab, host):
    """What a host is cut off from: a list of `etcd`, `ceph`, `all`."""
    pairs, alone, _ = cut_ports(lab)
    others = " ".join(one + other for one, other in pairs if host.port in (one, other))
    kinds = [kind for kind in ("etcd", "ceph") if f"msl{kind}" in others]
    return kinds + (["all"] if host.port in alone else [])


def cut_ports(lab):
    """The rules' sets: pairs of ports that are apart, ports that are alone, those that lose."""
    prefix = ("nsenter", "-t", keeper_pid(lab), "-n", "nft", "-j", "list", "table", "bridge", "msl")
    sets = {}
    for entry in json.loads(run(*prefix))["nftables"]:
        if "set" in entry:
            sets[entry["set"]["name"]] = entry["set"].get("elem", [])
    pairs = [tuple(each["concat"]) for each in sets["pairs"]]
    return pairs, list(sets["alone"]), list(sets["lossy"])


def change_set(lab, verb, name, elements):
    """Adds elements to a set of the rules or deletes them."""
    if elements:
        rule = f"{verb} element bridge msl {name} {{ {', '.join(elements)} }}\n"
        run("nsenter", "-t", keeper_pid(lab), "-n", "nft", "-f", "-", stdin=rule)
