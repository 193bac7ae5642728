import ArgumentParser
import Foundation
import MetaStackAgent
import MetaStackModel

/// `metastack-node fence`: what the service manager runs when the agent's beats stop.
struct Fence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Suspend every guest of MetaStack's on this host, or end it where that fails.",
        discussion: """
            For a watchdog, when the agent hangs: it asks libvirt alone, no etcd and no Ceph, and \
            touches no domain that is not MetaStack's. An agent that comes back resumes the guests \
            that are still its own, and destroys those that run elsewhere by then. It ends with 0 \
            where no guest runs any more, else with 1 and the reasons.
            """)

    @OptionGroup var options: NodeOptions

    @Flag(
        help: "Do nothing unless systemd says that its watchdog ended the agent ($SERVICE_RESULT).")
    var ifWatchdog = false

    @Option(
        help: ArgumentHelp(
            """
            Wait so long first, and do nothing where an agent of this node runs by then: what an agent \
            leaves behind that is told to end.
            """, valueName: "milliseconds"))
    var after: Int?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        if ifWatchdog, environment["SERVICE_RESULT"] != "watchdog" { return }
        let (uri, budget, node) = settings()
        if let after {
            try await Task.sleep(for: .milliseconds(after))
            guard nobodyGuards(node) else { return }
        }
        try await suspendGuests(uri, budget)
    }

    /// Whether no agent holds the node's lock; one that is there but unusable guards nothing.
    private func nobodyGuards(_ node: HostID?) -> Bool {
        guard let node else { return true }
        // Let go at once: an agent that starts while guests are suspended waits for nobody.
        switch AgentLock.take(of: node) {
        case .success: return true
        case .failure(.taken): return false
        case .failure(let problem):
            say("\(problem)")
            return true
        }
    }

    private func suspendGuests(_ uri: String, _ budget: WatchdogBudget) async throws {
        let began = ContinuousClock.now
        let report = await GuestFence(uri: uri, deadline: budget.fence).run()
        for (vm, outcome) in report.guests.sorted(by: { $0.key < $1.key }) {
            switch outcome {
            case .suspended: say("suspended vm \(vm)")
            case .stood: say("vm \(vm) stood still already")
            case .ended(let reason): say("ended vm \(vm), which was not to be suspended: \(reason)")
            case .failed(let reason): say("vm \(vm) may still run: \(reason)")
            }
        }
        if let problem = report.problem { say("libvirt did not answer for all: \(problem)") }
        let count = report.guests.values.count { $0 == .suspended }
        let time = (ContinuousClock.now - began) / .milliseconds(1)
        say("\(count) suspended in \(Int(time)) ms")
        guard report.isComplete else { throw ExitCode.failure }
    }

    /// A configuration that cannot be used must not keep guests running: then the defaults serve.
    private func settings() -> (uri: String, budget: WatchdogBudget, node: HostID?) {
        do {
            let configuration = try options.read()
            return (
                configuration.libvirt.uri, WatchdogBudget(ttl: configuration.node.leaseTTL),
                configuration.node.name
            )
        } catch {
            say("\(error)")
            let uri = LibvirtSettings().uri
            say("going on with libvirt at \(uri)")
            return (uri, WatchdogBudget(ttl: NodeSettings.shortestLease), nil)
        }
    }

    /// One line to standard error, which the service manager puts into its journal.
    private func say(_ text: String) {
        FileHandle.standardError.write(Data("metastack-node fence: \(text)\n".utf8))
    }
}
