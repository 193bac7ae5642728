"""The agent of a host: its configuration and how it is run."""

import os
import pathlib
import re

from lab import control
from lab.errors import LabError

CONFIG = "/etc/metastack/node.yaml"
PROGRAM = "metastack-node"

#: Seconds between two beats of an agent at most, as in the unit file; an agent with a short lease
#: asks for less.
WATCHDOG_SECONDS = 1.8

#: MiB that a host offers at least, however small the real machine is.
LEAST_RAM = 512

NODE = """etcd:
  endpoints: [{endpoints}]
node:
  name: {name}
  lease-ttl: {lease_ttl}
  labels: {{rack: {rack}}}
  reserved-ram: {reserved}MiB
libvirt:
  uri: "qemu:///system"
  domain-type: qemu
  migration-uri: "qemu+{migration}://{address}/system"
storage:
  driver: rbd
  conf: /etc/ceph/ceph.conf
  user: metastack
  keyring: /etc/ceph/ceph.client.metastack.keyring
  vm-pool: vms
  image-pool: images
network:
  bridge: br0
log:
  level: debug
  format: text
"""


def write_configuration(lab, machine, path):
    """Writes a host's node.yaml."""
    path.write_text(
        NODE.format(
            endpoints=endpoints(lab),
            name=machine.name,
            address=machine.address,
            migration=lab.migration,
            lease_ttl=lab.lease_ttl,
            rack=f"r{machine.name.removeprefix('host')}",
            reserved=reserved_ram(lab),
        )
    )


def write_management_configuration(lab):
    """Writes the configuration of `metastack` for the root namespace."""
    lab.management_config.write_text(f"etcd:\n  endpoints: [{endpoints(lab)}]\n")


def endpoints(lab):
    """The etcd members as a YAML list's inside, after one that is not there where that is asked."""
    stale = [f"http://{lab.subnet[29]}:2379"] if lab.stale_endpoint else []
    return ", ".join(f'"{url}"' for url in [*stale, *lab.etcd_endpoints()])


def reserved_ram(lab):
    """MiB that a host must not give to guests.

    All hosts' libvirts report the same memory: that of the machine's NUMA cells, which can be less
    than the kernel's total where memory was plugged in later. Each host offers its share of three
    quarters of it, so that the hosts together never promise more than there is.
    """
    cells = pathlib.Path("/sys/devices/system/node").glob("node*/meminfo")
    totals = [int(re.search(r"MemTotal:\s+(\d+) kB", cell.read_text())[1]) for cell in cells]
    if not totals:
        raise LabError("the machine's memory cannot be read from /sys/devices/system/node")
    total = sum(totals) // 1024
    share = max(LEAST_RAM, total * 3 // 4 // lab.hosts)
    return max(0, total - share)


def check_binary(lab):
    """Refuses to go on without an agent to run."""
    program = pathlib.Path(lab.binaries) / PROGRAM
    if not os.access(program, os.X_OK):
        raise LabError(
            f"no {program}; build it with `swift build -c release --product {PROGRAM}`,"
            " name its folder with --binaries, or start without agents by --no-agents"
        )


def start(lab, machine):
    """Starts a host's agent; from then on it is restarted whenever it dies."""
    check_binary(lab)
    program = str(pathlib.Path(lab.binaries) / PROGRAM)
    spec = {"argv": [program, "--config", CONFIG], "log": str(machine.log("agent"))}
    if lab.watchdog != "off":
        spec["watchdog"] = {
            "seconds": WATCHDOG_SECONDS,
            "fence": [program, "fence", "--config", CONFIG],
            "mode": lab.watchdog,
        }
    control.request(machine.socket, "start", "agent", spec)


def default_binaries(repository):
    """The newest place where SwiftPM puts programs: release, else debug."""
    builds = [repository / ".build" / kind for kind in ("release", "debug")]
    for build in builds:
        if (build / PROGRAM).exists():
            return build
    return builds[0]
