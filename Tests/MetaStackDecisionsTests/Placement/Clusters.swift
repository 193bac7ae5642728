import MetaStackModel

/// Records of hosts, flavours and images for tests of who runs what.
extension Cluster {
    mutating func addHost(
        _ name: String, ram: Int = 4096, reserved: Int = 0, vcpus: Int = 4,
        message: String? = nil, lease: String = "7", labels: [String: String] = [:]
    ) throws {
        let id = HostID(unchecked: name)
        hosts[id] = Stored(
            Host(
                name: id, totalRAM: try Mebibytes(ram), reservedRAM: try Mebibytes(reserved),
                totalVCPU: vcpus, lease: lease, labels: labels, version: "1", hypervisor: "test",
                plane: HostPlane(), message: message, since: Timestamp(milliseconds: 0)),
            revision: Revision(1), createRevision: Revision(1))
    }

    mutating func addClaim(
        _ vm: String, on host: String, ram: Int, vcpus: Int
    ) throws {
        actualVMs[VMID(unchecked: vm)] = Stored(
            ActualVM(
                host: HostID(unchecked: host), state: .running, ram: try Mebibytes(ram),
                vcpus: vcpus, since: Timestamp(milliseconds: 0)),
            revision: Revision(2), createRevision: Revision(2))
    }

    mutating func want(_ vm: String, groups: [String: PlacementWishes.Affinity]) throws {
        desiredVMs[VMID(unchecked: vm)] = Stored(
            DesiredVM(
                name: ResourceName(unchecked: vm), flavour: "tiny", image: "tiny", state: .start,
                placement: PlacementWishes(groups: groups)),
            revision: Revision(1), createRevision: Revision(1))
    }

    mutating func addFlavour(_ id: String, name: String, disk: Int? = nil) throws {
        flavours[FlavourID(unchecked: id)] = Stored(
            try Flavour(
                name: ResourceName(unchecked: name), vcpus: 2, ram: try Mebibytes(256),
                disk: try disk.map { try Mebibytes($0) }),
            revision: Revision(3), createRevision: Revision(3))
    }

    mutating func addImage(_ id: String, name: String, written: Int64 = 4) throws {
        images[ImageID(unchecked: id)] = Stored(
            Image(name: ResourceName(unchecked: name), url: try ImageURL("file:///i")),
            revision: Revision(written), createRevision: Revision(4))
    }

    mutating func addActualImage(
        _ id: String, _ state: ActualImage.State, host: String = "a", lease: String = "7",
        retry: Bool = false, wantedAt: Int64 = 4, message: String? = nil
    ) throws {
        let isReady = state == .ready
        actualImages[ImageID(unchecked: id)] = Stored(
            ActualImage(
                host: HostID(unchecked: host), lease: lease, state: state, retry: retry,
                desiredRevision: Revision(wantedAt),
                pool: PoolName(unchecked: "images"), rbdImage: "\(id).1",
                snapshot: isReady ? "base" : nil, size: isReady ? try Mebibytes(48) : nil,
                message: message),
            revision: Revision(5), createRevision: Revision(5))
    }

    mutating func addDisk(of vm: String, from image: String, provisioned: Bool = false) {
        let id = VolumeID(vm: VMID(unchecked: vm))
        volumes[id.vm, default: [:]][id] = Stored(
            Volume(
                pool: PoolName(unchecked: "vms"), image: "\(vm).root.1", vm: id.vm,
                vmCreateRevision: Revision(1), source: ImageID(unchecked: image),
                provisioned: provisioned),
            revision: Revision(6), createRevision: Revision(6))
    }
}
