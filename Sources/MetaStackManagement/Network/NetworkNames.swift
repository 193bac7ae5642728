package import MetaStackModel

extension Cluster {
    package var networkNames: NameLookup<NetworkID> {
        let ids = Set(networks.keys).union(malformed(in: .networks))
        return NameLookup(kind: "network", known: ids.map { ($0, networks[$0]?.value.name.text) })
    }

    package var securityGroupNames: NameLookup<SecurityGroupID> {
        let ids = Set(securityGroups.keys).union(malformed(in: .securityGroups))
        return NameLookup(
            kind: "security-group", known: ids.map { ($0, securityGroups[$0]?.value.name.text) })
    }

    /// What people call a network that a record names by id or name.
    package func networkWord(_ reference: String) -> String {
        networks[NetworkID(unchecked: reference)]?.value.name.text ?? reference
    }

    package func securityGroupWord(_ reference: String) -> String {
        securityGroups[SecurityGroupID(unchecked: reference)]?.value.name.text ?? reference
    }

    /// What people call a VM, that may be no more.
    package func vmName(_ id: VMID) -> String { desiredVMs[id]?.value.name.text ?? id.text }

    /// Every held address as people say it, those that cannot be read among them.
    var addressWords: [String] {
        let unread = malformed.keys.compactMap { path -> String? in
            let parts = path.split(separator: "/").map(String.init)
            guard parts.first == RecordKey.Folder.addresses.rawValue, parts.count == 3 else {
                return nil
            }
            return "\(parts[2])@\(parts[1])"
        }
        return addresses.all.keys.map(\.word) + unread
    }

    /// By address, or by address and network: `10.7.0.5`, `10.7.0.5@blue`.
    func findAddress(_ text: String) throws(CommandFailure) -> String {
        let known = addressWords.map { word -> (ResourceName, String?) in
            let parts = word.split(separator: "@", maxSplits: 1).map(String.init)
            return (
                ResourceName(unchecked: word), parts.last.map { "\(parts[0])@\(networkWord($0))" }
            )
        }
        let names = NameLookup(kind: "address", known: known)
        guard let address = try? IPAddress(text) else {  // Then it says which network, too.
            return try names.find(Self.canonical(text)).text
        }
        let found = known.filter { $0.0.text.hasPrefix("\(address)@") }.map(\.0.text).sorted()
        guard found.count <= 1 else {
            throw CommandFailure(
                .usage,
                "\(address) is held in \(found.count) networks, use one of "
                    + found.joined(separator: ", "))
        }
        guard let only = found.first else {
            throw CommandFailure(.notFound, "nobody holds the address \(address)")
        }
        return only
    }

    /// The address in it as it is always written.
    private static func canonical(_ text: String) -> String {
        let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
        guard parts.count == 2, let address = try? IPAddress(parts[0]) else { return text }
        return "\(address)@\(parts[1])"
    }
}

extension AddressID {
    /// As people and programs say it: `10.7.0.5@<network id>`.
    package var word: String { "\(address)@\(network)" }

    /// - Throws: `ValidationError` where it is none.
    package init(word: String) throws(ValidationError) {
        let parts = word.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw ValidationError(
                subject: "address", found: word, problem: "write it as ADDRESS@NETWORK")
        }
        try self.init(network: parts[1], address: parts[0])
    }
}
