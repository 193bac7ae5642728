import Etcd
import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting

/// Runs `body` with a store on an etcd of its own.
func withStore(_ body: @Sendable (ClusterStore) async throws -> Void) async throws {
    try await EtcdServer.run { server in
        try await server.withClient { try await body(ClusterStore(client: $0, prefix: "/one/")) }
    }
}

let web = VMID(unchecked: "web")
let me = HostID(unchecked: "a")

extension DesiredVM {
    static func example(_ name: String = "web", _ state: State = .start) -> DesiredVM {
        DesiredVM(
            name: ResourceName(unchecked: name), flavour: "tiny", image: "tiny", state: state)
    }
}

extension ActualVM {
    static func example(by host: HostID = me, _ state: State = .claimed) -> ActualVM {
        ActualVM(host: host, state: state, since: Timestamp(milliseconds: 0))
    }
}

extension Host {
    static func example(_ id: HostID = me) throws -> Host {
        Host(
            name: id, totalRAM: try Mebibytes(1024), totalVCPU: 1, lease: "", version: "",
            hypervisor: "", since: Timestamp(milliseconds: 0))
    }
}

extension ClusterStore {
    /// Writes without a condition.
    @discardableResult
    func put(
        _ key: RecordKey, _ record: any Record, lease: LeaseNumber? = nil
    ) async throws -> MetaStackModel.Revision {
        guard case .written(let revision) = try await write(
            [.put(key, record, lease: lease)], if: [])
        else { throw TestingError("a write without a condition was refused") }
        return revision
    }
}
