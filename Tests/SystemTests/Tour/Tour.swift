import Foundation
import MetaStackModel
import MetaStackStore
import Testing

/// The README's tour by somebody's own means, line by line, and what each line must have led to. The guest
/// itself is asked, whatever the traveller is told; names are the test's own.
struct Tour {
    let test: Fixture
    /// Where a token can be tried; nil where the traveller has no server.
    let server: String?
    /// By the names that the README gives them.
    private(set) var guests: [String: Guest] = [:]
    /// The names in records that make no sense, by the records' ids.
    private(set) var senseless: [String: String] = [:]
    /// The VM that the traveller has made.
    private(set) var own: (name: String, guest: Guest)?
    /// The host that died, with the clients that wrote there and the number that the disk had.
    private(set) var lost: (host: String, clients: [StorageClient], number: Int)?
    private var maintained: String?
    private var secret: String?

    var lab: Lab { test.lab }

    init(_ test: Fixture, server: String? = nil) {
        self.test = test
        self.server = server
    }

    mutating func take(_ traveller: some Traveller) async throws {
        for step in try WrittenTour.read().steps {
            do {
                try await take(TourStep(step.line), traveller)
            } catch {
                throw SystemTestError("\(step.line): \(error)")
            }
        }
    }

    private mutating func take(_ step: TourStep, _ traveller: some Traveller) async throws {
        switch step {
        case .addImage(let name): try await addImage(test.name(name), traveller)
        case .addFlavour(let wish): try await addFlavour(wish, traveller)
        case .createVM(let name, let flavour, let image):
            let id = try await traveller.createVM(
                test.name(name), flavour: test.name(flavour), image: test.name(image))
            let guest = test.guest(id: id)
            (guests[name], own) = (guest, (name, guest))
        case .list: for name in guests.keys.sorted() { try await look(at: name, traveller) }
        case .look(let name), .lookAtClaim(let name): try await look(at: name, traveller)
        case .readConsole: try await readConsole()
        case .loseTheHost: try await loseTheHost()
        case .listHosts:
            try await eventually("the hosts that live are listed") {
                try await traveller.liveHosts() == live
            }
        case .lookAtEvictions(let name):
            let clients = try #require(lost).clients.map(\.address)
            try await eventually("those who are shut out are shown") {
                try await Set(traveller.look(at: test.name(name)).evicted).isSuperset(of: clients)
            }
        case .explain(let name, let isLost): try await explain(name, isLost, traveller)
        case .move(let name): try await move(name, traveller)
        case .maintain(let reason): try await maintain(reason, traveller)
        case .makeReady: try await makeReady(traveller)
        case .planSharing:
            // One small VM, which has just come, is nothing to share.
            #expect(try await traveller.movesToShareLoad() == 0)
        case .lookBack(let name): try await lookBack(at: name, traveller)
        case .askTheDoctor: try await askTheDoctor(traveller)
        case .write(let id, let record): try await write(id, record)
        case .withdraw(let id):
            try await lab.etcdctl("del", "/metastack/desired_vms/\(test.name(id))")
        case .lookForRest(let id):
            let guest = try forget(id)
            try await expectNothingLeft(of: guest, traveller)
        case .makeToken(let name, let role): try await makeToken(test.name(name), role, traveller)
        case .useToken(let path): try await useToken(path)
        case .delete(let name):
            try await traveller.delete(test.name(name))
            let guest = try forget(name)
            try await expectNothingLeft(of: guest, traveller)
        case .other: break
        }
    }

    var live: [String] { Lab.hosts.map(\.text).filter { $0 != lost?.host } }
}

// MARK: What is made

extension Tour {
    private func addImage(_ name: String, _ traveller: some Traveller) async throws {
        let file = try await lab.tool("build-image").trimmingCharacters(in: .newlines)
        test.delete(image: name)
        try await traveller.addImage(name, from: file)
    }

