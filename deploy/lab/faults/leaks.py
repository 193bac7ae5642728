"""What is left when no VM is wanted any more: of it, everything is too much."""

import contextlib

from lab import control
from lab.commands import run
from lab.host import VIRSH

FOLDERS = ("desired_vms/", "actual_vms/", "volumes/", "arrivals/", "vm_history/", "declines/")


def find(lab, gateway, storage, observer):
    """All leaks, as sentences by kind."""
    records, _ = gateway.records()
    volumes = {
        name
        for key, value in records.items()
        if key.startswith("volumes/")
        for name in (value.get("image"), *value.get("discarded", []))
    }
    images = storage.images("vms")
    return {
        "records": sorted(key for key in records if key.startswith(FOLDERS)),
        "RBD images": sorted(images),
        "RBD images without a volume record": sorted(set(images) - volumes),
        "domains": [name for machine in lab.machines("host") for name in domains(machine)],
        "QEMU processes": [
            f"{guest.host}/{guest.vm}" for guest in list(observer.processes.guests.values())
        ],
    }


def domains(machine):
    """The domains that a host's libvirt knows."""
    inside = control.enter(machine.socket)
    names = run(*inside, *VIRSH, "-q", "list", "--all", "--name").split()
    return [f"{machine.name}/{name}" for name in names]


def files(lab):
    """Files about VMs on the hosts' disks: consoles, and what libvirt keeps of domains."""
    found = []
    for machine in lab.machines("host"):
        var, etc = machine.folder / "disk/var", machine.folder / "disk/etc"
        for path in [*var.glob("log/metastack/console/*"), *var.glob("lib/libvirt/qemu/domain-*"),
                     *etc.glob("libvirt/qemu/*.xml")]:
            with contextlib.suppress(OSError):
                found.append(f"{machine.name}:/{path.relative_to(machine.folder / 'disk')}")
    return found
