import Etcd
import Logging
import MetaStackDecisions
import MetaStackStore
import Synchronization

/// etcd's members, asked one by one where the session cannot be renewed: is etcd down, or is this
/// node cut off?
final class Witnesses: Sendable {
    /// A member that is there answers in a few milliseconds. Answers that lie further apart than
    /// this say nothing about one moment.
    private static let patience = Duration.milliseconds(500)

    private let store: ClusterStore
    private let logger: Logger
    private struct State {
        /// The voting members of the last member list.
        var members: [Member] = []
        var hasWarned = false
    }

    private let state = Mutex(State())

    init(store: ClusterStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Takes over the present member list. Later it can be had from nobody.
    func refresh(deadline: Duration? = nil) async {
        do {
            let listed = try await store.client.members(deadline: deadline)
            let isNew = state.withLock { state in
                state.members = listed.filter { !$0.isLearner }
                defer { state.hasWarned = true }
                return !state.hasWarned
            }
            if isNew { await warnOfDefects(of: listed) }
        } catch {
            logger.debug("cannot list etcd's members", metadata: ["error": "\(error)"])
        }
    }

    /// Says once, in one line, what is known to be wrong with the versions that run.
    private func warnOfDefects(of members: [Member]) async {
        var defects: [String: Set<String>] = [:]
        for url in members.compactMap(\.clientURLs.first) {
            // One that does not answer now is warned of by nobody, and known to be down anyway.
            guard
                let version = try? await store.client.status(
                    endpoint: url, deadline: Self.patience
                ).version
            else { continue }
            for defect in EtcdDefect.known(in: version) {
                defects[version, default: []].insert(defect.summary)
            }
        }
        guard !defects.isEmpty else { return }
        let words = defects.sorted { $0.key < $1.key }.map { version, summaries in
            "\(version): " + summaries.sorted().joined(separator: ", ")
        }
        logger.warning(
            "this version of etcd has known defects, upgrade it",
            metadata: ["versions": "\(words.joined(separator: "; "))"])
    }

    /// Asks all members once, in parallel, by themselves.
    ///
    /// - Returns: whether their words prove that no quorum exists.
    func proveOutage(within time: Duration) async -> Bool {
        let members = state.withLock { $0.members }
        let deadline = min(time, Self.patience)
        let words = await withTaskGroup(of: MemberWord.self) { group in
            for member in members {
                group.addTask { await self.word(of: member, deadline: deadline) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        logger.debug("asked etcd's members", metadata: ["words": "\(words)"])
        return QuorumWitness.provesOutage(words)
    }

    /// A member is down only where it is so at each of its addresses.
    private func word(of member: Member, deadline: Duration) async -> MemberWord {
        var words: [MemberWord] = []
        await withTaskGroup(of: MemberWord.self) { group in
            for url in member.clientURLs {
                group.addTask { await self.word(at: url, deadline: deadline) }
            }
            for await word in group { words.append(word) }
        }
        return [.hasLeader, .hasNoLeader, .isSilent, .refusesConnection]
            .first(where: words.contains) ?? .isSilent
    }

    private func word(at url: String, deadline: Duration) async -> MemberWord {
        do {
            let status = try await store.client.status(endpoint: url, deadline: deadline)
            return status.leader == nil ? .hasNoLeader : .hasLeader
        } catch let error as EtcdError where error.isConnectionRefused {
            return .refusesConnection
        } catch {
            return .isSilent
        }
    }
}
