import CLibvirt
import Glibc

extension LibvirtConnection {
    /// What the host can do, as libvirt's XML (`virConnectGetCapabilities`).
    ///
    /// The first call to a fresh daemon takes some seconds, as it asks every QEMU there is.
    public func capabilities() async throws -> String {
        let attempt = Attempt("get capabilities of", uri)
        return try await call(attempt) { connection in
            guard let text = virConnectGetCapabilities(connection) else {
                throw LibvirtError.last(attempt)
            }
            defer { free(text) }
            return String(cString: text)
        }
    }

    /// The domain types that run a full x86-64 guest here, such as `kvm` and `qemu`.
    ///
    /// `kvm` among them says that libvirt found the device, not that a guest will run on it.
    public func domainTypes() async throws -> Set<DomainDescription.DomainType> {
        let document = try XMLDocument(
            try await capabilities(), Attempt("read capabilities of", uri))
        let types = document.root.all("guest")
            .filter { $0.first("os_type")?.text == "hvm" }
            .flatMap { $0.all("arch") }
            .filter { $0.attribute("name") == "x86_64" }
            .flatMap { $0.all("domain") }
            .compactMap { $0.attribute("type") }
        return Set(types.map(DomainDescription.DomainType.init(rawValue:)))
    }

    /// The machine's own UUID, from its firmware or libvirtd's `host_uuid` setting.
    public func machineUUID() async throws -> String {
        let attempt = Attempt("read capabilities of", uri)
        let document = try XMLDocument(try await capabilities(), attempt)
        return document.root.first("host")?.first("uuid")?.text ?? ""
    }

    /// Whether a full x86-64 guest of that type can be created here.
    public func supportsDomainType(_ type: DomainDescription.DomainType) async throws -> Bool {
        try await domainTypes().contains(type)
    }
}
