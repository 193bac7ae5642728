import MetaStackModel
import MetaStackStore
import Testing

/// What is looked at on the way.
extension Tour {
    /// A VM runs where its guest does and not where it was lost, or says what is wrong with its record.
    func look(at name: String, _ traveller: some Traveller) async throws {
        if let word = senseless[name] {
            try await lookAtNonsense(name, word, traveller)
            return
        }
        let guest = try #require(guests[name])
        var seen = ""
        let _: Bool = try await eventually(
            "the traveller sees VM \(name) run where it does", within: .seconds(90), seen: { seen }
        ) {
            // A server hears a moment later of what somebody has written to etcd.
            guard try await traveller.vms().contains(guest.id.text) else { return nil }
            let sight = try await traveller.look(at: test.name(name))
            let claim = try await guest.claim()?.value
            seen = "\(sight)"
            return sight.state == "running" && claim?.state == .running
                && sight.host == claim?.host.text && sight.host != lost?.host ? true : nil
        }
    }

    /// It harms nobody else, and the doctor names it.
    private func lookAtNonsense(
        _ id: String, _ word: String, _ traveller: some Traveller
    ) async throws {
        let bad = test.name(id)
        let sight: Sight = try await eventually("it is shown") {
            guard try await traveller.vms().contains(bad) else { return nil }
            let sight = try await traveller.look(at: bad)
            return sight.state == "malformed" ? sight : nil
        }
        #expect(sight.message?.contains("name \"\(word)\" cannot be used") == true, "\(sight)")
        let diagnosis = try await traveller.doctor()
        #expect(!diagnosis.isHealthy)
        #expect(diagnosis.findings.contains { $0.contains("desired_vms/\(bad)") })
    }

    /// It counts, and goes on from no older number than its disk had when its host died.
    func readConsole() async throws {
        let guest = try #require(own).guest
        guard let lost else {
            try await guest.counting(past: 1)
            return
        }
        let claim = try await guest.counting(past: lost.number)
        #expect(try #require(guest.console(on: claim.value.host).boots.first) >= lost.number)
    }

    func explain(_ name: String, _ isLost: Bool, _ traveller: some Traveller) async throws {
        let host = try #require(try await traveller.look(at: test.name(name)).host)
        let hosts = try await traveller.candidates(
            for: test.name(name), without: isLost ? host : nil)
        #expect(Set(hosts) == Set(live).subtracting(isLost ? [host] : []))
    }

    func lookBack(at name: String, _ traveller: some Traveller) async throws {
        let events = try await traveller.events(of: test.name(name))
        for word in [
            "created", "running", "taken-over", "evicted", "runs-again", "move-ordered",
            "move-began", "moved",
        ] {
            #expect(events.contains(word), "\(word) in \(events)")
        }
    }

    /// What he says is what he says straight on etcd, and it is of nothing that the tour has made.
    func askTheDoctor(_ traveller: some Traveller) async throws {
        let diagnosis = try await traveller.doctor()
        #expect(!diagnosis.findings.contains { $0.contains(test.prefix) }, "\(diagnosis)")
        let direct = try await lab.metastack("doctor", "-q", "-o", "json")
        #expect(diagnosis.isHealthy == (direct.status == 0), "\(diagnosis) \(direct.text)")
    }

    func expectNothingLeft(of guest: Guest, _ traveller: some Traveller) async throws {
        let id = guest.id
        try await eventually("nothing of VM \(id) is left, nor shown") {
            let left = try await lab.store.load()
            return try await !traveller.vms().contains(id.text)
                && left.desiredVMs[id] == nil && left.actualVMs[id] == nil
                && left.volumes[id] == nil && left.histories[id] == nil
                && left.malformed["desired_vms/\(id)"] == nil
        }
    }
}
