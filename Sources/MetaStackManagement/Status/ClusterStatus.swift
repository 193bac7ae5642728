package import MetaStackModel

/// The cluster at a glance: how many of what are how, how full it is, and what is wrong.
package struct ClusterStatus: Sendable {
    /// How many are in a state, the states in the order in which they are told.
    package typealias Counts = [(word: String, count: Int)]

    package let hosts: Counts
    package let vms: Counts
    package let images: Counts
    package let flavours: Int
    /// Promised to VMs, and what live hosts have in all.
    package let vcpus: (used: Int, total: Int)
    package let ram: (used: Mebibytes, total: Mebibytes)
    package let findings: [Finding]

    package init(_ cluster: Cluster) {
        let statuses = cluster.vmStatuses()
        hosts = Self.counts(
            HostStatus.allCases,
            cluster.hostNames.known.map { HostStatus($0.id, in: cluster) })
        vms = Self.counts(VMStatus.Word.allCases, statuses.map(\.status.word))
        images = Self.counts(
            ImageStatus.Word.allCases,
            cluster.imageNames.known.map { ImageStatus($0.id, in: cluster).word })
        flavours = cluster.flavourNames.known.count
        let live = cluster.hosts.values.map(\.value)
        vcpus = (live.reduce(0) { $0 + $1.usedVCPU }, live.reduce(0) { $0 + $1.totalVCPU })
        ram = (live.reduce(.zero) { $0 + $1.usedRAM }, live.reduce(.zero) { $0 + $1.totalRAM })
        findings = cluster.findings(statuses)
    }

    private static func counts<Word: RawRepresentable<String> & Hashable>(
        _ all: [Word], _ found: [Word]
    ) -> Counts {
        var counts: [Word: Int] = [:]
        for word in found { counts[word, default: 0] += 1 }
        return all.compactMap { word in counts[word].map { (word.rawValue, $0) } }
    }

    /// For people.
    package var text: String {
        var table = Table(["", "ALL", "STATES"], right: ["ALL"])
        table.add(["hosts", Self.sum(hosts), Self.words(hosts)])
        table.add(["vms", Self.sum(vms), Self.words(vms)])
        table.add(["images", Self.sum(images), Self.words(images)])
        table.add(["flavours", "\(flavours)"])
        table.add(["vcpus", "\(vcpus.total)", "\(vcpus.used) promised"])
        table.add(["ram", ram.total.short, "\(ram.used.short) promised"])
        return table.text + "\n" + findingText
    }

    private static func sum(_ counts: Counts) -> String {
        "\(counts.reduce(0) { $0 + $1.count })"
    }

    private static func words(_ counts: Counts) -> String {
        counts.map { "\($0.count) \($0.word)" }.joined(separator: ", ")
    }

    private var findingText: String {
        guard !findings.isEmpty else { return "nothing is wrong\n" }
        let isBad = findings.contains { $0.weight == .problem }
        var table = Table([isBad ? "WHAT IS WRONG" : "WHAT TO KNOW", "WHAT TO DO"])
        for finding in findings { table.add([finding.text, finding.remedy]) }
        return table.text
    }

    /// For programs.
    package var document: JSONValue {
        func object(_ counts: Counts) -> JSONValue {
            .object(
                Dictionary(counts.map { ($0.word, JSONValue.integer(Int64($0.count))) }) { $1 })
        }
        return .object([
            "hosts": object(hosts), "vms": object(vms), "images": object(images),
            "flavours": .integer(Int64(flavours)),
            "vcpus": .object([
                "used": .integer(Int64(vcpus.used)), "total": .integer(Int64(vcpus.total)),
            ]),
            "ram_mib": .object([
                "used": .integer(Int64(ram.used.count)), "total": .integer(Int64(ram.total.count)),
            ]),
            "findings": .array(findings.map(\.document)),
        ])
    }
}
