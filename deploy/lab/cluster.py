"""Starts and ends labs and their machines, in the one order that works.

A lab is a tree of PID namespaces: the keeper holds all machines, each machine all its processes.
So whatever state a lab is in, killing the keeper ends it.
"""

import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys
import time
import zlib

from lab import agent, ceph, control, etcd, fabric, host, layout
from lab.commands import require
from lab.errors import LabError

DEPLOY = pathlib.Path(__file__).resolve().parent.parent
DEFAULT_FOLDER = pathlib.Path("/var/lib/metastack-lab")
TOOLS = """
    ip nft nsenter unshare etcd ceph ceph-mon ceph-osd monmaptool rbd
    libvirtd virtlogd virsh qemu-system-x86_64
""".split()

#: What machines start with, whatever the caller's shell has set.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}

#: Seconds for the keeper to notice the end of a machine.
NOTICE_LIMIT = 5


def up(folder, wishes):
    """Starts a lab, or whatever of it does not run; wishes are the parameters named by the user."""
    require(*TOOLS)
    began = time.monotonic()
    with layout.locked(folder):
        lab = settle(folder, wishes)
        if lab.agents:
            agent.check_binary(lab)
        fabric.create(lab, start_keeper(lab))
        agent.write_management_configuration(lab)
        start_machines(lab, began)
        if lab.agents:
            for machine in lab.machines("host"):
                agent.start(lab, machine)
            say(began, "agents started")
    return lab


def settle(folder, wishes):
    """The lab's parameters: those of the lab that runs, or those of a new one."""
    lab = layout.load(folder)
    if lab is not None and control.init_pid(lab.keeper_socket) is None:
        # Its etcd and Ceph lived in memory, so there is nothing to go on from.
        sweep(folder)
        folder.mkdir(parents=True)
        lab = None
    if lab is None:
        if any(folder.iterdir()):
            raise LabError(f"{folder} is not empty and holds no lab; choose another --dir")
        lab = layout.Layout(folder=folder, **wishes)
        preferred = 0 if folder == DEFAULT_FOLDER else zlib.crc32(bytes(folder)) % 255 + 1
        lab.number = fabric.claim_number(folder, preferred)
    else:
        adopt(lab, wishes)
    lab.save()
    return lab


def adopt(lab, wishes):
    """Lets a running lab grow; refuses what cannot be changed while it runs."""
    for name, value in wishes.items():
        if name == "etcd" and value != lab.etcd or name == "hosts" and value < lab.hosts:
            raise LabError(
                f"the lab in {lab.folder} runs with {getattr(lab, name)} {name};"
                " end it first with: metastack-lab down"
            )
        setattr(lab, name, value)


def start_keeper(lab):
    """Starts the lab's root init and returns its pid."""
    pid = control.init_pid(lab.keeper_socket)
    if pid is not None:
        return pid
    folder = lab.keeper_socket.parent
    folder.mkdir(exist_ok=True)
    spec = write_spec(folder, "keeper", {})
    with open(folder / "init.log", "ab") as log:
        subprocess.Popen(
            spec["argv"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=spec["env"],
            start_new_session=True,
        )
    return control.wait_for_init(lab.keeper_socket)


def write_spec(folder, name, namespace):
    """Writes what an init reads at its start; returns how the keeper runs such an init."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"socket": str(folder / "init.sock"), "hostname": name, **namespace}
    (folder / "spec.json").write_text(json.dumps(spec, indent=2) + "\n")
    unshare = "unshare --net --mount --pid --uts --fork --kill-child".split()
    python = ["/usr/bin/python3", "-B", "-m", "lab.supervisor", str(folder / "spec.json")]
    return {
        "argv": unshare + python,
        "env": {**ENVIRONMENT, "PYTHONPATH": str(DEPLOY)},
        "log": str(folder / "init.log"),
        "restart": False,
    }


def start_machines(lab, began):
    """Starts all machines that are down, in parallel; the first failure is everybody's."""
    members = [each for each in lab.machines("etcd") if start_machine(lab, each)]
    for member in lab.machines("etcd"):
        etcd.start(lab, member)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        work = {pool.submit(start_ceph, lab): "Ceph"}
        first, *rest = lab.machines("host")
        if not host.PROBES.exists():
            # Otherwise every host would probe QEMU for itself.
            boot(lab, first)
        for machine in [first, *rest]:
            work[pool.submit(boot, lab, machine)] = machine.name
        work[pool.submit(etcd.wait_until_healthy, lab, members)] = "etcd"
        for future in concurrent.futures.as_completed(work):
            future.result()
            say(began, f"{work[future]} ready")


def start_ceph(lab):
    """Starts Ceph where it does not run."""
    machine = lab.machine("ceph")
    if start_machine(lab, machine):
        ceph.start(lab, machine)


def boot(lab, machine):
    """Starts a host up to its libvirt; False where it runs already."""
    if control.init_pid(machine.socket) is not None:
        return False
    host.prepare(lab, machine)
    start_machine(lab, machine, host.namespace(lab, machine))
    host.start_libvirt(lab, machine)
    return True


def start_machine(lab, machine, namespace=None):
    """Starts a machine's init and plugs its cable in; False where it runs already."""
    if control.init_pid(machine.socket) is not None:
        return False
    namespace = namespace or {"tmpfs": ["/run"], "keep": [str(lab.folder)]}
    spec = write_spec(machine.folder, machine.name, namespace)
    control.request(lab.keeper_socket, "start", machine.name, spec)
    fabric.attach(lab, machine, control.wait_for_init(machine.socket))
    return True


def kill(lab, machine):
    """Takes a machine's power: its last packets never leave it, and all its processes are gone."""
    fabric.unplug(lab, machine)
    if not control.kill_init(machine.socket):
        raise LabError(f"{machine.name} is down already")
    fabric.discard(lab, machine)
    deadline = time.monotonic() + NOTICE_LIMIT
    while control.request(lab.keeper_socket, "status")[machine.name]["pid"] is not None:
        if time.monotonic() > deadline:
            raise LabError(f"the keeper does not notice the end of {machine.name}")
        time.sleep(0.01)


def down(folder):
    """Ends a lab and removes every trace of it; fine where there is none."""
    if not folder.exists():
        return False
    with layout.locked(folder):
        if layout.load(folder) is None and any(folder.iterdir()):
            raise LabError(f"{folder} holds no lab (no lab.json), so nothing in it is removed")
        sweep(folder)
    return True


def sweep(folder):
    """Kills the keeper, and removes the cable and the folder."""
    lab = layout.load(folder)
    if lab is not None:
        control.kill_init(lab.keeper_socket)
    fabric.remove_root_port(folder)
    shutil.rmtree(folder)


def say(began, text):
    """One line of progress on stderr; stdout is for what programs read."""
    print(f"{time.monotonic() - began:5.1f} s  {text}", file=sys.stderr, flush=True)
