import MetaStackModel
import MetaStackStore

/// A desired record that somebody wants to write, and the one that it replaces.
struct ResourceProposal {
    let kind: ResourceKind
    let id: String
    let key: RecordKey
    let record: any Record
    let json: JSONValue
    let cluster: Cluster
    let stored: DesiredRecord?
    /// Whether there is a record that cannot be read; it may be replaced.
    let isUnread: Bool

    /// - Throws: `CommandFailure` with the fields that are to blame.
    init(
        _ kind: ResourceKind, id: String, _ json: JSONValue, in cluster: Cluster,
        at now: Timestamp
    ) throws(CommandFailure) {
        key = try Self.key(kind, id)
        self.kind = kind
        self.id = id
        self.cluster = cluster
        stored = cluster.desiredRecord(kind, id)
        isUnread = cluster.malformed[key.path] != nil
        var json = json
        if kind == .vm, case .object(var fields) = json, fields["created_at"] == nil,
            stored == nil
        {
            fields["created_at"] = .string(now.description)
            json = .object(fields)
        }
        do throws(FieldProblem) {
            try Self.requireKnownFields(kind, json, stored)
            var record = try kind.record(json, id: id)
            if let host = record as? DesiredHost {
                record = host.noted(
                    after: cluster.desiredHosts[HostID(unchecked: id)]?.value, at: now)
            }
            self.record = record
            self.json = try Self.normal(record)
        } catch {
            throw CommandFailure(.usage, "\(kind.word): \(error.problem)", fields: [error])
        }
    }

    static func key(_ kind: ResourceKind, _ id: String) throws(CommandFailure) -> RecordKey {
        guard kind.isWritable else {
            throw CommandFailure(.usage, "\(kind.plural) are written by nodes alone")
        }
        do throws(ValidationError) {
            return try kind.key(id)
        } catch {
            throw CommandFailure(
                .usage, error.description,
                fields: [FieldProblem(path: "id", problem: error.description)])
        }
    }

    /// The record as it will stand in etcd.
    private static func normal(_ record: any Record) throws(FieldProblem) -> JSONValue {
        do {
            return try JSONValue(record)
        } catch {
            throw FieldProblem(path: "", problem: "it cannot be written: \(error)")
        }
    }

    /// A field that nobody knows is most often a slip; one that is there already may be a later
    /// version's, and stays.
    private static func requireKnownFields(
        _ kind: ResourceKind, _ json: JSONValue, _ stored: DesiredRecord?
    ) throws(FieldProblem) {
        guard !kind.isOpen, case .object(let fields) = json else { return }
        let old = stored.map { [$0.record] } ?? []
        try UnknownField.refuse(in: fields, kind.fields, old, of: "a \(kind.word)", path: [])
    }

    func requireRevision(_ expected: Revision?) throws(CommandFailure) {
        try Self.require(expected, stored?.revision, "\(kind.word) \(id)")
    }

    static func require(
        _ expected: Revision?, _ found: Revision?, _ what: String
    ) throws(CommandFailure) {
        guard let expected, expected != found else { return }
        throw CommandFailure.changedMeanwhile(what)
    }

    func change() throws(CommandFailure) -> ResourceChange {
        var conditions: [RecordCondition] = []
        // Still true at the write: nobody has changed what was read. A record that cannot be read
        // is replaced, whatever it says.
        if let stored {
            conditions.append(.unchanged(key, since: stored.revision))
        } else if !isUnread {
            conditions.append(.absent(key))
        }
        conditions += try check()
        return ResourceChange(
            kind: kind, id: id, name: name, writes: [.put(key, record)], conditions: conditions,
            before: stored?.record, after: json)
    }

    private var name: String {
        switch record {
        case let vm as DesiredVM: vm.name.text
        case let image as MetaStackModel.Image: image.name.text
        case let flavour as Flavour: flavour.name.text
        case let network as Network: network.name.text
        case let group as SecurityGroup: group.name.text
        default: id
        }
    }

