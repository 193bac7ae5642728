package import MetaStackModel

/// Finds what a person means by a NAME among the things of one kind.
package struct NameLookup<ID: Identifier>: Sendable {
    /// `vm`, `image`, `flavour` or `host`.
    package let kind: String
    /// Everything of the kind; a thing whose record cannot be read has no name.
    package let known: [(id: ID, name: String?)]

    /// The id that is exactly the text; else the only one of that name; else the only one that
    /// begins so.
    ///
    /// - Throws: `CommandFailure`: not found, with what was probably meant; or usage, with the ids
    ///   among which to choose.
    package func find(_ text: String) throws(CommandFailure) -> ID {
        if let exact = known.first(where: { $0.id.text == text }) { return exact.id }
        let named = known.filter { $0.name == text }.map(\.id).sorted()
        if named.count > 1 {
            throw ambiguous("\(named.count) \(kind)s are named", text, named)
        }
        if let only = named.first { return only }
        let begun = known.filter { !text.isEmpty && $0.id.text.hasPrefix(text) }.map(\.id).sorted()
        if begun.count > 1 {
            throw ambiguous("\(begun.count) \(kind)s have an id that begins with", text, begun)
        }
        guard let only = begun.first else { throw notFound(text) }
        return only
    }

    private func ambiguous(_ what: String, _ text: String, _ ids: [ID]) -> CommandFailure {
        CommandFailure(
            .usage, "\(what) \(text.quotedForPeople), use one of the ids \(Self.list(ids))")
    }

    private func notFound(_ text: String) -> CommandFailure {
        let names = known.map { $0.name ?? $0.id.text }
        let missing = "there is no \(kind) \(text.quotedForPeople)"
        if let near = names.nearest(to: text) {
            return CommandFailure(.notFound, "\(missing), did you mean \(near)?")
        }
        let advice = names.isEmpty ? "there are none yet" : "known are \(Self.list(names.sorted()))"
        return CommandFailure(.notFound, "\(missing), \(advice)")
    }

    private static func list(_ items: [some CustomStringConvertible]) -> String {
        let shown = items.prefix(10).map(\.description).joined(separator: ", ")
        return items.count > 10 ? "\(shown) and \(items.count - 10) more" : shown
    }
}

extension NameLookup {
    /// - Throws: `CommandFailure` (conflict) where something has this name, or this text as its id.
    package func requireFree(_ name: ResourceName) throws(CommandFailure) {
        guard let taken = known.first(where: { $0.name == name.text || $0.id.text == name.text })
        else { return }
        throw CommandFailure(
            .conflict, "there is a \(kind) \(name) already, with id \(taken.id); take another name")
    }
}

extension Cluster {
    package var vmNames: NameLookup<VMID> {
        NameLookup(kind: "vm", known: vmIDs.map { ($0, desiredVMs[$0]?.value.name.text) })
    }

    package var imageNames: NameLookup<ImageID> {
        let ids = Set(images.keys).union(malformed(in: .images)).union(actualImages.keys)
        return NameLookup(kind: "image", known: ids.map { ($0, images[$0]?.value.name.text) })
    }

    package var flavourNames: NameLookup<FlavourID> {
        let ids = Set(flavours.keys).union(malformed(in: .flavours))
        return NameLookup(kind: "flavour", known: ids.map { ($0, flavours[$0]?.value.name.text) })
    }

    package var sshKeyNames: NameLookup<SSHKeyID> {
        let ids = Set(sshKeys.keys).union(malformed(in: .sshKeys))
        return NameLookup(kind: "ssh-key", known: ids.map { ($0, $0.text) })
    }

    /// A host that is away is known by the VMs that it had last.
    package var hostNames: NameLookup<HostID> {
        let remembered = histories.values.map(\.value.host)
        let known = Set(hosts.keys).union(desiredHosts.keys).union(malformed(in: .hosts))
            .union(remembered)
        return NameLookup(kind: "host", known: known.map { ($0, $0.text) })
    }

    /// Every VM that is wanted or of which something is left.
    package var vmIDs: Set<VMID> {
        Set(desiredVMs.keys).union(actualVMs.keys).union(volumes.keys)
            .union(malformed(in: .desiredVMs))
    }

    /// The ids of records that cannot be read. A key that is no id at all is not among them, since
    /// nobody can name it here.
    package func malformed<ID: Identifier>(in folder: RecordKey.Folder) -> [ID] {
        malformed.keys.compactMap { path in
            guard path.hasPrefix(folder.rawValue + "/") else { return nil }
            return try? ID(String(path.dropFirst(folder.rawValue.count + 1)))  // See above.
        }
    }
}
