package import MetaStackDecisions
package import MetaStackModel

/// Why a VM is where it is, or nowhere: what the nodes' own functions say of each host.
package struct Explanation: Sendable {
    /// What is asked in place of what is so.
    package struct Question: Sendable {
        /// Hosts that are taken to be gone.
        package var lost: Set<HostID> = []
        /// The flavour that the VM is taken to have.
        package var flavour: FlavourID?

        package init() {}

        /// What people ask, in their words.
        ///
        /// - Throws: `CommandFailure` where there is no such host or flavour.
        package init(
            lost: [String], flavour: String?, in cluster: Cluster
        ) throws(CommandFailure) {
            for host in lost { self.lost.insert(try cluster.hostNames.find(host)) }
            if let flavour { self.flavour = try cluster.flavourNames.find(flavour) }
        }

        package var isHypothetical: Bool { !lost.isEmpty || flavour != nil }
    }

    /// One host and the VM.
    package struct Row: Sendable, Equatable {
        package var host: HostID
        /// From 1, the best first; nil where the host cannot run it.
        package var rank: Int?
        package var score: Score?
        package var refusals: [Refusal]
    }

    package let id: VMID
    package let name: String
    /// The host that has claimed it, where that one is not taken to be gone.
    package let owner: HostID?
    /// Why no host at all can be asked; nil where they were.
    package let impossible: String?
    /// Best first, then those that cannot by name.
    package let rows: [Row]
    package let question: Question
    /// Why it shall go to another host, where it shall.
    package let move: String?

    /// - Throws: `CommandFailure` where the VM's record cannot be read or is gone.
    package init(
        _ id: VMID, _ question: Question, in cluster: Cluster
    ) throws(CommandFailure) {
        let vm = VMOverview(id, in: cluster)
        guard var desired = vm.desired?.value else {
            throw CommandFailure(
                .failed,
                vm.malformed?.description ?? "vm \(id) is deleted, its remains are being removed")
        }
        if let flavour = question.flavour { desired.flavour = flavour.text }
        var supposed = cluster
        for host in question.lost { supposed.hosts[host] = nil }
        self.id = id
        self.question = question
        move = question.isHypothetical ? nil : Self.move(of: id, in: cluster)
        name = vm.name
        owner = vm.claim.map(\.value.host).flatMap { question.lost.contains($0) ? nil : $0 }
        do throws(VMPlan.Impossible) {
            let plan = try VMPlan(id, desired, in: supposed)
            impossible = nil
            rows = Self.rows(plan.request, Placement(supposed, without: id))
        } catch {
            impossible = error.description
            rows = []
        }
    }

    private static func rows(_ request: PlacementRequest, _ placement: Placement) -> [Row] {
        let candidates = placement.candidates(for: request)
        let refusals = placement.refusals(of: request).filter { !$0.value.isEmpty }
        return candidates.enumerated().map { rank, candidate in
            Row(host: candidate.host, rank: rank + 1, score: candidate.score, refusals: [])
        }
            + refusals.sorted { $0.key < $1.key }.map {
                Row(host: $0.key, rank: nil, score: nil, refusals: $0.value)
            }
    }

    /// The answer in a sentence.
    package var verdict: String {
        if let impossible { return "no host is asked: \(impossible)" }
        let best = rows.first.flatMap { $0.rank == nil ? nil : $0.host }
        if question.isHypothetical {
            return best.map { "would run on \($0)" } ?? "no host could run it"
        }
        guard let owner else {
            return best.map { "waits for \($0), the best of \(fitting)" } ?? "no host can run it"
        }
        guard let row = rows.first(where: { $0.host == owner }) else {
            return "is on \(owner), which is not live"
        }
        guard let rank = row.rank else {
            return "is on \(owner), which could not take it now: "
                + row.refusals.map(\.description).joined(separator: "; ")
        }
        let place =
            rank == 1
            ? "is on \(owner), the best of \(fitting)"
            : "is on \(owner), now number \(rank) of \(fitting)"
        return place + "; " + (move ?? "VMs that run stay where they are")
    }

    private static func move(of id: VMID, in cluster: Cluster) -> String? {
        switch MoveRules(cluster).verdict(on: id) {
        case .stay: nil
        case .wait: "it leaves once others have left"
        case .stuck(let reason): "it cannot leave: \(reason)"
        case .go(let plan): "it goes to \(plan.to), since \(plan.reason)"
        }
    }

    private var fitting: String {
        let count = rows.count { $0.rank != nil }
        return count == 1 ? "the one host that can" : "\(count) hosts that can"
    }

    package static let headings = ["HOST", "RANK", "LOAD", "UNMET", "WHY NOT"]

    /// One host's line of the table, its owner with a mark.
    package func cells(of row: Row) -> [String?] {
        [
            row.host.text + (row.host == owner ? " *" : ""), row.rank.map { "\($0)" },
            row.score.map { "\($0.load / 10).\($0.load % 10) %" },
            row.score.map { "\($0.unmet)" },
            row.refusals.map(\.description).joined(separator: "; "),
        ]
    }

    /// For people.
    package var text: String {
        var table = Table(Self.headings, right: ["RANK", "LOAD", "UNMET"])
        for row in rows { table.add(cells(of: row)) }
        let lines = "vm \(name) (\(id)) \(verdict)".printable + "\n"
        return rows.isEmpty ? lines : lines + "\n" + table.text
    }

    /// For programs.
    package var document: JSONValue {
        .object([
            "id": .string(id.text), "name": .string(name), "verdict": .string(verdict),
            "host": JSONValue(owner?.text),
            "hosts": .array(
                rows.map { row in
                    .object([
                        "host": .string(row.host.text),
                        "rank": row.rank.map { .integer(Int64($0)) } ?? .null,
                        "load_permille": row.score.map { .integer(Int64($0.load)) } ?? .null,
                        "unmet": row.score.map { .integer(Int64($0.unmet)) } ?? .null,
                        "reasons": .array(row.refusals.map { .string($0.description) }),
                    ])
                }),
        ])
    }
}
