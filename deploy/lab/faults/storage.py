"""Ceph as the checker sees it: as its administrator, from outside of every host."""

import json
import re
import threading

from lab.errors import LabError
from lab.image import COUNTER_OFFSET, SECTOR

try:
    import rados
    import rbd
except ImportError:
    rados = rbd = None

#: Seconds for Ceph to answer.
TIME_LIMIT = "10"


class Storage:
    """One connection. Images are opened read-only, which leaves no watcher and takes no lock."""

    def __init__(self, lab):
        if rados is None:
            raise LabError("not installed: python3-rbd; run deploy/install-packages")
        options = {"rados_osd_op_timeout": TIME_LIMIT, "rados_mon_op_timeout": TIME_LIMIT}
        self.cluster = rados.Rados(conffile=str(lab.ceph_conf), conf=options)
        self.cluster.connect()
        self.pools = {name: self.cluster.open_ioctx(name) for name in ("vms", "images")}
        self.lock = threading.Lock()

    def close(self):
        """Ends the connection."""
        for pool in self.pools.values():
            pool.close()
        self.cluster.shutdown()

    def counter(self, image):
        """The number on a disk; None where there is no such image, 0 where it never ran."""
        with self.lock:
            try:
                with rbd.Image(self.pools["vms"], image, read_only=True) as opened:
                    sector = opened.read(COUNTER_OFFSET, SECTOR)
            except (rbd.ImageNotFound, rbd.InvalidArgument):
                return None  # It is not made yet, or smaller than a guest's disk.
        found = re.match(rb"metastack-counter (\d+)\n", sector)
        return int(found[1]) if found else 0

    def watchers(self, image):
        """The addresses of the clients that have an image open."""
        with self.lock:
            try:
                with rbd.Image(self.pools["vms"], image, read_only=True) as opened:
                    return sorted(each["addr"] for each in opened.watchers_list())
            except rbd.ImageNotFound:
                return []

    def images(self, pool):
        """The names of all images of a pool, those in the trash included."""
        with self.lock:
            names = rbd.RBD().list(self.pools[pool])
            trash = [each["name"] for each in rbd.RBD().trash_list(self.pools[pool])]
        return names + trash

    def evicted(self):
        """The addresses that Ceph serves no more."""
        question = json.dumps({"prefix": "osd blocklist ls", "format": "json"})
        code, answer, complaint = self.cluster.mon_command(question, b"")
        if code != 0:
            raise LabError(f"Ceph does not tell its blocklist: {complaint}")
        # Ceph 16 puts a sentence behind the list.
        entries, _ = json.JSONDecoder().raw_decode(answer.decode().lstrip() or "[]")
        return [each["addr"] for each in entries]
