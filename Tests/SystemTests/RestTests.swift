import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// What a cluster does when there is nothing to do.
    @Suite struct Rest {
        @Test func atRestNothingButKeepalivesReachesEtcd() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("resting")
                let claim = try #require(try await vm.claim())
                // At rest once a whole second has brought no request.
                var last = try await EtcdRequests(of: lab)
                try await eventually("etcd comes to rest", every: .seconds(1)) {
                    let now = try await EtcdRequests(of: lab)
                    defer { last = now }
                    return now.others == last.others && now.revision == last.revision
                }
                let before = last
                let window = Duration.seconds(12)
                try await always(for: window) {
                    let now = try await EtcdRequests(of: lab)
                    try #require(now.others == before.others)
                    try #require(now.revision == before.revision)
                }
                let renewals = try await EtcdRequests(of: lab).keepAlives - before.keepAlives
                // Every third of the TTL by each node; a busy machine may be late.
                let expected = Double(Lab.hosts.count) * (window / (Lab.leaseTTL / 3))
                #expect((expected * 0.6...expected * 1.4).contains(Double(renewals)))
                #expect(try await vm.claim()?.revision == claim.revision)
            }
        }
    }
}

/// etcd's own count of what it was asked, read over plain HTTP, which is no request itself.
private struct EtcdRequests {
    /// Calls begun, by method, without ``keepAlives``.
    var others: [String: Int] = [:]
    var keepAlives = 0
    /// Of the whole store.
    var revision = ""

    init(of lab: Lab) async throws {
        let text = try await Command(["curl", "-sf", lab.endpoint + "/metrics"]).run()
            .checked("curl \(lab.endpoint)/metrics")
        for line in text.split(separator: "\n") {
            if line.hasPrefix("etcd_debugging_mvcc_current_revision ") {
                revision = String(line)
            } else if line.hasPrefix("grpc_server_started_total{") {
                count(line)
            }
        }
    }

    private mutating func count(_ line: Substring) {
        guard let method = line.firstMatch(of: /grpc_method="(\w+)"/)?.1,
            let number = line.split(separator: " ").last.flatMap({ Int($0) })
        else { return }
        if method == "LeaseKeepAlive" {
            keepAlives += number
        } else if number > 0 {
            others[String(method), default: 0] += number
        }
    }
}
