public import LinuxNetwork
public import MetaStackAgent
public import MetaStackModel
import Synchronization

/// A host's networks in memory: it has what was asked for last, and remembers what was asked when.
public final class FakeGuestNetwork: GuestNetwork {
    private struct State {
        var wanted = HostNetworks()
        var refusals: [NetworkID: String] = [:]
        var plane: HostPlane
        var answer: MetadataAnswering?
    }

    private let state: Mutex<State>

    public init(plane: HostPlane = HostPlane()) { state = Mutex(State(plane: plane)) }

    /// What was asked for last.
    public var wanted: HostNetworks { state.withLock(\.wanted) }

    func set(_ wanted: HostNetworks) { state.withLock { $0.wanted = wanted } }

    /// From now on a network cannot be here.
    public func refuse(_ network: NetworkID, because reason: String?) {
        state.withLock { $0.refusals[network] = reason }
    }

    public func answerMetadata(with answer: @escaping MetadataAnswering) {
        state.withLock { $0.answer = answer }
    }

    /// What a guest here is told that asks for its metadata; nil where none has the address.
    public func ask(
        _ target: String, from address: IPAddress, method: String = "GET",
        headers: [String: String] = [:]
    ) -> MetadataAnswer? {
        let (port, answer) = state.withLock { state in
            (state.wanted.ports.first { $0.addresses.contains(address) }, state.answer)
        }
        guard let port, let answer else { return nil }
        return answer(
            MetadataRequest(port: port, method: method, target: target, headers: headers))
    }

    public func plane() -> HostPlane { state.withLock(\.plane) }

    public func converge(_ wanted: HostNetworks) async throws -> GuestNetworkReport {
        try state.withLock { state in
            state.wanted = wanted
            var report = GuestNetworkReport()
            for id in wanted.networks.keys {
                if let reason = state.refusals[id] {
                    report.problems[id] = reason
                } else {
                    report.ready[id] = GuestNetworkReport.Place(
                        bridge: try InterfaceName("fake0"), mtu: 1450)
                }
            }
            return report
        }
    }
}
