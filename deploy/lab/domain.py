"""A guest of the lab by hand: its domain for libvirt, as the selftest runs it without an agent."""

import uuid
from xml.etree.ElementTree import Element, SubElement, tostring


def secret_uuid(name):
    """The same secret on every host, so that a live move finds it."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def secret_xml(name):
    """A libvirt secret for a Ceph user's key, kept in memory alone."""
    secret = Element("secret", ephemeral="yes", private="yes")
    SubElement(secret, "uuid").text = secret_uuid(name)
    SubElement(SubElement(secret, "usage", type="ceph"), "name").text = name
    return tostring(secret, encoding="unicode")


def domain_xml(name, image, monitor, console):
    """A small guest on an RBD image; a write error stops it where it stands."""
    domain = Element("domain", type="qemu")
    SubElement(domain, "name").text = name
    SubElement(domain, "uuid").text = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
    SubElement(domain, "memory", unit="MiB").text = "128"
    SubElement(domain, "vcpu").text = "1"
    SubElement(SubElement(domain, "os"), "type", arch="x86_64", machine="pc").text = "hvm"
    SubElement(SubElement(domain, "features"), "acpi")
    devices = SubElement(domain, "devices")
    disk = SubElement(devices, "disk", type="network", device="disk")
    SubElement(disk, "driver", name="qemu", type="raw", cache="none", error_policy="stop")
    source = SubElement(disk, "source", protocol="rbd", name=image)
    SubElement(source, "host", name=monitor, port="6789")
    auth = SubElement(source, "auth", username="metastack")
    SubElement(auth, "secret", type="ceph", uuid=secret_uuid("client.metastack"))
    SubElement(disk, "target", dev="vda", bus="virtio")
    nic = SubElement(devices, "interface", type="bridge")
    SubElement(nic, "source", bridge="br0")
    SubElement(nic, "model", type="virtio")
    serial = SubElement(devices, "serial", type="pty")
    SubElement(serial, "log", file=console, append="on")
    SubElement(devices, "panic", model="isa")
    return tostring(domain, encoding="unicode")
