import MetaStackModel
import Synchronization

/// Where the questions of all networks arrive: knows who asks, how many do, and who has the answers.
final class MetadataDesk: Sendable {
    private struct State {
        var askers = MetadataAskers()
        var answer: MetadataAnswering?
        var open: [String: Int] = [:]
        var count = 0
    }

    let limits: MetadataLimits
    private let state = Mutex(State())

    init(_ limits: MetadataLimits) { self.limits = limits }

    /// Whether there is somebody who answers.
    var isOpen: Bool { state.withLock { $0.answer != nil } }

    func answer(with answer: @escaping MetadataAnswering) {
        state.withLock { $0.answer = answer }
    }

    // MARK: Who asks

    /// The rules are about to be others.
    func expect(_ askers: MetadataAskers) { state.withLock { $0.askers.keep(knownTo: askers) } }

    /// The rules are others.
    func know(_ askers: MetadataAskers) { state.withLock { $0.askers = askers } }

    /// What a question from an address is answered with; nil where nobody is known to have it.
    func answer(
        _ address: IPAddress, in network: NetworkID,
        _ request: (GuestPort) -> MetadataRequest
    ) -> MetadataAnswer? {
        let (port, answer) = state.withLock { state in
            (state.askers.port(of: address, in: network), state.answer)
        }
        guard let port, let answer else { return nil }
        return answer(request(port))
    }

    // MARK: How many ask

    /// Lets a connection in.
    ///
    /// - Returns: the port, which is to be given to ``leave(_:)`` in the end; nil for one too many,
    ///   and where nobody is known to have the address.
    func enter(_ address: IPAddress, in network: NetworkID) -> String? {
        state.withLock { state in
            guard let port = state.askers.port(of: address, in: network)?.interface.text else {
                return nil
            }
            let open = state.open[port] ?? 0
            guard open < limits.connectionsPerPort, state.count < limits.connections else {
                return nil
            }
            state.open[port] = open + 1
            state.count += 1
            return port
        }
    }

    func leave(_ port: String) {
        state.withLock { state in
            let open = (state.open[port] ?? 1) - 1
            state.open[port] = open == 0 ? nil : open
            state.count -= 1
        }
    }
}
