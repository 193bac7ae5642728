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
        var listener: AsyncStream<Void>.Continuation?
        var looks = 0
    }

    private let state: Mutex<State>

    public init(plane: HostPlane = HostPlane()) { state = Mutex(State(plane: plane)) }

    /// What was asked for last.
    public var wanted: HostNetworks { state.withLock(\.wanted) }

    /// How often all of it was looked at.
    public var looks: Int { state.withLock(\.looks) }

    /// Something that was made is gone, and whoever listens hears that something may be.
    public func spoil(telling isTold: Bool = true) {
        state.withLock { state in
            state.wanted = HostNetworks()
            if isTold { state.listener?.yield() }
        }
    }

    public func damage() async throws -> AsyncStream<Void> {
        let (stream, listener) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.listener = listener }
        listener.yield()
        return stream
    }

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
            state.looks += 1
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
