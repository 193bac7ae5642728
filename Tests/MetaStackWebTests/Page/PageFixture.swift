import MetaStackModel
import MetaStackStore
import MetaStackTesting

@testable import MetaStackWeb

extension LiveServer {
    /// Two hosts, a flavour, an image, a VM that runs, and a setting that no node knows.
    func fill() async throws {
        try await put(.flavour(FlavourID(unchecked: "f1")), try Flavour.tiny())
        try await put(
            .image(ImageID(unchecked: "i1")),
            Image(name: try ResourceName("debian"), url: try ImageURL("file:///debian.raw")))
        for name in ["a", "b"] {
            try await put(.host(HostID(unchecked: name)), try Host.sample(name))
        }
        try await putVM("web", id: "v1", on: "a")
        try await put(.globalConfig("other"), GlobalConfig(rest: ["size": .integer(3)]))
    }

    /// The image is there, so that VMs can be placed.
    func importImage() async throws {
        try await put(
            .actualImage(ImageID(unchecked: "i1")),
            ActualImage(
                host: HostID(unchecked: "a"), state: .ready, pool: try PoolName("images"),
                rbdImage: "i1", snapshot: "base", size: try Mebibytes(2048)))
    }

    /// A VM, and its claim where it has one.
    func putVM(
        _ name: String, id: String, on host: String? = nil, labels: [String: String] = [:],
        message: String? = nil
    ) async throws {
        let vm = VMID(unchecked: id)
        try await put(
            .desiredVM(vm),
            DesiredVM(
                name: try ResourceName(name), flavour: "f1", image: "i1", state: .start,
                labels: labels))
        if let host {
            try await put(.actualVM(vm), try ActualVM.sample(on: host, message: message))
        }
    }

    func put(_ key: RecordKey, _ record: some Record) async throws {
        guard case .written(let revision) = try await store.write([.put(key, record)], if: [])
        else { throw TestingError("\(key.path) was not written") }
        try await reach(revision)
    }

    /// Many VMs that run, a transaction for each fifty.
    func putVMs(_ count: Int) async throws {
        var last = Revision(0)
        for start in stride(from: 0, to: count, by: 50) {
            var writes: [RecordWrite] = []
            for number in start..<min(start + 50, count) {
                let id = VMID(unchecked: "many-\(number)")
                let name = "vm-" + String(10_000 + number).dropFirst()
                writes.append(
                    .put(
                        .desiredVM(id),
                        DesiredVM(
                            name: try ResourceName(name), flavour: "f1", image: "i1",
                            state: .start)))
                let host = number.isMultiple(of: 2) ? "a" : "b"
                writes.append(.put(.actualVM(id), try ActualVM.sample(on: host)))
            }
            guard case .written(let revision) = try await store.write(writes, if: []) else {
                throw TestingError("the VMs were not written")
            }
            last = revision
        }
        try await reach(last)
    }

    /// Waits until the server has seen a revision.
    func reach(_ revision: Revision) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            let reply = try await send("GET", "/api/v1/hosts?limit=1", as: .viewer)
            if case .object(let fields) = try reply.json,
                case .integer(let seen)? = fields["revision"], seen >= revision.number
            {
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw TestingError("the server has not seen revision \(revision) within 20 s")
    }
}

extension Flavour {
    static func tiny() throws -> Flavour {
        try Flavour(name: try ResourceName("tiny"), vcpus: 1, ram: try Mebibytes(64))
    }
}

extension Host {
    static func sample(_ name: String) throws -> Host {
        Host(
            name: try HostID(name), totalRAM: try Mebibytes(1 << 20), usedRAM: try Mebibytes(64),
            totalVCPU: 64, usedVCPU: 1, lease: "1", version: "0.1.0", hypervisor: "test",
            since: Timestamp(milliseconds: 1_700_000_000_000))
    }
}

extension ActualVM {
    static func sample(on host: String, message: String? = nil) throws -> ActualVM {
        ActualVM(
            host: try HostID(host), state: .running, ram: try Mebibytes(64), vcpus: 1,
            since: Timestamp(milliseconds: 1_700_000_000_000), message: message)
    }
}
