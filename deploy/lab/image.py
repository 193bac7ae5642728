"""Builds the guest's disk image from Debian packages: syslinux, a cloud kernel, busybox.

The image is a FAT file system without a partition table, so that a disk grown to a flavour's size
boots as it is, and behind it one sector with the guest's counter (see `guest/init`).
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from lab.commands import require, run
from lab.errors import LabError

CACHE = pathlib.Path("/var/cache/metastack-lab")
META_PACKAGE = "linux-image-cloud-amd64"
GUEST_INIT = pathlib.Path(__file__).resolve().parent / "guest" / "init"

#: Sizes in bytes; the counter's sector stands behind the file system, within the image.
IMAGE_SIZE = 48 << 20
FILE_SYSTEM_SIZE = 47 << 20
COUNTER_OFFSET = FILE_SYSTEM_SIZE
SECTOR = 512

#: Microseconds between two numbers of the counter.
PAUSE = 200_000

#: Seconds for the kernel's package, some 27 MB.
DOWNLOAD_LIMIT = 300

#: In loading order: each needs those before it.
MODULES = """
    virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk
    failover net_failover virtio_net evdev button pvpanic pvpanic-mmio pvpanic-pci
""".split()

#: No clock calibration, no layout randomisation: both cost time under software emulation.
COMMAND_LINE = "console=ttyS0 quiet panic=1 no_timer_check tsc=reliable nokaslr mitigations=off"

BOOT_MENU = f"""DEFAULT guest
PROMPT 0
LABEL guest
    KERNEL vmlinuz
    INITRD initrd
    APPEND {COMMAND_LINE}
"""


def build(target=None, pause=PAUSE):
    """Returns the image's path; builds it only where no cached one has this kernel and recipe.

    pause: microseconds between two numbers; many guests on a small machine count more slowly.
    """
    package, version = kernel_package()
    name = f"guest-{version}-{recipe_hash()}"
    image = CACHE / (f"{name}.raw" if pause == PAUSE else f"{name}-{pause}.raw")
    if not image.exists():
        require("apt-get", "dpkg-deb", "busybox", "mkfs.fat", "mcopy", "syslinux")
        make_image(package, image, pause)
    if target is None:
        return image
    target = pathlib.Path(target)
    run("cp", "--sparse=always", image, target)
    return target


def kernel_package():
    """The package that holds Debian's cloud kernel, and its version as apt knows it."""
    depends = run("apt-cache", "depends", META_PACKAGE)
    found = re.search(r"Depends: (linux-image-[^\s<>]+)", depends)
    if found is None:
        raise LabError(f"apt knows no {META_PACKAGE}; run apt-get update")
    version = re.search(r"Candidate: (\S+)", run("apt-cache", "policy", found[1]))
    if version is None or version[1] == "(none)":
        raise LabError(f"apt has no candidate for {found[1]}; run apt-get update")
    return found[1], version[1]


def recipe_hash():
    """Changes whenever this file or the guest's init does."""
    content = pathlib.Path(__file__).read_bytes() + GUEST_INIT.read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


def make_image(package, image, pause):
    """Builds in a folder of its own and renames at the end, so that no half image is ever seen."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="build-") as name:
        work = pathlib.Path(name)
        kernel, modules = unpack_kernel(package, work)
        initrd = make_initrd(modules, work, pause)
        raw = make_file_system(kernel, initrd, work)
        os.replace(raw, image)


def unpack_kernel(package, work):
    """Downloads the kernel package and takes its kernel and our modules out; installs nothing."""
    download = ("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package)
    run(*download, cwd=work, timeout=DOWNLOAD_LIMIT)
    archive = next(work.glob("*.deb"))
    wanted = ["./boot/vmlinuz-*"] + [f"./lib/modules/*/{name}.ko" for name in MODULES]
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE
    ) as unpack:
        subprocess.run(
            ["tar", "-x", "--wildcards", "-C", str(work), *wanted], stdin=unpack.stdout, check=True
        )
    found = {path.stem: path for path in work.glob("lib/modules/**/*.ko")}
    missing = [name for name in MODULES if name not in found]
    if missing:
        raise LabError(f"{package} has no module {', '.join(missing)}")
    return next(work.glob("boot/vmlinuz-*")), [found[name] for name in MODULES]


def make_initrd(modules, work, pause):
    """Busybox, our init and the modules as a compressed cpio archive."""
    root = work / "root"
    for folder in ("bin", "dev", "proc", "sys", "modules"):
        (root / folder).mkdir(parents=True)
    busybox = root / "bin" / "busybox"
    shutil.copy2(shutil.which("busybox"), busybox)
    for applet in run(busybox, "--list").split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    for module in modules:
        shutil.copyfile(module, root / "modules" / module.name)
    (root / "modules" / "order").write_text("".join(f"{name}\n" for name in MODULES))
    (root / "counter-sector").write_text(f"{COUNTER_OFFSET // SECTOR}\n")
    (root / "counter-pause").write_text(f"{pause}\n")
    shutil.copyfile(GUEST_INIT, root / "init")
    (root / "init").chmod(0o755)
    names = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
    initrd = work / "initrd"
    with open(initrd, "wb") as output, subprocess.Popen(
        ["gzip", "-9n"], stdin=subprocess.PIPE, stdout=output
    ) as compress:
        subprocess.run(
            ["busybox", "cpio", "-o", "-H", "newc"],
            input=names.encode(),
            stdout=compress.stdin,
            stderr=subprocess.DEVNULL,
            cwd=root,
            check=True,
        )
        compress.stdin.close()
    return initrd


def make_file_system(kernel, initrd, work):
    """A bootable FAT file system in a sparse file, with room for the counter behind it."""
    menu = work / "syslinux.cfg"
    menu.write_text(BOOT_MENU)
    raw = work / "guest.raw"
    with open(raw, "wb") as output:
        output.truncate(FILE_SYSTEM_SIZE)
    run("mkfs.fat", "-n", "METASTACK", raw)
    run("mcopy", "-i", raw, kernel, "::vmlinuz")
    run("mcopy", "-i", raw, initrd, "::initrd")
    run("mcopy", "-i", raw, menu, "::syslinux.cfg")
    run("syslinux", "--install", raw)
    os.truncate(raw, IMAGE_SIZE)
    return raw
