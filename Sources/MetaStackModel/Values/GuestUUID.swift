public import struct Foundation.UUID

extension UUID {
    /// A VM's UUID as libvirt and the guest see it: the same on every host and after every
    /// restart, another one for a later VM under the same id (RFC 9562, version 8).
    public init(vm: VMID, createRevision: Revision) {
        var bytes: [UInt8] = []
        for half in ["high", "low"] {
            var hash = StableHash()
            hash.combine(half)
            hash.combine(vm.text)
            hash.combine(createRevision.number)
            withUnsafeBytes(of: hash.finalize().bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        self = bytes.withUnsafeBytes { $0.loadUnaligned(as: UUID.self) }
    }
}
