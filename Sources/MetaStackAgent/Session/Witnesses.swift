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
    /// The voting members of the last member list.
    private let members = Mutex<[Member]>([])

    init(store: ClusterStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Takes over the present member list. Later it can be had from nobody.
    func refresh(deadline: Duration? = nil) async {
        do {
            let listed = try await store.client.members(deadline: deadline)
            members.withLock { $0 = listed.filter { !$0.isLearner } }
        } catch {
            logger.debug("cannot list etcd's members", metadata: ["error": "\(error)"])
        }
    }

    /// Asks all members once, in parallel, by themselves.
    ///
    /// - Returns: whether their words prove that no quorum exists.
    func proveOutage(within time: Duration) async -> Bool {
        let members = members.withLock { $0 }
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
