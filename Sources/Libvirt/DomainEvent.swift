import CLibvirt
public import FoundationEssentials

/// Something happened to a domain.
///
/// Events are hints, not a record: none are delivered while no connection is open, and a slow
/// reader loses some. Look at the domain itself before acting.
public enum DomainEvent: Sendable, Equatable {
    /// `VIR_DOMAIN_EVENT_ID_LIFECYCLE`.
    case lifecycle(DomainIdentity, LifecycleChange)
    /// `VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON`.
    case ioError(DomainIdentity, DiskError)
    /// The guest restarted within its domain (`VIR_DOMAIN_EVENT_ID_REBOOT`).
    case rebooted(DomainIdentity)
    /// The guest has let go a device that it was asked for; libvirt's alias of it, such as `net1`
    /// (`VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED`).
    case deviceRemoved(DomainIdentity, alias: String)
    /// The reader was too slow and events were dropped: list the domains again.
    case overflowed

    /// Whom it happened to; nil for `.overflowed`.
    public var domain: DomainIdentity? {
        switch self {
        case .lifecycle(let identity, _), .ioError(let identity, _), .rebooted(let identity),
            .deviceRemoved(let identity, _):
            identity
        case .overflowed: nil
        }
    }
}

/// Which domain is meant, when it may be gone already.
public struct DomainIdentity: Sendable, Hashable {
    public let uuid: UUID
    public let name: String

    public init(uuid: UUID, name: String) {
        self.uuid = uuid
        self.name = name
    }

    /// Copies both out of a `virDomainPtr`; local, without a question to the daemon.
    init?(_ pointer: OpaquePointer) {
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        let result = withUnsafeMutableBytes(of: &bytes) { buffer in
            virDomainGetUUID(pointer, buffer.bindMemory(to: UInt8.self).baseAddress)
        }
        guard result == 0, let name = virDomainGetName(pointer) else { return nil }
        self.init(uuid: UUID(uuid: bytes), name: String(cString: name))
    }
}

/// A disk request of a guest failed.
public struct DiskError: Sendable, Equatable {
    /// The image's path or name, empty where libvirt knows none.
    public let source: String
    /// libvirt's alias of the disk, such as `virtio-disk0`.
    public let device: String
    /// `enospc`, or empty where QEMU gives none.
    public let reason: String
    public let action: Action

    /// What QEMU did about it (`virDomainEventIOErrorAction`).
    public enum Action: Int32, Sendable {
        case none, pause, report
    }
}

/// What became of a domain, and why (`virDomainEventType` and its details).
public enum LifecycleChange: Sendable, Equatable {
    case defined
    case undefined
    case started(StartReason)
    case suspended(SuspendReason)
    case resumed
    case stopped(StopReason)
    /// The guest has powered off; `.stopped` follows.
    case shutDown
    /// The guest put itself to sleep.
    case sleeping
    case crashed
    /// What a newer libvirt may send.
    case other(event: Int32, detail: Int32)

    /// `virDomainEventStartedDetailType`.
    public enum StartReason: Int32, Sendable {
        case booted, migrated, restored, fromSnapshot, wokenUp
        case other = -1
    }

    /// `virDomainEventSuspendedDetailType`.
    public enum SuspendReason: Int32, Sendable {
        case paused, migrated, ioError, watchdog, restored, fromSnapshot, apiError, postCopy
        case postCopyFailed
        case other = -1
    }

    /// `virDomainEventStoppedDetailType`.
    public enum StopReason: Int32, Sendable {
        case shutDown, destroyed, crashed, migrated, saved, failed, fromSnapshot
        case other = -1
    }

    init(event: Int32, detail: Int32) {
        self =
            switch virDomainEventType(rawValue: UInt32(bitPattern: event)) {
            case VIR_DOMAIN_EVENT_DEFINED: .defined
            case VIR_DOMAIN_EVENT_UNDEFINED: .undefined
            case VIR_DOMAIN_EVENT_STARTED: .started(StartReason(rawValue: detail) ?? .other)
            case VIR_DOMAIN_EVENT_SUSPENDED: .suspended(SuspendReason(rawValue: detail) ?? .other)
            case VIR_DOMAIN_EVENT_RESUMED: .resumed
            case VIR_DOMAIN_EVENT_STOPPED: .stopped(StopReason(rawValue: detail) ?? .other)
            case VIR_DOMAIN_EVENT_SHUTDOWN: .shutDown
            case VIR_DOMAIN_EVENT_PMSUSPENDED: .sleeping
            case VIR_DOMAIN_EVENT_CRASHED: .crashed
            default: .other(event: event, detail: detail)
            }
    }
}
