import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// Breaks things at times, in places and for as long as the seed says, and mends all of it at the
/// end.
final class FaultPlan {
    private let fleet: SimulatedFleet
    private var dice: SeededGenerator
    private(set) var counts: [FaultKind: Int] = [:]
    private var isMended = false
    private var world: World { fleet.world }
    private static let kinds = FaultKind.allCases.flatMap {
        Array(repeating: $0, count: $0.weight)
    }

    init(_ fleet: SimulatedFleet) {
        self.fleet = fleet
        dice = SeededGenerator(seed: fleet.options.seed &* 0x9e37_79b9 &+ 1)
    }

    /// Schedules all faults of the run.
    func schedule() {
        let minutes = Double(fleet.options.time.nanoseconds) / 60e9
        let rate = 6 + dice.below(22)
        let count = max(1, Int(Double(rate) * minutes))
        for _ in 0..<count {
            guard let kind = dice.pick(Self.kinds) else { return }
            let start = dice.duration(.seconds(1), fleet.options.time)
            world.after(start) { [self] in
                guard !isMended else { return }
                counts[kind, default: 0] += 1
                world.note("fault: \(kind.rawValue)")
                strike(kind)
            }
        }
    }

    /// Ends every fault that has not ended by itself.
    func mend() {
        isMended = true
        world.note("all faults end")
        fleet.network.mendAll()
        fleet.etcd.expiresAtOnce = false
        for member in 0..<EtcdCluster.memberCount { fleet.etcd.setMember(member, isUp: true) }
        for node in fleet.nodes {
            node.host.slowness = .zero
            node.host.setLibvirt(true)
            node.wake()
            world.after(dice.duration(.zero, .seconds(2))) { node.regainPower() }
        }
    }

    // MARK: Strikes

    private func strike(_ kind: FaultKind) {
        switch kind {
        case .agentCrash, .hostCrash, .stall, .libvirtRestart, .slowLibvirt, .guestCrash,
            .guestShutdown, .clockJump:
            if let node = dice.pick(fleet.nodes) { strike(kind, node) }
        case .nodeFromEtcd, .nodeFromEtcdOneWay, .nodeFromMember, .nodeFromCeph, .rack, .memberCut:
            cut(paths(kind), for: dice.duration(.milliseconds(500), .seconds(25)))
        case .memberDown: takeDown([dice.below(3)])
        case .quorumLoss:
            let spared = dice.below(3)
            takeDown((0..<3).filter { $0 != spared })
        case .etcdDown: takeDown([0, 1, 2])
        case .leaderLoss: fleet.etcd.loseLeader()
        case .compaction:
            fleet.etcd.compact()
            if dice.chance(0.7) { dropWatches() }
        case .watchDrop: dropWatches()
        case .messageDelay:
            let part = Double(dice.below(20)) / 100
            fleet.network.delayed += part
            later(upTo: .seconds(20)) { $0.network.delayed -= part }
        case .messageLoss:
            let part = Double(dice.below(30)) / 100
            fleet.network.lost += part
            later(upTo: .seconds(20)) { $0.network.lost -= part }
        case .expiryAtOnce:
            fleet.etcd.expiresAtOnce = true
            later(upTo: .seconds(30)) { $0.etcd.expiresAtOnce = false }
        }
    }

    private func strike(_ kind: FaultKind, _ node: Node) {
        switch kind {
        case .agentCrash:
            let longest: [Duration] = [.milliseconds(700), .seconds(4), .seconds(25)]
            let restart = dice.duration(.milliseconds(100), longest[dice.below(3)])
            midway(node) { $0.kill(restartAfter: restart) }
        case .hostCrash:
            let dark = dice.duration(.seconds(1), .seconds(40))
            midway(node) { $0.losePower(for: dark) }
        case .stall:
            let time = dice.duration(.milliseconds(300), .seconds(25))
            midway(node) { [self] node in
                node.stall()
                let process = node.process
                world.after(time) { if node.process === process { node.wake() } }
            }
        case .libvirtRestart:
            node.host.setLibvirt(false)
            later(upTo: .seconds(4)) { _ in node.host.setLibvirt(true) }
        case .slowLibvirt:
            node.host.slowness = dice.duration(.milliseconds(10), .milliseconds(200))
            later(upTo: .seconds(20)) { _ in node.host.slowness = .zero }
        case .guestCrash, .guestShutdown:
            let running = node.host.domains.values.filter(\.isRunning).map(\.vm).sorted()
            guard let vm = dice.pick(running) else { return }
            let exit =
                kind == .guestCrash ? GuestExit.crashed(reason: "the guest panicked") : .shutDown
            if exit == .shutDown { node.host.endedByThemselves.insert(vm) }
            node.host.end(vm, exit, isHeard: kind == .guestShutdown || dice.chance(0.5))
        case .clockJump:
            node.host.clock.wallOffset = dice.duration(.seconds(-100_000), .seconds(100_000))
        default:
            return
        }
    }

    /// Strikes a process between any two steps of what it is doing.
    private func midway(_ node: Node, _ action: @escaping (Node) -> Void) {
        guard let process = node.process, dice.chance(0.7) else { return action(node) }
        var isDone = false
        let once = {
            guard !isDone, !self.isMended else { return }
            isDone = true
            self.world.after(.zero) { action(node) }
        }
        process.afterJobs(dice.below(60), once)
        world.after(.seconds(3), once)
    }

    private func later(upTo limit: Duration, _ action: @escaping (SimulatedFleet) -> Void) {
        world.after(dice.duration(.milliseconds(200), limit)) { [self] in
            if !isMended { action(fleet) }
        }
    }

    private func takeDown(_ members: [Int]) {
        for member in members { fleet.etcd.setMember(member, isUp: false) }
        let time = dice.duration(.milliseconds(500), .seconds(25))
        for member in members {
            // They come back one by one.
            world.after(time + dice.duration(.zero, .seconds(1))) { [self] in
                if !isMended { fleet.etcd.setMember(member, isUp: true) }
            }
        }
    }

    private func dropWatches() {
        for connection in fleet.etcd.watches where dice.chance(0.7) {
            fleet.etcd.breakOff(connection)
        }
    }

    // MARK: Paths

    private func cut(_ paths: [(Party, Party)], for time: Duration) {
        fleet.network.cut(paths)
        world.after(time) { [self] in
            if !isMended { fleet.network.mend(paths) }
        }
    }

    private func paths(_ kind: FaultKind) -> [(Party, Party)] {
        let hosts = fleet.nodes.indices.map { Party.host($0) }
        let members = (0..<EtcdCluster.memberCount).map { Party.member($0) }
        let host = Party.host(dice.below(fleet.nodes.count))
        let member = Party.member(dice.below(members.count))
        switch kind {
        case .nodeFromEtcd: return members.flatMap { [(host, $0), ($0, host)] }
        case .nodeFromEtcdOneWay:
            let isOutward = dice.chance(0.5)
            return members.map { isOutward ? (host, $0) : ($0, host) }
        case .nodeFromMember: return [(host, member), (member, host)]
        case .nodeFromCeph: return [(host, .ceph), (.ceph, host)]
        case .memberCut:
            return members.filter { $0 != member }.flatMap { [(member, $0), ($0, member)] }
        case .rack:
            let inside = Set((hosts + members).filter { _ in dice.chance(0.4) })
            let outside = (hosts + members + [.ceph]).filter { !inside.contains($0) }
            return inside.sorted { "\($0)" < "\($1)" }.flatMap { one in
                outside.flatMap { [(one, $0), ($0, one)] }
            }
        default: return []
        }
    }
}
