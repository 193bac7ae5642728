import Synchronization

/// Who reaches whose hypervisor: the hosts of a test, by the URI that guests are sent to.
public final class FakeHypervisors: Sendable {
    private let known = Mutex<[String: FakeHypervisor]>([:])

    public init() {}

    func add(_ hypervisor: FakeHypervisor, at uri: String) {
        known.withLock { $0[uri] = hypervisor }
    }

    subscript(_ uri: String) -> FakeHypervisor? { known.withLock { $0[uri] } }
}
