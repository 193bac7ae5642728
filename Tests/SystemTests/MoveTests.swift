import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Guests that go from host to host because somebody asked for it.
    @Suite struct Moves {
        @Test func aLiveMoveKeepsTheGuestsMemory() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("mover")
                let old = try await vm.counting(past: 2)
                let source = old.value.host
                let target = try #require(Lab.hosts.first { $0 != source })

                async let silence = vm.longestSilence { claim in
                    claim.value.host == target && claim.value.state == .running
                }
                let asked = ContinuousClock.now
                try await lab.succeed(
                    "vm", "move", vm.id.text, "--to", target.text, "--wait", "--timeout", "60")
                let took = asked.duration(to: .now)
                print("move: took \(took), the guest's longest silence was \(try await silence)")
                #expect(try await silence < Lab.leaseTTL)

                let last = try #require(vm.console(on: source).last)
                let new = try await vm.counting(past: last + 5)
                #expect(new.value.host == target)
                #expect(new.incarnation == old.incarnation)
                #expect(new.createRevision == old.createRevision, "the claim was never gone")
                #expect(new.lease != old.lease)
                #expect(Set(new.value.clients).isDisjoint(with: old.value.clients))
                #expect(vm.console(on: source).boots.count == 1)
                #expect(vm.console(on: target).boots.isEmpty, "it booted again")
                // One line may have been cut in two by the move.
                let first = try #require(vm.console(on: target).counters.first)
                #expect((last + 1...last + 2).contains(first))
                let history = try #require(try await lab.store.load().histories[vm.id]?.value)
                #expect(history.evicted.isEmpty)
                #expect(history.host == target)
                #expect(history.boots == 1)
                try await vm.countsOnce()
            }
        }

        @Test func anOfflineMoveStartsTheGuestThere() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("stopper")
                let old = try await vm.counting(past: 2)
                let source = old.value.host
                let target = try #require(Lab.hosts.first { $0 != source })

                try await lab.succeed(
                    "vm", "move", vm.id.text, "--to", target.text, "--offline", "--wait",
                    "--timeout", "90")
                let new = try await vm.counting(past: vm.console(on: source).last ?? 0)
                #expect(new.value.host == target)
                #expect(new.incarnation > old.incarnation)
                #expect(new.createRevision == old.createRevision, "the claim was never gone")
                let left = vm.console(on: source)
                #expect(left.hasGoneDown, "it was not shut down")
                #expect(vm.console(on: target).boots.count == 1)
                #expect(try #require(vm.console(on: target).boots.first) >= left.last ?? 0)
                #expect(try await lab.store.load().histories[vm.id]?.value.evicted == [])
                try await vm.countsOnce()
            }
        }

        @Test func aHostIsEmptiedForMaintenanceAndItsGuestsGoBack() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let home: HostID = "host1"
                let vms = (1...3).map { test.guest("guest\($0)") }
                for vm in vms { try await test.want(vm, on: home) }
                for vm in vms { try await vm.counting(past: 2) }
                for vm in vms { try await test.want(vm, moves: MoveWishes(goesBack: true)) }
                test.later { try await lab.succeed("host", "ready", home.text) }

                let asked = ContinuousClock.now
                try await lab.succeed(
                    "host", "maintenance", home.text, "--wait", "--timeout", "90")
                print(
                    "move: a host with \(vms.count) guests was empty after \(asked.duration(to: .now))"
                )
                for vm in vms {
                    let claim = try await vm.counting(past: vm.console(on: home).last ?? 0)
                    #expect(claim.value.host != home)
                    #expect(claim.value.cameFrom == home)
                    #expect(try await vm.domainState(on: home) == nil)
                }

                try await lab.succeed("host", "ready", home.text)
                let ready = ContinuousClock.now
                try await eventually("all guests are back") {
                    let claims = try await lab.store.load().actualVMs
                    return vms.allSatisfy { claims[$0.id]?.value.host == home }
                }
                print("move: they were back after \(ready.duration(to: .now))")
                for vm in vms {
                    try await vm.countsOnce()
                    #expect(try await vm.claim()?.value.cameFrom == nil)
                    #expect(vm.boots().count == 1, "it booted again")
                }
            }
        }
    }
}

extension Guest {
    /// The longest time without a new number from now until a second after a claim is as wanted.
    func longestSilence(
        until isThere: (Stored<ActualVM>) -> Bool
    ) async throws -> Duration {
        var longest = Duration.zero
        var end: ContinuousClock.Instant?
        var last = printed().count
        var since = ContinuousClock.now
        while end.map({ .now < $0 || printed().count == last }) ?? true {
            let count = printed().count
            if count > last {
                longest = max(longest, since.duration(to: .now))
                (last, since) = (count, .now)
            }
            if end == nil, try await claim().map(isThere) == true { end = .now + .seconds(1) }
            guard since.duration(to: .now) < .seconds(60) else {
                throw SystemTestError("VM \(id) has been silent for a minute")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return longest
    }

    /// All numbers that it has acknowledged, on whatever host.
    func printed() -> [Int] { Lab.hosts.flatMap { console(on: $0).counters } }

    /// The numbers that it began with, one a boot, on whatever host.
    func boots() -> [Int] { Lab.hosts.flatMap { console(on: $0).boots } }

    /// Waits until the VM's moves are over and its guest counts, and checks that it does so once: one
    /// domain, no number twice, none lost, no answer to a move left.
    func countsOnce(within limit: Duration = .seconds(90)) async throws {
        let before = printed().max() ?? 0
        var last = "nothing"
        let _: Bool = try await eventually(
            "VM \(id) counts on one host, past \(before)", within: limit, seen: { last }
        ) {
            let cluster = try await lab.store.load()
            var domains: [HostID: String] = [:]
            for host in Lab.hosts { domains[host] = try await domainState(on: host) }
            guard let claim = cluster.actualVMs[id]?.value else {
                last = "no claim; \(domains)"
                return nil
            }
            let counter = console(on: claim.host).last ?? 0
            last = "\(claim.state) on \(claim.host), counter \(counter), \(domains)"
            let isSettled =
                claim.state == .running && claim.move == nil && cluster.arrivals[id] == nil
                && counter > before && domains.count == 1
                && domains[claim.host]?.hasPrefix("running") == true
            return isSettled ? true : nil
        }
        let numbers = printed()
        #expect(numbers.count == Set(numbers).count, "a number was printed twice")
        let acknowledged = numbers.max() ?? 0
        #expect(try await lab.counter(try await image()) >= acknowledged)
    }
}
