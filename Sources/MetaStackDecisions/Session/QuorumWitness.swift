/// What one member of etcd said when it was asked by itself.
public enum MemberWord: Sendable, Equatable {
    /// It runs and follows nobody.
    case hasNoLeader
    /// Its host answered that nobody listens there: the host is up, the member is not.
    case refusesConnection
    case hasLeader
    /// No answer in time, or none that can be read.
    case isSilent
}

/// Tells an outage of etcd from being cut off from it.
public enum QuorumWitness {
    /// Whether no quorum can exist anywhere: more than half of the voting members have no leader or
    /// do not run. A member that is silent may have a leader that this node cannot see.
    ///
    /// - Parameter words: one for each voting member of the last member list.
    public static func provesOutage(_ words: [MemberWord]) -> Bool {
        let down = words.count { $0 == .hasNoLeader || $0 == .refusesConnection }
        return down > words.count / 2
    }
}
