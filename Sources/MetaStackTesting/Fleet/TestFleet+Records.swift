import Etcd
import Foundation
public import MetaStackModel
import MetaStackStore

/// What management and strangers write, and how tests wait for what comes of it.
extension TestFleet {
    /// A flavour and an image, both called `tiny`: what the smallest VM refers to.
    public func addTinyFlavourAndImage() async throws {
        try await put("vm_flavours/tiny", #"{"name": "tiny", "vcpus": 1, "ram": 256}"#)
        try await put("images/tiny", #"{"name": "tiny", "url": "https://images.test/tiny.raw"}"#)
    }

    /// Wants a VM as a stranger with `etcdctl` would.
    ///
    /// - Parameter nics: the record's field as JSON.
    public func want(
        _ vm: String, _ state: DesiredVM.State = .start, nics: String = "[{}]"
    ) async throws {
        try await put(
            "desired_vms/\(vm)",
            """
            {"name": "\(vm)", "flavour": "tiny", "image": "tiny", "state": "\(state.rawValue)", \
            "nics": \(nics)}
            """)
    }

    /// A network with one subnet, under an id that is its name.
    public func addNetwork(
        _ name: String, _ prefix: String, gateway: String? = nil
    ) async throws {
        let gateway = gateway.map { #", "gateway": "\#($0)""# } ?? ""
        try await put(
            "networks/\(name)",
            """
            {"name": "\(name)", "kind": "bridge", "subnets": [{"prefix": "\(prefix)"\(gateway)}]}
            """)
    }

    /// Writes any text under a key below the prefix.
    public func put(_ path: String, _ json: String) async throws {
        _ = try await store.client.put(key(path), Data(json.utf8))
    }

    public func delete(_ path: String) async throws {
        _ = try await store.client.delete(.key(key(path)))
    }

    private func key(_ path: String) -> Key { Key("\(prefix)/\(path)") }

    /// Waits until the records are as they shall be: follows the store, so that no moment between
    /// two looks is missed.
    ///
    /// - Returns: the first state that is so.
    /// - Throws: `TestingError` when `limit` is over, with the records as they are then.
    @discardableResult
    public func until(
        _ what: String, within limit: Duration = .seconds(15),
        _ isSo: @escaping @Sendable (Cluster) -> Bool
    ) async throws -> Cluster {
        let store = store
        let found = try await withThrowingTaskGroup(of: Cluster?.self) { group in
            group.addTask {
                let listed = try await store.load()
                if isSo(listed) { return listed }
                for try await update in store.follow(listed) where isSo(update.cluster) {
                    return update.cluster
                }
                throw CancellationError()
            }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let found else {
            let now = try await store.load()
            throw TestingError("it never came true within \(limit) that \(what): \(now.summary)")
        }
        return found
    }

    /// Waits for something outside the records, looked at every 10 ms.
    public func eventually(
        _ what: String, within limit: Duration = .seconds(15),
        _ isSo: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if try await isSo() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestingError("it never came true within \(limit) that \(what)")
    }
}

extension Cluster {
    /// Who owns a VM; nil where nobody does.
    public func claim(_ vm: String) -> Stored<ActualVM>? { actualVMs[VMID(unchecked: vm)] }

    public func history(_ vm: String) -> VMHistory? { histories[VMID(unchecked: vm)]?.value }

    /// Whether a VM's guest is said to run, on a certain host where one is given.
    public func isRunning(_ vm: String, on host: HostID? = nil) -> Bool {
        guard let claim = claim(vm)?.value, claim.state == .running else { return false }
        return host == nil || claim.host == host
    }

    /// Whether any record of a VM is left but the desired one.
    public func knowsNothing(of vm: String) -> Bool {
        let id = VMID(unchecked: vm)
        return actualVMs[id] == nil && volumes[id] == nil && histories[id] == nil
            && declines[id] == nil && addresses.held(by: id).isEmpty
    }

    /// The records that tests ask about, in one line each.
    fileprivate var summary: String {
        let claims = actualVMs.map { "\($0) \($1.value.host) \($1.value.state)" }
        let images = actualImages.map { "\($0) \($1.value.state) \($1.value.message ?? "")" }
        return "hosts \(hosts.keys.map(\.text).sorted()), claims \(claims.sorted()), "
            + "images \(images.sorted()), volumes \(volumes.keys.map(\.text).sorted()), "
            + "declines \(declines.keys.map(\.text).sorted()), malformed \(malformed.keys.sorted())"
    }
}
