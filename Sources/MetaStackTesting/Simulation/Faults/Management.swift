import Etcd
import MetaStackModel

/// Somebody at the command line who wants one thing after another.
final class Management {
    private let fleet: SimulatedFleet
    private var dice: SeededGenerator
    private(set) var changes = 0
    private var isDone = false
    private let vms: [VMID]
    /// Some people are in a hurry.
    private let pace: Duration
    /// nil where no VM has to do with networks.
    private var nics: WantedNICs?

    init(_ fleet: SimulatedFleet) {
        self.fleet = fleet
        dice = SeededGenerator(seed: fleet.options.seed &* 0xff51_afd7 &+ 2)
        pace = fleet.options.seed.isMultiple(of: 5) ? .seconds(2) : .seconds(12)
        vms = (0..<fleet.options.vms).map { VMID(unchecked: "vm-\($0)") }
        nics = fleet.options.hasNetworks ? WantedNICs(seed: fleet.options.seed) : nil
    }

    /// Writes the flavour and the image, and wants every VM within the first seconds.
    func begin() throws {
        try fleet.put(
            .flavour(FlavourID(unchecked: "tiny")),
            Flavour(name: ResourceName("tiny"), vcpus: 1, ram: Mebibytes(1024)))
        if nics != nil {
            try fleet.put(.network(WantedNICs.network), WantedNICs.record(for: vms.count))
        }
        let image = Image(name: try ResourceName("tiny"), url: try ImageURL("https://i.test/i"))
        try fleet.put(.image(ImageID(unchecked: "tiny")), image)
        if fleet.options.seed % 4 != 0 { try importImage() }
        for vm in vms {
            fleet.world.after(dice.duration(.zero, .seconds(4))) { [self] in want(vm) }
        }
        next()
    }

    /// Most runs begin with the image in place, since its import is not what they are about.
    private func importImage() throws {
        let id = ImageID(unchecked: "tiny")
        let path = FakeDiskPath(pool: PoolName(unchecked: "images"), image: "tiny.0")
        let size = Mebibytes(bytes: FakeImageFiles.imageSize)
        fleet.ceph.images[path] = .init(size: size, isWhole: true, snapshot: "base")
        let revision = fleet.stored(.image(id)).map { Revision($0.modRevision.rawValue) }
        try fleet.put(
            .actualImage(id),
            ActualImage(
                host: HostID(unchecked: "node-0"), state: .ready, desiredRevision: revision,
                pool: path.pool, rbdImage: path.image, snapshot: "base", size: size))
    }

    func end() {
        isDone = true
        for node in fleet.nodes { fleet.delete(.desiredHost(node.host.id)) }
    }

    private func next() {
        fleet.world.after(dice.duration(pace / 12, pace)) { [self] in
            guard !isDone else { return }
            if let vm = dice.pick(vms) { change(vm) }
            next()
        }
    }

    private func change(_ vm: VMID) {
        changes += 1
        guard fleet.stored(.desiredVM(vm)) != nil else { return want(vm) }
        if let others = nics?.change(vm, among: vms), !others.isEmpty {
            for vm in others where fleet.stored(.desiredVM(vm)) != nil { want(vm) }
            return
        }
        switch dice.below(12) {
        case 0, 1: want(vm, .stop)
        case 2, 3, 4: want(vm)
        case 5:
            fleet.delete(.desiredVM(vm))
        case 6:
            fleet.delete(.desiredVM(vm))
            fleet.world.after(dice.duration(.zero, .seconds(2))) { [self] in
                if !isDone || fleet.stored(.desiredVM(vm)) == nil { want(vm) }
            }
        case 7:
            want(vm, pin: dice.pick(fleet.nodes)?.host.id)
        case 8, 9:
            order(vm)
        default:
            maintain()
        }
    }

    /// A move, of one guest in four by shutting it down.
    private func order(_ vm: VMID) {
        guard let claim = fleet.claim(of: vm) else { return want(vm) }
        let to = dice.chance(0.5) ? dice.pick(fleet.nodes)?.host.id : nil
        let order = MoveWishes.Order(
            id: "order-\(changes)", from: claim.value.host, to: to == claim.value.host ? nil : to,
            offline: dice.chance(0.25))
        want(vm, moves: MoveWishes(order: order))
    }

    /// A host's maintenance, for a while.
    private func maintain() {
        guard let host = dice.pick(fleet.nodes)?.host.id else { return }
        // A record of plain values is always JSON.
        try? fleet.put(.desiredHost(host), DesiredHost(state: .maintenance))
        fleet.world.after(dice.duration(.milliseconds(100), .seconds(8))) { [self] in
            fleet.delete(.desiredHost(host))
        }
    }

    /// One VM in three has a seed, whose content is another one every few changes.
    private func cloudInit(of vm: VMID) -> CloudInit? {
        guard vms.firstIndex(of: vm).map({ $0.isMultiple(of: 3) }) == true else { return nil }
        return CloudInit(hostName: try? GuestHostName("guest-\(changes / 4)"))  // It is one.
    }

    private func want(
        _ vm: VMID, _ state: DesiredVM.State = .start, pin: HostID? = nil,
        moves: MoveWishes = MoveWishes()
    ) {
        guard let name = try? ResourceName(vm.text) else { return }  // It is one.
        var wanted = DesiredVM(name: name, flavour: "tiny", image: "tiny", state: state, host: pin)
        wanted.moves = moves
        wanted.moves.goesBack = pace == .seconds(2)
        wanted.moves.offline = vms.firstIndex(of: vm).map { $0.isMultiple(of: 2) } ?? false
        wanted.cloudInit = cloudInit(of: vm)
        if let wishes = nics?.of(vm) { wanted.nics = wishes }
        // A record of plain values is always JSON.
        try? fleet.put(.desiredVM(vm), wanted)
    }
}
