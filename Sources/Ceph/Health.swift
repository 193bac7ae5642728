/// What Ceph says of itself.
public struct CephHealth: Hashable, Sendable {
    /// The names of raised checks of severity `HEALTH_ERR`, such as `OSD_FULL`, in order.
    public let errors: [String]
    /// Those of severity `HEALTH_WARN`, such as `OSD_NEARFULL`, in order.
    public let warnings: [String]

    /// Its parts.
    public init(errors: [String], warnings: [String]) {
        self.errors = errors
        self.warnings = warnings
    }
}

extension CephCluster {
    /// The checks that are raised now and that nobody has muted (monitor command `health`).
    ///
    /// RBD's own profile may ask. The numbers in the checks' texts change all the time and are left out.
    public func health() async throws -> CephHealth {
        let report: Report = try await command(["prefix": "health"], "ask for the health of")
        let raised = report.checks.filter { $0.value.muted != true }
        func names(_ severity: String) -> [String] {
            raised.filter { $0.value.severity == severity }.keys.sorted()
        }
        return CephHealth(errors: names("HEALTH_ERR"), warnings: names("HEALTH_WARN"))
    }
}

private struct Report: Decodable {
    struct Check: Decodable {
        let severity: String
        let muted: Bool?
    }
    let checks: [String: Check]
}
