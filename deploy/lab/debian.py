"""Builds a disk image of Debian 12 as clouds have it: cloud kernel, cloud-init, OpenSSH, and no user.

What makes it somebody's guest comes from its seed alone. One partition boots (FAT, syslinux), the other one is the
root file system; both are filled from folders, without a mount or a loop device.
"""

import hashlib
import os
import pathlib
import shutil
import tempfile

from lab.commands import require, run
from lab.errors import LabError
from lab.image import CACHE

RELEASE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = "iproute2 openssh-server systemd-sysv udev"
#: What debootstrap does not find all packages of, or what wants settings first; apt brings them.
LATER = "cloud-init linux-image-cloud-amd64"

#: Bytes: where the first partition begins, its size, and the root file system's.
START = 1 << 20
BOOT_SIZE = 64 << 20
ROOT_SIZE = 1 << 30

#: Seconds for some 130 packages to come and to be unpacked.
LIMIT = 1200

#: A kernel that looks for nothing that is not there starts sooner under software emulation.
COMMAND_LINE = (
    "root=/dev/vda2 ro console=ttyS0 quiet net.ifnames=0 no_timer_check tsc=reliable nokaslr mitigations=off"
)

#: In the initial RAM disk: what it takes to get at the root file system, and no more.
MODULES = "virtio_pci\nvirtio_blk\next4\n"

#: Path in the image → content.
FILES = {
    "etc/fstab": "/dev/vda2 / ext4 defaults,noatime 0 1\n",
    "etc/hostname": "nobody-named-me\n",
    "etc/initramfs-tools/conf.d/lab": "MODULES=list\n",
    "usr/share/initramfs-tools/modules.d/lab": MODULES,
    # Another data source would be asked for by network first,
    # and there are no locales to choose from.
    "etc/cloud/cloud.cfg.d/90-lab.cfg": "datasource_list: [NoCloud, None]\nlocale: false\n",
    # No service starts in the folder that becomes the image.
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
}

#: Each guest makes its own, or has no use for it.
REMOVED = """
    etc/ssh/ssh_host_* etc/machine-id usr/sbin/policy-rc.d etc/resolv.conf var/lib/apt/lists/* var/cache/apt/*
    var/log/* usr/share/doc/* usr/share/man/* usr/share/locale/* usr/share/info/* boot/initrd* boot/vmlinuz*
""".split()


def build(target=None):
    """Returns the image's path; builds it only where none by this recipe is cached."""
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:12]
    image = CACHE / f"debian-12-{recipe}.raw"
    if not image.exists():
        require("debootstrap", "mke2fs", "mkfs.fat", "mcopy", "sfdisk", "syslinux", "unshare")
        make_image(image)
    if target is None:
        return image
    run("cp", "--sparse=always", image, target)
    return pathlib.Path(target)


def make_image(image):
    """Builds in a folder of its own and renames at the end, so that no half image is ever seen."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="build-") as name:
        work = pathlib.Path(name)
        root = work / "root"
        install(root)
        boot = make_boot(root, work)
        tidy(root)
        raw = assemble(boot, make_root(root, work), work)
        os.replace(raw, image)


def install(root):
    """Debian's packages, unpacked and set up in a folder."""
    include = ",".join(PACKAGES.split())
    run("debootstrap", "--variant=minbase", f"--include={include}", RELEASE, root, MIRROR, timeout=LIMIT)
    for path, content in FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    inside(root, "apt-get", "-qq", "update")
    inside(root, "apt-get", "-qq", "install", "--no-install-recommends", *LATER.split())
    # cloud-init writes what networkd reads; nothing else sets up interfaces here.
    inside(root, "systemctl", "enable", "systemd-networkd")
    inside(root, "apt-get", "clean")


def inside(root, *words):
    """Runs a program of the image's in it, with processes and mounts of its own.

    A temporary folder that the caller has chosen is none of the image's: mktemp would fail there.
    """
    run(
        "unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc",
        "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR=/tmp",
        "chroot", root, *words, timeout=LIMIT,
    )


def tidy(root):
    """Takes out what a guest shall not share with others."""
    for pattern in REMOVED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    # An empty one says that this is the machine's first boot.
    (root / "etc/machine-id").write_text("")


def make_boot(root, work):
    """The FAT partition: kernel, initial RAM disk, and syslinux to load them."""
    (kernel,), (initrd,) = sorted(root.glob("boot/vmlinuz-*")), sorted(root.glob("boot/initrd.img-*"))
    menu = work / "syslinux.cfg"
    menu.write_text(
        "DEFAULT debian\nPROMPT 0\nLABEL debian\n    KERNEL vmlinuz\n    INITRD initrd\n"
        f"    APPEND {COMMAND_LINE}\n"
    )
    boot = work / "boot.fat"
    with open(boot, "wb") as output:
        output.truncate(BOOT_SIZE)
    # The loader counts sectors from the disk's first one.
    run("mkfs.fat", "-h", START // 512, boot)
    for source, name in ((kernel, "vmlinuz"), (initrd, "initrd"), (menu, "syslinux.cfg")):
        run("mcopy", "-i", boot, source, f"::{name}")
    run("syslinux", "--install", boot)
    return boot


def make_root(root, work):
    """The root file system, filled from the folder."""
    file = work / "root.ext4"
    with open(file, "wb") as output:
        output.truncate(ROOT_SIZE)
    run("mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", root, file, timeout=LIMIT)
    return file


def assemble(boot, root, work):
    """Both partitions behind a boot record."""
    raw = work / "disk.raw"
    with open(raw, "wb") as output:
        output.truncate(START + BOOT_SIZE + ROOT_SIZE)
    first, second = START // 512, (START + BOOT_SIZE) // 512
    table = f"label: dos\nstart={first}, size={BOOT_SIZE // 512}, type=c, bootable\nstart={second}, type=83\n"
    run("sfdisk", "--quiet", raw, stdin=table)
    record = pathlib.Path("/usr/lib/syslinux/mbr/mbr.bin")
    if not record.exists():
        raise LabError(f"there is no {record}; run deploy/install-packages")
    with open(raw, "r+b") as output:
        output.write(record.read_bytes()[:440])
    for source, offset in ((boot, START), (root, START + BOOT_SIZE)):
        run("dd", f"if={source}", f"of={raw}", "bs=1M", f"seek={offset >> 20}", "conv=notrunc,sparse",
            timeout=LIMIT)
    return raw
