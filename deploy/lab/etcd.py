"""The lab's etcd members: Debian's etcd, data in the memory of their machine."""

import http.client
import json
import time

from lab import control
from lab.errors import LabError

#: Seconds for a member to serve.
START_LIMIT = 30


def service(lab, member):
    """How a member is run. Its data outlives the process, but not the machine."""
    peers = ",".join(f"{each.name}=http://{each.address}:2380" for each in lab.machines("etcd"))
    clients = [f"http://{member.address}:2379", f"http://[{member.address6}]:2379"]
    return {
        "log": str(member.log("etcd")),
        "argv": [
            "etcd",
            *("--name", member.name),
            *("--data-dir", "/run/etcd"),
            *("--listen-client-urls", ",".join([*clients, "http://127.0.0.1:2379"])),
            *("--advertise-client-urls", clients[0]),
            *("--listen-peer-urls", f"http://{member.address}:2380"),
            *("--initial-advertise-peer-urls", f"http://{member.address}:2380"),
            *("--initial-cluster", peers),
            *("--initial-cluster-state", "new"),
            *("--initial-cluster-token", str(lab.folder)),
            *("--heartbeat-interval", "100"),
            *("--election-timeout", "500"),
        ],
    }


def start(lab, member):
    """Starts a member's service; it serves once a majority has started."""
    control.request(member.socket, "start", "etcd", service(lab, member))


def wait_until_healthy(lab, members):
    """Waits until each of these members says that it has a leader."""
    deadline = time.monotonic() + START_LIMIT
    for member in members:
        while not is_healthy(member):
            if time.monotonic() > deadline:
                raise LabError(
                    f"{member.name} does not serve after {START_LIMIT} s;"
                    f" see: metastack-lab --dir {lab.folder} logs {member.name}"
                )
            time.sleep(0.02)


def is_healthy(member):
    """Whether a member answers `/health` with yes."""
    connection = http.client.HTTPConnection(member.address, 2379, timeout=2)
    try:
        connection.request("GET", "/health")
        return json.loads(connection.getresponse().read()).get("health") == "true"
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
