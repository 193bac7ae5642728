import Foundation
import Libvirt
import Logging
import MetaStackModel

/// Finds out once whether guests run under KVM here.
///
/// A `/dev/kvm` that is there proves nothing: in a nested or para-virtual machine a guest may hang
/// at its first instruction. So `auto` believes only a guest that ran: a boot sector that switches
/// its machine off.
actor DomainTypeChoice {
    private static let patience = Duration.seconds(8)

    private let setting: LibvirtSettings.DomainType
    private let uri: String
    private let logger: Logger
    private var known: DomainDescription.DomainType?

    init(_ setting: LibvirtSettings.DomainType, uri: String, logger: Logger) {
        self.setting = setting
        self.uri = uri
        self.logger = logger
    }

    /// The type as libvirt names it; nil before it is known.
    var made: String? {
        switch setting {
        case .kvm, .qemu: setting.rawValue
        case .auto: known?.rawValue
        }
    }

    /// - Throws: `LibvirtError` where libvirt cannot be asked.
    func type() async throws -> DomainDescription.DomainType {
        if let known { return known }
        let type: DomainDescription.DomainType
        switch setting {
        case .kvm: type = .kvm
        case .qemu: type = .qemu
        case .auto:
            type = try await runsUnderKVM() ? .kvm : .qemu
            logger.info("domain type chosen", metadata: ["type": "\(type.rawValue)"])
        }
        known = type
        return type
    }

    private func runsUnderKVM() async throws -> Bool {
        let connection = try await LibvirtConnection.open(uri: uri)
        guard try await connection.supportsDomainType(.kvm) else {
            await connection.close()
            return false
        }
        let path = "\(NSTemporaryDirectory())metastack-probe-\(UUID().uuidString).img"
        try Data(Self.bootSector).write(to: URL(fileURLWithPath: path))
        let answer: Result<Bool, any Error>
        do {
            answer = .success(try await Self.ran(path, connection))
        } catch {
            logger.info("KVM takes no guest here", metadata: ["error": "\(error)"])
            answer = .success(false)
        }
        try? FileManager.default.removeItem(atPath: path)  // A leftover of 512 bytes harms nobody.
        await connection.close()
        return try answer.get()
    }

    /// Whether the guest switched its machine off by itself.
    private static func ran(_ path: String, _ connection: LibvirtConnection) async throws -> Bool {
        var probe = DomainDescription(
            name: "metastack.probe.\(UUID().uuidString)", uuid: UUID(), type: .kvm,
            memoryBytes: 32 << 20, vcpus: 1)
        probe.disks = [Disk(source: .file(path: path, format: .raw), target: "vda")]
        probe.console = nil
        let events = connection.events()
        let uuid = probe.uuid
        let domain = try await connection.create(probe, paused: false)
        let hasEnded = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await event in events where event.domain?.uuid == uuid {
                    if case .lifecycle(_, .stopped(.shutDown)) = event { return true }
                }
                return false
            }
            group.addTask {
                // Cancelled: the other one has the answer.
                try? await Task.sleep(for: patience)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        if !hasEnded { try await domain.destroy() }
        return hasEnded
    }

    /// `mov dx, 0x604; mov ax, 0x2000; out dx, ax; hlt; jmp` to the halt: writes "sleep, type S5" to
    /// the ACPI power management control register of QEMU's q35 machine.
    private static let bootSector: [UInt8] = {
        var sector = [UInt8](repeating: 0, count: 512)
        let code: [UInt8] = [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd]
        sector.replaceSubrange(0..<code.count, with: code)
        sector.replaceSubrange(510..<512, with: [0x55, 0xaa])
        return sector
    }()
}
