import Foundation
public import MetaStackModel

/// Until when this node's guests may run, as the agent last knew: what it leaves to the next agent on
/// this machine, which finds guests there and may not reach etcd.
public protocol ProofRecord: Sendable {
    /// nil where no agent has left a word since the machine came up.
    func read() -> ContinuousClock.Instant?
    func write(_ instant: ContinuousClock.Instant)
}

/// That record in a file which ends with the machine's uptime, as the clock's instants do.
public struct ProofFile: ProofRecord {
    private let file: URL

    /// - Parameter folder: on a file system that a boot empties.
    public init(of node: HostID, in folder: String = AgentLock.folder) {
        file = URL(filePath: "\(folder)/\(node).proof")
    }

    public func read() -> ContinuousClock.Instant? {
        // A file that is not there or makes no sense tells nothing; the next agent is as careful
        // then as without one.
        guard let data = try? Data(contentsOf: file) else { return nil }
        return try? JSONDecoder().decode(ContinuousClock.Instant.self, from: data)
    }

    public func write(_ instant: ContinuousClock.Instant) {
        // As above: where it cannot be written, `AgentLock` has said so.
        try? JSONEncoder().encode(instant).write(to: file, options: .atomic)
    }
}
