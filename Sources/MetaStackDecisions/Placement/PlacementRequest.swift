public import MetaStackModel

/// What a VM asks of the host that runs it.
public struct PlacementRequest: Sendable, Equatable {
    public var vm: VMID
    /// When it came to be wanted: of two equals the elder gets a host first.
    public var since: Revision
    public var ram: Mebibytes
    public var vcpus: Int
    /// The one host that may run it; nil for any.
    public var pin: HostID?
    /// Those that its disks are in, or will be made from.
    public var pools: Set<PoolName>
    public var wishes: PlacementWishes

    public init(
        vm: VMID, since: Revision = Revision(0), ram: Mebibytes, vcpus: Int, pin: HostID? = nil,
        pools: Set<PoolName> = [], wishes: PlacementWishes = PlacementWishes()
    ) {
        self.vm = vm
        self.since = since
        self.ram = ram
        self.vcpus = vcpus
        self.pin = pin
        self.pools = pools
        self.wishes = wishes
    }

    /// For a VM that has a guest already: it keeps the size that it was started with, whatever its flavour
    /// says by now.
    public func asClaimed(by claim: ActualVM) -> PlacementRequest {
        var request = self
        request.ram = claim.ram
        request.vcpus = claim.vcpus
        return request
    }

    /// The order in which pending VMs get their hosts.
    static func precedes(_ one: Self, _ other: Self) -> Bool {
        (-one.wishes.priority, one.since.number, one.vm)
            < (-other.wishes.priority, other.since.number, other.vm)
    }
}
