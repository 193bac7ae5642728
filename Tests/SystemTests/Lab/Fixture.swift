import Etcd
import Foundation
import MetaStackModel
import MetaStackStore
import Synchronization

/// What one test uses of the lab: names of its own, and clean-up last-in first-out whether it passed
/// or not. A test that throws prints what the agents said of its VMs.
final class Fixture: Sendable {
    private struct State {
        var cleanUps: [@Sendable () async throws -> Void] = []
        var vms: [VMID] = []
    }

    let lab: Lab
    /// Begins every name that the test makes.
    let prefix: String
    private let state = Mutex(State())

    private init(lab: Lab) {
        self.lab = lab
        prefix = "t" + String(UInt32.random(in: .min ... .max), radix: 36)
    }

    /// Runs a test's body, then everything that it put off.
    static func run(_ body: (Fixture) async throws -> Void) async throws {
        let fixture = Fixture(lab: try await Lab.running())
        do {
            try await body(fixture)
        } catch {
            fixture.printLogs()
            await fixture.cleanUp()
            throw error
        }
        await fixture.cleanUp()
    }

    /// Puts something off to the test's end.
    func later(_ action: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.cleanUps.append(action) }
    }

    func name(_ suffix: String) -> String { "\(prefix)-\(suffix)" }

    /// A VM under an id of the test's own; gone at its end.
    func guest(_ suffix: String) -> Guest { guest(id: VMID(unchecked: name(suffix))) }

    /// A VM that somebody else names; gone at the test's end.
    func guest(id: VMID) -> Guest {
        state.withLock { $0.vms.append(id) }
        let guest = Guest(lab: lab, id: id)
        later { [lab] in
            try await lab.client.delete(.key(Key("/metastack/desired_vms/\(id)")))
            try await eventually("nothing is left of VM \(id)", within: .seconds(60)) {
                let cluster = try await lab.store.load()
                return cluster.actualVMs[id] == nil && cluster.volumes[id] == nil
                    && cluster.histories[id] == nil
            }
        }
        return guest
    }

    /// Asks for a guest and waits until it counts.
    @discardableResult
    func start(_ suffix: String, on host: HostID? = nil) async throws -> Guest {
        let guest = guest(suffix)
        try await want(guest, on: host)
        try await guest.counting()
        return guest
    }

    /// Writes the desired record of a VM.
    func want(
        _ guest: Guest, _ wanted: DesiredVM.State = .start, flavour: String = "tiny",
        image: String = "tiny", on host: HostID? = nil, moves: MoveWishes = MoveWishes()
    ) async throws {
        let desired = DesiredVM(
            name: ResourceName(unchecked: guest.id.text), flavour: flavour, image: image,
            state: wanted, host: host, moves: moves)
        _ = try await lab.store.write([.put(.desiredVM(guest.id), desired)], if: [])
    }

    /// Writes text under a path below the prefix; the key is deleted at the test's end.
    func put(_ path: String, _ text: String) async throws {
        let key = Key("/metastack/" + path)
        later { [lab] in try await lab.client.delete(.key(key)) }
        try await lab.client.put(key, Data(text.utf8))
    }

    private func cleanUp() async {
        while let action = state.withLock({ $0.cleanUps.popLast() }) {
            do {
                try await action()
            } catch {
                print("\(prefix): clean-up failed: \(error)")
            }
        }
    }

    private func printLogs() {
        for host in Lab.hosts {
            let lines = lab.agentLines(of: host, about: prefix)
            for line in lines.suffix(60) { print("\(host): \(line)") }
        }
    }
}
