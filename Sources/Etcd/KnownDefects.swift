/// A defect of certain etcd versions that can cost whoever relies on leases and watches.
public struct EtcdDefect: Sendable, Hashable {
    /// What may happen, in a few words.
    public let summary: String
    /// The first version of each minor release that is free of it, by that minor release's number
    /// (4 for 3.4).
    let mendedIn: [Int: Int]

    /// Those that etcd's changelogs (CHANGELOG-3.4.md to CHANGELOG-3.6.md) say are mended in a later
    /// version than this one.
    ///
    /// - Parameter version: as a member's status gives it, such as `3.4.23`. Of one that cannot be
    ///   read, and of minor releases that are not listed, nothing is known.
    public static func known(in version: String) -> [EtcdDefect] {
        let numbers = version.prefix { $0 != "-" }.split(separator: ".").map { Int($0) }
        guard numbers.count == 3, numbers[0] == 3, let minor = numbers[1], let patch = numbers[2]
        else { return [] }
        return all.filter { defect in defect.mendedIn[minor].map { patch < $0 } ?? false }
    }

    private static let all = [
        EtcdDefect(
            summary: "a lease that is revoked can be renewed", mendedIn: [4: 38, 5: 23, 6: 5]),
        EtcdDefect(
            summary: "a watch can miss a delete at the compacted revision",
            mendedIn: [4: 36, 5: 18]),
        EtcdDefect(
            summary: "a watch can lose events after a compaction", mendedIn: [4: 31, 5: 13]),
        EtcdDefect(
            summary: "a deposed leader can revoke leases that were renewed",
            mendedIn: [4: 31, 5: 13]),
        EtcdDefect(
            summary: "the revision can go back when a member crashes while it compacts",
            mendedIn: [4: 32, 5: 14]),
        EtcdDefect(
            summary: "a watch can deliver older revisions after newer ones",
            mendedIn: [4: 25, 5: 8]),
        EtcdDefect(
            summary: "members can disagree on the data after a crash", mendedIn: [5: 3]),
    ]
}
