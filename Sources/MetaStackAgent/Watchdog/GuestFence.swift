import Libvirt
public import MetaStackModel

/// Suspends every guest of MetaStack's on this host, for an agent that cannot do it any more.
///
/// It asks libvirt and nobody else: no etcd, no Ceph, no agent. Whether a guest may go on is for the
/// agent to find out when it is back; a domain that is suspended already is left as it is, so that
/// it can be run as often as one likes. Domains without MetaStack's metadata are never touched.
public struct GuestFence: Sendable {
    /// What was done to one guest.
    public enum Outcome: Sendable, Equatable {
        case suspended
        /// Its processors stood already.
        case stood
        /// It may still run; why it was not suspended.
        case failed(String)
    }

    /// What was done in all.
    public struct Report: Sendable, Equatable {
        public var guests: [VMID: Outcome] = [:]
        /// Why not even the domains could be listed; nil where they were.
        public var problem: String?

        /// Whether no guest of MetaStack's runs any more.
        public var isComplete: Bool {
            problem == nil
                && !guests.values.contains { if case .failed = $0 { true } else { false } }
        }
    }

    private let uri: String
    private let deadline: Duration

    /// - Parameters:
    ///   - uri: libvirt's.
    ///   - deadline: how long one call to libvirt may take.
    public init(uri: String, deadline: Duration) {
        self.uri = uri
        self.deadline = deadline
    }

    public func run() async -> Report {
        var report = Report()
        do {
            let connection = try await LibvirtConnection.open(uri: uri, deadline: deadline)
            let domains = try await connection.domains()
            report.guests = await withTaskGroup(of: (VMID, Outcome)?.self) { group in
                for domain in domains {
                    guard let vm = DomainNaming.vm(of: domain.name) else { continue }
                    group.addTask { await suspend(domain).map { (vm, $0) } }
                }
                return await group.reduce(into: [:]) { guests, guest in
                    if let (vm, outcome) = guest { guests[vm] = outcome }
                }
            }
        } catch {
            report.problem = "\(error)"
        }
        return report
    }

    /// nil where the domain is not MetaStack's, or has ended.
    private func suspend(_ domain: Domain) async -> Outcome? {
        do {
            guard DomainMark(try await domain.reading()) != nil else { return nil }
            switch try await domain.state() {
            case .paused: return .stood
            case .shutdown, .shutoff, .crashed: return nil
            case .running, .blocked, .sleeping, .unknown:
                try await domain.suspend()
                return .suspended
            }
        } catch let error as LibvirtError where error.isNoDomain {
            return nil
        } catch {
            return .failed("\(error)")
        }
    }
}
