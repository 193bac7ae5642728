import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// The README's tour, the same in each of the ways in which it can be taken. The one on the page is
    /// with the page's tests.
    @Suite struct Tours {
        @Test func byCommandsOnEtcd() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                try await Tour(test).take(
                    CommandTraveller(connection: []) { try await lab.metastack($0) })
            }
        }

        @Test func byCommandsThroughAServer() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test) { server in
                    // Nothing says where etcd is.
                    let traveller = CommandTraveller(
                        connection: ["--server", server.url, "--token", server.token]
                    ) { try await server.metastack($0) }
                    try await Tour(test).take(traveller)
                }
            }
        }

        @Test func byCurl() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test) { server in
                    try await Tour(test).take(
                        CurlTraveller(url: server.url, token: server.token))
                }
            }
        }
    }
}

/// The steps, and what each must have led to; the guest itself is asked, whatever the traveller is told.
private struct Tour {
    let test: Fixture
    private let image: String
    private let flavour: String
    private let web: String

    init(_ test: Fixture) {
        self.test = test
        (image, flavour, web) = (test.name("guest"), test.name("small"), test.name("web"))
    }

    func take(_ traveller: some Traveller) async throws {
        let guest = try await begin(traveller)
        try await loseTheHost(of: guest, traveller)
        try await explain(traveller)
        try await move(guest, traveller)
        try await lookBack(traveller)
        try await meetARecordThatMakesNoSense(traveller)
        try await traveller.delete(web)
        let left = try await test.lab.store.load()
        #expect(left.desiredVMs[guest.id] == nil && left.actualVMs[guest.id] == nil)
        #expect(left.volumes[guest.id] == nil && left.histories[guest.id] == nil)
    }

    /// An image, a flavour, a VM.
    private func begin(_ traveller: some Traveller) async throws -> Guest {
        let lab = test.lab
        let file = try await lab.tool("build-image").trimmingCharacters(in: .newlines)
        test.delete(image: image)
        test.later { [flavour] in try await lab.succeed("flavour", "delete", flavour, "--yes") }
        try await traveller.addImage(image, from: file)
        try await traveller.addFlavour(flavour)
        let guest = test.guest(
            id: try await traveller.createVM(web, flavour: flavour, image: image))
        let claim = try await guest.counting(past: 1)
        let sight = try await traveller.look(at: web)
        #expect(sight.state == "running" && sight.host == claim.value.host.text)
        #expect(try await traveller.liveHosts() == Lab.hosts.map(\.text))
        return guest
    }

    /// Its host dies, and the guest goes on from the number that its disk held.
    private func loseTheHost(of guest: Guest, _ traveller: some Traveller) async throws {
        let lab = test.lab
        let old = try await guest.counting(past: 2)
        test.later { try await lab.bootIfAway(old.value.host) }
        try await lab.tool("kill", old.value.host.text)
        let acknowledged = try #require(guest.console(on: old.value.host).last)
        try await eventually("the traveller sees it run elsewhere") {
            let sight = try await traveller.look(at: web)
            return sight.state == "running" && sight.host != old.value.host.text
        }
        let new = try await guest.counting(past: acknowledged)
        #expect(try #require(guest.console(on: new.value.host).boots.first) >= acknowledged)
        let sight = try await traveller.look(at: web)
        #expect(Set(sight.evicted).isSuperset(of: old.value.clients.map(\.address)))
        #expect(try await !traveller.liveHosts().contains(old.value.host.text))
        try await lab.boot(old.value.host)
    }

    private func explain(_ traveller: some Traveller) async throws {
        let host = try #require(try await traveller.look(at: web).host)
        let all = try await traveller.candidates(for: web, without: nil)
        #expect(Set(all) == Set(Lab.hosts.map(\.text)))
        let without = try await traveller.candidates(for: web, without: host)
        #expect(Set(without) == Set(all).subtracting([host]))
    }

    /// By order, and since its host is in maintenance; never with a boot.
    private func move(_ guest: Guest, _ traveller: some Traveller) async throws {
        func boots() -> Int { Lab.hosts.flatMap { guest.console(on: $0).boots }.count }
        let before = (try await traveller.look(at: web).host, boots())
        try await traveller.move(web)
        let between = try #require(try await traveller.look(at: web).host)
        #expect(between != before.0)
        let lab = test.lab
        test.later { try await lab.succeed("host", "ready", between) }
        try await traveller.maintain(between, reason: "new memory")
        let maintained = try await traveller.look(atHost: between)
        #expect(maintained.state == "maintenance" && maintained.reason == "new memory")
        let since = try #require(maintained.since.flatMap { Timestamp($0) })
        #expect(abs(since.milliseconds - Timestamp(Date()).milliseconds) < 120_000)
        try await guest.counting(past: guest.console(on: HostID(unchecked: between)).last ?? 0)
        #expect(try await traveller.look(at: web).host != between)
        try await traveller.makeReady(between)
        let ready = try await traveller.look(atHost: between)
        #expect(ready.state == "ready" && ready.reason == nil && ready.since == nil)
        #expect(boots() == before.1, "a move is no boot")
        // One small VM, which has just come, is nothing to share.
        #expect(try await traveller.movesToShareLoad() == 0)
    }

    private func lookBack(_ traveller: some Traveller) async throws {
        let events = try await traveller.events(of: web)
        for word in ["created", "running", "taken-over", "evicted", "runs-again", "move-began"] {
            #expect(events.contains(word), "\(word) in \(events)")
        }
    }

    /// It harms nobody else, says what is wrong with it, and is deleted like any other.
    private func meetARecordThatMakesNoSense(_ traveller: some Traveller) async throws {
        let bad = test.name("bad")
        try await test.put(
            "desired_vms/\(bad)",
            #"{"name": "bad/../x", "flavour": "\#(flavour)", "image": "\#(image)"}"#)
        try await eventually("it is shown") {
            try await traveller.look(at: bad).state == "malformed"
        }
        let message = try await traveller.look(at: bad).message
        #expect(message?.contains(#"name "bad/../x" cannot be used"#) == true, "\(message ?? "-")")
        let diagnosis = try await traveller.doctor()
        #expect(!diagnosis.isHealthy)
        #expect(diagnosis.findings.contains { $0.contains("desired_vms/\(bad)") })
        #expect(try await traveller.look(at: web).state == "running")
        try await traveller.delete(bad)
        #expect(try await test.lab.store.load().malformed["desired_vms/\(bad)"] == nil)
    }
}

extension Lab {
    /// Boots a host that a test which failed has left dead.
    fileprivate func bootIfAway(_ host: HostID) async throws {
        if try await store.load().hosts[host] == nil { try await boot(host) }
    }
}
