"""The command line of `deploy/metastack-lab`."""

import argparse
import os
import pathlib
import re
import subprocess
import sys

from lab import (
    agent, cluster, control, datasource, debian, etcd, fabric, host, image, layout, logs, status, watchdog
)
from lab.errors import LabError
from lab.faults import command

DESCRIPTION = "A MetaStack cluster in namespaces of this machine: etcd, Ceph, libvirt, agents."
ACTIONS = ("start", "stop", "kill", "restart")


def parse(words):
    """Reads the arguments; every verb names the function below that performs it."""
    parser = argparse.ArgumentParser(prog="metastack-lab", description=DESCRIPTION)
    default = os.environ.get("METASTACK_LAB") or cluster.DEFAULT_FOLDER
    parser.add_argument("--dir", default=default, help="the lab's folder (default: %(default)s)")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    add_up(add(verbs, "up", up, "start a lab, or what of it does not run"))
    add(verbs, "down", down, "end the lab and remove every trace of it")
    sub = add(verbs, "status", show_status, "show machines, services and cuts")
    sub.add_argument("-o", "--output", choices=("table", "json"), default="table")
    sub = add(verbs, "exec", execute, "run a command in all namespaces of a machine", "machine")
    sub.add_argument("command", nargs=argparse.REMAINDER)
    add_faults(verbs)
    add_services(verbs)
    command.add_to(verbs)
    sub = add(verbs, "logs", show_log, "print a log: agent, libvirt, or console VM", "machine")
    sub.add_argument("name", nargs="?")
    sub.add_argument("vm", nargs="?")
    sub.add_argument("-f", "--follow", action="store_true", help="go on as the log grows")
    sub = add(verbs, "build-image", build_image, "build the guest's disk image, print its path")
    sub.add_argument("file", nargs="?", help="where to put a copy")
    sub = add(verbs, "build-debian", build_debian, "build an image of Debian with cloud-init, print its path")
    sub.add_argument("file", nargs="?", help="where to put a copy")
    sub.add_argument("--ec2", action="store_true", help="a copy whose cloud-init asks its node and knows no seed")
    return parser.parse_args(words)


def add(verbs, name, action, summary, *arguments):
    """Adds a verb with its plain arguments."""
    sub = verbs.add_parser(name, help=summary, description=summary)
    sub.set_defaults(action=action)
    for argument in arguments:
        sub.add_argument(argument)
    return sub


def add_faults(verbs):
    """What breaks a host, and what mends it."""
    add(verbs, "kill", kill, "take a host's power", "host")
    add(verbs, "boot", boot, "start a host that was killed", "host")
    sub = add(verbs, "cut", cut, "drop all between a host and etcd, Ceph or everybody", "host")
    sub.add_argument("what", choices=("etcd", "ceph", "all"))
    add(verbs, "heal", heal, "end all cuts of a host", "host")
    sub = add(verbs, "stall", stall, "stop a host's agent in its tracks (SIGSTOP)", "host")
    sub.add_argument(
        "--no-fence", action="store_true", help="let its watchdog fail too, until it is woken"
    )
    add(verbs, "wake", wake, "let a stalled agent go on (SIGCONT)", "host")


def add_services(verbs):
    """What starts and ends single services. After `stop` or `kill` one stays down until `start`."""
    for name, action in (("agent", act_on_agent), ("libvirt", act_on_libvirt)):
        sub = add(verbs, name, action, f"start, stop, kill or restart a host's {name}", "host")
        sub.add_argument("do", choices=ACTIONS)
    sub = add(verbs, "etcd", act_on_etcd, "start, stop, kill or restart an etcd member")
    sub.add_argument("number", type=int)
    sub.add_argument("do", choices=ACTIONS)


def add_up(parser):
    """The parameters of a lab. Those not named stay as they are in a lab that runs."""
    parser.add_argument("--hosts", type=int, help="how many hosts (default: 3)")
    parser.add_argument("--etcd", type=int, choices=layout.ETCD_SIZES, help="how many etcd members")
    parser.add_argument(
        "--binaries", help="folder of metastack-node (default: .build/release, else .build/debug)"
    )
    parser.add_argument("--lease-ttl", dest="lease_ttl", help="each node's lease (default: 5s)")
    parser.add_argument(
        "--watchdog",
        choices=watchdog.MODES,
        help="when an agent's beats stop: fence (default) suspends its guests, restart also kills it",
    )
    parser.add_argument(
        "--migration", choices=layout.MIGRATIONS, help="how guests' memory travels (default: tcp)"
    )
    parser.add_argument("--no-agents", dest="agents", action="store_false", default=None)


