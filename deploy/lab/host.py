"""A host: a machine with its own /etc, /var and /run, a libvirt of its own, and the agent.

/etc and /var stay over a power loss, as a disk does; /run is fresh after each boot. They are whole
folders and not a few bound files, so that nothing that a host writes can reach the real machine.
"""

import pathlib
import shutil
import time
import uuid

from lab import agent, ceph, certificates, control, image
from lab.commands import run, succeeds
from lab.errors import LabError

#: Seconds for libvirt to answer; its first probe of QEMU takes some four on a quiet machine.
LIBVIRT_LIMIT = 60

#: libvirt's answers from QEMU. libvirt itself checks that they are still true.
PROBES = image.CACHE / "libvirt-capabilities"

VIRSH = ("virsh", "-c", "qemu:///system")

#: From which libvirt takes a port for each guest that moves here. No connection of the host's own shall have one
#: between libvirt's choice and QEMU's use of it: the kernel takes theirs from 32768 to 60999.
MIGRATION_PORTS = "49152-49215"

VAR_FOLDERS = (
    "cache/libvirt/qemu/capabilities lib/libvirt/boot lib/libvirt/images lib/libvirt/qemu"
    " lib/metastack log/libvirt/qemu log/metastack tmp"
).split()

LIBVIRTD_CONF = """listen_tls = {tls}
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
listen_addr = "{address}"
host_uuid = "{uuid}"
"""

#: The filter is for machines without hardware virtualization, such as this one's guests have it: else
#: libvirt asks QEMU for each of 370 properties of its processor, and QEMU 7.2 reads questions byte by
#: byte, which is 0.3 s of processor time in each start. With the filter it asks for all at once, as
#: it does with QEMU before 4.2. libvirt wants it kept to tests.
QEMU_CONF = """security_driver = "none"
user = "root"
group = "root"
cgroup_controllers = []
namespaces = []
remember_owner = 0
capability_filters = ["cpu-unavailable-features"]
migration_address = "{address}"
migration_host = "{address}"
migrate_tls_x509_verify = 1
"""


def prepare(lab, machine):
    """Makes a host's disk where it has none yet, and writes all its configuration."""
    disk = machine.folder / "disk"
    if not disk.exists():
        make_disk(machine, disk)
    values = {"address": machine.address, "uuid": uuid.uuid5(uuid.NAMESPACE_URL, str(disk)),
              "tls": int(lab.migration == "tls")}
    if lab.migration == "tls":
        certificates.write(lab, machine, disk / "etc" / "pki")
    libvirt = disk / "etc" / "libvirt"
    (libvirt / "libvirtd.conf").write_text(LIBVIRTD_CONF.format(**values))
    (libvirt / "qemu.conf").write_text(QEMU_CONF.format(**values))
    hosts = ["127.0.0.1 localhost", "::1 localhost"]
    hosts += [f"{each.address} {each.name}\n{each.address6} {each.name}" for each in lab.machines()]
    (disk / "etc" / "hosts").write_text("\n".join(hosts) + "\n")
    agent.write_configuration(lab, machine, disk / "etc" / "metastack" / "node.yaml")


def make_disk(machine, disk):
    """A copy of this machine's /etc with a name of its own, and an empty /var."""
    draft = machine.folder / "disk.new"
    shutil.rmtree(draft, ignore_errors=True)  # What an interrupted start has left.
    draft.mkdir(parents=True)
    run("cp", "-a", "/etc", draft / "etc")
    for folder in VAR_FOLDERS:
        (draft / "var" / folder).mkdir(parents=True)
    (draft / "var" / "run").symlink_to("/run")
    (draft / "var" / "lock").symlink_to("/run/lock")
    etc = draft / "etc"
    (etc / "hostname").write_text(f"{machine.name}\n")
    (etc / "machine-id").unlink(missing_ok=True)
    (etc / "machine-id").write_text(f"{uuid.uuid5(uuid.NAMESPACE_URL, str(disk)).hex}\n")
    for folder in ("ceph", "metastack"):
        (etc / folder).mkdir(exist_ok=True)
    # The default network needs dnsmasq, and hosts have their own bridge.
    shutil.rmtree(etc / "libvirt" / "qemu" / "networks", ignore_errors=True)
    draft.rename(disk)


def namespace(lab, machine):
    """What a host's init makes of the file system; see `supervisor`."""
    disk = machine.folder / "disk"
    nodes = ceph.nodes_folder(lab)
    nodes.mkdir(parents=True, exist_ok=True)
    image.CACHE.mkdir(parents=True, exist_ok=True)
    keep = [lab.folder, image.CACHE, pathlib.Path("/var/tmp"), pathlib.Path(lab.binaries or "/usr")]
    return {
        "tmpfs": ["/run"],
        "binds": [
            (str(disk / "etc"), "/etc"),
            (str(disk / "var"), "/var"),
            (str(nodes), "/etc/ceph"),
        ],
        "keep": [str(path) for path in keep if path.exists()],
        "folders": ["/run/lock", "/run/libvirt", "/run/metastack"],
        "reserved_ports": MIGRATION_PORTS,
    }


def start_libvirt(lab, machine):
    """Starts libvirt, and asks it what only a probe of QEMU can tell, so that no guest waits."""
    cache = machine.folder / "disk" / "var" / "cache" / "libvirt" / "qemu" / "capabilities"
    if PROBES.exists():
        shutil.copytree(PROBES, cache, dirs_exist_ok=True)
    control.request(machine.socket, "start", "virtlogd", libvirt_service(machine, "virtlogd"))
    control.request(machine.socket, "start", "libvirtd", libvirt_service(machine, "libvirtd"))
    wait_for_libvirt(lab, machine)
    run(*control.enter(machine.socket), *VIRSH, "domcapabilities", "--virttype", "qemu")
    save_probes(cache)


def libvirt_service(machine, name):
    """How one of libvirt's daemons is run. `--listen` serves live moves over the network."""
    argv = ["libvirtd", "--listen"] if name == "libvirtd" else [name]
    return {"argv": argv, "log": str(machine.log(name))}


def wait_for_libvirt(lab, machine):
    """Waits until libvirt answers."""
    inside = control.enter(machine.socket)
    deadline = time.monotonic() + LIBVIRT_LIMIT
    while not succeeds(*inside, *VIRSH, "-q", "list", timeout=LIBVIRT_LIMIT):
        if time.monotonic() > deadline:
            raise LabError(
                f"libvirt of {machine.name} does not answer after {LIBVIRT_LIMIT} s;"
                f" see: metastack-lab --dir {lab.folder} logs {machine.name} libvirt"
            )


def save_probes(cache):
    """Keeps what libvirt found out, for the next host and the next lab."""
    PROBES.mkdir(parents=True, exist_ok=True)
    for source in cache.glob("*.xml"):
        target = PROBES / source.name
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            draft = PROBES / f"{source.name}.{uuid.uuid4().hex}"
            shutil.copy2(source, draft)
            draft.replace(target)
