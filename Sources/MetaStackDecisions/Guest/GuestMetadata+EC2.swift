import MetaStackModel

/// Texts in folders.
indirect enum MetadataTree {
    case text(String)
    /// - Parameter listing: what a folder says of what is in it; nil for the names.
    case folder([(name: String, tree: MetadataTree)], listing: String? = nil)

    /// What is below these names; nil for nothing.
    subscript(names: ArraySlice<String>) -> MetadataTree? {
        guard let first = names.first else { return self }
        guard case .folder(let entries, _) = self else { return nil }
        return entries.first { $0.name == first }?.tree[names.dropFirst()]
    }

    /// A folder's text has a name a line, with `/` behind those of folders.
    var text: String {
        switch self {
        case .text(let text): text
        case .folder(let entries, let listing):
            listing
                ?? entries.map { entry in
                    if case .folder = entry.tree { entry.name + "/" } else { entry.name }
                }.joined(separator: "\n")
        }
    }
}

/// The tree that EC2's instance metadata service has, as far as a guest here has such things
/// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html).
extension GuestMetadata {
    /// Those that cloud-init's EC2 source asks for, and what people ask for.
    private static let versions = ["2009-04-04", "2021-03-23", "latest"]

    var tree: MetadataTree {
        var content: [(name: String, tree: MetadataTree)] = [("meta-data", metadata)]
        if let userData = wanted.userData { content.append(("user-data", .text(userData.text))) }
        return .folder(
            Self.versions.map { ($0, .folder(content)) },
            listing: Self.versions.joined(separator: "\n"))
    }

    private var metadata: MetadataTree {
        let first = nics.first
        var entries: [(name: String, tree: MetadataTree)] = [
            ("ami-id", .text(desired.value.image)), ("hostname", .text(hostName)),
            ("instance-id", .text(Seed.instance(vm, desired))),
            ("instance-type", .text(desired.value.flavour)),
        ]
        if let address = first.flatMap({ addresses(of: $0, .ipv6).first }) {
            entries.append(("ipv6", .text(address)))
        }
        entries.append(("local-hostname", .text(hostName)))
        if let address = first.flatMap({ addresses(of: $0, .ipv4).first }) {
            entries.append(("local-ipv4", .text(address)))
        }
        if let first { entries.append(("mac", .text(first.mac.description))) }
        entries += [
            ("network", .folder([("interfaces", .folder([("macs", .folder(interfaces))]))])),
            ("placement", .folder([("availability-zone", .text(zone))])),
        ]
        if let address = first.flatMap({ translated(of: $0).first }) {
            entries.append(("public-ipv4", .text(address)))
        }
        if !keys.isEmpty { entries.append(("public-keys", publicKeys)) }
        return .folder(entries)
    }

    /// A key's place is its name, and the listing says what people call it.
    private var publicKeys: MetadataTree {
        .folder(
            keys.enumerated().map { place, key in
                ("\(place)", .folder([("openssh-key", .text(key.line))]))
            },
            listing: keys.enumerated().map { "\($0)=\($1.name)" }.joined(separator: "\n"))
    }

    private var interfaces: [(name: String, tree: MetadataTree)] {
        nics.enumerated().map { place, nic in
            var entries: [(name: String, tree: MetadataTree)] = [
                ("device-number", .text("\(place)"))
            ]
            let subnets = nic.network.flatMap { networks[$0]?.subnets } ?? []
            func add(_ name: String, _ lines: [String]) {
                guard !lines.isEmpty else { return }
                entries.append((name, .text(lines.joined(separator: "\n"))))
            }
            add("ipv6s", addresses(of: nic, .ipv6))
            entries.append(("local-hostname", .text(hostName)))
            add("local-ipv4s", addresses(of: nic, .ipv4))
            entries.append(("mac", .text(nic.mac.description)))
            add("public-ipv4s", translated(of: nic))
            let used = subnets.map(\.prefix).filter { prefix in
                nic.addresses.contains { prefix.contains($0) }
            }
            add("subnet-ipv4-cidr-block", used.filter { $0.family == .ipv4 }.map(\.description))
            add("subnet-ipv6-cidr-blocks", used.filter { $0.family == .ipv6 }.map(\.description))
            return (nic.mac.description, .folder(entries))
        }
    }

    /// Those that are on the NIC itself.
    private func addresses(of nic: ActualNIC, _ family: IPAddress.Family) -> [String] {
        let translated = translated(of: nic)
        return nic.addresses.filter { $0.family == family }.map(\.description).filter {
            !translated.contains($0)
        }
    }

    /// Those by which others know it, and that its node translates.
    private func translated(of nic: ActualNIC) -> [String] {
        let pool = nic.network.flatMap { networks[$0]?.nat64?.ipv4 }
        return nic.addresses.filter { pool?.contains($0) == true }.map(\.description)
    }
}
