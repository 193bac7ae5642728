import CLibvirt
public import FoundationEssentials

extension LibvirtConnection {
    /// Gives libvirt a Ceph key for its disks (`virSecretDefineXML`, `virSecretSetValue`).
    ///
    /// The secret is ephemeral, so that it never reaches the daemon's disk, and private, so that no
    /// client can read it back. One that is there under that UUID or usage is replaced; a daemon
    /// that restarts has lost it.
    ///
    /// - Parameters:
    ///   - uuid: what disks refer to.
    ///   - usage: a name for people, unique among the daemon's Ceph secrets.
    ///   - key: the key itself, not its base64 form.
    public func setCephSecret(
        uuid: UUID, usage: String, key: some Sequence<UInt8> & Sendable
    ) async throws {
        let attempt = Attempt("set Ceph secret", usage)
        let xml = try secretXML(uuid: uuid, usage: usage)
        let key = Array(key)
        try await call(attempt) { connection in
            var secret = virSecretDefineXML(connection, xml, 0)
            if secret == nil {
                // Usage and UUID belong together: what holds either stands in the way.
                let error = LibvirtError.last(attempt)
                guard try removeSecrets(connection, uuid: uuid, usage: usage) else { throw error }
                secret = virSecretDefineXML(connection, xml, 0)
            }
            guard let secret else { throw LibvirtError.last(attempt) }
            defer { virSecretFree(secret) }
            try checked(virSecretSetValue(secret, key, key.count, 0), attempt)
        }
    }

    private func secretXML(uuid: UUID, usage: String) throws -> String {
        try Validation.text(usage, "secret's usage")
        let writer = try XMLWriter()
        writer.element("secret", ["ephemeral": "yes", "private": "yes"]) {
            writer.element("uuid", text: uuid.uuidString.lowercased())
            writer.element("usage", ["type": "ceph"]) { writer.element("name", text: usage) }
        }
        return try writer.finish(Attempt("describe Ceph secret", usage))
    }
}

/// Removes the Ceph secrets of that UUID and of that usage; false where there were none.
private func removeSecrets(_ connection: OpaquePointer, uuid: UUID, usage: String) throws -> Bool {
    let byUUID = withUnsafeBytes(of: uuid.uuid) { bytes in
        virSecretLookupByUUID(connection, bytes.bindMemory(to: UInt8.self).baseAddress)
    }
    let byUsage = virSecretLookupByUsage(
        connection, Int32(VIR_SECRET_USAGE_TYPE_CEPH.rawValue), usage)
    let found = [byUUID, byUsage].compactMap(\.self)
    for secret in found {
        // The second of two that are one is gone already; defining again tells what is wrong.
        virSecretUndefine(secret)
        virSecretFree(secret)
    }
    return !found.isEmpty
}
