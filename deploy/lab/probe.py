"""What the selftest does to a lab and sees of it, through the tool's own command line."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from lab import domain, image

TOOL = pathlib.Path(__file__).resolve().parent.parent / "metastack-lab"
COUNTER = pathlib.Path(__file__).resolve().parent / "counter"

#: Folders of the real machine in which the lab's daemons would write if they were not kept apart.
REAL_FOLDERS = """
    /etc/ceph /etc/libvirt /etc/metastack /run/libvirt /run/metastack /var/cache/libvirt
    /var/lib/etcd /var/lib/libvirt /var/lib/metastack /var/log/libvirt /var/log/metastack
""".split()


class Probe:
    """A lab of two hosts and three etcd members below a temporary folder, with fake agents."""

    GUEST = "probe"
    DISK = "vms/probe"
    hosts = ("host1", "host2")

    def __init__(self, folder):
        self.folder = folder / "lab"
        self.binaries = folder / "bin"
        self.binaries.mkdir()
        program = self.binaries / "metastack-node"
        program.write_text('#!/bin/bash\necho "started with $*"\nread -r < <(tail -f /dev/null)\n')
        program.chmod(0o755)
        self.console_file = f"/var/log/metastack/{self.GUEST}.console.log"
        self.before = listing()

    def tool(self, *words, stdin=""):
        """Runs the tool and returns its exit code and output."""
        command = [sys.executable, TOOL, "--dir", self.folder, *words]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    def check(self, *words):
        """Runs the tool, which must succeed, and returns its output."""
        result = self.tool(*words)
        assert result.returncode == 0, f"{words}: {result.stderr}"
        return result.stdout

    def up(self):
        """Starts the lab and takes the environment that it prints."""
        sizes = ("--hosts", str(len(self.hosts)), "--etcd", "3")
        exports = self.check("up", *sizes, "--binaries", str(self.binaries))
        os.environ.update(re.findall(r"export (\w+)=(.*)", exports))

    def up_interrupted(self):
        """Starts the lab, and kills the tool as soon as the first machine runs."""
        command = [sys.executable, TOOL, "--dir", self.folder, "up", "--no-agents"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
            socket = self.folder / "machines" / "etcd1" / "init.sock"
            assert self.wait(socket.exists), "the lab did not even begin to start"
            up.send_signal(signal.SIGKILL)

    @staticmethod
    def wait(condition, limit=150):
        """Waits until a condition is true; False where it is not by the limit (seconds).

        The limit is generous, since a guest under emulation shares the machine with its tests.
        """
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def status(self):
        """The lab's state."""
        return json.loads(self.check("status", "-o", "json"))

    def machine(self, name):
        """One machine's state."""
        return next(each for each in self.status()["machines"] if each["name"] == name)

    def service(self, name, service):
        """The state of a machine's service."""
        return self.machine(name)["services"].get(service, {}).get("state")

    def agent_pid(self, host):
        """The pid of a host's agent, or None."""
        return self.machine(host)["services"]["agent"]["pid"]

    def execute(self, machine, *command):
        """Runs a command in a machine, which must succeed."""
        return self.check("exec", machine, "--", *command)

    def reaches(self, host, machine):
        """Whether a TCP connection from a host to a server gets through within a second."""
        port = 6789 if machine == "ceph" else 2379
        address = self.machine(machine)["address"]
        attempt = f"timeout 1 bash -c '</dev/tcp/{address}/{port}'"
        return self.tool("exec", host, "--", "sh", "-c", attempt).returncode == 0

    def etcdctl(self, *words, member=2):
        """Asks one etcd member."""
        endpoint = self.status()["etcd_endpoints"][member - 1]
        command = ["etcdctl", "--endpoints", endpoint, *words]
        environment = {**os.environ, "ETCDCTL_API": "3"}
        environment.pop("ETCDCTL_ENDPOINTS", None)  # etcdctl refuses a flag that shadows it.
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False
        ).stdout

    def make_disk(self):
        """Clones the guest's image, and gives each host the key to it."""
        built = image.build()
        for words in (
            ("import", "--no-progress", str(built), "images/guest"),
            ("snap", "create", "--no-progress", "images/guest@base"),
            ("snap", "protect", "images/guest@base"),
            ("clone", "images/guest@base", self.DISK),
            ("resize", "--no-progress", "--size", "200M", self.DISK),
        ):
            command("rbd", *words)

    def start_guest(self, host):
        """Creates the guest on a host, as an agent would."""
        monitor = self.machine("ceph")["address"]
        self.define_secret(host)
        xml = domain.domain_xml(self.GUEST, self.DISK, monitor, self.console_file)
        self.virsh_file(host, "create", xml)

    def define_secret(self, host):
        """Gives a host's libvirt the Ceph key."""
        self.virsh_file(host, "secret-define", domain.secret_xml("client.metastack"))
        key = command("ceph", "auth", "get-key", "client.metastack")
        secret = domain.secret_uuid("client.metastack")
        self.execute(host, "virsh", "secret-set-value", secret, "--base64", key)

    def virsh_file(self, host, verb, xml):
        """Runs a virsh command that wants a file."""
        result = self.tool("exec", host, "--", "virsh", verb, "/dev/stdin", stdin=xml)
        assert result.returncode == 0, result.stderr

    def migrate(self, source, target):
        """Moves the guest live over plain TCP."""
        self.define_secret(target)
        uri = f"qemu+tcp://{self.machine(target)['address']}/system"
        self.execute(source, "virsh", "migrate", "--live", "--p2p", self.GUEST, uri)

    def shutdown(self, host):
        """Presses the guest's power button; True once the domain is gone."""
        self.tool("exec", host, "--", "virsh", "shutdown", self.GUEST)
        return self.GUEST not in self.execute(host, "virsh", "-q", "list", "--name")

    def guest_state(self, host):
        """The guest's state and its reason, as virsh says them."""
        return self.execute(host, "virsh", "domstate", self.GUEST, "--reason").strip()

    def console(self, host):
        """All that the guest printed on a host; nothing where it never ran there."""
        return self.tool("logs", host, "console", self.GUEST).stdout.replace("\r", "")

    def printed(self, host):
        """The last number on the guest's console."""
        return int(re.findall(r"^counter=(\d+)$", self.console(host), re.MULTILINE)[-1])

    def counter(self):
        """The number on the guest's disk."""
        return int(command(sys.executable, str(COUNTER), self.DISK))

    def watcher(self):
        """The address of the Ceph client that has the guest's disk open."""
        found = json.loads(command("rbd", "status", "--format", "json", self.DISK))["watchers"]
        return found[0]["address"] if found else ""

    def evict(self, client):
        """Makes Ceph refuse a client's I/O, with a node's own rights."""
        self.execute("host2", "ceph", "-n", "client.metastack", "osd", "blocklist", "add", client)

    def traces(self):
        """What a lab consists of, to look for once it has ended."""
        members = [self.machine(each["name"]) for each in self.status()["machines"]]
        inits = [each["pid"] for each in members if each["pid"]]
        assert inits, "there is nothing to look for"
        processes = [process for init in inits for process in processes_of(init)]
        processes += [identity(pid) for pid in pids() if str(self.folder) in cmdline(pid)]
        netns = command("ip", "netns")
        return {"processes": processes, "ports": ports(self.folder), "netns": netns}

    def left_of(self, traces):
        """What is still there of a lab that has ended."""
        mounts = pathlib.Path("/proc/self/mountinfo").read_text()
        after = listing()
        left = [process for process in traces["processes"] if is_alive(process)]
        left += [pid for pid in pids() if str(self.folder) in cmdline(pid)]
        left += [line for line in mounts.splitlines() if str(self.folder) in line]
        left += [port for port in traces["ports"] if pathlib.Path("/sys/class/net", port).exists()]
        left += ports(self.folder)
        left += [str(self.folder)] if self.folder.exists() else []
        left += sorted(set(after) ^ set(self.before))
        left += [] if command("ip", "netns") == traces["netns"] else ["ip netns"]
        return left


