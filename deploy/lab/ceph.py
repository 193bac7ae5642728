"""Ceph for a lab: one monitor, and one OSD in memory. It is up in about two seconds.

No manager, no replicas; cephx is on, and the nodes' user has the capabilities that a real
deployment would give it. Everything on disk is the configuration and the keys.
"""

import base64
import os
import struct
import time
import uuid

from lab import control
from lab.commands import run
from lab.errors import LabError

POOLS = ("vms", "images")
USER = "client.metastack"
MONMAP = "/run/ceph/monmap"

#: Seconds for the OSD to come up.
OSD_LIMIT = 30

#: Waits of the monitor between two map changes. A young cluster makes a dozen of them in a row, and
#: with the defaults each costs a second or a tick of five; `restore_pace` undoes it after that.
QUICK_PACE = {"paxos_propose_interval": "0.02", "paxos_min_wait": "0.01", "mon_tick_interval": "1"}

#: Ceph's own, but for the wait between two changes: as docs/operations.md asks of a real cluster, so
#: that no eviction waits for a second behind a line of the cluster's log.
LASTING_PACE = {
    "paxos_propose_interval": "0.1",
    "paxos_min_wait": "0.05",
    "mon_tick_interval": "5",
}

CONF = """[global]
fsid = {fsid}
mon_host = v2:{address}:3300,v1:{address}:6789
public_addr = {address}
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
log_file =
{extra}"""

SERVER_CONF = """osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_cluster_log_to_file = false
log_to_stderr = true
debug_rocksdb = 0/0
[client]
keyring = {folder}/$cluster.$name.keyring
log_to_stderr = false
[mon]
mon_data = /run/ceph/mon
mon_data_avail_warn = 1
mon_data_avail_crit = 1
{pace}
[osd]
osd_data = /run/ceph/osd
keyring = {folder}/$cluster.$name.keyring
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_mon_report_interval = 1
osd_tick_interval = 0.2
"""

#: Everything the monitor knows from its first moment, so that no user is made by a command.
CAPABILITIES = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *", "mds": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *"},
    USER: {
        # A node also lifts the evictions of clients that it knows to be gone.
        "mon": "profile rbd, allow command 'osd blocklist' with blocklistop=rm",
        "osd": ", ".join(f"profile rbd pool={pool}" for pool in POOLS),
    },
}


def start(lab, machine):
    """Makes a new cluster in a fresh machine, with its pools ready for RBD."""
    fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
    write_configuration(lab, machine, fsid)
    inside = control.enter(machine.socket)
    conf = ["-c", str(lab.ceph_conf)]
    keys = ["--keyring", str(lab.ceph_conf.parent / "all.keyring")]
    run(*inside, "mkdir", "-p", "/run/ceph/mon", "/run/ceph/osd")
    monitor = f"[v2:{machine.address}:3300,v1:{machine.address}:6789]"
    run(*inside, "monmaptool", "--create", "--fsid", fsid, "--addv", "a", monitor, MONMAP)
    run(*inside, "ceph-mon", *conf, "--mkfs", "-i", "a", "--monmap", MONMAP, *keys)
    start_service(lab, machine, "mon", ["ceph-mon", *conf, "-f", "-i", "a"])
    run(*inside, "ceph-osd", *conf, "--mkfs", "-i", "0", "--osd-uuid", osd, *keys)
    administer(lab, "ceph", "osd", "new", osd, "0")
    start_service(lab, machine, "osd", ["ceph-osd", *conf, "-f", "-i", "0"])
    wait_for_osd(lab)
    for pool in POOLS:
        administer(lab, "ceph", "osd", "pool", "create", pool)
        administer(lab, "rbd", "pool", "init", pool)
    restore_pace(lab)


def start_service(lab, machine, name, argv):
    """Runs a daemon under the machine's init."""
    spec = {"argv": argv, "log": str(machine.log(name))}
    control.request(machine.socket, "start", name, spec)


def administer(lab, tool, *words):
    """Runs `ceph` or `rbd` as the administrator.

    Inside the machine, so that a command that waits for a cluster in vain ends with the lab.
    """
    inside = control.enter(lab.machine("ceph").socket)
    return run(*inside, tool, "-c", lab.ceph_conf, *words)


def wait_for_osd(lab):
    """Waits until the monitor counts the OSD as up: pools made before stay inactive for seconds."""
    deadline = time.monotonic() + OSD_LIMIT
    while "1 up" not in administer(lab, "ceph", "osd", "stat"):
        if time.monotonic() > deadline:
            raise LabError(
                f"Ceph's OSD is not up after {OSD_LIMIT} s;"
                f" see: metastack-lab --dir {lab.folder} logs ceph osd"
            )


def restore_pace(lab):
    """Gives the monitor a real one's waits, so that what the lab measures holds for it."""
    for name, value in LASTING_PACE.items():
        administer(lab, "ceph", "tell", "mon.a", "config", "set", name, value)


def write_configuration(lab, machine, fsid):
    """Writes conf and keys: the administrator's for the root namespace, the nodes' for hosts."""
    folder = lab.ceph_conf.parent
    nodes = nodes_folder(lab)
    nodes.mkdir(parents=True, exist_ok=True)
    common = {"fsid": fsid, "address": machine.address}
    pace = "\n".join(f"{name} = {value}" for name, value in QUICK_PACE.items())
    extra = SERVER_CONF.format(folder=folder, pace=pace)
    lab.ceph_conf.write_text(CONF.format(**common, extra=extra))
    (nodes / "ceph.conf").write_text(CONF.format(**common, extra=""))
    sections = {name: section(name, caps) for name, caps in CAPABILITIES.items()}
    write_secret(folder / "all.keyring", "".join(sections.values()))
    for name in ("client.admin", "osd.0", USER):
        write_secret(folder / f"ceph.{name}.keyring", sections[name])
    write_secret(nodes / f"ceph.{USER}.keyring", sections[USER])


def nodes_folder(lab):
    """What every host sees as /etc/ceph."""
    return lab.ceph_conf.parent / "etc"


def section(name, capabilities):
    """One user's part of a keyring file, with a new key."""
    lines = [f"[{name}]", f"\tkey = {new_key()}"]
    lines += [f'\tcaps {service} = "{caps}"' for service, caps in capabilities.items()]
    return "\n".join(lines) + "\n"


def new_key():
    """A cephx key: type 1 (AES), its creation time, its length, and 16 random bytes, in base 64."""
    secret = os.urandom(16)
    header = struct.pack("<HIIH", 1, int(time.time()), 0, len(secret))
    return base64.b64encode(header + secret).decode()


def write_secret(path, text):
    """Writes a file that only root can read."""
    path.touch(mode=0o600)
    path.write_text(text)
