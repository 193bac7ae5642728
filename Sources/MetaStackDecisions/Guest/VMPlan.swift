public import MetaStackModel

/// A desired record with its references followed: what it takes to run the VM.
public struct VMPlan: Sendable, Equatable {
    public var request: PlacementRequest
    public var flavour: Flavour
    /// The root disk that has to be made; nil where the VM has one already, which needs its image no
    /// more.
    public var disk: NewDisk?
    /// What its NICs get; without addresses where none were looked for.
    public var addresses: AddressPlan
    /// One address a NIC, in order; no other VM that is owned has one of them on the same network.
    public var macs: [MACAddress] { addresses.nics.map(\.mac) }

    /// A root disk to be.
    public struct NewDisk: Sendable, Equatable {
        public var imageID: ImageID
        /// The image's record must not have changed when the claim is made, or it might be going.
        public var imageRevision: Revision
        public var source: ImageSource
    }

    /// An imported image: the protected snapshot in its pool.
    public struct ImageSource: Sendable, Equatable {
        public var pool: PoolName
        public var rbdImage: String
        public var snapshot: String
        /// The image as a guest sees it.
        public var size: Mebibytes

        /// nil where the image is not ready.
        public init?(_ actual: ActualImage) {
            guard actual.state == .ready, let pool = actual.pool, let image = actual.rbdImage,
                let snapshot = actual.snapshot, let size = actual.size
            else { return nil }
            self.pool = pool
            rbdImage = image
            self.snapshot = snapshot
            self.size = size
        }
    }

    /// Why a VM cannot be run by any host at the moment, in words for whoever asked.
    public struct Impossible: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// Follows the desired record's references.
    ///
    /// - Parameters:
    ///   - checkingAddresses: whether to look through all claims for the VM's MAC addresses, and for
    ///     free addresses in its networks.
    ///   - macs: those of all claims, where the caller asks for many VMs of the same records.
    ///   - taken: addresses that other VMs are about to get.
    /// - Throws: `Impossible` where a flavour is missing or ambiguous, where a disk has to be
    ///   made and its image is missing, ambiguous, not imported yet or too large, where a seed has
    ///   to be made and names a key that is missing, or user data that no guest could use, or where
    ///   a NIC asks for what its network has not.
    public init(
        _ vm: VMID, _ desired: DesiredVM, in cluster: Cluster, checkingAddresses: Bool = true,
        macs: ClaimedMACs? = nil, taken: Set<AddressID> = []
    ) throws(Impossible) {
        do throws(UnresolvedReference) {
            flavour = try cluster.flavour(desired.flavour).flavour
        } catch {
            throw Impossible(description: error.description)
        }
        let wanted = try WantedNIC.all(of: vm, desired.nics, in: cluster)
        let created = cluster.desiredVMs[vm]?.createRevision ?? Revision(0)
        if checkingAddresses {
            if let macs {
                try macs.requireOwn(wanted, of: vm)
            } else {
                try cluster.requireOwnMACs(wanted, of: vm)
            }
            addresses = try AddressPlan(wanted, of: vm, created: created, in: cluster, taken: taken)
        } else {
            addresses = AddressPlan(unaddressed: wanted, of: vm)
        }
        try Self.requireSeed(vm, desired, in: cluster)
        let root = VolumeID(vm: vm)
        if cluster.volumes[vm]?[root]?.value.provisioned == true {
            disk = nil
        } else {
            disk = try NewDisk(desired, flavour, in: cluster)
        }
        request = PlacementRequest(
            vm: vm, since: created,
            ram: flavour.ram, vcpus: flavour.vcpus, pin: desired.host,
            pools: Set(
                [disk?.source.pool].compactMap(\.self)
                    + (cluster.volumes[vm]?.values.map(\.value.pool) ?? [])),
            needs: Set(wanted.flatMap(\.needs)), wishes: desired.placement)
    }
}

extension VMPlan {
    /// A seed that was made once is good enough where it cannot be made anew.
    private static func requireSeed(
        _ vm: VMID, _ desired: DesiredVM, in cluster: Cluster
    ) throws(Impossible) {
        guard desired.cloudInit != nil,
            cluster.volumes[vm]?[.seed(of: vm)]?.value.provisioned != true
        else { return }
        let created = cluster.desiredVMs[vm]?.createRevision ?? Revision(0)
        let wanted = Stored(desired, revision: created, createRevision: created)
        if case .impossible(let reason) = Seed.wish(of: vm, wanted, in: cluster, hasOne: false) {
            throw Impossible(description: reason)
        }
    }
}

extension VMPlan.NewDisk {
    fileprivate init(
        _ desired: DesiredVM, _ flavour: Flavour, in cluster: Cluster
    ) throws(VMPlan.Impossible) {
        do throws(UnresolvedReference) {
            imageID = try cluster.image(desired.image).id
        } catch {
            throw VMPlan.Impossible(description: error.description)
        }
        guard let actual = cluster.actualImages[imageID] else {
            throw VMPlan.Impossible(description: "image \(desired.image) is not imported yet")
        }
        guard let source = VMPlan.ImageSource(actual.value) else {
            let message = actual.value.message.map { ", \($0)" } ?? ""
            throw VMPlan.Impossible(
                description: "image \(desired.image) is not ready: \(actual.value.state.rawValue)"
                    + message)
        }
        self.source = source
        imageRevision = actual.revision
        if let disk = flavour.disk, disk < source.size {
            throw VMPlan.Impossible(
                description: "flavour \(desired.flavour) has a disk of \(disk), "
                    + "image \(desired.image) needs \(source.size)")
        }
    }
}
