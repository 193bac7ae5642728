import ArgumentParser
import MetaStackManagement

struct TakeoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "takeover",
        abstract: "Whether nodes take over the VMs of hosts that are gone.",
        discussion: """
            A node by itself holds takeovers back for a while where many hosts vanish at once, or \
            right after an outage of etcd. VMs that never ran, or that were stopped, start in any \
            case.
            """,
        subcommands: [TakeoverStatusCommand.self, TakeoverArm.self, TakeoverDisarm.self])
}
