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
    /// What its NICs' networks ask of the host.
    public var needs: Set<NetworkNeed>
    public var wishes: PlacementWishes

    public init(
        vm: VMID, since: Revision = Revision(0), ram: Mebibytes, vcpus: Int, pin: HostID? = nil,
        pools: Set<PoolName> = [], needs: Set<NetworkNeed> = [],
        wishes: PlacementWishes = PlacementWishes()
    ) {
        self.vm = vm
        self.since = since
        self.ram = ram
        self.vcpus = vcpus
        self.pin = pin
        self.pools = pools
        self.needs = needs
        self.wishes = wishes
    }

    /// The requests in the order in which they get their hosts.
    static func inOrder(_ requests: some Sequence<Self>) -> [Self] {
        let requests = Array(requests)
        // Small things are sorted faster, and all of a herd at each look.
        let keys = requests.indices.map { place in
            (
                priority: requests[place].wishes.priority, since: requests[place].since.number,
                place: place
            )
        }
        return keys.sorted { one, other in
            one.priority == other.priority && one.since == other.since
                ? requests[one.place].vm < requests[other.place].vm
                : (other.priority, one.since) < (one.priority, other.since)
        }.map { requests[$0.place] }
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
