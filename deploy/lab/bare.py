"""Builds the disk image of a guest without an operating system, see `guest/bare.S`.

Its counter is where that of the guest with one is (see `image`), so that it is read in the same way.
"""

import hashlib
import os
import pathlib
import tempfile

from lab import image
from lab.commands import require, run

SOURCE = pathlib.Path(__file__).resolve().parent / "guest" / "bare.S"

#: Of the BIOS's clock, in microseconds.
TICK = 54_925


def build(pause=image.PAUSE):
    """Returns the image's path; makes it where no cached one is of this source.

    pause: microseconds between two numbers, to the next tick of the BIOS's clock.
    """
    recipe = hashlib.sha256(SOURCE.read_bytes() + pathlib.Path(__file__).read_bytes())
    path = image.CACHE / f"bare-{recipe.hexdigest()[:12]}-{pause}.raw"
    if not path.exists():
        require("as", "ld")
        image.CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=image.CACHE, prefix="build-") as folder:
            made = assemble(pathlib.Path(folder), pause)
            os.truncate(made, image.IMAGE_SIZE)
            os.replace(made, path)
    return path


def assemble(folder, pause):
    """The sectors that a BIOS starts, as a file."""
    objects, made = folder / "bare.o", folder / "bare.raw"
    symbols = {
        "COUNTER_SECTOR": image.COUNTER_OFFSET // image.SECTOR,
        "TICKS": max(1, round(pause / TICK)),
    }
    defined = [f"--defsym={name}={value}" for name, value in symbols.items()]
    run("as", "--32", *defined, "-o", objects, SOURCE)
    run("ld", "-m", "elf_i386", "-Ttext=0x7c00", "-e", "start", "--oformat=binary", "-o", made, objects)
    return made
