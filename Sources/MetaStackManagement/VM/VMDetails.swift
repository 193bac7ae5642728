import struct Foundation.UUID
package import MetaStackModel

/// `vm show` for people: what is wanted beside what is so, then disks and past.
package struct VMDetails {
    package let vm: VMOverview
    package let status: VMStatus
    package let cluster: Cluster
    package let now: Timestamp

    package init(vm: VMOverview, status: VMStatus, cluster: Cluster, now: Timestamp) {
        self.vm = vm
        self.status = status
        self.cluster = cluster
        self.now = now
    }

    package var text: String {
        [head, table.text, nics, volumes, history].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var head: String {
        let message = status.message.map { ": \($0)" } ?? ""
        return "vm \(vm.name) (\(vm.id))\n\(status.word.rawValue)\(message)\n".printableLines
    }

    private var table: Table {
        var table = Table(["", "DESIRED", "ACTUAL"])
        for row in rows { table.add(row) }
        return table
    }

    /// A line each: what it is, as it is wanted, as it is.
    package var rows: [[String?]] {
        let desired = vm.desired?.value
        let claim = vm.claim?.value
        var rows: [[String?]] = [
            ["state", desired?.state.rawValue, claim.map(stateWithAge)],
            ["host", desired.map { $0.host?.text ?? "any" }, claim?.host.text],
        ]
        if let claim, let move = claim.move {
            rows.append([
                "move", desired?.moves.order.map { $0.to?.text ?? "elsewhere" }, move.to.text,
            ])
        }
        rows += [
            ["flavour", desired.map(flavour), claim.map(size)],
            ["image", desired.map { cluster.imageWord($0.image) }, clonedFrom],
            ["restart", desired?.restart.rawValue, nil],
        ]
        if let cloudInit = desired?.cloudInit {
            rows.append(["cloud-init", words(cloudInit), nil])
        }
        rows += [
            [
                "revision", vm.desired?.revision.description,
                claim?.desiredRevision.map { "acted on \($0)" },
            ],
            ["incarnation", nil, vm.claim?.incarnation.description],
            ["uuid", uuid, claim?.vmUUID?.uuidString.lowercased()],
            [
                "macs", desired.map { macs($0.nics) },
                claim?.macs.map(\.description).joined(separator: " "),
            ],
            ["console", nil, claim?.console],
            ["clients", nil, claim?.clients.map(\.description).joined(separator: " ")],
        ]
        return rows
    }

    /// User data may hold passwords, and is shown as its size.
    private func words(_ cloudInit: CloudInit) -> String {
        var words: [String] = []
        if let name = cloudInit.hostName { words.append("host name \(name)") }
        if !cloudInit.sshKeys.isEmpty {
            words.append("keys \(cloudInit.sshKeys.map(\.text).joined(separator: " "))")
        }
        if let data = cloudInit.userData { words.append("user data \(data.text.utf8.count) bytes") }
        if cloudInit.networkConfig != nil { words.append("network config") }
        return words.isEmpty ? "defaults" : words.joined(separator: ", ")
    }

    private func stateWithAge(_ claim: ActualVM) -> String {
        claim.state.rawValue + (claim.since.age(at: now).map { " for \($0)" } ?? "")
    }

    private func flavour(_ desired: DesiredVM) -> String {
        let word = cluster.flavourWord(desired.flavour)
        do throws(UnresolvedReference) {
            let flavour = try cluster.flavour(desired.flavour).flavour
            return "\(word) (\(Self.size(flavour.vcpus, flavour.ram)))"
        } catch {
            return word
        }
    }

    private func size(_ claim: ActualVM) -> String { Self.size(claim.vcpus, claim.ram) }

    private static func size(_ vcpus: Int, _ ram: Mebibytes) -> String {
        "\(vcpus) vCPU, \(ram.short)"
    }

    private var clonedFrom: String? {
        vm.volumes[VolumeID(vm: vm.id)]?.value.source.map { cluster.imageWord($0.text) }
    }

    private var uuid: String? {
        vm.desired.map {
            UUID(vm: vm.id, createRevision: $0.createRevision).uuidString.lowercased()
        }
    }

    private func macs(_ nics: [DesiredNIC]) -> String {
        nics.enumerated().map { place, nic in
            (nic.mac ?? MACAddress(vm: vm.id, nic: place)).description
        }.joined(separator: " ")
    }

    /// Nothing for a VM that has what all have.
    private var nics: String {
        let isPlain =
            vm.desired?.value.nics == DesiredNIC.one
            && vm.claim?.value.nics.contains { $0.network != nil } != true
        return isPlain ? "" : NICTable(vm, in: cluster).text
    }

    private var volumes: String {
        guard !vm.volumes.isEmpty else { return "" }
        var table = Table(Self.volumeHeadings, right: ["SIZE"])
        for row in volumeRows { table.add(row) }
        return table.text
    }

    package static let volumeHeadings = ["VOLUME", "POOL", "IMAGE", "SIZE", "STATE"]

    package var volumeRows: [[String?]] {
        vm.volumes.sorted { $0.key < $1.key }.map { id, volume in
            [
                id.disk, volume.value.pool.text, volume.value.image, volume.value.size?.short,
                volume.value.provisioned ? "provisioned" : "being made",
            ]
        }
    }

    private var history: String { vm.history.map { VMPast($0.value).text } ?? "" }
}

extension String {
    /// Each line made harmless to a terminal.
    fileprivate var printableLines: String {
        split(separator: "\n").map { String($0).printable + "\n" }.joined()
    }
}
