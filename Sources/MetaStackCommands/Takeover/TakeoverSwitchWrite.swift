import MetaStackManagement
import MetaStackModel
import MetaStackStore

extension TakeoverSwitchChange {
    /// What `arm` and `disarm` have in common.
    func write(over cluster: Cluster, in session: CommandSession) async throws {
        let change = try change(in: cluster, at: session.now())
        let revision = try await session.write(
            change.writes, if: change.conditions, orElse: .changedMeanwhile("the takeover switch"))
        let created = cluster.takeoverSwitch?.createRevision ?? revision
        try session.report(
            "takeovers are \(state.rawValue)" + (reason.map { ": \($0)" } ?? ""), id: "takeover",
            .object([
                "revision": .integer(revision.number),
                "create_revision": .integer(created.number), "record": change.after ?? .null,
            ]))
    }
}