def command(*words):
    """Runs a program, which must succeed, and returns what it printed."""
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{words}: {result.stderr}"
    return result.stdout.strip()


def ports(folder):
    """The interfaces of the root namespace that bear a lab's folder as their alias."""
    found = pathlib.Path("/sys/class/net").glob("*/ifalias")
    return [path.parent.name for path in found if path.read_text().strip() == str(folder)]


def listing():
    """Every file in the folders that the lab must leave alone, with its time of change."""
    files = []
    for folder in map(pathlib.Path, REAL_FOLDERS):
        files += [(str(each), each.lstat().st_mtime_ns) for each in [folder, *folder.rglob("*")]
                  if each.is_symlink() or each.exists()]
    return files


def pids():
    """All processes but this one."""
    found = [int(entry.name) for entry in pathlib.Path("/proc").glob("[0-9]*")]
    return [pid for pid in found if pid != os.getpid()]


def read(pid, name):
    """A file of a process; empty where the process has ended meanwhile."""
    try:
        return pathlib.Path("/proc", str(pid), name).read_text(errors="replace")
    except OSError:
        return ""


def cmdline(pid):
    """A process's command line."""
    return read(pid, "cmdline")


def identity(pid):
    """A process by its pid and start time, since pids are used again."""
    fields = read(pid, "stat").rpartition(")")[2].split()
    return (pid, fields[19]) if fields else (pid, "")


def is_alive(process):
    """Whether a process is still there; a zombie counts."""
    return process[1] != "" and identity(process[0]) == process


def processes_of(init):
    """All processes of an init's PID namespace."""
    def namespace(pid):
        try:
            return os.readlink(f"/proc/{pid}/ns/pid")
        except OSError:
            return None  # It has ended meanwhile.

    wanted = namespace(init)
    return [identity(pid) for pid in pids() if namespace(pid) == wanted]
