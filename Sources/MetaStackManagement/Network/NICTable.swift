import MetaStackDecisions
package import MetaStackModel

/// A VM's NICs as people see them, wanted and actual side by side.
package struct NICTable {
    package struct Row: Equatable {
        /// From 0.
        package let place: Int
        package let network: String
        package let mac: String
        /// Those that it has; else those that are wanted.
        package let addresses: [String]
        package let groups: [String]
        package let limits: String?
        /// The host's end of it.
        package let interface: String?
    }

    package let rows: [Row]

    package init(_ vm: VMOverview, in cluster: Cluster) {
        let wanted = vm.desired?.value.nics ?? []
        var actual = vm.claim?.value.guestNICs(of: vm.id) ?? []
        let held = cluster.addresses.held(by: vm.id)
        var rows = wanted.enumerated().map { place, nic in
            let mac = nic.mac ?? MACAddress(vm: vm.id, nic: place)
            // One whose network's record is gone is still on what the name meant.
            let network = nic.network.flatMap { try? cluster.network($0).id }
            let index = actual.firstIndex {
                $0.mac == mac
                    && (nic.network == nil
                        ? $0.network == nil : network == nil || $0.network == network)
            }
            let now = index.map { actual.remove(at: $0) }
            let own = held.filter { $0.held.value.mac == mac && $0.id.network == network }
                .map(\.id.address)
            let addresses =
                now.flatMap { $0.addresses.isEmpty ? nil : $0.addresses }
                ?? (own.isEmpty ? nic.addresses : own)
            return Row(
                place: place,
                network: (nic.network ?? now?.network?.text).map(cluster.networkWord)
                    ?? Self.nodesBridge,
                mac: mac.description, addresses: addresses.map(\.description),
                groups: nic.securityGroups.map(cluster.securityGroupWord),
                limits: nic.limits?.words, interface: now?.interface?.text)
        }
        // Those that are to go, and that the guest still has.
        for nic in actual {
            rows.append(
                Row(
                    place: rows.count,
                    network: (nic.network?.text).map(cluster.networkWord) ?? Self.nodesBridge,
                    mac: nic.mac.description, addresses: nic.addresses.map(\.description),
                    groups: [], limits: nil, interface: nic.interface?.text))
        }
        self.rows = rows
    }

    private static let nodesBridge = "(the node's bridge)"

    package static let headings = [
        "NIC", "NETWORK", "MAC", "ADDRESSES", "GROUPS", "LIMITS", "INTERFACE",
    ]

    package var cells: [[String?]] {
        rows.map { row in
            [
                "\(row.place)", row.network, row.mac, row.addresses.joined(separator: " "),
                row.groups.joined(separator: " "), row.limits, row.interface,
            ]
        }
    }

    package var text: String {
        guard !rows.isEmpty else { return "" }
        var table = Table(Self.headings, right: ["NIC"])
        for row in cells { table.add(row) }
        return table.text
    }
}

extension NICLimits {
    /// Such as `in 1000, out 2000 kbit/s`.
    fileprivate var words: String? {
        let parts = [inbound.map { "in \($0)" }, outbound.map { "out \($0)" }].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ") + " kbit/s"
    }
}
