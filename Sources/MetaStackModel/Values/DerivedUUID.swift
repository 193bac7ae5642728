public import struct Foundation.UUID

extension UUID {
    /// A VM's UUID as libvirt and the guest see it: the same on every host and after every
    /// restart, another one for a later VM under the same id.
    public init(vm: VMID, createRevision: Revision) {
        self.init(derivedFrom: [vm.text, createRevision.description])
    }

    /// The name by which libvirt knows a Ceph user's key: the same after every restart.
    public init(cephUser: String, cluster: String) {
        self.init(derivedFrom: ["ceph", cephUser, cluster])
    }

    /// Two stable hashes of the same texts, marked as a UUID of our own making (RFC 9562, version 8).
    private init(derivedFrom texts: [String]) {
        var bytes: [UInt8] = []
        for half in ["high", "low"] {
            var hash = StableHash()
            hash.combine(half)
            for text in texts { hash.combine(text) }
            withUnsafeBytes(of: hash.finalize().bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        self = bytes.withUnsafeBytes { $0.loadUnaligned(as: UUID.self) }
    }
}
