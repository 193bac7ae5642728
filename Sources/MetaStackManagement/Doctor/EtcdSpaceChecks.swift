import MetaStackModel
import MetaStackStore

/// What can be wrong with etcd's data.
extension Check {
    /// etcd's own limit where nobody sets one (`--quota-backend-bytes`).
    private static let defaultQuota: Int64 = 2 << 30
    /// Further behind than this a member is not only slow to answer.
    private static let mostLag: UInt64 = 1000

    static func space(_ etcd: EtcdCondition, _ patient: Patient) -> [Finding] {
        etcd.words.compactMap { word in
            let quota = word.quota ?? defaultQuota
            let percent = word.size * 100 / max(1, quota)
            guard percent >= 70 else { return nil }
            // Half of it is room that only a defragmentation gives back.
            let isLoose = word.used * 2 < word.size
            let url = etcd.voices.first { $0.word?.member == word.member }?.url ?? ""
            let defragment = ["etcdctl", "--endpoints=\(url)", "defrag"]
                .map(\.forShell).joined(separator: " ")
            return Finding(
                percent >= 90 ? .problem : .notice, nil,
                "the database of etcd member \(etcd.title(word.member)) has \(percent) % of its "
                    + "\(megabytes(quota)) MiB: when it is full, nothing can be changed",
                remedy: isLoose
                    ? defragment
                    : "raise its --quota-backend-bytes, or "
                        + patient.etcdctl("compact", "\(etcd.revision ?? 0)") + " && " + defragment)
        }
    }

    private static func megabytes(_ bytes: Int64) -> Int64 { bytes >> 20 }

    static func alarms(_ etcd: EtcdCondition, _ patient: Patient) -> [Finding] {
        var findings: [Finding] = []
        for alarm in etcd.allAlarms {
            let title = etcd.title(alarm.member)
            switch alarm.kind {
            case "NOSPACE":
                findings.append(
                    Finding(
                        .problem, nil,
                        "the database of etcd member \(title) is full: nothing can be changed "
                            + "(alarm NOSPACE)",
                        remedy: [
                            patient.etcdctl("compact", "\(etcd.revision ?? 0)"),
                            patient.etcdctl("defrag"), patient.etcdctl("alarm", "disarm"),
                        ].joined(separator: " && ")))
            case "CORRUPT":
                let id = String(alarm.member, radix: 16)
                findings.append(
                    Finding(
                        .problem, nil,
                        "the data of etcd member \(title) are not those of the others "
                            + "(alarm CORRUPT)",
                        remedy: patient.etcdctl("member", "remove", id)
                            + ", then add it anew with an empty data folder"))
            default:
                findings.append(
                    Finding(
                        .problem, nil, "etcd member \(title) raised the alarm \(alarm.kind)",
                        remedy: patient.etcdctl("alarm", "list")))
            }
        }
        return findings
    }

    static func raft(_ etcd: EtcdCondition) -> [Finding] {
        let newest = etcd.words.map(\.raftIndex).max() ?? 0
        return etcd.words.flatMap { word -> [Finding] in
            let title = etcd.title(word.member)
            var findings: [Finding] = []
            let behind = newest - word.raftIndex
            let waiting = word.raftIndex - min(word.raftIndex, word.appliedIndex)
            if behind > mostLag {
                findings.append(
                    Finding(
                        .problem, nil,
                        "etcd member \(title) is \(behind) changes behind the others",
                        remedy: "check its disk and its network"))
            }
            if waiting > mostLag {
                findings.append(
                    Finding(
                        .problem, nil,
                        "\(waiting) changes wait on etcd member \(title) to be applied",
                        remedy: "check its disk: etcd needs one that syncs within 10 ms"))
            }
            if word.isLearner {
                findings.append(
                    Finding(
                        .notice, nil, "etcd member \(title) has no vote yet",
                        remedy: "etcdctl member promote \(String(word.member, radix: 16))"))
            }
            return findings
        }
    }
}

extension EtcdCondition {
    /// Those that were listed, and those that members complain of: only etcd's administrators may list
    /// them.
    var allAlarms: [Alarm] {
        let told = words.flatMap { word in
            ["NOSPACE", "CORRUPT"].filter { kind in
                word.errors.contains { $0.contains(kind) }
                    && !alarms.contains { $0.kind == kind }
            }.map { Alarm(member: word.member, kind: $0) }
        }
        return alarms + told
    }

    /// What each member says, once.
    var words: [Word] {
        var seen: Set<UInt64> = []
        return voices.compactMap(\.word).filter { seen.insert($0.member).inserted }
    }

    func answers(_ member: Member) -> Bool { voices.contains { $0.word?.member == member.id } }

    /// What to call a member: its name, or its number as etcdctl prints it.
    func title(_ id: UInt64) -> String {
        members?.first { $0.id == id }?.title ?? String(id, radix: 16)
    }
}

extension EtcdCondition.Member {
    var title: String { name.isEmpty ? String(id, radix: 16) : name }
}

extension EtcdCondition.Voice {
    /// Whether what goes there could be read on its way.
    var isOpenToTheNetwork: Bool {
        guard url.hasPrefix("http://") else { return false }
        return !["http://127.", "http://localhost", "http://[::1]"].contains {
            url.hasPrefix($0)
        }
    }
}
