"""Certificates for live moves over TLS: the lab's own authority, and one certificate a host."""

import fcntl
import shutil

from lab.commands import run

DAYS = 30

#: Where libvirt and QEMU look below /etc/pki: the authority's certificate, a host's, and its key. One
#: certificate serves both ends, as both ends are hosts.
PLACES = (
    ("CA/cacert.pem", "libvirt/servercert.pem", "libvirt/private/serverkey.pem"),
    ("CA/cacert.pem", "libvirt/clientcert.pem", "libvirt/private/clientkey.pem"),
    ("qemu/ca-cert.pem", "qemu/server-cert.pem", "qemu/server-key.pem"),
    ("qemu/ca-cert.pem", "qemu/client-cert.pem", "qemu/client-key.pem"),
)


def write(lab, machine, pki):
    """Puts what a host needs into its /etc/pki, new at every start."""
    authority = authority_of(lab)
    key, request = machine.folder / "tls-key.pem", machine.folder / "tls-request.pem"
    certificate, names = machine.folder / "tls.pem", machine.folder / "tls-names"
    make_request(key, request, machine.name)
    addresses = f"DNS:{machine.name},IP:{machine.address},IP:{machine.address6}"
    names.write_text(f"subjectAltName={addresses}\nextendedKeyUsage=serverAuth,clientAuth\n")
    run("openssl", "x509", "-req", "-days", DAYS, "-in", request, "-out", certificate,
        "-extfile", names, "-CA", authority / "ca.pem", "-CAkey", authority / "ca-key.pem",
        "-CAserial", machine.folder / "tls-serial", "-CAcreateserial")
    for place in PLACES:
        for source, target in zip((authority / "ca.pem", certificate, key), place):
            (pki / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, pki / target)


def authority_of(lab):
    """The folder of the lab's authority, made by whichever host starts first."""
    folder = lab.folder / "authority"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ca.pem").exists():
            draft = folder / "draft.pem"
            run("openssl", "req", "-x509", "-days", DAYS, "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder / "ca-key.pem",
                "-out", draft, "-subj", "/CN=the lab's authority")
            draft.rename(folder / "ca.pem")
    return folder


def make_request(key, request, name):
    """A new key and a request for its certificate."""
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
