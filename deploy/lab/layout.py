"""Where everything of a lab is: files, addresses, interface names, and its parameters.

The parameters are written to `lab.json` before anything is started, so that every later command,
and `down` after a half failed `up`, finds all that there may be.
"""

import contextlib
import dataclasses
import fcntl
import ipaddress
import json
import os
import pathlib
import re

from lab.errors import LabError

HOST_LIMIT = 10
ETCD_SIZES = (1, 3)
MIGRATIONS = ("tcp", "tls")


@dataclasses.dataclass(frozen=True)
class Machine:
    """One namespace machine: a host, an etcd member or Ceph."""

    name: str
    folder: pathlib.Path
    port: str  # its interface on the fabric's bridge
    address: str
    address6: str

    @property
    def socket(self):
        """The control socket of its init."""
        return self.folder / "init.sock"

    @property
    def kind(self):
        """`host`, `etcd` or `ceph`."""
        return self.name.rstrip("0123456789")

    def log(self, service):
        """The file that holds what a service printed."""
        return self.folder / f"{service}.log"


@dataclasses.dataclass
class Layout:
    """A lab's parameters, and the places that follow from them.

    number: tells labs of one machine apart; it is the third byte of the subnet and ends the name of
    the interface in the root namespace.
    migration: how guests' memory travels, `tcp` or `tls`.
    stale_endpoint: whether the nodes' list of etcd's endpoints begins with one that is not there.
    """

    folder: pathlib.Path
    number: int = 0
    hosts: int = 3
    etcd: int = 1
    lease_ttl: str = "5s"
    binaries: str = ""
    agents: bool = True
    stale_endpoint: bool = False
    watchdog: str = "fence"
    migration: str = "tcp"

    def machine(self, name):
        """The machine of a name; raises for one that this lab does not have."""
        matched = re.fullmatch(r"(host|etcd|ceph)([1-9][0-9]?)?", name)
        kind, index = (matched[1], int(matched[2] or 0)) if matched else ("", 0)
        limit = {"host": self.hosts, "etcd": self.etcd, "ceph": 0}.get(kind, -1)
        if index > limit or (index == 0) != (kind == "ceph"):
            known = ", ".join(each.name for each in self.machines())
            raise LabError(f"no machine {name} in this lab; there are {known}")
        last = {"host": 10, "etcd": 20, "ceph": 31}[kind] + index
        return Machine(
            name=name,
            folder=self.folder / "machines" / name,
            port=f"msl{name}",
            address=str(self.subnet[last]),
            # The same digits at the end, so that people recognise the machine.
            address6=f"{self.prefix6}{last}",
        )

    def machines(self, kind=None):
        """All machines, or those of one kind."""
        names = [f"host{index + 1}" for index in range(self.hosts)]
        names += [f"etcd{index + 1}" for index in range(self.etcd)]
        names += ["ceph"]
        return [self.machine(name) for name in names if kind in (None, name.rstrip("0123456789"))]

    @property
    def subnet(self):
        """The lab's IPv4 network: its first address is the root namespace's."""
        return ipaddress.ip_network(f"10.77.{self.number}.0/24")

    @property
    def prefix6(self):
        """What every IPv6 address of the lab begins with (a /64)."""
        return "fd77::" if self.number == 0 else f"fd77:0:0:{self.number:x}::"

    @property
    def root_port(self):
        """The interface in the root namespace that leads into the lab."""
        return f"msl{self.number}"

    @property
    def keeper_socket(self):
        """The control socket of the lab's root init, whose network namespace is the fabric."""
        return self.folder / "keeper" / "init.sock"

    @property
    def management_config(self):
        """The configuration of `metastack` for this lab."""
        return self.folder / "metastack.yaml"

    @property
    def ceph_conf(self):
        """Ceph's configuration for the root namespace, with the keys of client.admin."""
        return self.folder / "ceph" / "ceph.conf"

    def etcd_endpoints(self):
        """The client URLs of all members."""
        return [f"http://{member.address}:2379" for member in self.machines("etcd")]

    def save(self):
        """Writes `lab.json` in one step."""
        values = dataclasses.asdict(self)
        del values["folder"]
        draft = self.folder / "lab.json.new"
        draft.write_text(json.dumps(values, indent=2) + "\n")
        os.replace(draft, self.folder / "lab.json")


def load(folder):
    """The lab in a folder, or None where there is none."""
    try:
        values = json.loads((folder / "lab.json").read_text())
        return Layout(folder=folder, **values)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise LabError(f"cannot read {folder}/lab.json: {error}") from error


def load_running(folder):
    """The lab in a folder; raises where there is none."""
    lab = load(folder)
    if lab is None:
        raise LabError(f"no lab in {folder}; start one with: metastack-lab up")
    return lab


@contextlib.contextmanager
def locked(folder):
    """Holds a lab for one command that changes it; others wait their turn."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # `down` may have removed the folder while this one waited for it.
            if folder.exists() and os.path.samestat(os.fstat(handle), os.stat(folder)):
                yield
                return
        finally:
            os.close(handle)
