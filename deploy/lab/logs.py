"""Finds the log that somebody wants to read."""

from lab.errors import LabError

#: What people call a log, and the service that writes it.
NAMES = {"libvirt": "libvirtd"}


def find(machine, name=None, domain=None):
    """The file of a service's log, or of a guest's serial console."""
    if name == "console":
        return find_console(machine, domain)
    default = {"host": "agent", "etcd": "etcd", "ceph": "mon"}[machine.kind]
    path = machine.log(NAMES.get(name, name) or default)
    if not path.exists():
        known = ", ".join(sorted(each.stem for each in machine.folder.glob("*.log"))) or "none"
        raise LabError(f"{machine.name} has no log {name or default}; there are: {known}")
    return path


def find_console(machine, domain):
    """The newest console log that names a VM, wherever the domain's definition put it."""
    if domain is None:
        raise LabError("whose console? metastack-lab logs HOST console VM")
    logs = machine.folder / "disk" / "var" / "log"
    # QEMU's own log is log/libvirt/qemu/<domain>.log: it is no console.
    found = [
        path
        for path in [*(logs / "metastack").rglob("*"), *(logs / "libvirt").rglob("*console*")]
        if path.is_file() and domain in str(path.relative_to(logs))
    ]
    if not found:
        raise LabError(f"{machine.name} has no console log of {domain}")
    return max(found, key=lambda path: path.stat().st_mtime)
