import CLibvirt
import Glibc

extension Domain {
    /// Its metadata element in a namespace, as XML (`virDomainGetMetadata`); nil where it has none.
    public func metadata(namespace: String) async throws -> String? {
        do {
            return try await call("get metadata of domain") { domain, attempt in
                guard
                    let text = virDomainGetMetadata(
                        domain, Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue), namespace, 0)
                else { throw LibvirtError.last(attempt) }
                defer { free(text) }
                return String(cString: text)
            }
        } catch let error as LibvirtError where error.code == .noMetadata {
            return nil
        }
    }

    /// Writes its metadata element in the element's namespace, or replaces it
    /// (`virDomainSetMetadata`), in the running domain or, where it is off, in the definition.
    ///
    /// - Throws: `LibvirtError`; `.invalidValue` for text that XML cannot hold.
    public func setMetadata(_ element: MetadataElement) async throws {
        // libvirt itself puts the namespace and the prefix around what it gets.
        let xml = try element.xmlWithoutNamespace()
        try await setMetadata(
            xml, prefix: element.prefix, namespace: element.namespace)
    }

    /// Removes its metadata element in a namespace. No error where it has none.
    public func removeMetadata(namespace: String) async throws {
        do {
            try await setMetadata(nil, prefix: nil, namespace: namespace)
        } catch let error as LibvirtError where error.code == .noMetadata {
            return
        }
    }

    private func setMetadata(_ xml: String?, prefix: String?, namespace: String) async throws {
        try await call("set metadata of domain") { domain, attempt in
            try checked(
                virDomainSetMetadata(
                    domain, Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue), xml, prefix, namespace,
                    VIR_DOMAIN_AFFECT_CURRENT.rawValue), attempt)
        }
    }
}