    /// What the record says of others; the conditions that this rests on.
    private func check() throws(CommandFailure) -> [RecordCondition] {
        switch record {
        case let vm as DesiredVM:
            try requireFree(vm.name, among: cluster.vmNames)
            return try requireReferences(vm)
        case let image as MetaStackModel.Image:
            try requireFree(image.name, among: cluster.imageNames)
            try requireNobodySays(cluster.images[ImageID(unchecked: id)]?.value.name, image.name)
        case let flavour as Flavour:
            try requireFree(flavour.name, among: cluster.flavourNames)
            let known = cluster.flavours[FlavourID(unchecked: id)]?.value.name
            try requireNobodySays(known, flavour.name)
        case let network as Network: try check(network)
        case let group as SecurityGroup: return try check(group)
        default: break
        }
        return []
    }

    func requireFree<ID: Identifier>(
        _ name: ResourceName, among names: NameLookup<ID>
    ) throws(CommandFailure) {
        let others = NameLookup<ID>(
            kind: names.kind, known: names.known.filter { $0.id.text != id })
        do throws(CommandFailure) {
            try others.requireFree(name)
        } catch {
            throw CommandFailure(
                error.status, error.description,
                fields: [FieldProblem(path: "name", problem: error.description)])
        }
    }

    /// Another name leads those nowhere who say the old one.
    func requireNobodySays(
        _ old: ResourceName?, _ new: ResourceName
    ) throws(CommandFailure) {
        guard let old, old != new else { return }
        let speakers = cluster.vms { vm in
            switch kind {
            case .image: vm.image == old.text
            case .flavour: vm.flavour == old.text
            case .network: vm.nics.contains { $0.network == old.text }
            case .securityGroup: vm.nics.contains { $0.securityGroups.contains(old.text) }
            case .vm, .host, .volume, .address, .sshKey, .config: false
            }
        }
        guard speakers.isEmpty else { throw .inUse("\(kind.word) \(old)", by: speakers) }
    }

    /// A VM that is there already may go on naming what is gone, so that it can be changed otherwise.
    private func requireReferences(
        _ vm: DesiredVM
    ) throws(CommandFailure) -> [RecordCondition] {
        let old = cluster.desiredVMs[VMID(unchecked: id)]?.value
        var problems: [FieldProblem] = []
        var conditions: [RecordCondition] = []
        do throws(UnresolvedReference) {
            conditions.append(.exists(.flavour(try cluster.flavour(vm.flavour).id)))
        } catch  where old?.flavour == vm.flavour {
        } catch {
            problems.append(FieldProblem(path: "flavour", problem: error.description))
        }
        do throws(UnresolvedReference) {
            conditions.append(.exists(.image(try cluster.image(vm.image).id)))
        } catch  where old?.image == vm.image {
        } catch {
            problems.append(FieldProblem(path: "image", problem: error.description))
        }
        let seed = cloudInitReferences(vm, old)
        problems += seed.problems
        conditions += seed.conditions
        let nics = NICProposal(vm, of: VMID(unchecked: id), replacing: old, in: cluster)
        problems += nics.problems
        conditions += nics.conditions
        guard problems.isEmpty else {
            throw CommandFailure(
                .usage, problems.map(\.problem).joined(separator: ", "), fields: problems)
        }
        return conditions
    }

    /// Keys that are there, and texts that a guest can use. What was let in before may stay.
    private func cloudInitReferences(
        _ vm: DesiredVM, _ old: DesiredVM?
    ) -> (problems: [FieldProblem], conditions: [RecordCondition]) {
        guard let wanted = vm.cloudInit, wanted != old?.cloudInit else { return ([], []) }
        let known = Set(old?.cloudInit?.sshKeys ?? [])
        let missing = wanted.sshKeys.enumerated().filter {
            cluster.sshKeys[$0.element] == nil && !known.contains($0.element)
        }
        let there = Set(wanted.sshKeys).filter { cluster.sshKeys[$0] != nil }
        return (
            missing.map { place, id in
                FieldProblem(
                    path: "cloud_init.ssh_keys.\(place)",
                    problem: "there is no ssh-key \(id.text.quotedForPeople)"
                        + (cluster.sshKeys.keys.map(\.text).nearest(to: id.text)
                            .map { ", did you mean \($0)?" } ?? ""))
            } + wanted.problems, there.sorted().map { .exists(.sshKey($0)) }
        )
    }
}
