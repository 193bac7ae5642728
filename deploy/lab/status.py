"""What a lab looks like right now, gathered from its inits and the fabric's rules."""

import json

from lab import control, fabric


def gather(lab):
    """The whole state as plain values; pids are those of the root namespace."""
    runs = control.init_pid(lab.keeper_socket) is not None
    return {
        "dir": str(lab.folder),
        "running": runs,
        "subnet": str(lab.subnet),
        "etcd_endpoints": lab.etcd_endpoints(),
        "ceph_conf": str(lab.ceph_conf),
        "management_config": str(lab.management_config),
        "binaries": lab.binaries,
        "machines": [describe(lab, machine, runs) for machine in lab.machines()],
    }


def describe(lab, machine, runs):
    """One machine: whether it has power, its services, and what it is cut off from."""
    pid = control.init_pid(machine.socket)
    services = {}
    if pid is not None:
        outer = control.outer_pids(pid)
        services = control.request(machine.socket, "status")
        for service in services.values():
            service["pid"] = outer.get(service["pid"])
    return {
        "name": machine.name,
        "address": machine.address,
        "address6": machine.address6,
        "state": "down" if pid is None else "up",
        "pid": pid,
        "cut": fabric.cuts(lab, machine) if runs and machine.kind == "host" else [],
        "services": services,
    }


def render(state, output):
    """The state as a table for people, or as JSON for programs."""
    if output == "json":
        return json.dumps(state, indent=2)
    rows = [("MACHINE", "ADDRESS", "STATE", "CUT OFF FROM", "SERVICES")]
    for machine in state["machines"]:
        services = [f"{name} {each['state']}" for name, each in machine["services"].items()]
        cut = ", ".join(machine["cut"]) or "-"
        rows.append(
            (machine["name"], machine["address"], machine["state"], cut, ", ".join(services) or "-")
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def exports(lab):
    """The lines that a shell evaluates to talk to this lab from the root namespace."""
    return "\n".join(
        [
            f"export METASTACK_CONFIG={lab.management_config}",
            f"export ETCDCTL_ENDPOINTS={','.join(lab.etcd_endpoints())}",
            f"export CEPH_CONF={lab.ceph_conf}",
        ]
    )
