import MetaStackModel
import MetaStackStore

/// The NICs that somebody wants of a VM, against what there is. What was let in before may stay.
struct NICProposal {
    private let id: VMID
    private let vm: DesiredVM
    private let cluster: Cluster
    private(set) var problems: [FieldProblem] = []
    /// What they name, and must still be there at the write.
    private(set) var conditions: [RecordCondition] = []

    init(_ vm: DesiredVM, of id: VMID, replacing old: DesiredVM?, in cluster: Cluster) {
        self.id = id
        self.vm = vm
        self.cluster = cluster
        guard vm.nics != old?.nics else { return }
        for (index, nic) in vm.nics.enumerated() where old?.nics.contains(nic) != true {
            checkNetwork(nic, index)
            checkGroups(nic, index)
        }
        checkTwice()
    }

    private mutating func refuse(_ index: Int, _ field: String, _ problem: String) {
        problems.append(FieldProblem(path: "nics.\(index).\(field)", problem: problem))
    }

    private mutating func checkNetwork(_ nic: DesiredNIC, _ index: Int) {
        var network: (id: NetworkID, network: Stored<Network>)?
        if let name = nic.network {
            do throws(UnresolvedReference) {
                let found = try cluster.network(name)
                conditions.append(.exists(.network(found.id)))
                network = found
            } catch {
                return refuse(
                    index, "network",
                    error.description
                        + Self.near(name, cluster.networkNames.known.map { $0.name ?? $0.id.text }))
            }
        }
        if let network {
            for (place, address) in nic.addresses.enumerated() {
                if let problem = problem(address, network.id, network.network.value) {
                    refuse(index, "addresses.\(place)", problem)
                }
            }
            checkTranslated(nic, index, network.network.value)
        }
        if let mac = nic.mac, let holder = holder(of: mac, network?.id) {
            refuse(index, "mac", "\(mac) is vm \(holder)'s in the same network")
        }
    }

    /// One address is translated to one.
    private mutating func checkTranslated(_ nic: DesiredNIC, _ index: Int, _ network: Network) {
        guard network.nat64 != nil else { return }
        let ipv4 = nic.addresses.filter { $0.family == .ipv4 }.count
        let ipv6 = max(nic.addresses.count - ipv4, 1)
        if ipv4 > ipv6 {
            refuse(
                index, "addresses",
                "\(ipv4) IPv4 addresses need as many of IPv6 in network \(network.name), and there "
                    + (ipv6 == 1 ? "is one" : "are \(ipv6)"))
        }
    }

    private func problem(
        _ address: IPAddress, _ network: NetworkID, _ record: Network
    ) -> String? {
        if let problem = record.problem(withGuest: address) { return problem }
        let key = AddressID(network: network, address: address)
        if let held = cluster.addresses[key]?.value, held.vm != id {
            return "\(address) is held by vm \(cluster.vmName(held.vm))"
        }
        let wanting = cluster.desiredVMs.first { other, stored in
            other != id
                && stored.value.nics.contains {
                    $0.addresses.contains(address) && names(network, record, $0)
                }
        }
        return wanting.map { "\(address) is wanted by vm \($0.value.value.name) already" }
    }

    private func names(_ network: NetworkID, _ record: Network, _ nic: DesiredNIC) -> Bool {
        nic.network == network.text || nic.network == record.name.text
    }

    /// The other VM that has a MAC address in a network; nil for the node's bridge.
    private func holder(of mac: MACAddress, _ network: NetworkID?) -> String? {
        let record = network.flatMap { cluster.networks[$0]?.value }
        for (other, stored) in cluster.desiredVMs where other != id {
            let has = stored.value.nics.enumerated().contains { index, nic in
                let isHere =
                    if let network, let record { names(network, record, nic) } else {
                        nic.network == nil
                    }
                return isHere && (nic.mac ?? MACAddress(vm: other, nic: index)) == mac
            }
            if has { return stored.value.name.text }
        }
        guard let network else { return nil }
        let held = cluster.addresses[network].values.first {
            $0.value.mac == mac && $0.value.vm != id
        }
        return held.map { cluster.vmName($0.value.vm) }
    }

    private mutating func checkGroups(_ nic: DesiredNIC, _ index: Int) {
        for (place, name) in nic.securityGroups.enumerated() {
            do throws(UnresolvedReference) {
                conditions.append(.exists(.securityGroup(try cluster.securityGroup(name).id)))
            } catch {
                refuse(
                    index, "security_groups.\(place)",
                    error.description
                        + Self.near(
                            name, cluster.securityGroupNames.known.map { $0.name ?? $0.id.text }))
            }
        }
    }

    /// Two NICs of one guest are two.
    private mutating func checkTwice() {
        var macs: Set<MACAddress> = []
        var addresses: Set<String> = []
        for (index, nic) in vm.nics.enumerated() {
            let mac = nic.mac ?? MACAddress(vm: id, nic: index)
            if !macs.insert(mac).inserted {
                refuse(index, "mac", "\(mac) is the MAC address of another NIC of this vm")
            }
            for (place, address) in nic.addresses.enumerated() {
                let network = nic.network.flatMap { try? cluster.network($0).id.text }
                if !addresses.insert("\(network ?? nic.network ?? "")/\(address)").inserted {
                    refuse(
                        index, "addresses.\(place)", "\(address) is another NIC's of this vm")
                }
            }
        }
    }

    private static func near(_ name: String, _ known: [String]) -> String {
        known.nearest(to: name).map { ", did you mean \($0)?" } ?? ""
    }
}