def up(options):
    """Starts the lab; stdout gets the lines that a shell can evaluate."""
    names = ("hosts", "etcd", "binaries", "lease_ttl", "agents", "watchdog", "migration")
    wishes = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if not 1 <= wishes.get("hosts", 1) <= layout.HOST_LIMIT:
        raise LabError(f"--hosts takes 1 to {layout.HOST_LIMIT}")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?(ms|s|m)", wishes.get("lease_ttl", "5s")):
        raise LabError(f"--lease-ttl takes a number with ms, s or m, not {wishes['lease_ttl']!r}")
    if "binaries" in wishes:
        wishes["binaries"] = str(pathlib.Path(wishes["binaries"]).resolve())
    elif layout.load(options.dir) is None:
        wishes["binaries"] = str(agent.default_binaries(cluster.DEPLOY.parent))
    print(status.exports(cluster.up(options.dir, wishes)))


def down(options):
    """Ends the lab."""
    if not cluster.down(options.dir):
        print(f"no lab in {options.dir}", file=sys.stderr)


def show_status(options):
    """Prints the state; exit code 1 where the lab does not run."""
    state = status.gather(layout.load_running(options.dir))
    print(status.render(state, options.output))
    return 0 if state["running"] else 1


def execute(options):
    """Becomes the command: terminal, streams, signals and exit code are its own."""
    machine = layout.load_running(options.dir).machine(options.machine)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    words = control.enter(machine.socket) + (command or ["bash"])
    os.execvp(words[0], words)


def host_of(options):
    """The lab, and the host that the command names."""
    lab = layout.load_running(options.dir)
    machine = lab.machine(options.host)
    if machine.kind != "host":
        raise LabError(f"{machine.name} is no host")
    return lab, machine


def kill(options):
    """Power loss."""
    with layout.locked(options.dir):
        cluster.kill(*host_of(options))


def boot(options):
    """Power on."""
    with layout.locked(options.dir):
        lab, machine = host_of(options)
        if not cluster.boot(lab, machine):
            raise LabError(f"{machine.name} is up already")
        if lab.agents:
            agent.start(lab, machine)


def cut(options):
    """Cuts a host off."""
    with layout.locked(options.dir):
        fabric.cut(*host_of(options), options.what)


def heal(options):
    """Ends a host's cuts."""
    with layout.locked(options.dir):
        fabric.heal(*host_of(options))


def stall(options):
    """Stops the agent's process, which goes on existing."""
    action = "stall-unwatched" if options.no_fence else "stall"
    control.request(host_of(options)[1].socket, action, "agent")


def wake(options):
    """Continues the agent's process."""
    control.request(host_of(options)[1].socket, "wake", "agent")


def act(machine, service, action, start):
    """Performs one of ACTIONS. After `stop` and `kill` a service stays down until `start`."""
    if action != "start":
        word = "kill" if action == "kill" else "stop"
        if service in control.request(machine.socket, "status"):
            control.end_service(machine.socket, service, word)
    if action in ("start", "restart"):
        start()


def act_on_agent(options):
    """Starts or ends a host's agent."""
    lab, machine = host_of(options)
    act(machine, "agent", options.do, lambda: agent.start(lab, machine))


def act_on_libvirt(options):
    """Starts or ends a host's libvirtd; its guests go on without it."""
    lab, machine = host_of(options)
    act(machine, "libvirtd", options.do, lambda: host.start_libvirt(lab, machine))


def act_on_etcd(options):
    """Starts or ends an etcd member; its data stays."""
    lab = layout.load_running(options.dir)
    member = lab.machine(f"etcd{options.number}")
    act(member, "etcd", options.do, lambda: etcd.start(lab, member))


def show_log(options):
    """Prints a log to its end, or follows it."""
    machine = layout.load_running(options.dir).machine(options.machine)
    path = logs.find(machine, options.name, options.vm)
    words = ["tail", "-n", "+1", *(["-F"] if options.follow else []), str(path)]
    os.execvp(words[0], words)


def build_image(options):
    """Builds the image where no cached one is current."""
    print(image.build(options.file))


def build_debian(options):
    """Builds Debian's image where no cached one is current."""
    if options.ec2 and not options.file:
        raise LabError("build-debian --ec2 changes a copy: say in which file")
    print((datasource if options.ec2 else debian).build(options.file))


def main():
    """Runs one command; every failure is one sentence on stderr and exit code 1."""
    options = parse(sys.argv[1:])
    options.dir = pathlib.Path(options.dir).resolve()
    try:
        if os.geteuid() != 0:
            raise LabError("the lab needs root: namespaces, mounts and interfaces; try sudo")
        return options.action(options) or 0
    except (LabError, OSError, subprocess.SubprocessError) as error:
        print(f"metastack-lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
