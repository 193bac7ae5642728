package import MetaStackModel

/// The settings of the deployment that mean something to nodes and servers. Others may be made, too.
package enum KnownSetting: String, Sendable, CaseIterable {
    case takeover, moves, rebalance
    case syslogServer = "syslog_server"

    /// What it is about, in a sentence.
    package var summary: String {
        switch self {
        case .takeover: "Whether VMs are taken over whose host is gone."
        case .moves: "How many VMs move at a time."
        case .rebalance: "Whether nodes move VMs by themselves to share load, and when."
        case .syslogServer: "Where all nodes and servers send their log, too."
        }
    }

    /// What may stand in it.
    package var fields: [ResourceField] {
        switch self {
        case .takeover:
            [
                ResourceField("state", .choice(["armed", "disarmed"]), "whether nodes take over"),
                ResourceField("reason", .text, "why, for whoever looks later"),
            ]
        case .moves:
            [
                ResourceField("per_host", .integer(1...1000), "how many leave one host at a time"),
                ResourceField(
                    "per_cluster", .integer(1...1000), "how many move in the whole cluster"),
            ]
        case .rebalance:
            [
                ResourceField(
                    "state", .choice(["off", "on"]), "whether nodes do it by themselves"),
                ResourceField(
                    "threshold_percent", .integer(1...100),
                    "how much fuller the fullest host may be than the emptiest"),
                ResourceField(
                    "interval_s", .integer(1...86_400), "how often nodes look, in seconds"),
                ResourceField(
                    "cool_down_s", .integer(0...2_592_000),
                    "how long a VM stays after it came, in seconds"),
                ResourceField("at_most", .integer(1...1000), "how many VMs are moved for one look"),
            ]
        case .syslogServer:
            [
                ResourceField(
                    "server", .text, required: true,
                    "none, local, udp://host:port or tcp://host:port")
            ]
        }
    }

    /// What holds where nobody has made it; nil where each program has its own.
    package func defaults() throws -> JSONValue? {
        switch self {
        case .takeover: try JSONValue(TakeoverSwitch(state: .armed))
        case .moves: try JSONValue(MoveLimits())
        case .rebalance: try JSONValue(RebalancePolicy())
        case .syslogServer: nil
        }
    }
}
