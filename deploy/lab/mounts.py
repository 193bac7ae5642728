"""Gives the calling process's new mount namespace a machine's own view of the file system.

Goes straight to mount(2): a host starts with some ten mounts, and ten processes for them take
longer than everything else that its init does.
"""

import ctypes
import os
import pathlib

MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind=None, flags=0):
    """mount(2); raises OSError with the target's path."""
    encoded = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    if _libc.mount(*encoded, ctypes.c_ulong(flags), None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"cannot mount {source}: {os.strerror(code)}", str(target))


def isolate(temporary, binds, keep):
    """Covers folders of the machine, for this namespace alone.

    temporary: folders that start empty and end with the namespace, as /run does with a reboot.
    binds: (source, target) pairs. keep: paths that stay visible though a folder above is covered.
    Sources are opened before the first is covered, since they may lie below each other.
    """
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc")
    mount("sysfs", "/sys", "sysfs")
    covered = [*temporary, *(target for _, target in binds)]
    again = [path for path in keep if any(is_below(path, folder) for folder in covered)]
    opened = [
        (os.open(source, os.O_PATH), target)
        for source, target in [*binds, *((path, path) for path in again)]
    ]
    for folder in temporary:
        mount("tmpfs", folder, "tmpfs")
    for descriptor, target in opened:
        pathlib.Path(target).mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", target, flags=MS_BIND | MS_REC)
        os.close(descriptor)


def is_below(path, folder):
    """Whether a path lies in a folder or is the folder."""
    return pathlib.PurePath(path).is_relative_to(folder)
