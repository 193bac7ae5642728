"""The lab of a fault run: its start, its guests, its end, and `metastack` to speak with it."""

import os
import pathlib
import shutil
import subprocess
import time

from lab import agent, bare, cluster, image
from lab.errors import LabError
from lab.faults.gateway import Gateway

#: MiB: the least that the guest's kernel boots in, and its disk.
RAM = "96MiB"
DISK = "64MiB"

#: Microseconds between two numbers in a run of many guests.
SLOW_PAUSE = 1_000_000

#: Seconds for one command, and for the first start of all guests.
COMMAND_LIMIT = 25
START_LIMIT = 300

#: How `metastack` calls what is wished for, and its exit codes that mean: it has been done already,
#: or cannot be wished for now (a VM that does not run cannot be moved).
VERBS = {
    "create": (("vm", "create"), (4,)),
    "delete": (("vm", "delete"), (3,)),
    "stop": (("vm", "stop"), (3, 4)),
    "start": (("vm", "start"), (3, 4)),
    "move": (("vm", "move"), (1, 3)),
    "drain": (("host", "maintenance"), (3,)),
    "ready": (("host", "ready"), ()),
}

#: What every guest allows: a host in maintenance to shut it down, and to take it back.
ALLOWED = ("--offline-moves", "--goes-back")


class World:
    """One lab. `say` prints a line of progress with its time."""

    def __init__(self, options, say, pause):
        self.folder = options.dir
        self.binaries = pathlib.Path(options.binaries or default_binaries()).resolve()
        self.sizes = {
            "hosts": options.hosts,
            "etcd": 3,
            "lease_ttl": f"{options.ttl}s",
            "binaries": str(self.binaries),
            "agents": True,
            "stale_endpoint": True,
        }
        self.say = say
        self.build_image = (bare if options.guests == "bare" else image).build
        self.pause = pause
        self.lab = None
        self.started = False
        self.stopped = set()

    def up(self):
        """Starts the lab, with an image and a size for guests."""
        if not os.access(self.binaries / "metastack", os.X_OK):
            raise LabError(f"no {self.binaries}/metastack; build it with `swift build`")
        if self.folder.exists() and any(self.folder.iterdir()):
            raise LabError(f"{self.folder} is in use; name another --dir, or end that lab first")
        built = self.build_image(pause=self.pause)
        self.started = True
        self.lab = cluster.up(self.folder, self.sizes)
        self.metastack("flavour", "add", "tiny", "--vcpus", "1", "--ram", RAM, "--disk", DISK)
        self.metastack("image", "add", "counter", built, "--wait")

    def down(self):
        """Ends the lab."""
        cluster.down(self.folder)

    def metastack(self, *words, limit=COMMAND_LIMIT):
        """Runs the command line of MetaStack; raises `CommandFailed` with its exit code."""
        environment = {**os.environ, "METASTACK_CONFIG": str(self.lab.management_config)}
        argv = [str(self.binaries / "metastack"), *map(str, words)]
        try:
            result = subprocess.run(
                argv, env=environment, capture_output=True, text=True, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(words, None, f"no end within {limit} s") from error
        if result.returncode != 0:
            raise CommandFailed(words, result.returncode, result.stderr.strip())
        return result.stdout

    def ask(self, verb, name, *words):
        """One wish. One that was fulfilled by an earlier try counts as done."""
        command, done = VERBS[verb]
        if verb == "create":
            # A host name makes a seed, which is another disk to lose or to forget.
            seed = ("--hostname", name)
            words = ("--flavour", "tiny", "--image", "counter", *seed, *ALLOWED, *words)
        try:
            self.metastack(*command, name, *words)
        except CommandFailed as error:
            if error.code not in done:
                raise
        if verb in ("stop", "delete"):
            self.stopped.add(name)
        elif verb in ("create", "start"):
            self.stopped.discard(name)

    def vms(self):
        """The wanted VMs as etcd has them: name → id."""
        found, _ = Gateway(self.lab).records("desired_vms/")
        return {record.get("name", ""): key.split("/")[1] for key, record in found.items()}

    def create(self, names, counts, *words):
        """Makes guests and waits until all of them count: `counts(id)` says whether one does."""
        for name in names:
            self.ask("create", name, *words)
        wanted = [vm for name, vm in self.vms().items() if name in names]
        self.wait(lambda: all(counts(vm) for vm in wanted), START_LIMIT, "all guests to count")

    @staticmethod
    def wait(condition, limit, what):
        """Waits for a condition; gives up with an error."""
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise LabError(f"gave up waiting for {what} after {limit} s")
            time.sleep(0.1)

    def keep_logs(self, target):
        """Copies the logs and consoles of all machines out of a lab that is about to end."""
        for machine in self.lab.machines() if self.lab else []:
            folder = target / machine.name
            folder.mkdir(parents=True, exist_ok=True)
            console = machine.folder / "disk/var/log"
            for path in [*machine.folder.glob("*.log"), *console.glob("metastack/console/*.log"),
                         *console.glob("libvirt/qemu/*.log")]:
                shutil.copy2(path, folder / path.name)


class CommandFailed(Exception):
    """A command of `metastack` that did not do what it was told."""

    def __init__(self, words, code, text):
        super().__init__(f"`metastack {' '.join(map(str, words))}` ({code}): {text}")
        self.code = code


def default_binaries():
    """Where the lab takes its agent from, too."""
    return agent.default_binaries(cluster.DEPLOY.parent)
