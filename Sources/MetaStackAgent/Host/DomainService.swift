import Logging
import MetaStackDecisions
import MetaStackModel
import ServiceLifecycle

/// Keeps the view of the domains on this host, from the hypervisor's events and lists.
///
/// Ends by cancellation, at once.
struct DomainService: Service {
    private static let retryAfter = Duration.seconds(1)

    let hypervisor: any Hypervisor
    let domains: LocalDomains
    let view: NodeView
    let host: HostRecord
    let router: ChangeRouter
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            for await event in hypervisor.events() { try await handle(event) }
        }
    }

    private func handle(_ event: HypervisorEvent) async throws {
        switch event {
        case .changed(let vm):
            await refresh(vm)
        case .ended(let vm, let exit):
            view.change { $0.note(exit, of: vm) }
            await refresh(vm)
        case .listAgain:
            try await list()
        case .disconnected(let reason):
            logger.error("hypervisor is away", metadata: ["error": "\(reason)"])
            say("the hypervisor is away: \(reason)")
        }
    }

    private func refresh(_ vm: VMID) async {
        do {
            try await domains.refresh(vm)
        } catch {
            logger.warning(
                "cannot look at a domain", metadata: ["vm": "\(vm)", "error": "\(error)"])
        }
        router.guests.mark(vm)
    }

    /// Lists until the hypervisor answers.
    private func list() async throws {
        while true {
            do {
                try await domains.list()
                host.setCapacity(try await hypervisor.capacity())
                say(nil)
                router.everythingChanged()
                return
            } catch {
                logger.warning("cannot list domains", metadata: ["error": "\(error)"])
                try await clock.sleep(for: Self.retryAfter)
            }
        }
    }

    private func say(_ message: String?) {
        if host.setMessage(message, from: .hypervisor) { router.host.mark(view.me) }
    }
}

/// The domains of this host as the view has them, read from the hypervisor when something was
/// done to one.
struct LocalDomains: Sendable {
    let hypervisor: any Hypervisor
    let view: NodeView

    @discardableResult
    func refresh(_ vm: VMID) async throws -> LocalDomain? {
        let look = nextLook()
        let domain = try await hypervisor.domain(of: vm)
        note(vm, domain, look)
        return domain
    }

    private func note(_ vm: VMID, _ domain: LocalDomain?, _ look: Int) {
        let hasOtherNICs = view.change { state in
            let before = state.domains[vm]?.nics.map(\.interface)
            state.take(domain, of: vm, from: look)
            return before != state.domains[vm]?.nics.map(\.interface)
        }
        // The network of a NIC goes after it.
        if hasOtherNICs { view.networkBell.ring() }
    }

    func list() async throws {
        let look = nextLook()
        let domains = try await hypervisor.domains()
        let found = Dictionary(domains.map { ($0.vm, $0) }) { first, _ in first }
        view.change { state in
            state.knowsDomains = true
            for vm in Set(found.keys).union(state.domains.keys) {
                state.take(found[vm], of: vm, from: look)
            }
        }
    }

    /// The guests that may run on this host. A hypervisor that was never listed is not waited for: then
    /// each guest with a process may.
    func running() async -> [VMID] {
        let known = view.read { state in
            state.knowsDomains
                ? state.domains.values.filter { $0.state == .running }.map(\.vm).sorted() : nil
        }
        if let known { return known }
        return await hypervisor.processes()
    }

    /// The guests that stand because libvirt is about to hand them over, and that it lets run on where
    /// that comes to nothing.
    func leaving() async -> [VMID] {
        let me = view.me
        let standing = view.read { state in
            state.domains.values.filter { domain in
                let claim = state.cluster.actualVMs[domain.vm]?.value
                return domain.state == .paused && claim?.host == me && claim?.move != nil
            }.map(\.vm).sorted()
        }
        var leaving: [VMID] = []
        for vm in standing {
            do {
                if try await hypervisor.migrationProgress(of: vm) != nil { leaving.append(vm) }
            } catch {
                leaving.append(vm)  // Nobody knows.
            }
        }
        return leaving
    }

    /// A domain has gone, by this agent's own doing.
    func forget(_ vm: VMID) { note(vm, nil, nextLook()) }

    private func nextLook() -> Int {
        view.change { state in
            state.looks += 1
            return state.looks
        }
    }
}
