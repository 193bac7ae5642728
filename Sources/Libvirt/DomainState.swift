import CLibvirt

/// What a domain is doing (`virDomainState` and its reason).
public enum DomainState: Sendable, Equatable {
    case running
    /// The guest waits for something of the hypervisor's; runs otherwise.
    case blocked
    /// Its processors stand still, its memory is kept.
    case paused(PauseReason)
    /// The guest has powered off and its process is about to end.
    case shutdown
    /// There is no process; only persistent domains have this state.
    case shutoff(ShutoffReason)
    case crashed
    /// The guest put itself to sleep.
    case sleeping
    /// What a newer libvirt may say, and what no driver should.
    case unknown(Int32)

    /// `virDomainPausedReason`.
    public enum PauseReason: Int32, Sendable {
        case unknown, user, migration, save, dump, ioError, watchdog, fromSnapshot, shuttingDown
        case snapshot, crashed, startingUp, postCopy, postCopyFailed
    }

    /// `virDomainShutoffReason`.
    public enum ShutoffReason: Int32, Sendable {
        case unknown, shutdown, destroyed, crashed, migrated, saved, failed, fromSnapshot, daemon
    }

    init(state: Int32, reason: Int32) {
        self =
            switch virDomainState(rawValue: UInt32(bitPattern: state)) {
            case VIR_DOMAIN_RUNNING: .running
            case VIR_DOMAIN_BLOCKED: .blocked
            case VIR_DOMAIN_PAUSED: .paused(PauseReason(rawValue: reason) ?? .unknown)
            case VIR_DOMAIN_SHUTDOWN: .shutdown
            case VIR_DOMAIN_SHUTOFF: .shutoff(ShutoffReason(rawValue: reason) ?? .unknown)
            case VIR_DOMAIN_CRASHED: .crashed
            case VIR_DOMAIN_PMSUSPENDED: .sleeping
            default: .unknown(state)
            }
    }

    /// Whether a hypervisor process holds the guest, whatever it is doing.
    public var isActive: Bool {
        switch self {
        case .running, .blocked, .paused, .shutdown, .sleeping: true
        case .shutoff, .crashed, .unknown: false
        }
    }
}
