"""Runs the system's own tools with argument arrays, and turns their failures into one sentence."""

import os
import shutil
import subprocess

from lab.errors import LabError

#: Debian's package of each tool, so that a missing one is an instruction and not a riddle.
PACKAGES = {
    "apt-get": "apt",
    "as": "binutils",
    "busybox": "busybox-static",
    "ceph": "ceph-common",
    "ceph-authtool": "ceph-common",
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    "debootstrap": "debootstrap",
    "debugfs": "e2fsprogs",
    "dpkg-deb": "dpkg",
    "etcd": "etcd-server",
    "ip": "iproute2",
    "ld": "binutils",
    "libvirtd": "libvirt-daemon-system",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
    "mkfs.fat": "dosfstools",
    "monmaptool": "ceph-common",
    "nft": "nftables",
    "nsenter": "util-linux",
    "qemu-system-x86_64": "qemu-system-x86",
    "rbd": "ceph-common",
    "sfdisk": "fdisk",
    "syslinux": "syslinux",
    "unshare": "util-linux",
    "virsh": "libvirt-clients",
    "virtlogd": "libvirt-daemon-system",
}

#: Seconds after which any single tool counts as hung.
TIME_LIMIT = 60


def require(*tools):
    """Refuses to go on unless every tool is installed; names the packages that bring them."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        packages = " ".join(sorted({PACKAGES.get(tool, tool) for tool in missing}))
        raise LabError(
            f"not installed: {', '.join(missing)}; run deploy/install-packages"
            f" (or apt-get install --no-install-recommends {packages})"
        )


def run(*argv, stdin=None, env=None, timeout=TIME_LIMIT, cwd=None):
    """Runs one tool and returns what it printed; a failure raises with what it complained about."""
    argv = [str(word) for word in argv]
    try:
        result = subprocess.run(
            argv,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            check=False,
        )
    except FileNotFoundError:
        require(argv[0])
        raise
    except subprocess.TimeoutExpired as error:
        raise LabError(f"no answer from `{' '.join(argv)}` within {timeout} s") from error
    if result.returncode != 0:
        complaint = (result.stderr or result.stdout).strip().splitlines()
        # The cause stands at the beginning, what came of it at the end.
        if len(complaint) > 6:
            complaint[3:-3] = ["[…]"]
        raise LabError(f"`{' '.join(argv)}` failed ({result.returncode}): {'; '.join(complaint)}")
    return result.stdout


def succeeds(*argv, timeout=TIME_LIMIT):
    """Whether one tool ends with 0; for questions whose answer is the exit code."""
    try:
        run(*argv, timeout=timeout)
    except LabError:
        return False
    return True
