import Foundation
package import MetaStackModel

extension Cluster {
    private static let vmColumns: [Listing.Column] = [
        .init("NAME"), .init("STATE"), .init("HOST"), .init("FLAVOUR"), .init("IMAGE"),
        .init("AGE", age: true), .init("ID", wide: true), .init("VCPUS", .right, wide: true),
        .init("RAM", .right, wide: true), .init("PIN", wide: true),
        .init("INCARNATION", .right, wide: true), .init("ADDRESSES", wide: true),
        .init("LABELS", wide: true), .init("MESSAGE"),
    ]

    /// `vm list`.
    ///
    /// - Parameter ids: of those that are listed; nil for all.
    package func vmListing(at now: Timestamp, of ids: Set<String>? = nil) -> Listing {
        // Most clusters have no VM that waits, and need no sums over all hosts.
        lazy var reasons = PendingReasons(self)
        let flavours = Dictionary(
            uniqueKeysWithValues: self.flavours.keys.map { ($0.text, flavourWord($0.text)) })
        let images = Dictionary(
            uniqueKeysWithValues: self.images.keys.map { ($0.text, imageWord($0.text)) })
        let vms =
            ids.map { ids in
                ids.map { VMOverview(VMID(unchecked: $0), in: self) }.filter(\.isThere)
                    .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
            } ?? VMOverview.all(in: self)
        let items = vms.map { vm in
            let status = VMStatus(vm, pending: reasons)
            let desired = vm.desired?.value
            let claim = vm.claim
            return Listing.Item(
                id: vm.id.text, name: vm.name, labels: desired?.labels ?? [:],
                cells: [
                    .text(vm.name), .text(status.word.rawValue), .text(claim?.value.host.text),
                    .text(desired.map { flavours[$0.flavour] ?? $0.flavour }),
                    .text(desired.map { images[$0.image] ?? $0.image }),
                    .age(desired?.createdAt, at: now), .text(vm.id.text),
                    claim.map { .number($0.value.vcpus) } ?? .text(nil),
                    .size(claim?.value.ram), .text(desired?.host?.text),
                    claim.map { .number(Int($0.incarnation.number)) } ?? .text(nil),
                    .text(
                        claim?.value.nics.flatMap(\.addresses).map(\.description).joined(
                            separator: " ")),
                    .labels(desired?.labels ?? [:]), .text(status.message),
                ],
                revisions: vm.revisions, document: { try vm.document(status) })
        }
        return Listing(.vm, Self.vmColumns, items)
    }
}

extension VMOverview {
    /// Whether it is wanted, or something of it is left.
    fileprivate var isThere: Bool {
        desired != nil || claim != nil || !volumes.isEmpty || malformed != nil
    }

    /// Of all its records.
    fileprivate var revisions: [Revision] {
        [desired?.revision, claim?.revision, history?.revision].compactMap(\.self)
            + volumes.sorted { $0.key < $1.key }.map(\.value.revision)
    }

    /// One VM for programs: `id`, `name`, `status`, `message`, and the records as they are.
    package func document(_ status: VMStatus) throws -> JSONValue {
        .object([
            "id": .string(id.text),
            "name": .string(name),
            "status": .string(status.word.rawValue),
            "message": JSONValue(status.message),
            "desired": try JSONValue(desired),
            "actual": try JSONValue(claim),
            "volumes": .array(
                try volumes.sorted { $0.key < $1.key }
                    .map { try JSONValue(id: $0.key.description, $0.value) }),
            "history": try JSONValue(history),
        ])
    }
}

extension DesiredVM {
    private static let createdAtField = "created_at"

    /// When `metastack vm create` wrote the record first, by that machine's clock; for people
    /// only, and nil where somebody else wrote it.
    package var createdAt: Timestamp? {
        get {
            guard case .string(let text)? = rest[Self.createdAtField] else { return nil }
            return Timestamp(text)
        }
        set { rest[Self.createdAtField] = newValue.map { .string($0.description) } }
    }
}