    private func addFlavour(_ wish: FlavourWish, _ traveller: some Traveller) async throws {
        var wish = wish
        wish.name = test.name(wish.name)
        test.later { [lab, wish] in
            try await lab.succeed("flavour", "delete", wish.name, "--yes")
        }
        try await traveller.addFlavour(wish)
        let stored = try await lab.store.load().flavours.values.map(\.value)
            .first { $0.name.text == wish.name }
        #expect(try stored == JSONDecoder().decode(Flavour.self, from: Data(wish.json.utf8)))
    }

    private mutating func write(_ id: String, _ record: String) async throws {
        // What it names has the test's names, too.
        var record = record
        for name in [id] + guests.keys + ["small", "guest"] {
            record = record.replacing("\"\(name)\"", with: "\"\(test.name(name))\"")
        }
        guests[id] = test.guest(id)
        try await lab.etcdctl("put", "/metastack/desired_vms/\(test.name(id))", record)
        let written = try JSONDecoder().decode(JSONValue.self, from: Data(record.utf8))
        let name = try #require(written.part("name").text)
        // A name that cannot be used is none.
        if (try? ResourceName(name)) == nil { senseless[id] = name }
    }

    private mutating func makeToken(
        _ name: String, _ role: String, _ traveller: some Traveller
    ) async throws {
        guard server != nil else { return }
        test.later { [lab] in try await lab.succeed("token", "revoke", name, "--yes") }
        secret = try await traveller.makeToken(name, role: role)
    }

    private mutating func forget(_ name: String) throws -> Guest {
        senseless[name] = nil
        defer { guests[name] = nil }
        return try #require(guests[name])
    }

    private func useToken(_ path: String) async throws {
        guard let server else { return }
        let own = try #require(own)
        let status = try await Command([
            "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H",
            "Authorization: Bearer \(try #require(secret))",
            server + path.replacing("/\(own.name)/", with: "/\(test.name(own.name))/"),
        ]).run().checked("curl")
        #expect(status == "200")
    }
}

// MARK: What happens to it

extension Tour {
    private mutating func loseTheHost() async throws {
        let guest = try #require(own).guest
        let claim = try await guest.counting(past: 2)
        let host = claim.value.host
        test.later { [lab] in try await lab.bootIfDown(host) }
        try await lab.tool("kill", host.text)
        let number = try #require(guest.console(on: host).last)
        lost = (host.text, claim.value.clients, number)
    }

    /// By order, and never with a boot.
    private func move(_ name: String, _ traveller: some Traveller) async throws {
        let guest = try #require(guests[name])
        let (old, boots) = (try await host(of: name, traveller), guest.boots())
        try await traveller.move(test.name(name))
        #expect(try await host(of: name, traveller) != old)
        try await guest.counting()
        #expect(guest.boots() == boots, "a move is no boot")
    }

    private mutating func maintain(
        _ reason: String, _ traveller: some Traveller
    ) async throws {
        let own = try #require(own)
        let (host, boots) = (try await host(of: own.name, traveller), own.guest.boots())
        maintained = host
        test.later { [lab] in try await lab.succeed("host", "ready", host) }
        try await traveller.maintain(host, reason: reason)
        let shown = try await traveller.look(atHost: host)
        #expect(shown.state == "maintenance" && shown.reason == reason)
        let since = try #require(shown.since.flatMap { Timestamp($0) })
        #expect(abs(since.milliseconds - Timestamp(Date()).milliseconds) < 120_000)
        #expect(try await self.host(of: own.name, traveller) != host)
        try await own.guest.counting()
        #expect(own.guest.boots() == boots, "a move is no boot")
    }

    private func makeReady(_ traveller: some Traveller) async throws {
        let host = try #require(maintained)
        try await traveller.makeReady(host)
        let shown = try await traveller.look(atHost: host)
        #expect(shown.state == "ready" && shown.reason == nil && shown.since == nil)
    }

    private func host(of name: String, _ traveller: some Traveller) async throws -> String {
        try #require(try await traveller.look(at: test.name(name)).host)
    }
}
