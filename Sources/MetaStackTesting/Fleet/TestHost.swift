import MetaStackAgent
public import MetaStackModel

/// A host of a test: its hypervisor, which outlives every agent, and what its agents are told.
public struct TestHost: Sendable {
    public let id: HostID
    public let hypervisor: FakeHypervisor
    public var configuration: NodeConfiguration
    public let network = FakeGuestNetwork()

    /// - Parameters:
    ///   - name: the `node.name` of its agents; two hosts may be given one.
    ///   - number: tells the machine from others, and is in its clients' addresses.
    ///   - leaseTTL: whole seconds, 2 at least.
    init(
        _ name: String, number: Int, ram: Int, vcpus: Int, leaseTTL: Duration,
        storage: FakeStorage, others: FakeHypervisors
    ) throws {
        id = try HostID(name)
        hypervisor = FakeHypervisor(
            capacity: HypervisorCapacity(
                ram: try Mebibytes(ram), vcpus: vcpus, machine: "machine-\(number)",
                description: "fake"),
            address: "10.0.0.\(number)", storage: storage, others: others)
        configuration = NodeConfiguration(name: id)
        configuration.node.leaseTTL = leaseTTL
        configuration.node.reservedRAM = .zero
    }
}
