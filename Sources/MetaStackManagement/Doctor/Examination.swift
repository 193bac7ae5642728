package import MetaStackModel
package import MetaStackStore

extension ClusterStore {
    /// Looks at everything. What cannot be read is a finding and no error.
    ///
    /// - Parameter seesTokens: whether tokens are looked at, which are for those who make them.
    /// - Throws: `CancellationError`.
    package func diagnosis(at now: Timestamp, seesTokens: Bool = true) async throws -> Diagnosis {
        var cluster: Cluster?
        var failure: String?
        do {
            cluster = try await load()
        } catch let error as CancellationError {
            throw error
        } catch {
            failure = "\(error)"
        }
        if !seesTokens { cluster?.forgetTokens() }
        let leases = Set((cluster?.hosts.values.compactMap(\.lease)) ?? [])
        let etcd = await examineEtcd(leases: leases)
        try Task.checkCancellation()
        var patient = Patient(
            cluster: cluster, failure: failure, etcd: etcd, prefix: prefix, now: now)
        patient.seesTokens = seesTokens
        return Diagnosis(patient)
    }
}

extension Cluster {
    /// Takes the tokens out, those that cannot be read among them.
    package mutating func forgetTokens() { take(.tokens, from: Cluster()) }
}
