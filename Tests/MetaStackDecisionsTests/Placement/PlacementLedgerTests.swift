import Foundation
import MetaStackDecisions
import MetaStackModel
import MetaStackTesting
import Testing

struct PlacementLedgerTests {
    /// Records that change at random, and a ledger that follows them.
    private struct Story {
        var cluster = Cluster()
        var ledger: PlacementLedger
        var random: SeededGenerator
        var revision: Int64 = 10
        private let hosts = (0..<8).map { HostID(unchecked: "host-\($0)") }

        init(seed: UInt64) throws {
            random = SeededGenerator(seed: seed)
            for host in hosts { try cluster.addHost(host.text, ram: 4096, vcpus: 4) }
            for size in 1...3 {
                cluster.flavours[FlavourID(unchecked: "f\(size)")] = try Stored(
                    Flavour(
                        name: ResourceName(unchecked: "f\(size)"), vcpus: size,
                        ram: Mebibytes(size * 200)),
                    revision: Revision(1), createRevision: Revision(1))
            }
            try cluster.addNetwork("blue", [.of("10.7.0.0/27")], kind: .bridge(nil))
            try cluster.addNetwork("red", [], kind: .bridge(try InterfaceName("br1")))
            ledger = PlacementLedger(cluster)
        }

        /// Does what a watch does.
        mutating func change(_ vms: [VMID], _ keys: [RecordKey], _ body: (inout Cluster) -> Void) {
            let before = ledger.commitments(of: vms, in: cluster)
            body(&cluster)
            revision += 1
            cluster.revision = Revision(revision)
            ledger.follow(Set(keys), from: before, in: cluster)
        }

        mutating func want(_ number: Int, groups: [String: PlacementWishes.Affinity] = [:]) {
            let vm = VMID(unchecked: "vm-\(number)")
            let size = Int.random(in: 1...3, using: &random)
            let priority = Int.random(in: 0...9, using: &random) == 0 ? 1 : 0
            let at = Revision(revision)
            let nics =
                [DesiredNIC.one, [DesiredNIC(network: "blue")], [DesiredNIC(network: "red")]]
                .randomElement(using: &random) ?? []
            change([vm], [.desiredVM(vm)]) { cluster in
                cluster.desiredVMs[vm] = Stored(
                    DesiredVM(
                        name: ResourceName(unchecked: vm.text), flavour: "f\(size)", image: "none",
                        state: .start, nics: nics,
                        placement: PlacementWishes(priority: priority, groups: groups)),
                    revision: at, createRevision: at)
                // Its disk is there already, so no image is asked for.
                let root = VolumeID(vm: vm)
                cluster.volumes[vm] = [
                    root: Stored(
                        Volume(
                            pool: PoolName(unchecked: "vms"), image: vm.text, vm: vm,
                            vmCreateRevision: at, provisioned: true),
                        revision: at, createRevision: at)
                ]
            }
        }

        /// A host claims some of the VMs that are for it, the first of them in front.
        mutating func claimShare(of host: HostID) {
            let share = ledger.presentAssignment().share(of: host)
            let vms = Array(share.prefix(Int.random(in: 1...4, using: &random)))
            claim(vms, by: host)
        }

        mutating func claim(_ vms: [VMID], by host: HostID) {
            let at = Revision(revision)
            var keys: [RecordKey] = vms.map { .actualVM($0) }
            // What is about to be put on record is known before.
            for vm in vms {
                guard let desired = cluster.desiredVMs[vm]?.value,
                    let plan = try? VMPlan(vm, desired, in: cluster)  // None: no claim.
                else { continue }
                keys += plan.addresses.changes.map { .address($0.id) }
            }
            change(vms, keys) { cluster in
                for vm in vms {
                    guard let desired = cluster.desiredVMs[vm]?.value,
                        let plan = try? VMPlan(vm, desired, in: cluster)  // None: no claim.
                    else { continue }
                    for change in plan.addresses.changes {
                        cluster.addresses[change.id] = change.holder.map { holder in
                            Stored(
                                HeldAddress(
                                    vm: vm,
                                    vmCreateRevision: cluster.desiredVMs[vm]?.createRevision ?? at,
                                    nic: holder.nic, mac: holder.mac,
                                    since: Timestamp(milliseconds: 0)),
                                revision: at, createRevision: at)
                        }
                    }
                    cluster.actualVMs[vm] = Stored(
                        ActualVM(
                            host: host, state: .claimed, ram: plan.request.ram,
                            vcpus: plan.request.vcpus, since: Timestamp(milliseconds: 0)),
                        revision: at, createRevision: at)
                }
            }
        }

        /// A claim is written again, and so is its VM's history.
        mutating func report(_ vm: VMID) {
            change([vm], [.actualVM(vm), .history(vm)]) { cluster in
                cluster.actualVMs[vm]?.value.state = .running
                cluster.histories[vm] = Stored(
                    VMHistory(
                        vmCreateRevision: cluster.desiredVMs[vm]?.createRevision ?? Revision(0),
                        host: HostID(unchecked: "host-0"), incarnation: Revision(1)),
                    revision: Revision(1), createRevision: Revision(1))
            }
        }

