"""Reads the guests' consoles on all hosts' disks as they grow, with the time of each line."""

import re

from lab.faults.rules import Line

FOLDER = "disk/var/log/metastack/console"

#: The up line may follow a line that a dead QEMU left unfinished; a number must be a whole line.
UP = re.compile(rb"metastack-guest up counter=(\d+)\r?$")
NUMBER = re.compile(rb"^counter=(\d+)\r?$")


class Console:
    """One file. A line was certainly not there when the file was found shorter before."""

    def __init__(self, vm, host, path):
        self.vm = vm
        self.host = host
        self.path = path
        self.offset = 0
        self.rest = b""
        self.looked = 0.0

    def read(self, clock):
        """The lines that have come since the last look."""
        after, self.looked = self.looked, clock()
        try:
            size = self.path.stat().st_size
            if size < self.offset:
                self.offset, self.rest = 0, b""  # It was begun anew.
            if size == self.offset:
                return []
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return []
        self.offset += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        seen = clock()
        return [line for text in lines if (line := self.parse(text, after, seen))]

    def parse(self, text, after, seen):
        """What a line says, or None."""
        for pattern, first in ((UP, True), (NUMBER, False)):
            if found := pattern.search(text):
                return Line(self.vm, self.host, int(found[1]), first, after, seen)
        return None


class Consoles:
    """All consoles of all hosts."""

    def __init__(self, lab):
        self.folders = {each.name: each.folder / FOLDER for each in lab.machines("host")}
        self.files = {}

    def discover(self):
        """Finds new files."""
        for host, folder in self.folders.items():
            for path in folder.glob("*.log"):
                key = (host, path.stem)
                if key not in self.files:
                    self.files[key] = Console(path.stem, host, path)

    def read(self, clock):
        """All new lines of all files."""
        return [line for each in list(self.files.values()) for line in each.read(clock)]
