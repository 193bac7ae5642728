import Foundation
import MetaStackModel
import MetaStackStore

/// A VM of a test, and what can be seen of its guest.
struct Guest: Sendable {
    let lab: Lab
    let id: VMID

    /// The VM's libvirt name.
    var domain: String { "metastack-\(id)" }

    func claim() async throws -> Stored<ActualVM>? { try await lab.store.load().actualVMs[id] }

    /// Waits until a node says that the guest runs, and its console that it counts.
    @discardableResult
    func counting(past number: Int = 0, within limit: Duration = .seconds(60)) async throws
        -> Stored<ActualVM>
    {
        var last = "no claim"
        return try await eventually(
            "VM \(id) runs and counts past \(number)", within: limit, seen: { last }
        ) {
            guard let claim = try await claim() else { return nil }
            let printed = console(on: claim.value.host).last ?? 0
            last = "\(claim.value.state) on \(claim.value.host), counter \(printed)"
            return claim.value.state == .running && printed > number ? claim : nil
        }
    }

    /// The name of the RBD image that holds the root disk.
    func image() async throws -> String {
        guard let volume = try await lab.store.load().volumes[id]?[VolumeID(vm: id)] else {
            throw SystemTestError("VM \(id) has no volume record")
        }
        return volume.value.image
    }

    /// What the guest said on a host.
    func console(on host: HostID) -> Console {
        Console(text: lab.file("disk/var/log/metastack/console/\(id).log", of: host) ?? "")
    }

    /// Whether a host's libvirt has its domain, and how it is: `running (booted)`.
    func domainState(on host: HostID) async throws -> String? {
        let output = try await lab.execute(host, "virsh", "-q", "domstate", domain, "--reason")
        return output.status == 0
            ? output.text.trimmingCharacters(in: .whitespacesAndNewlines) : nil
    }

    /// libvirt's number of the running domain, and QEMU's pid in the host.
    func process(on host: HostID) async throws -> GuestProcess {
        let number = try await lab.execute(host, "virsh", "-q", "domid", domain)
            .checked("virsh domid")
        let pid = try await lab.execute(host, "cat", "/run/libvirt/qemu/\(domain).pid")
            .checked("reading the QEMU's pid")
        return GuestProcess(
            domain: number.trimmingCharacters(in: .whitespacesAndNewlines),
            pid: pid.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}

/// Tells one run of a guest from another.
struct GuestProcess: Equatable, Sendable {
    var domain: String
    var pid: String
}

/// What a guest wrote on its serial console.
struct Console: Sendable {
    /// The counters at which it came up, one a boot.
    var boots: [Int] = []
    /// The numbers that it says are on its disk, in the order in which it said so.
    var counters: [Int] = []
    var hasGoneDown = false

    /// The last number that it acknowledged.
    var last: Int? { counters.last }

    init(text: String) {
        // A line without its end is still being written.
        for line in text.split(whereSeparator: \.isNewline).dropLast(
            text.last?.isNewline == true ? 0 : 1)
        {
            if let number = Self.number(line, after: "metastack-guest up counter=") {
                boots.append(number)
            } else if let number = Self.number(line, after: "counter=") {
                counters.append(number)
            } else if line == "metastack-guest down" {
                hasGoneDown = true
            }
        }
    }

    private static func number(_ line: Substring, after prefix: String) -> Int? {
        line.hasPrefix(prefix) ? Int(line.dropFirst(prefix.count)) : nil
    }
}
