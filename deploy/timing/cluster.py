"""An etcd of its own that holds a cluster of many VMs, with the records as nodes write them: a desired
VM, its claim, its volume and its history each."""

import base64
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

OPERATIONS = 100  # etcd takes 128 in a transaction.


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def coded(text):
    return base64.b64encode(text.encode()).decode()


def post(endpoint, path, body):
    request = urllib.request.Request(
        f"{endpoint}/v3/{path}", json.dumps(body).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def get(url):
    """The status of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def common(hosts, each, flavour, image):
    """What is there but VMs; hosts have room for so many of them."""
    yield f"vm_flavours/{flavour}", {"name": "small", "vcpus": 1, "ram": 256}
    yield f"images/{image}", {"name": "debian", "url": "https://example.org/debian.raw"}
    yield f"actual_images/{image}", {
        "host": "host-0", "state": "ready", "desired_revision": 3, "pool": "images",
        "rbd_image": f"{image}.3", "snapshot": "base", "size": 2048}
    for name in names(hosts):
        yield f"hosts/{name}", {
            "name": name, "total_ram": 256 * each, "used_ram": 256 * each, "reserved_ram": 0,
            "total_vcpu": each, "used_vcpu": each, "lease": "1", "machine": str(uuid.uuid4()),
            "addresses": ["10.0.0.1"], "labels": {"rack": "a"}, "version": "0.1.0",
            "hypervisor": "QEMU 7.2.0", "pools": ["vms"], "networks": ["br0"],
            "since": "2026-11-21T10:00:00.000Z"}


def names(hosts):
    return [f"host-{number}" for number in range(hosts)]


def desired(vms, flavour, image):
    for number, vm in enumerate(vms):
        yield f"desired_vms/{vm}", {
            "name": f"vm-{number:05}", "flavour": flavour, "image": image, "state": "start",
            "created_at": "2026-11-21T10:00:00.000Z", "labels": {"app": f"app-{number % 7}"}}


def mac(number):
    return "02:00:" + number.to_bytes(4, "big").hex(":")


def claim(vm, number, host, revision, client):
    return {
        "host": host, "state": "running", "incarnation": revision + 1, "vm_uuid": str(uuid.uuid4()),
        "desired_revision": revision, "desired_create_revision": revision, "ram": 256, "vcpus": 1,
        "since": "2026-11-21T10:00:01.000Z", "clients": [client], "macs": [mac(number)],
        "console": f"/var/log/metastack/console/{vm}.log"}


def owned(vms, hosts, image, revisions, lost=0):
    """What nodes write of VMs that run; so many of them ran on a host that is lost."""
    for number, vm in enumerate(vms):
        host, revision = names(hosts)[number % hosts], revisions[f"desired_vms/{vm}"]
        client = f"10.0.0.2:0/{number}"
        if number >= lost:
            yield f"actual_vms/{vm}", claim(vm, number, host, revision, client)
        yield f"volumes/{vm}.root", {
            "pool": "vms", "image": f"{vm}.{revision}", "size": 2048, "vm": vm,
            "vm_create_revision": revision, "source": image, "provisioned": True}
        yield f"vm_history/{vm}", {
            "vm_create_revision": revision, "host": host, "incarnation": revision + 1,
            "clients": [client], "boots": 1}


def put(endpoint, found):
    """Writes records; gives back the revision at which each was written."""
    revisions, batch = {}, {}

    def flush():
        answer = post(endpoint, "kv/txn", {"success": [
            {"requestPut": {"key": coded(f"/metastack/{path}"), "value": coded(json.dumps(record))}}
            for path, record in batch.items()]})
        revisions.update(dict.fromkeys(batch, int(answer["header"]["revision"])))
        batch.clear()

    for path, record in found:
        batch[path] = record
        if len(batch) == OPERATIONS:
            flush()
    if batch:
        flush()
    return revisions


def fill(endpoint, vms, hosts, pending=0, lost=False, full=False):
    """Writes a cluster of so many VMs, of which so many run nowhere; returns the desired records by key.

    Those are new, or ran on a host that is lost. Where it is full, hosts have no room but for what they run.
    """
    flavour, image = str(uuid.uuid4()), str(uuid.uuid4())
    ids = [str(uuid.uuid4()) for _ in range(vms)]
    each = max(1, (vms - pending) // hosts) if full else vms // hosts + 1
    put(endpoint, common(hosts, each, flavour, image))
    wishes = dict(desired(ids, flavour, image))
    revisions = put(endpoint, wishes.items())
    ran = ids if lost else ids[pending:]
    put(endpoint, owned(ran, hosts, image, revisions, lost=pending if lost else 0))
    return wishes


def add_options(parser):
    """How the cluster shall be."""
    parser.add_argument("--vms", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--pending", type=int, default=0, help="VMs that no host has taken")
    parser.add_argument("--lost", action="store_true", help="those ran on a host that is lost")
    parser.add_argument("--full", action="store_true", help="no host has room for one more")


def fill_as(endpoint, options):
    return fill(
        endpoint, options.vms, options.hosts, options.pending, options.lost, options.full)


def start_etcd(folder):
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    etcd = subprocess.Popen(
        ["etcd", "--data-dir", f"{folder}/etcd", "--unsafe-no-fsync",
         "--listen-client-urls", client, "--advertise-client-urls", client,
         "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
         "--initial-cluster", f"default={peer}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            post(client, "maintenance/status", {})
            return etcd, client
        except OSError:
            time.sleep(0.05)
    etcd.terminate()
    sys.exit("etcd did not start")
