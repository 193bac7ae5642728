import CLibvirt

extension Domain {
    /// How much of a migration's memory is there.
    public struct MigrationProgress: Sendable, Equatable {
        /// In bytes; what the guest changes meanwhile is sent again.
        public var total: UInt64
        public var remaining: UInt64
    }

    /// Moves the running guest to another host while it runs (`virDomainMigrateToURI3`, peer to peer, live):
    /// this host's daemon talks to the other's. There the guest stands paused, and here it is gone.
    ///
    /// - Parameters:
    ///   - uri: of the other daemon, as this host's daemon reaches it, such as `qemu+tls://10.0.0.2/system`.
    ///     Its host gets the memory, too: encrypted where the URI says `tls`.
    ///   - deadline: when the call is left behind; the migration goes on then.
    /// - Throws: `LibvirtError`. The guest runs on here, unless `isNoDomain` or the deadline says that
    ///   this is not known.
    public func migrate(to uri: String, deadline: Duration) async throws {
        guard let target = MigrationTarget(uri) else {
            throw LibvirtError(
                code: .invalidValue, message: "\(uri) is no URI of a daemon on another host",
                attempt: Attempt("migrate domain", name))
        }
        try await callAlone("migrate domain", deadline: deadline) { domain, attempt in
            var parameters: virTypedParameterPtr?
            var count: Int32 = 0
            var room: Int32 = 0
            defer { virTypedParamsFree(parameters, count) }
            try checked(
                virTypedParamsAddString(
                    &parameters, &count, &room, "migrate_uri", target.memory), attempt)
            try checked(
                virDomainMigrateToURI3(
                    domain, target.daemon, parameters, UInt32(count), target.flags), attempt)
        }
    }

    /// Breaks a migration off (`virDomainAbortJob`): the guest runs on here. Nothing where there is none.
    public func abortMigration() async throws {
        do {
            try await call("abort migration of domain") { domain, attempt in
                try checked(virDomainAbortJob(domain), attempt)
            }
        } catch let error as LibvirtError where error.isNoDomain || error.isOperationInvalid {
            return
        }
    }

    /// Whether a migration to another host has begun and not come to its end (`virDomainGetJobStats`).
    public func isLeaving() async throws -> Bool {
        try await call("get job of domain") { domain, attempt in
            var type: Int32 = 0
            var parameters: virTypedParameterPtr?
            var count: Int32 = 0
            try checked(virDomainGetJobStats(domain, &type, &parameters, &count, 0), attempt)
            defer { virTypedParamsFree(parameters, count) }
            guard type != Int32(VIR_DOMAIN_JOB_NONE.rawValue) else { return false }
            var operation: Int32 = 0
            virTypedParamsGetInt(parameters, count, VIR_DOMAIN_JOB_OPERATION, &operation)
            return operation == Int32(VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT.rawValue)
        }
    }

    /// Stops its processors so that nothing but a `resume` lets them go on, and breaks off a migration
    /// that is on its way to another host.
    ///
    /// `suspend` alone is not enough then: where a migration fails, libvirt lets a guest run on that ran
    /// when it began, also one that was suspended meanwhile.
    ///
    /// Returns when the guest stands and is not on its way any more, which takes as long as libvirt needs
    /// for breaking it off.
    public func standStill() async throws {
        while true {
            try await suspend()
            if try await isLeaving() {
                try await abortMigration()
            } else if case .paused = try await state() {
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// How far a migration is (`virDomainGetJobInfo`); nil where there is none.
    public func migrationProgress() async throws -> MigrationProgress? {
        do {
            return try await call("get job of domain") { domain, attempt in
                var info = virDomainJobInfo()
                try checked(virDomainGetJobInfo(domain, &info), attempt)
                guard info.type != VIR_DOMAIN_JOB_NONE.rawValue, info.memTotal > 0 else {
                    return nil
                }
                return MigrationProgress(total: info.memTotal, remaining: info.memRemaining)
            }
        } catch let error as LibvirtError where error.isNoDomain || error.isOperationInvalid {
            return nil
        }
    }
}

/// What libvirt has to be told of the other host.
private struct MigrationTarget {
    let daemon: String
    /// Where QEMU sends memory to; libvirt adds a port.
    let memory: String
    let flags: UInt32

    init?(_ uri: String) {
        guard let separator = uri.firstRange(of: "://") else { return nil }
        let scheme = uri[..<separator.lowerBound]
        let address = uri[separator.upperBound...].prefix { $0 != "/" }
        guard !address.isEmpty else { return nil }
        daemon = uri
        memory = "tcp://\(Self.withoutPort(address))"
        var flags =
            VIR_MIGRATE_LIVE.rawValue | VIR_MIGRATE_PEER2PEER.rawValue
            | VIR_MIGRATE_PAUSED.rawValue | VIR_MIGRATE_ABORT_ON_ERROR.rawValue
        if scheme.hasSuffix("+tls") { flags |= VIR_MIGRATE_TLS.rawValue }
        self.flags = flags
    }

    /// The port is the daemon's own. An IPv6 address stands in brackets.
    private static func withoutPort(_ address: Substring) -> Substring {
        guard let colon = address.lastIndex(of: ":"), !address[colon...].contains("]") else {
            return address
        }
        return address[..<colon]
    }
}
