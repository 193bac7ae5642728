import Etcd
public import MetaStackModel

extension ClusterStore {
    /// A member that is there answers in a few milliseconds.
    private static let patience = Duration.seconds(2)

    /// Asks every member and every address of the configuration how it is, side by side.
    ///
    /// - Parameter leases: of hosts' sessions, which are looked at as well.
    /// - Returns: nil for an etcd that cannot be asked so.
    public func examineEtcd(leases: Set<LeaseNumber> = []) async -> EtcdCondition? {
        guard let inspection = client as? any EtcdInspection else { return nil }
        // What cannot be had is missing from the picture; the members' own words say why.
        let members = try? await client.members(deadline: Self.patience)
        async let alarms = try? inspection.alarms(deadline: Self.patience)
        async let asksForName = try? inspection.asksForName(
            reading: layout.prefix, deadline: Self.patience)
        let configured = inspection.endpoints
        let named = (members ?? []).flatMap(\.clientURLs).filter { !configured.contains($0) }
        let urls = configured.map { ($0, true) } + named.map { ($0, false) }
        let voices = await withTaskGroup(of: (Int, EtcdCondition.Voice).self) { group in
            for (place, (url, isConfigured)) in urls.enumerated() {
                group.addTask {
                    (place, await Self.voice(of: url, isConfigured: isConfigured, inspection))
                }
            }
            var all: [(Int, EtcdCondition.Voice)] = []
            for await voice in group { all.append(voice) }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
        var condition = EtcdCondition(
            voices: voices,
            members: members?.map {
                EtcdCondition.Member(
                    $0.id, $0.name, urls: $0.clientURLs, isLearner: $0.isLearner)
            })
        condition.alarms = (await alarms ?? []).map { .init(member: $0.memberID, kind: $0.kind) }
        condition.asksForName = await asksForName
        condition.revision = try? await standing().revision.number  // nil says so.
        for lease in leases { condition.leases[lease.number] = await state(of: lease, inspection) }
        return condition
    }

    private static func voice(
        of url: String, isConfigured: Bool, _ inspection: any EtcdInspection
    ) async -> EtcdCondition.Voice {
        do {
            let report = try await inspection.inspect(endpoint: url, deadline: patience)
            return .init(url, isConfigured: isConfigured, word: .init(report))
        } catch let error as EtcdError {
            return .init(url, isConfigured: isConfigured, failure: error.message)
        } catch {
            return .init(url, isConfigured: isConfigured, failure: "\(error)")
        }
    }

    /// nil where etcd did not say.
    private func state(
        of lease: LeaseNumber, _ inspection: any EtcdInspection
    ) async -> EtcdCondition.Lease? {
        do {
            let status = try await inspection.timeToLive(
                LeaseID(lease), keys: false, deadline: Self.patience)
            return .init(remaining: status.remaining, granted: status.granted)
        } catch let error as EtcdError where error.code == .leaseNotFound {
            return .init(remaining: nil, granted: .zero)
        } catch {
            return nil
        }
    }
}

extension EtcdCondition.Word {
    fileprivate init(_ report: EndpointReport) {
        let status = report.status
        self.init(member: status.memberID, version: status.version, leader: status.leader)
        cluster = status.header.clusterID
        defects = EtcdDefect.known(in: status.version).map(\.summary)
        size = status.databaseSize
        used = status.databaseSizeInUse
        quota = report.quota
        raftIndex = status.raftIndex
        appliedIndex = status.raftAppliedIndex
        errors = status.errors
        isLearner = status.isLearner
        clockOffset = report.clockOffset
    }
}
