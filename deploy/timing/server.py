"""A `metastack serve` of its own."""

import subprocess
import sys
import time

from timing import cluster

START = 15.0  # seconds


def start(binary, endpoint, folder):
    """The server's process, its port and a viewer's token, once it follows etcd."""
    at = ["--endpoints", endpoint]
    token = subprocess.run(
        [binary, "token", "create", "timing", "--role", "viewer", *at], check=True,
        capture_output=True, text=True).stdout.split()[-1]
    port = cluster.free_port()
    with open(f"{folder}/serve.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [binary, "serve", "--listen", f"127.0.0.1:{port}", *at], stdout=log, stderr=log)
    end = time.monotonic() + START
    while time.monotonic() < end:
        try:
            if cluster.get(f"http://127.0.0.1:{port}/readyz") == 200:
                return server, port, token
        except OSError:
            time.sleep(0.05)
    server.terminate()
    server.wait()
    sys.exit("the server did not start")
