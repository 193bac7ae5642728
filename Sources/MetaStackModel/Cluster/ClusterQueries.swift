/// A reference in a record that leads nowhere, or to more than one place.
public struct UnresolvedReference: Error, Sendable, Equatable, CustomStringConvertible {
    /// `flavour`, `image`, `network` or `security group`.
    public let kind: String
    public let name: String
    /// The ids that have this name; empty where none has.
    public let candidates: [String]

    public var description: String {
        candidates.isEmpty
            ? "there is no \(kind) \(name.quotedForPeople)"
            : "\(candidates.count) \(kind)s are named \(name.quotedForPeople), use one of the ids "
                + candidates.joined(separator: ", ")
    }
}

extension Cluster {
    /// The flavour that a desired record means: by id, else by name.
    public func flavour(
        _ reference: String
    ) throws(UnresolvedReference) -> (id: FlavourID, flavour: Flavour) {
        let (id, stored) = try Self.resolve(reference, "flavour", flavours, \.name)
        return (id, stored.value)
    }

    /// The image that a desired record means: by id, else by name.
    public func image(
        _ reference: String
    ) throws(UnresolvedReference) -> (id: ImageID, image: Stored<Image>) {
        try Self.resolve(reference, "image", images, \.name)
    }

    /// The network that a record means: by id, else by name.
    public func network(
        _ reference: String
    ) throws(UnresolvedReference) -> (id: NetworkID, network: Stored<Network>) {
        try Self.resolve(reference, "network", networks, \.name)
    }

    /// The security group that a record means: by id, else by name.
    public func securityGroup(
        _ reference: String
    ) throws(UnresolvedReference) -> (id: SecurityGroupID, group: Stored<SecurityGroup>) {
        try Self.resolve(reference, "security group", securityGroups, \.name)
    }

    private static func resolve<ID: Identifier, Value: Record>(
        _ reference: String, _ kind: String, _ records: [ID: Stored<Value>],
        _ name: KeyPath<Value, ResourceName>
    ) throws(UnresolvedReference) -> (ID, Stored<Value>) {
        if let stored = records[ID(unchecked: reference)] {
            return (ID(unchecked: reference), stored)
        }
        let found = records.filter { $0.value.value[keyPath: name].text == reference }
        guard found.count == 1, let only = found.first else {
            throw UnresolvedReference(
                kind: kind, name: reference, candidates: found.keys.map(\.text).sorted())
        }
        return (only.key, only.value)
    }
}
