"""Debian's image once more, with one file in it changed: its cloud-init asks its node by EC2's rules and knows no seed.

A guest of this image boots from what 169.254.169.254 tells it, or not at all.
"""

import os
import tempfile

from lab import debian
from lab.commands import require, run
from lab.errors import LabError

FILE = "/etc/cloud/cloud.cfg.d/90-lab.cfg"

#: What docs/cloud-init.md has operators write. The source is the only one of the list, so that none is looked for.
CONFIG = """\
datasource_list: [Ec2]
datasource: {Ec2: {metadata_urls: [http://169.254.169.254], strict_id: false}}
locale: false
"""


def build(target):
    """Copies the image to a file of the caller's and changes it there, without a mount or a loop device."""
    require("debugfs")
    path = debian.build(target)
    root = f"{path}?offset={debian.START + debian.BOOT_SIZE}"
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="utf-8") as output:
            output.write(CONFIG)
        commands = f"rm {FILE}\nwrite {config} {FILE}\n"
        # It complains of what it cannot do, and succeeds.
        run("debugfs", "-w", "-f", "-", root, stdin=commands)
    if CONFIG not in run("debugfs", "-R", f"cat {FILE}", root):
        raise LabError(f"{FILE} in {path} is not what it shall be")
    return path
