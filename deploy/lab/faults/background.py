"""Guests that run take what everything else leaves.

Emulation takes whole processors, which on a real host would not be those of etcd, Ceph, and of QEMUs that
are being started. Niceness does little: where the kernel groups processes by session
(`sched_autogroup_enabled`) it counts within one QEMU alone. So QEMUs go into a control group of little
weight, once their guests run.
"""

import contextlib
import pathlib

#: Of version 1; a machine without it lets guests compete.
CONTROLLER = pathlib.Path("/sys/fs/cgroup/cpu")

#: The weight of all guests together; that of any other session is 1024.
SHARES = 20


class Background:
    """The group of one lab's guests; gone with `close`."""

    def __init__(self, number):
        self.folder = CONTROLLER / f"metastack-lab-{number}"
        self.is_there = (CONTROLLER / "cpu.shares").exists()
        if self.is_there:
            self.folder.mkdir(exist_ok=True)
            (self.folder / "cpu.shares").write_text(str(SHARES))

    def take(self, process):
        """Makes a QEMU yield, unless it has just ended."""
        if self.is_there:
            with contextlib.suppress(ProcessLookupError):
                (self.folder / "cgroup.procs").write_text(str(process))

    def close(self):
        """Removes the group, when its processes are gone; those of a lab that stays keep it."""
        if self.is_there:
            with contextlib.suppress(OSError):
                self.folder.rmdir()
