import Etcd
import FoundationEssentials
import LinuxNetwork
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// Addresses: each is one VM's, for as long as a NIC of it has it, and protected before its first frame.
extension Oracle {
    private static let folder = Array("\(SimulatedFleet.prefix)/addresses/".utf8)

    /// Looks at each address that was given or given back in one transaction, once all of it is done.
    func followAddresses(_ events: [WatchEvent]) {
        for event in events where event.key.bytes.starts(with: Self.folder) {
            switch event {
            case .put(let keyValue, _):
                // Agents wrote it.
                guard let now = try? HeldAddress(json: keyValue.value, path: "") else { continue }
                given(keyValue.key, now)
            case .delete(let key, _, _): givenBack(key)
            }
        }
        for case .delete(let key, _, _) in events where key.bytes.starts(with: Self.histories) {
            checkForgotten(VMID(unchecked: key.lastComponent))
        }
    }

    private static let histories = Array("\(SimulatedFleet.prefix)/vm_history/".utf8)

    /// Who forgets a VM forgets its addresses with it.
    private func checkForgotten(_ vm: VMID) {
        let wanted = fleet?.stored(.desiredVM(vm))?.createRevision.rawValue
        let left = held.filter { $0.value.vm == vm && $0.value.life.created.number != wanted }
        guard let key = left.keys.min() else { return }
        violated("I5: vm \(vm) is forgotten, and \(key.lastComponent) is still its own")
    }

    private func given(_ key: Key, _ now: HeldAddress) {
        if let before = held[key], before.life != now.life {
            violated(
                "I5: \(key.lastComponent) is given to vm \(now.vm), and vm \(before.vm) has it")
        }
        held[key] = now
    }

    private func givenBack(_ key: Key) {
        guard let before = held.removeValue(forKey: key), let fleet else { return }
        let vm = before.vm
        let isWanted =
            fleet.stored(.desiredVM(vm))?.createRevision.rawValue == before.life.created.number
        if isWanted, let claim = fleet.claim(of: vm)?.value,
            claim.nics.contains(where: {
                $0.addresses.map(\.description).contains(key.lastComponent)
            })
        {
            violated("I5: vm \(vm) has \(key.lastComponent), which is nobody's any more")
        }
        for node in fleet.nodes {
            guard let domain = node.host.domains[vm], domain.isRunning, mustBeFenced(node),
                life(domain) == before.life,
                domain.nics.contains(where: { $0.bridge != nil && $0.mac == before.mac })
            else { continue }
            violated(
                "I5: \(key.lastComponent) is given back, and a NIC of domain \(domain.serial) of vm "
                    + "\(vm) on host \(domain.host) has it")
        }
    }

    /// A NIC that a running guest has: its address is on record, and its host keeps it to that.
    func checkNICs(of domain: SimulatedDomain) {
        guard let fleet, fleet.options.hasNetworks, domain.isRunning else { return }
        let wanted = fleet.stored(.desiredVM(domain.vm))?.createRevision.rawValue
        guard wanted == domain.specification.vmCreateRevision.number else { return }
        let node = fleet.nodes[domain.host]
        guard fleet.claim(of: domain.vm)?.value.host == node.host.id else { return }
        let ports = node.host.network.wanted.ports
        for nic in domain.nics where nic.bridge != nil {
            let own = held.filter { $0.value.life == life(domain) && $0.value.mac == nic.mac }
            guard !own.isEmpty else {
                violated(
                    "I5: vm \(domain.vm) runs with NIC \(nic.mac), whose address is not on record")
                continue
            }
            let port = ports.first { $0.interface == nic.interface && $0.mac == nic.mac }
            if port.map({ Set($0.addresses.map(\.description)) })
                != Set(own.keys.map(\.lastComponent))
            {
                violated(
                    "vm \(domain.vm) runs with NIC \(nic.mac), and host \(domain.host) does not keep "
                        + "it to its addresses")
            }
        }
    }
}

extension HeldAddress {
    fileprivate var life: Oracle.Life { Oracle.Life(vm: vm, created: vmCreateRevision) }
}

extension SimulatedFleet {
    /// What is not as it should be with the NICs of a guest that runs; nil where all is.
    func problemWithNICs(
        _ vm: VMID, _ claim: Stored<ActualVM>, _ wanted: Stored<DesiredVM>,
        _ domain: SimulatedDomain, _ cluster: Cluster
    ) -> String? {
        guard options.hasNetworks else { return nil }
        let macs = wanted.value.nics.compactMap(\.mac)
        if claim.value.macs != macs { return "claims other NICs than are wanted" }
        if Set(domain.nics.map(\.mac)) != Set(macs) {
            return "has NICs \(domain.nics.map(\.mac)), wanted are \(macs): "
                + (claim.value.message ?? "")
        }
        let given = claim.value.nics.flatMap { nic in
            nic.addresses.map { "\(nic.network?.text ?? "") \($0) \(nic.mac)" }
        }
        let held = cluster.addresses.held(by: vm).map {
            "\($0.id.network) \($0.id.address) \($0.held.value.mac)"
        }
        if Set(given) != Set(held) { return "has \(given) and holds \(held)" }
        return given.count == wanted.value.nics.count { $0.network != nil }
            ? nil : "has \(given.count) addresses"
    }
}
