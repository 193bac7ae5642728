import CLibvirt
public import FoundationEssentials
import Glibc

extension LibvirtConnection {
    /// All domains, active and inactive (`virConnectListAllDomains`).
    public func domains() async throws -> [Domain] {
        let attempt = Attempt("list domains of", uri)
        return try await call(attempt) { connection in
            var list: UnsafeMutablePointer<virDomainPtr?>?
            let count = try checked(virConnectListAllDomains(connection, &list, 0), attempt)
            defer { free(list) }
            return try (0..<Int(count)).compactMap { index in
                try list?[index].map { try self.domain($0, of: self.handle, attempt) }
            }
        }
    }

    /// What all domains are doing, in one call (`virConnectGetAllDomainStats`).
    ///
    /// A domain that is busy with another operation is not waited for; its statistics are then
    /// those that libvirt has without asking it.
    public func statistics() async throws -> [DomainStatistics] {
        let attempt = Attempt("get statistics of", uri)
        return try await call(attempt) { connection in
            let wanted =
                VIR_DOMAIN_STATS_STATE.rawValue | VIR_DOMAIN_STATS_CPU_TOTAL.rawValue
                | VIR_DOMAIN_STATS_BALLOON.rawValue | VIR_DOMAIN_STATS_VCPU.rawValue
                | VIR_DOMAIN_STATS_INTERFACE.rawValue
            let flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT.rawValue
            var list: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
            let count = try checked(
                virConnectGetAllDomainStats(connection, wanted, &list, flags), attempt)
            defer { virDomainStatsRecordListFree(list) }
            return (0..<Int(count)).compactMap {
                list?[$0].flatMap { DomainStatistics($0.pointee) }
            }
        }
    }

    /// The domain with that UUID (`virDomainLookupByUUID`), nil where there is none.
    public func domain(uuid: UUID) async throws -> Domain? {
        let attempt = Attempt("find domain", uuid.uuidString.lowercased())
        return try await found(attempt) { lookUp(uuid, in: $0) }
    }

    /// The domain of that name (`virDomainLookupByName`), nil where there is none.
    public func domain(named name: String) async throws -> Domain? {
        try await found(Attempt("find domain", name)) { virDomainLookupByName($0, name) }
    }

    /// Starts a transient domain (`virDomainCreateXML`): it vanishes when it stops.
    ///
    /// - Parameter paused: leaves its processors stopped until `resume`; its disks are open.
    /// - Throws: `LibvirtError`; `.invalidValue` before anything was tried, `isDuplicate` where
    ///   the name or UUID is taken.
    public func create(_ description: DomainDescription, paused: Bool) async throws -> Domain {
        let attempt = Attempt("create domain", description.name)
        let xml = try description.xml()
        let flags = paused ? VIR_DOMAIN_START_PAUSED.rawValue : 0
        return try await callAlone(attempt) { connection in
            try self.domain(
                virDomainCreateXML(connection.pointer, xml, flags), of: connection, attempt)
        }
    }

    /// Makes a persistent domain, or changes it (`virDomainDefineXMLFlags`); does not start it.
    public func define(_ description: DomainDescription) async throws -> Domain {
        let attempt = Attempt("define domain", description.name)
        let xml = try description.xml()
        return try await made(attempt) { virDomainDefineXMLFlags($0, xml, 0) }
    }

    private func made(
        _ attempt: Attempt, _ body: @escaping @Sendable (OpaquePointer) -> OpaquePointer?
    ) async throws -> Domain {
        try await call(attempt) { connection in
            try self.domain(body(connection), of: self.handle, attempt)
        }
    }

    private func found(
        _ attempt: Attempt, _ body: @escaping @Sendable (OpaquePointer) -> OpaquePointer?
    ) async throws -> Domain? {
        do {
            return try await made(attempt, body)
        } catch let error as LibvirtError where error.isNoDomain {
            return nil
        }
    }

    /// Takes over a `virDomainPtr`; nil means that the call which was to give it has failed.
    private func domain(
        _ pointer: OpaquePointer?, of connection: ConnectionHandle, _ attempt: Attempt
    ) throws -> Domain {
        guard let pointer else { throw LibvirtError.last(attempt) }
        let handle = DomainHandle(pointer, of: connection)
        guard let identity = DomainIdentity(pointer) else {
            throw LibvirtError.last(Attempt("identify domain of", uri))
        }
        return Domain(identity, handle: handle, connection: self)
    }
}
