import MetaStackManagement
import MetaStackModel
import MetaStackStore

extension CommandSession {
    /// Deletes what nothing uses.
    func delete(_ kind: ResourceKind, _ name: String, _ confirming: ConfirmOptions) async throws {
        let cluster = try await access.load(.everything)
        let id = try cluster.find(kind, name)
        let change = try ResourceChange.delete(kind, id: id, in: cluster)
        try requireYes(to: "delete \(change.words)?", confirming)
        _ = try await write(change)
        confirm("deleted \(change.words)")
    }
}