        mutating func release(_ vm: VMID) {
            change([vm], [.actualVM(vm)]) { $0.actualVMs[vm] = nil }
        }

        mutating func delete(_ vm: VMID) {
            change([vm], [.desiredVM(vm)]) { $0.desiredVMs[vm] = nil }
        }

        /// An address is given back, by whoever did that.
        mutating func giveBack(_ id: AddressID) {
            change([], [.address(id)]) { $0.addresses[id] = nil }
        }

        /// A host gets a bridge, or loses it.
        mutating func toggleBridge(of host: HostID) {
            change([], [.host(host)]) { cluster in
                guard let networks = cluster.hosts[host]?.value.networks else { return }
                cluster.hosts[host]?.value.networks = networks.isEmpty ? ["br1"] : []
            }
        }

        /// A network goes, or comes back.
        mutating func toggleNetwork() throws {
            var changed = cluster
            let id = NetworkID(unchecked: "n-red")
            if changed.networks[id] == nil {
                try changed.addNetwork("red", [], kind: .bridge(try InterfaceName("br1")))
            } else {
                changed.networks[id] = nil
            }
            change([], [.network(id)]) { $0 = changed }
        }

        mutating func toggle(_ host: HostID) throws {
            var changed = cluster
            if changed.hosts[host] == nil {
                try changed.addHost(host.text, ram: 4096, vcpus: 4)
            } else {
                changed.hosts[host] = nil
            }
            change([], [.host(host)]) { $0 = changed }
        }

        mutating func step(_ number: Int) throws {
            let host = hosts.randomElement(using: &random) ?? hosts[0]
            let owned = cluster.actualVMs.keys.sorted()
            let wanted = cluster.desiredVMs.keys.sorted()
            let held = cluster.addresses.all.keys.sorted()
            switch Int.random(in: 0..<23, using: &random) {
            case 20: if let id = held.randomElement(using: &random) { giveBack(id) }
            case 21: toggleBridge(of: host)
            case 22: try toggleNetwork()
            case 0..<6: want(number)
            case 6:
                let affinity = PlacementWishes.Affinity.allCases.randomElement(using: &random)
                want(number, groups: ["g\(number % 3)": affinity ?? .affinity])
            case 7..<14: claimShare(of: host)
            case 14: if let vm = owned.randomElement(using: &random) { report(vm) }
            case 15: if let vm = owned.randomElement(using: &random) { release(vm) }
            case 16: if let vm = wanted.randomElement(using: &random) { delete(vm) }
            case 17: try toggle(host)
            case 18:
                // One that is not for it, or not the first.
                if let vm = wanted.filter(ledger.isPending).randomElement(using: &random) {
                    claim([vm], by: host)
                }
            default:
                change([], [.desiredHost(host)]) { cluster in
                    cluster.desiredHosts[host] = Stored(
                        DesiredHost(state: .maintenance), revision: Revision(1),
                        createRevision: Revision(1))
                }
            }
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func holdsWhatWouldBeMadeAfresh(_ seed: UInt64) throws {
        var story = try Story(seed: seed)
        for number in 0..<150 {
            try story.step(number)
            let afresh = Placement(story.cluster)
            #expect(story.ledger.placement.offers == afresh.offers)
            let requests = story.cluster.pendingRequests
            let kept = story.ledger.presentAssignment()
            #expect(kept == Assignment(of: requests, on: afresh), "after step \(number)")
            let unowned = PlacementLedger(story.cluster).unowned
            #expect(story.ledger.unowned == unowned, "after step \(number)")
            for request in requests {
                #expect(
                    story.ledger.placement.refusals(of: request) == afresh.refusals(of: request))
            }
        }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func aHerdThatIsClaimedInOrderKeepsItsHosts(_ seed: UInt64) throws {
        var story = try Story(seed: seed)
        for number in 0..<60 { story.want(number) }
        let foreseen = story.ledger.presentAssignment()
        _ = story.ledger.takeShift()
        for _ in 0..<40 {
            let host = Int.random(in: 0..<8, using: &story.random)
            story.claimShare(of: HostID(unchecked: "host-\(host)"))
            let present = story.ledger.presentAssignment()
            for request in story.cluster.pendingRequests {
                #expect(present[request.vm] == foreseen[request.vm])
            }
        }
        let hasShifted = story.ledger.takeShift()
        #expect(!hasShifted, "nothing had to be assigned anew")
    }

    @Test func saysWhenTurnsMayBeOthers() throws {
        var story = try Story(seed: 1)
        story.want(1)
        _ = story.ledger.presentAssignment()
        let afterOne = story.ledger.takeShift()
        #expect(!afterOne, "one more behind the others is nobody else's turn")
        try story.toggle(HostID(unchecked: "host-0"))
        let afterLoss = story.ledger.takeShift()
        let again = story.ledger.takeShift()
        #expect(afterLoss)
        #expect(!again, "it says so once")
    }

    @Test func knowsWhatIsLeftBehind() throws {
        var story = try Story(seed: 1)
        let vm = VMID(unchecked: "vm-1")
        story.want(1)
        #expect(story.ledger.isPending(vm))
        story.delete(vm)
        #expect(!story.ledger.isPending(vm))
        #expect(story.ledger.unowned == [vm], "its volume is still on record")
    }
}
