import MetaStackModel
import MetaStackStore

/// What can be wrong with etcd itself.
extension Check {
    static let etcd = [
        Check(group: .etcd, name: "reading") { patient in
            patient.failure.map { failure in
                [
                    Finding(
                        .problem, nil, "the records cannot be read: \(failure)",
                        remedy: "check --endpoints, etcd.username and that etcd runs")
                ]
            } ?? []
        },
        ofEtcd("members") { members($0, $1) },
        ofEtcd("leader") { etcd, _ in leader(etcd) },
        ofEtcd("version") { etcd, _ in version(etcd) },
        ofEtcd("space") { space($0, $1) },
        ofEtcd("alarms") { alarms($0, $1) },
        ofEtcd("raft") { etcd, _ in raft(etcd) },
        ofEtcd("access") { access($0, $1) },
        ofEtcd("clocks") { etcd, _ in clocks(etcd) },
    ]

    // MARK: Members

    private static func members(_ etcd: EtcdCondition, _ patient: Patient) -> [Finding] {
        guard etcd.voices.contains(where: { $0.word != nil }) else {
            let words = etcd.voices.map { "\($0.url): \($0.failure ?? "no answer")" }
            return [
                Finding(
                    .problem, nil, "etcd answers nowhere: \(words.joined(separator: "; "))",
                    remedy: "systemctl status etcd")
            ]
        }
        return strangers(etcd) + silentAddresses(etcd) + silentMembers(etcd)
            + unnamedMembers(etcd) + size(etcd, patient)
    }

    /// Addresses of another cluster, of which records would come and go.
    private static func strangers(_ etcd: EtcdCondition) -> [Finding] {
        guard let ours = etcd.voices.lazy.compactMap(\.word?.cluster).first else { return [] }
        return etcd.voices.filter { $0.word.map { $0.cluster != ours } ?? false }.map {
            Finding(
                .problem, nil, "\($0.url) is of another etcd cluster than the first address",
                remedy: "take it out of etcd.endpoints")
        }
    }

    /// Addresses of the configuration that no member calls its own.
    private static func silentAddresses(_ etcd: EtcdCondition) -> [Finding] {
        let known = Set((etcd.members ?? []).flatMap(\.urls))
        return etcd.voices.filter {
            $0.isConfigured && $0.word == nil && !known.contains($0.url)
        }.map {
            Finding(
                .notice, nil, "the address \($0.url) gives no answer: \($0.failure ?? "none came")",
                remedy: "start etcd there, or take it out of etcd.endpoints")
        }
    }

    private static func silentMembers(_ etcd: EtcdCondition) -> [Finding] {
        guard let members = etcd.members else {
            return [
                Finding(
                    .problem, nil, "etcd's members cannot be listed, so there is no quorum",
                    remedy: "systemctl status etcd on each of them")
            ]
        }
        return members.filter { !etcd.answers($0) }.map { member in
            let failure = etcd.voices.first { member.urls.contains($0.url) }?.failure
            let why = failure.map { ": \($0)" } ?? ""
            return Finding(
                .problem, nil, "etcd member \(member.title) gives no answer\(why)",
                remedy: "systemctl restart etcd on \(member.title)")
        }
    }

    private static func unnamedMembers(_ etcd: EtcdCondition) -> [Finding] {
        let reached = Set(etcd.voices.filter(\.isConfigured).compactMap(\.word?.member))
        return (etcd.members ?? []).filter { etcd.answers($0) && !reached.contains($0.id) }.map {
            Finding(
                .notice, nil, "no address of the configuration leads to etcd member \($0.title)",
                remedy: "add \($0.urls.first ?? "its URL") to etcd.endpoints")
        }
    }

    private static func size(_ etcd: EtcdCondition, _ patient: Patient) -> [Finding] {
        let voters = (etcd.members ?? []).filter { !$0.isLearner }
        let add = patient.etcdctl("member", "add", "NAME", "--peer-urls=URL")
        let quorum = voters.count / 2 + 1
        if voters.count == 1 {
            return [
                Finding(
                    .notice, nil,
                    "etcd has a single member: while it is down, nothing can be changed",
                    remedy: add)
            ]
        }
        if voters.count(where: etcd.answers) == quorum, voters.count > 2 {
            return [
                Finding(
                    .problem, nil,
                    "just \(quorum) of etcd's \(voters.count) members answer: with one less nothing "
                        + "can be changed", remedy: nil)
            ]
        }
        guard voters.count > 0, voters.count % 2 == 0 else { return [] }
        return [
            Finding(
                .notice, nil,
                "etcd has \(voters.count) voting members, which outlive no more failures than "
                    + "\(voters.count - 1)", remedy: add)
        ]
    }

    private static func leader(_ etcd: EtcdCondition) -> [Finding] {
        let words = etcd.words
        let without = words.filter { $0.leader == nil }
        let leaders = Set(words.compactMap(\.leader))
        var findings = without.map {
            Finding(
                .problem, nil, "etcd member \(etcd.title($0.member)) has no leader",
                remedy: "start the other members: without a quorum nothing can be changed")
        }
        if leaders.count > 1 {
            findings.append(
                Finding(
                    .problem, nil, "etcd's members follow \(leaders.count) leaders at once",
                    remedy: "check the network between them"))
        }
        return findings
    }

    // MARK: Version, access, clocks

    private static func version(_ etcd: EtcdCondition) -> [Finding] {
        let versions = Dictionary(grouping: etcd.words, by: \.version)
        var findings = versions.sorted { $0.key < $1.key }.compactMap { version, words in
            words.first.flatMap { word in
                word.defects.isEmpty
                    ? nil
                    : Finding(
                        .notice, nil,
                        "etcd \(version) has known defects: "
                            + word.defects.sorted().joined(separator: "; "),
                        remedy: "upgrade etcd")
            }
        }
        if versions.count > 1 {
            findings.append(
                Finding(
                    .notice, nil,
                    "etcd's members have different versions: "
                        + versions.keys.sorted().joined(separator: ", "),
                    remedy: "upgrade the older ones"))
        }
        return findings
    }

    private static func access(_ etcd: EtcdCondition, _ patient: Patient) -> [Finding] {
        var findings: [Finding] = []
        if etcd.asksForName == false {
            findings.append(
                Finding(
                    .notice, nil,
                    "etcd asks nobody for a name: whoever reaches it may change everything",
                    // Whoever enables it first locks all nodes out.
                    remedy: "give nodes and servers etcd.username, then "
                        + patient.etcdctl("auth", "enable")))
        }
        let open = etcd.voices.filter { $0.isConfigured && $0.isOpenToTheNetwork }.map(\.url)
        if !open.isEmpty {
            findings.append(
                Finding(
                    .notice, nil, "the way to \(open.joined(separator: ", ")) is not encrypted",
                    remedy: "give etcd certificates, and etcd.endpoints https"))
        }
        return findings
    }

    /// Less than this is the network's and not the clock's.
    private static let mostClockOffset = Duration.seconds(2)

    private static func clocks(_ etcd: EtcdCondition) -> [Finding] {
        etcd.words.compactMap { word in
            guard let offset = word.clockOffset,
                offset > mostClockOffset || offset < .zero - mostClockOffset
            else { return nil }
            let seconds = offset.components.seconds
            return Finding(
                .notice, nil,
                "the clock of etcd member \(etcd.title(word.member)) is \(abs(seconds)) s "
                    + (seconds < 0 ? "behind" : "ahead"),
                remedy: "chronyc makestep on the one that is wrong")
        }
    }
}
