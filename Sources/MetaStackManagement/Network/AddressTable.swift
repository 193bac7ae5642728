package import MetaStackModel

extension Cluster {
    private static let addressColumns: [Listing.Column] = [
        .init("ADDRESS"), .init("NETWORK"), .init("VM"), .init("NIC", .right), .init("MAC"),
        .init("AGE", age: true), .init("ID", wide: true), .init("LABELS", wide: true),
        .init("MESSAGE"),
    ]

    /// `address list`, in the order of networks and addresses. An address has its VM's labels.
    ///
    /// - Parameters:
    ///   - network: of which they are; nil for all.
    ///   - vm: whose they are; nil for all.
    package func addressListing(
        of network: NetworkID? = nil, heldBy vm: VMID? = nil, at now: Timestamp
    ) -> Listing {
        let shown = addresses.all.filter { id, held in
            (network == nil || id.network == network) && (vm == nil || held.value.vm == vm)
        }
        let items = shown.map { id, held in
            (networkWord(id.network.text), id, held)
        }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { network, id, stored in
            let held = stored.value
            let labels = desiredVMs[held.vm]?.value.labels ?? [:]
            return Listing.Item(
                id: id.word, name: id.address.description, labels: labels,
                cells: [
                    .text(id.address.description), .text(network), .text(vmName(held.vm)),
                    .number(held.nic), .text(held.mac.description), .age(held.since, at: now),
                    .text(id.word), .labels(labels), .text(staleness(of: held)),
                ], revisions: [stored.revision],
                document: { try self.addressResource(id.word).document })
        }
        return Listing(.address, Self.addressColumns, items)
    }

    /// Why nobody uses it; nil where its VM does.
    private func staleness(of held: HeldAddress) -> String? {
        guard let vm = desiredVMs[held.vm] else {
            return "vm \(held.vm) is no more: its nodes give it up"
        }
        return vm.createRevision == held.vmCreateRevision
            ? nil : "it was an earlier vm \(held.vm)'s: its nodes give it up"
    }

    /// `address show` for people.
    package func addressDetails(_ word: String, at now: Timestamp) -> String {
        // What is no address cannot be read, and has nothing to show.
        let id = try? AddressID(word: word)
        let held = id.flatMap { addresses[$0]?.value }
        var table = Table(["ADDRESS", id?.address.description ?? word])
        table.add(["id", word])
        table.add(["message", id.flatMap { malformed[RecordKey.address($0).path]?.description }])
        table.add(["network", id.map { networkWord($0.network.text) }])
        table.add(["vm", held.map { vmName($0.vm) }])
        table.add(["nic", held?.nic.description])
        table.add(["mac", held?.mac.description])
        table.add(["held for", held?.since.age(at: now)])
        table.add(["note", held.flatMap(staleness)])
        table.add(["revision", id.flatMap { addresses[$0]?.revision.description }])
        return table.text
    }

    /// - Parameter word: of an address that somebody holds.
    func addressResource(_ word: String) -> Resource {
        let id = try? AddressID(word: word)  // Else it cannot be read, and is shown as that.
        let stored = id.flatMap { addresses[$0] }
        let held = stored?.value
        return Resource(
            kind: .address, id: word, name: id?.address.description ?? word,
            labels: held.flatMap { desiredVMs[$0.vm]?.value.labels } ?? [:],
            status: stored == nil ? "malformed" : "held", revision: stored?.revision,
            document: {
                .object([
                    "id": .string(word), "address": JSONValue(id?.address.description),
                    "name": .string(id?.address.description ?? word),
                    "network": JSONValue(id.map { networkWord($0.network.text) }),
                    "vm": JSONValue(held.map { vmName($0.vm) }),
                    "message": JSONValue(
                        id.flatMap { malformed[RecordKey.address($0).path]?.description }
                            ?? held.flatMap(staleness)),
                    "actual": try JSONValue(stored),
                ])
            })
    }
}
