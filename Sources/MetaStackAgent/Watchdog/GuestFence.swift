import Libvirt
public import MetaStackModel
import Synchronization

/// Suspends every guest of MetaStack's on this host, for an agent that cannot do it any more, and ends
/// those that libvirt cannot suspend in time.
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
        /// Its process was ended; why it was not suspended.
        case ended(String)
        /// It may still run; why it was not suspended.
        case failed(String)
    }

    /// What was done in all.
    public struct Report: Sendable, Equatable {
        public var guests: [VMID: Outcome] = [:]
        /// Why libvirt did not answer for all of them; nil where it did.
        public var problem: String?

        /// Whether no guest of MetaStack's runs any more.
        public var isComplete: Bool {
            !guests.values.contains { if case .failed = $0 { true } else { false } }
        }
    }

    private let uri: String
    private let deadline: Duration
    private let processes: GuestProcesses

    /// - Parameters:
    ///   - uri: libvirt's.
    ///   - deadline: how long libvirt has for all of it.
    public init(uri: String, deadline: Duration) {
        self.init(uri: uri, deadline: deadline, processes: GuestProcesses())
    }

    init(uri: String, deadline: Duration, processes: GuestProcesses) {
        self.uri = uri
        self.deadline = deadline
        self.processes = processes
    }

    public func run() async -> Report {
        let answers = Answers()
        var report = Report()
        do {
            try await leavingBehind(after: deadline) { try await suspendAll(answers) }
        } catch {
            report.problem = "\(error)"
        }
        report.guests = answers.guests.withLock(\.self)
        for vm in processes.list() {
            switch report.guests[vm] {
            case .suspended, .stood: continue
            case .failed(let reason): report.guests[vm] = end(vm, reason)
            case nil, .ended: report.guests[vm] = end(vm, report.problem ?? "libvirt has no domain")
            }
        }
        return report
    }

    /// What libvirt has said so far: it may not come to its end.
    private final class Answers: Sendable {
        let guests = Mutex<[VMID: Outcome]>([:])
    }

    private func suspendAll(_ answers: Answers) async throws {
        let connection = try await LibvirtConnection.open(uri: uri, deadline: deadline)
        try await withThrowingDiscardingTaskGroup { group in
            for domain in try await connection.domains() {
                guard let vm = DomainNaming.vm(of: domain.name) else { continue }
                group.addTask {
                    guard let outcome = await suspend(domain) else { return }
                    answers.guests.withLock { $0[vm] = outcome }
                }
            }
        }
    }

    /// nil where the domain is not MetaStack's, or has ended.
    private func suspend(_ domain: Domain) async -> Outcome? {
        do {
            guard DomainMark(try await domain.reading()) != nil else { return nil }
            switch try await domain.state() {
            case .paused where try await !domain.isLeaving(): return .stood
            case .shutdown, .shutoff, .crashed: return nil
            case .paused, .running, .blocked, .sleeping, .unknown:
                try await domain.standStill()
                return .suspended
            }
        } catch let error as LibvirtError where error.isNoDomain {
            return nil
        } catch {
            return .failed("\(error)")
        }
    }

    private func end(_ vm: VMID, _ reason: String) -> Outcome {
        do {
            try processes.kill(vm)
            return .ended(reason)
        } catch {
            return .failed("\(reason); \(error)")
        }
    }
}
