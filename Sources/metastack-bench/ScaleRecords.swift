import Foundation
import MetaStackModel
import MetaStackStore

/// The records of a large cluster at rest, as its nodes would have written them.
struct ScaleRecords: Sendable {
    let hosts: Int
    let vms: Int
    /// What the names of hosts and VMs begin with.
    var names = "node"
    private let tiny = ImageID(unchecked: "tiny")
    private let time = Timestamp(milliseconds: 1_800_000_000_000)

    func host(_ number: Int) -> HostID { HostID(unchecked: "\(names)-\(number)") }

    func vm(_ number: Int) -> VMID { VMID(unchecked: "\(names)-vm-\(number)") }

    /// Each host has as many VMs as the others.
    func owner(of vm: Int) -> Int { vm % hosts }

    func vms(of host: Int) -> [Int] { Array(stride(from: host, to: vms, by: hosts)) }

    private func client(_ number: Int) -> StorageClient {
        StorageClient(
            address: "10.\(number >> 16).\(number >> 8 & 255).\(number & 255):0/3123456789")
    }

    func claim(_ number: Int, message: String? = nil) throws -> ActualVM {
        ActualVM(
            host: host(owner(of: number)), state: .running, incarnation: Revision(7),
            vmUUID: UUID(), desiredRevision: Revision(7), desiredCreateRevision: Revision(7),
            ram: try Mebibytes(512), vcpus: 1, since: time, message: message,
            clients: [client(number)],
            console: "/var/log/metastack/consoles/\(vm(number)).log",
            macs: [MACAddress(vm: vm(number), nic: 0)])
    }

    private func wish(_ number: Int) throws -> RecordWrite {
        let vm = vm(number)
        return .put(
            .desiredVM(vm),
            DesiredVM(
                name: try ResourceName(vm.text), flavour: "tiny", image: "tiny", state: .start))
    }

    /// - Parameter made: when the VM came to be wanted.
    private func results(
        _ number: Int, made: Revision, under lease: LeaseNumber?
    ) throws -> [RecordWrite] {
        let vm = vm(number)
        return [
            .put(.actualVM(vm), try claim(number), lease: lease),
            .put(
                .volume(VolumeID(vm: vm)),
                Volume(
                    pool: PoolName(unchecked: "vms"), image: "\(vm).root.1a2b3c4d5e6f",
                    size: try Mebibytes(10 << 10), vm: vm, vmCreateRevision: made,
                    source: tiny, provisioned: true)),
            .put(
                .history(vm),
                VMHistory(
                    vmCreateRevision: made, host: host(owner(of: number)),
                    incarnation: Revision(7), clients: [client(number)], boots: 1)),
        ]
    }

    /// All records of a VM, as a watch tells of them.
    func raw(ofVM number: Int) throws -> [RawRecord] {
        let revision = Revision(7)
        let writes =
            [try wish(number)] + (try results(number, made: revision, under: LeaseNumber(1)))
        return try writes.compactMap { write in
            guard case .put(let key, let record, let lease) = write else { return nil }
            return RawRecord(
                path: key.path, json: try record.json(), revision: revision,
                createRevision: revision, lease: lease)
        }
    }

    func write(ofHost number: Int, under lease: LeaseNumber?) throws -> RecordWrite {
        .put(
            .host(host(number)),
            Host(
                name: host(number), totalRAM: try Mebibytes(1 << 16), usedRAM: try Mebibytes(20480),
                totalVCPU: 32, usedVCPU: 20, lease: "694d7a0c5e6f1a2b", leaseTTL: 5000,
                machine: UUID().uuidString, addresses: ["10.0.0.1", "fe80::1"], version: "1",
                hypervisor: "QEMU 7.2.0", pools: [PoolName(unchecked: "vms")], networks: ["br0"],
                since: time),
            lease: lease)
    }

    /// A flavour and an image for them, both called `tiny`.
    func writeReferences(to store: ClusterStore) async throws {
        _ = try await store.write(
            [
                .put(
                    .flavour(FlavourID(unchecked: "tiny")),
                    Flavour(
                        name: ResourceName(unchecked: "tiny"), vcpus: 1, ram: try Mebibytes(512))),
                .put(
                    .image(tiny),
                    Image(
                        name: ResourceName(unchecked: "tiny"),
                        url: try ImageURL("https://images.test/tiny.raw"))),
                .put(
                    .actualImage(tiny),
                    ActualImage(
                        host: host(0), state: .ready, pool: PoolName(unchecked: "images"),
                        rbdImage: "tiny", snapshot: "base", size: try Mebibytes(48))),
            ], if: [])
    }

    /// Writes all hosts and VMs, many at once; claims and hosts under a lease where there is one.
    func write(to store: ClusterStore, under lease: LeaseNumber? = nil) async throws {
        try await write(0..<hosts, by: 100, to: store) { try [write(ofHost: $0, under: lease)] }
        try await inParallel(0..<vms, by: 40) { numbers in
            let made = try await store.write(try numbers.map(wish), if: [])
            guard case .written(let revision) = made else { return }
            let writes = try numbers.flatMap {
                try self.results($0, made: revision, under: lease)
            }
            _ = try await store.write(writes, if: [])
        }
    }

    /// The claims last: no node shall take anything over meanwhile.
    func remove(from store: ClusterStore) async throws {
        try await write(0..<vms, by: 30, to: store) { number in
            let vm = vm(number)
            return [
                .delete(.desiredVM(vm)), .delete(.volume(VolumeID(vm: vm))), .delete(.history(vm)),
            ]
        }
        try await write(0..<vms, by: 100, to: store) { [.delete(.actualVM(vm($0)))] }
        try await write(0..<hosts, by: 100, to: store) { [.delete(.host(host($0)))] }
    }

    private func write(
        _ numbers: Range<Int>, by step: Int, to store: ClusterStore,
        _ writes: @escaping @Sendable (Int) throws -> [RecordWrite]
    ) async throws {
        try await inParallel(numbers, by: step) { part in
            _ = try await store.write(try part.flatMap(writes), if: [])
        }
    }

    private func inParallel(
        _ numbers: Range<Int>, by step: Int,
        _ work: @escaping @Sendable (Range<Int>) async throws -> Void
    ) async throws {
        let mostAtOnce = 8
        try await withThrowingTaskGroup(of: Void.self) { group in
            let firsts = stride(from: numbers.lowerBound, to: numbers.upperBound, by: step)
            for (index, first) in firsts.enumerated() {
                if index >= mostAtOnce { try await group.next() }
                group.addTask { try await work(first..<min(first + step, numbers.upperBound)) }
            }
            try await group.waitForAll()
        }
    }
}
