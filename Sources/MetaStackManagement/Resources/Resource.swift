package import MetaStackModel

/// One thing as people see it: what is wanted and what is so, by one name.
package struct Resource: Sendable {
    package let kind: ResourceKind
    package let id: String
    /// What people call it; its id where its name is not known.
    package let name: String
    package let labels: [String: String]
    /// In one word, such as `running`; nil where the kind has none.
    package let status: String?
    /// Of the record that says what is wanted: what a change compares. nil where there is none.
    package let revision: Revision?
    private let makeDocument: @Sendable () throws -> JSONValue

    /// - Parameter document: made only where somebody looks at it; most lists show but a part.
    init(
        kind: ResourceKind, id: String, name: String, labels: [String: String], status: String?,
        revision: Revision?, document: @escaping @Sendable () throws -> JSONValue
    ) {
        self.kind = kind
        self.id = id
        self.name = name
        self.labels = labels
        self.status = status
        self.revision = revision
        makeDocument = document
    }

    /// For programs, as `-o json` and the API have it.
    package var document: JSONValue { get throws { try makeDocument() } }
}

extension Cluster {
    /// The id of what a person means: by id, by name, or by the only id that begins so.
    ///
    /// - Throws: `CommandFailure`: not found, with what was probably meant, or ambiguous.
    package func find(_ kind: ResourceKind, _ text: String) throws(CommandFailure) -> String {
        switch kind {
        case .vm: try vmNames.find(text).text
        case .image: try imageNames.find(text).text
        case .flavour: try flavourNames.find(text).text
        case .host: try hostNames.find(text).text
        case .volume: try volumeNames.find(text).text
        case .config: try configNames.find(text).text
        case .sshKey: try sshKeyNames.find(text).text
        case .network: try networkNames.find(text).text
        case .address: try findAddress(text)
        case .securityGroup: try securityGroupNames.find(text).text
        }
    }

    /// Everything of a kind, by name, then by id.
    package func resources(_ kind: ResourceKind) throws -> [Resource] {
        let all: [Resource]
        switch kind {
        case .vm: all = try vmResources()
        case .image: all = try imageNames.known.map { try resource($0.id) }
        case .flavour: all = try flavourNames.known.map { try resource($0.id) }
        case .host: all = try hostNames.known.map { try resource($0.id) }
        case .volume: all = try volumeNames.known.map { try volumeResource($0.id.text) }
        case .sshKey: all = try sshKeyNames.known.map { try resource($0.id) }
        case .network: all = try networkNames.known.map { try resource($0.id) }
        case .address: all = addressWords.map { addressResource($0) }
        case .securityGroup: all = try securityGroupNames.known.map { try resource($0.id) }
        case .config: all = try configNames.known.map { try configResource($0.id.text) }
        }
        return all.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    /// One thing by its exact id; nil where there is none.
    package func resource(_ kind: ResourceKind, _ id: String) throws -> Resource? {
        switch kind {
        case .vm:
            let vm = VMID(unchecked: id)
            return vmIDs.contains(vm) ? try resource(vm) : nil
        case .image:
            let image = ImageID(unchecked: id)
            return imageNames.known.contains { $0.id == image } ? try resource(image) : nil
        case .flavour:
            let flavour = FlavourID(unchecked: id)
            return flavourNames.known.contains { $0.id == flavour } ? try resource(flavour) : nil
        case .host:
            let host = HostID(unchecked: id)
            return hostNames.known.contains { $0.id == host } ? try resource(host) : nil
        case .volume:
            return volumeNames.known.contains { $0.id.text == id } ? try volumeResource(id) : nil
        case .sshKey:
            let key = SSHKeyID(unchecked: id)
            return sshKeyNames.known.contains { $0.id == key } ? try resource(key) : nil
        case .network:
            let network = NetworkID(unchecked: id)
            return networkNames.known.contains { $0.id == network } ? try resource(network) : nil
        case .address: return addressWords.contains(id) ? addressResource(id) : nil
        case .securityGroup:
            let group = SecurityGroupID(unchecked: id)
            return securityGroupNames.known.contains { $0.id == group }
                ? try resource(group) : nil
        case .config:
            return configNames.known.contains { $0.id.text == id } ? try configResource(id) : nil
        }
    }
}
