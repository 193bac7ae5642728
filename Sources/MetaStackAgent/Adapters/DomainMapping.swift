import Foundation
import Libvirt
import MetaStackDecisions
import MetaStackModel

/// Which domain is which VM's.
enum DomainNaming {
    private static let prefix = "metastack-"

    static func name(of vm: VMID) -> String { prefix + vm.text }

    static func isOurs(_ name: String) -> Bool { vm(of: name) != nil }

    /// nil for a domain that somebody else made.
    static func vm(of name: String) -> VMID? {
        guard name.hasPrefix(prefix) else { return nil }
        return try? VMID(String(name.dropFirst(prefix.count)))  // Then it is somebody else's.
    }
}

/// What a domain's metadata says: whose it is and under which claim it was made.
struct DomainMark {
    static let namespace = "urn:metastack:domain:1"

    var vm: VMID
    var incarnation: Incarnation
    var vmCreateRevision: Revision

    /// nil for a domain without MetaStack's metadata.
    init?(_ reading: DomainReading) {
        guard let element = reading.metadata(namespace: Self.namespace),
            let vm = element.attributes["vm"].flatMap({ try? VMID($0) }),  // Not ours, then.
            DomainNaming.vm(of: reading.name) == vm,
            let incarnation = element.attributes["incarnation"].flatMap(Int64.init),
            let created = element.attributes["created"].flatMap(Int64.init)
        else { return nil }
        self.vm = vm
        self.incarnation = Incarnation(incarnation)
        vmCreateRevision = Revision(created)
    }

    static func element(of guest: GuestSpecification) -> MetadataElement {
        MetadataElement(
            namespace: namespace, prefix: "metastack", name: "vm",
            attributes: [
                "vm": guest.vm.text, "incarnation": guest.incarnation.description,
                "created": guest.vmCreateRevision.description,
            ])
    }
}

extension DomainDescription {
    /// A VM's guest as a libvirt domain.
    init(
        _ guest: GuestSpecification, type: DomainType, bridge: String, driver: NetworkDriver,
        secret: UUID?
    ) {
        self.init(
            name: DomainNaming.name(of: guest.vm), uuid: guest.uuid, type: type,
            memoryBytes: Int(guest.ram.bytes), vcpus: guest.vcpus)
        title = guest.name.text
        disks = zip(0..., guest.disks).map { index, disk in
            Disk(disk, target: "vd" + String(UnicodeScalar(UInt8(97 + index))), secret: secret)
        }
        nics = guest.nics.map { NIC($0, bridge: bridge, driver: driver) }
        // What a guest may get while it runs; its record allows more, at its next start.
        spareSlots = 3
        console = SerialConsole(logPath: guest.console)
        metadata = [DomainMark.element(of: guest)]
    }
}

extension NIC {
    /// - Parameter bridge: of a NIC that names none.
    init(_ nic: GuestNIC, bridge: String, driver: NetworkDriver) {
        self.init(
            bridge: nic.bridge?.text ?? bridge, mac: nic.mac.description,
            targetDevice: nic.interface.text, mtu: nic.mtu, limits: Limits(nic.limits))
        isOnOpenVSwitch = driver == .openVSwitch
    }
}

extension NIC.Limits {
    /// From kbit/s to kilobytes a second: rounded up, so that no limit becomes none.
    init(_ limits: NICLimits?) {
        let kilobytes = { (kbit: Int) in (kbit + 7) / 8 }
        self.init(
            inbound: limits?.inbound.map(kilobytes), outbound: limits?.outbound.map(kilobytes))
    }
}

extension Disk {
    fileprivate init(_ disk: GuestDisk, target: String, secret: UUID?) {
        switch disk {
        case .rbd(let rbd):
            self.init(
                source: .rbd(
                    RBDImage(
                        pool: rbd.pool.text, image: rbd.image,
                        monitors: rbd.monitors.map {
                            RBDImage.Monitor(host: $0.host, port: UInt16(clamping: $0.port))
                        },
                        authentication: secret.map {
                            RBDImage.Authentication(user: rbd.user, secret: $0)
                        })),
                target: target)
            isReadOnly = rbd.isReadOnly
        }
    }
}

extension LocalDomain.NIC {
    /// nil for one whose end no MetaStack has named.
    init?(_ nic: NIC) {
        guard let device = nic.targetDevice,
            // Then it is somebody else's.
            let interface = try? InterfaceName(device), let mac = try? MACAddress(nic.mac)
        else { return nil }
        self.init(interface: interface, mac: mac)
    }
}

extension LocalDomain.State {
    init(_ state: DomainState) {
        self =
            switch state {
            case .running, .blocked, .sleeping: .running
            case .paused(.ioError): .ioError
            case .paused(.crashed): .ended(reason: "its guest crashed")
            case .paused: .paused
            case .shutdown: .running
            case .shutoff(let reason): .ended(reason: "it is shut off (\(reason))")
            case .crashed: .ended(reason: "it crashed")
            case .unknown(let number): .ended(reason: "it is in the unknown state \(number)")
            }
    }
}

extension GuestExit {
    init(_ reason: LifecycleChange.StopReason) {
        self =
            switch reason {
            case .shutDown: .shutDown
            case .destroyed: .crashed(reason: "its domain was destroyed")
            case .crashed: .crashed(reason: "its guest crashed")
            case .failed: .crashed(reason: "its QEMU process ended")
            case .migrated, .saved, .fromSnapshot, .other:
                .crashed(reason: "its domain stopped (\(reason))")
            }
    }
}

extension GuestFigures {
    init(_ statistics: DomainStatistics, of vm: VMID) {
        self.init(
            vm: vm, cpuTime: statistics.cpuTime, memory: statistics.memoryBytes,
            nics: statistics.nics.compactMap { nic in
                // libvirt's own names are no others.
                (try? InterfaceName(nic.device)).map {
                    NIC(
                        interface: $0, received: Counts(nic.received), sent: Counts(nic.sent))
                }
            })
    }
}

extension GuestFigures.Counts {
    fileprivate init(_ counts: NICStatistics.Counts) {
        self.init(
            bytes: counts.bytes, packets: counts.packets, errors: counts.errors,
            dropped: counts.dropped)
    }
}
