import Foundation
import MetaStackDecisions
package import MetaStackModel

extension Cluster {
    /// `vm list` for people.
    package func vmTable(at now: Timestamp) -> Table {
        var table = Table(["NAME", "STATE", "HOST", "FLAVOUR", "IMAGE", "AGE", "MESSAGE"])
        let placement = Placement(self)
        for vm in VMOverview.all(in: self) {
            let status = VMStatus(vm, in: self, placement: placement)
            table.add([
                vm.name, status.word.rawValue, vm.claim?.value.host.text,
                vm.desired.map { flavourWord($0.value.flavour) },
                vm.desired.map { imageWord($0.value.image) },
                vm.desired?.value.createdAt?.age(at: now), status.message,
            ])
        }
        return table
    }

    /// `vm list` for programs.
    package func vmDocument() throws -> JSONValue {
        let placement = Placement(self)
        return .array(
            try VMOverview.all(in: self).map {
                try $0.document(VMStatus($0, in: self, placement: placement))
            })
    }
}

extension VMOverview {
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
            guard let field = rest[Self.createdAtField] else { return nil }
            // Whatever else stands there is no time, and an age is not worth an error.
            return try? JSONDecoder().decode(Timestamp.self, from: JSONEncoder().encode(field))
        }
        set { rest[Self.createdAtField] = newValue.map { .string($0.description) } }
    }
}
