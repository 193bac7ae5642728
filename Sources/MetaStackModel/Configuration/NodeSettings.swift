/// What a node is called and what it gives: the section `node`.
public struct NodeSettings: Sendable, Equatable {
    /// etcd grants no shorter lease (etcd's `minTTL`: one and a half election time-outs, 1.5 s by
    /// default, rounded up).
    public static let shortestLease = Duration.seconds(2)
    /// A longer one leaves a dead host's VMs down for longer than anybody wants.
    public static let longestLease = Duration.seconds(600)

    /// The node's and host's name in all records.
    public var name: HostID
    /// How long the node counts as alive after its last keepalive; whole seconds.
    public var leaseTTL = Duration.seconds(5)
    /// What people say of the host, such as its rack.
    public var labels: [String: String] = [:]
    /// Memory that no guest gets.
    public var reservedRAM = Mebibytes(bytes: 1 << 30)

    /// How many guests are created at a time; nil for one a core.
    public var startConcurrency: Int?

    /// The machine's own watchdog, fed beside the service manager's; nil for none.
    public var watchdogDevice: String?

    public init(name: HostID) { self.name = name }

    /// - Parameter hostName: the machine's own name, where the configuration gives none.
    init(_ reader: inout ConfigurationReader, hostName: String?) {
        let name = reader.optional("node", "name", Self.host)
        if name == nil, !reader.isWrong("node", "name") {
            self.name = Self.unset
            do throws(ValidationError) {
                self.name = try HostID(hostName ?? "")
            } catch {
                let machine = hostName.map {
                    ", and the machine's name \($0.quotedForPeople) will not do: \(error.problem)"
                }
                reader.note("node.name", "it is not set" + (machine ?? ""))
            }
        } else {
            self.name = name ?? Self.unset
        }
        leaseTTL = reader.value("node", "lease-ttl", default: leaseTTL, Self.leaseTTL)
        labels = reader.map("node", "labels", SettingText.label)
        reservedRAM = reader.value("node", "reserved-ram", default: reservedRAM, Self.amount)
        startConcurrency = reader.optional("node", "start-concurrency", Self.count)
        watchdogDevice = reader.optional("node", "watchdog-device", SettingText.path)
    }

    /// Stands in where the name is wrong; nobody sees it, since the reader throws.
    private static let unset = HostID(unchecked: "unset")

    private static func host(_ text: String) throws(ValidationError) -> HostID {
        try HostID(text)
    }

    private static func amount(_ text: String) throws(ValidationError) -> Mebibytes {
        try Mebibytes(text: text)
    }

    private static func count(_ text: String) throws(ValidationError) -> Int {
        guard let count = Int(text), (1...1000).contains(count) else {
            throw SettingText.refuse("number", text, "use a whole number from 1 to 1000")
        }
        return count
    }

    static func leaseTTL(_ text: String) throws(ValidationError) -> Duration {
        let duration = try Duration(setting: text)
        guard duration >= shortestLease, duration <= longestLease else {
            throw SettingText.refuse(
                "lease", text,
                "it must be between \(shortestLease.components.seconds)s and "
                    + "\(longestLease.components.seconds)s")
        }
        guard duration.components.attoseconds == 0 else {
            throw SettingText.refuse("lease", text, "etcd takes whole seconds only")
        }
        return duration
    }
}

extension Duration {
    /// Reads `500ms`, `5s`, `2m` or `1h`: a whole number and a unit.
    ///
    /// - Throws: `ValidationError` where it is no such text.
    public init(setting text: String) throws(ValidationError) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
        guard digits.count <= 9, let count = Int64(digits),
            let unit = units[String(text.dropFirst(digits.count))]
        else {
            throw ValidationError(
                subject: "duration", found: text, problem: "write it like 500ms, 5s, 2m or 1h")
        }
        self = .milliseconds(count * Int64(unit))
    }
}
