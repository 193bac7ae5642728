import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Moves in whose midst something breaks.
    @Suite struct BrokenMoves {
        enum Break: CaseIterable {
            case killedSourceAgent
            case sourceWithoutPower, targetWithoutPower
            case sourceCutFromEtcd, targetCutFromEtcd, targetCutOff
            case killedEtcd

            /// Whether the guest has somewhere to go on with its memory.
            var leavesMemory: Bool {
                switch self {
                case .killedSourceAgent, .targetWithoutPower, .targetCutFromEtcd,
                    .targetCutOff, .killedEtcd:
                    true
                case .sourceWithoutPower, .sourceCutFromEtcd: false
                }
            }
        }

        @Test func aTargetWhoseAgentIsKilledInTheMidstTakesTheGuestAllTheSame() async throws {
            try await Fixture.run { test in
                let move = try await SlowMove(test, "restarted")
                let vm = move.vm
                let old = try #require(try await test.lab.store.load().arrivals[vm.id])
                try await test.lab.killAgent(on: move.target)
                try await eventually("the next agent has answered") {
                    let arrival = try await test.lab.store.load().arrivals[vm.id]
                    return arrival.map { $0.lease != old.lease } ?? false
                }
                #expect(try await vm.claim()?.value.move?.id == move.id)
                try await move.hurry()
                try await eventually("it is there") {
                    try await vm.claim()?.value.host == move.target
                }
                try await vm.countsOnce()
                #expect(vm.boots().count == 1, "it lost its memory")
                #expect(try await vm.claim()?.incarnation == move.claim.incarnation)
            }
        }

        /// libvirt lets a guest run on whose move fails, also one that was suspended meanwhile.
        @Test func aGuestThatIsFencedInTheMidstOfAMoveStandsWhenTheMoveFails() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let move = try await SlowMove(test, "fenced")
                let (vm, source) = (move.vm, move.source)
                test.later { try await lab.tool("wake", source.text) }
                try await lab.tool("stall", source.text)
                _ = try await vm.claimed(after: move.claim)
                try await vm.counting()
                let frozen = vm.console(on: source).last
                try await always(for: .seconds(2)) {
                    let state = try await vm.domainState(on: source) ?? "gone"
                    guard state.hasPrefix("paused") else { throw SystemTestError("it is \(state)") }
                }
                #expect(vm.console(on: source).last == frozen, "the old guest ran on")
                try await lab.tool("wake", source.text)
                try await vm.countsOnce()
            }
        }

        @Test(arguments: Break.allCases)
        func oneGuestCountsAfterABreakInTheMidstOfAMove(_ kind: Break) async throws {
            try await Fixture.run { test in
                let move = try await SlowMove(test, "\(kind)")
                let broken = ContinuousClock.now
                try await kind.happen(to: move, in: test)
                try await eventually("the move has ended", within: .seconds(60)) {
                    // Without etcd nobody can say so; then the memory is kept back.
                    if kind == .killedEtcd {
                        return try await move.vm.domainState(on: move.target) == nil
                    }
                    let claim = try await move.vm.claim()
                    return claim != nil && claim?.value.move?.id != move.id
                }
                print("move: \(kind): it ended \(broken.duration(to: .now)) after the break")
                try await kind.heal(move)
                try await move.hurry()
                try await move.vm.countsOnce()
                if kind.leavesMemory {
                    #expect(move.vm.boots().count == 1, "it lost its memory")
                    #expect(try await move.vm.claim()?.incarnation == move.claim.incarnation)
                } else {
                    let boots = move.vm.boots()
                    #expect(boots.count == 2)
                    let left = try #require(move.vm.console(on: move.source).last)
                    #expect(try #require(boots.max()) >= left, "a write was lost")
                }
            }
        }
    }
}

/// A move whose memory goes over so slowly that things can break in its midst.
private struct SlowMove {
    let lab: Lab
    let vm: Guest
    /// The claim as it was before.
    let claim: Stored<ActualVM>
    let source: HostID
    let target: HostID
    /// Tells it from later tries.
    let id: String

    init(_ test: Fixture, _ suffix: String) async throws {
        lab = test.lab
        vm = try await test.start(suffix)
        claim = try await vm.counting(past: 2)
        let source = claim.value.host
        self.source = source
        target = try #require(Lab.hosts.first { $0 != source })
        // MiB a second.
        _ = try await lab.execute(source, "virsh", "migrate-setspeed", vm.domain, "1")
            .checked("virsh migrate-setspeed")
        try await lab.succeed("vm", "move", vm.id.text, "--to", target.text)
        id = try await eventually("its memory goes over", every: .milliseconds(20)) {
            [vm, target] in
            guard let move = try await vm.claim()?.value.move, move.progress != nil,
                try await vm.domainState(on: target) != nil
            else { return nil }
            return move.id
        }
    }

    /// Lets the next try be quick, where the guest is still on its source.
    func hurry() async throws {
        _ = try await lab.execute(source, "virsh", "migrate-setspeed", vm.domain, "1000")
    }
}

extension SystemTests.BrokenMoves.Break {
    fileprivate func happen(to move: SlowMove, in test: Fixture) async throws {
        let lab = test.lab
        let (source, target) = (move.source, move.target)
        switch self {
        case .killedSourceAgent: try await lab.killAgent(on: source)
        case .sourceWithoutPower:
            test.later { try await lab.bootIfDown(source) }
            try await lab.tool("kill", source.text)
        case .targetWithoutPower:
            test.later { try await lab.bootIfDown(target) }
            try await lab.tool("kill", target.text)
        case .sourceCutFromEtcd:
            test.later { try await lab.tool("heal", source.text) }
            try await lab.tool("cut", source.text, "etcd")
        case .targetCutFromEtcd:
            test.later { try await lab.tool("heal", target.text) }
            try await lab.tool("cut", target.text, "etcd")
        case .targetCutOff:
            test.later { try await lab.tool("heal", target.text) }
            try await lab.tool("cut", target.text, "all")
        case .killedEtcd:
            test.later { try await lab.tool("etcd", "1", "start") }
            try await lab.tool("etcd", "1", "kill")
        }
    }

    fileprivate func heal(_ move: SlowMove) async throws {
        let lab = move.lab
        switch self {
        case .killedSourceAgent: return
        case .sourceWithoutPower: try await lab.boot(move.source)
        case .targetWithoutPower: try await lab.boot(move.target)
        case .sourceCutFromEtcd: try await lab.tool("heal", move.source.text)
        case .targetCutFromEtcd, .targetCutOff: try await lab.tool("heal", move.target.text)
        case .killedEtcd: try await lab.tool("etcd", "1", "start")
        }
    }
}

extension Lab {
    /// For a test that ended before it gave the power back.
    func bootIfDown(_ host: HostID) async throws {
        if try await execute(host, "true").status != 0 { try await boot(host) }
    }

    /// kill -9 of a host's agent, which its supervisor starts again.
    fileprivate func killAgent(on host: HostID) async throws {
        _ = try await execute(host, "pkill", "-9", "-x", "metastack-node").checked("pkill -9")
    }
}
