import MetaStackDecisions
import MetaStackModel
import MetaStackTesting

/// Hosts of three sizes and VMs of five, of which some come and some go: who runs what, once by the
/// nodes' own function and once by a central best fit.
struct BalanceWorld {
    struct Size {
        var ram: Int
        var vcpus: Int
        /// How often of a hundred.
        var share: Int
    }

    /// In MiB, and cores of which each serves eight virtual ones.
    static let hostSizes = [
        Size(ram: 96 << 10, vcpus: 16, share: 50), Size(ram: 192 << 10, vcpus: 32, share: 30),
        Size(ram: 384 << 10, vcpus: 64, share: 20),
    ]
    static let vmSizes = [
        Size(ram: 512, vcpus: 1, share: 40), Size(ram: 1 << 10, vcpus: 1, share: 35),
        Size(ram: 2 << 10, vcpus: 2, share: 18), Size(ram: 8 << 10, vcpus: 4, share: 5),
        Size(ram: 32 << 10, vcpus: 8, share: 2),
    ]

    private(set) var cluster = Cluster()
    private var ledger: PlacementLedger
    private(set) var central: BestFit
    /// All that are wanted, the eldest first.
    private(set) var wanted: [PlacementRequest] = []
    private var random: SeededGenerator
    private var made: Int64 = 0

    init(seed: UInt64, hosts: Int) throws {
        random = SeededGenerator(seed: seed)
        for number in 0..<hosts {
            let size = Self.pick(number * 100 / hosts, Self.hostSizes)
            let id = HostID(unchecked: "host-\(number)")
            let host = Host(
                name: id, totalRAM: try Mebibytes(size.ram), totalVCPU: size.vcpus, lease: "1",
                version: "1", hypervisor: "none", since: Timestamp(milliseconds: 0))
            cluster.hosts[id] = Stored(host, revision: Revision(1), createRevision: Revision(1))
        }
        ledger = PlacementLedger(cluster)
        central = BestFit(Placement(cluster).offers)
        for (number, size) in Self.vmSizes.enumerated() {
            let name = "f\(number)"
            cluster.flavours[FlavourID(unchecked: name)] = try Stored(
                Flavour(
                    name: ResourceName(unchecked: name), vcpus: size.vcpus,
                    ram: Mebibytes(size.ram)),
                revision: Revision(1), createRevision: Revision(1))
        }
        let image = ImageID(unchecked: "i")
        cluster.images[image] = try Stored(
            Image(
                name: ResourceName(unchecked: "i"),
                url: ImageURL("https://images.test/i")), revision: Revision(1),
            createRevision: Revision(1))
        cluster.actualImages[image] = Stored(
            ActualImage(
                host: HostID(unchecked: "host-0"), state: .ready,
                pool: PoolName(unchecked: "images"), rbdImage: "i", snapshot: "base",
                size: .zero),
            revision: Revision(1), createRevision: Revision(1))
        ledger = PlacementLedger(cluster)
    }

    /// `percent` is from 0 to 99.
    private static func pick(_ percent: Int, _ sizes: [Size]) -> Size {
        var left = percent
        for size in sizes {
            if left < size.share { return size }
            left -= size.share
        }
        return sizes[0]
    }

    mutating func arrive(_ count: Int) {
        var vms: [VMID] = []
        for _ in 0..<count {
            made += 1
            let at = Revision(made)
            let vm = VMID(unchecked: "vm-\(made)")
            let percent = Int.random(in: 0..<100, using: &random)
            let size = Self.pick(percent, Self.vmSizes)
            let flavour = Self.vmSizes.firstIndex { $0.ram == size.ram } ?? 0
            change([vm], [.desiredVM(vm)]) { cluster in
                cluster.desiredVMs[vm] = Stored(
                    DesiredVM(
                        name: ResourceName(unchecked: vm.text), flavour: "f\(flavour)", image: "i",
                        state: .start),
                    revision: at, createRevision: at)
            }
            vms.append(vm)
        }
        let new = Set(vms)
        wanted += cluster.pendingRequests.filter { new.contains($0.vm) }
            .sorted { $0.since < $1.since }
    }

    mutating func leave(_ count: Int) {
        for _ in 0..<min(count, wanted.count) {
            let request = wanted.remove(at: .random(in: 0..<wanted.count, using: &random))
            let vm = request.vm
            change([vm], [.desiredVM(vm), .actualVM(vm)]) { cluster in
                cluster.desiredVMs[vm] = nil
                cluster.actualVMs[vm] = nil
            }
            central.remove(request)
        }
    }

    /// Every VM gets a host that one can get: the same order of VMs for both ways.
    mutating func settle() {
        let assignment = ledger.presentAssignment()
        let at = Revision(made)
        for request in wanted {
            central.place(request)
            guard let host = assignment[request.vm] else { continue }
            change([request.vm], [.actualVM(request.vm)]) { cluster in
                cluster.actualVMs[request.vm] = Stored(
                    ActualVM(
                        host: host, state: .running, ram: request.ram, vcpus: request.vcpus,
                        since: Timestamp(milliseconds: 0)),
                    revision: at, createRevision: at)
            }
        }
    }

    /// What the nodes have made of their hosts.
    var offers: [HostOffer] { ledger.placement.offers }

    private mutating func change(
        _ vms: [VMID], _ keys: Set<RecordKey>, _ body: (inout Cluster) -> Void
    ) {
        let before = ledger.commitments(of: vms, in: cluster)
        body(&cluster)
        ledger.follow(keys, from: before, in: cluster)
    }
}

/// A central scheduler that knows everything at once: each VM to the host that it leaves least of.
struct BestFit {
    private(set) var offers: [HostOffer]
    private(set) var places: [VMID: Int] = [:]

    init(_ offers: [HostOffer]) { self.offers = offers }

    mutating func place(_ request: PlacementRequest) {
        guard places[request.vm] == nil else { return }
        let best = offers.indices.filter { offers[$0].hasRoom(for: request) }
            .min { offers[$0].freeRAM < offers[$1].freeRAM }
        guard let best else { return }
        offers[best].take(request)
        places[request.vm] = best
    }

    mutating func remove(_ request: PlacementRequest) {
        guard let place = places.removeValue(forKey: request.vm) else { return }
        offers[place].usedRAM = offers[place].usedRAM - request.ram
        offers[place].usedVCPU -= request.vcpus
    }
}
