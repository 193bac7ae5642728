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
                let window = Duration.seconds(12)
                let before = try await quietStart(of: window, lab)
                let renewals = try await EtcdRequests(of: lab).keepAlives - before.keepAlives
                // Every third of the TTL by each node; a busy machine may be late.
                let expected = Double(Lab.hosts.count) * (window / (Lab.leaseTTL / 3))
                #expect((expected * 0.6...expected * 1.4).contains(Double(renewals)))
                #expect(try await vm.claim()?.revision == claim.revision)
            }
        }

        /// Waits for a window without a request; returns what etcd had counted when it began.
        ///
        /// Nodes look at the storage once a minute, and say once what the tests before this one have left there:
        /// evictions whose VMs are gone.
        private func quietStart(of window: Duration, _ lab: Lab) async throws -> EtcdRequests {
            for attempt in 1... {
                let reports = try await reports(lab)
                // At rest once a whole second has brought no request.
                var before = try await EtcdRequests(of: lab)
                try await eventually("etcd comes to rest", every: .seconds(1)) {
                    let now = try await EtcdRequests(of: lab)
                    defer { before = now }
                    return now.others == before.others && now.revision == before.revision
                }
                do {
                    try await always(for: window) {
                        let now = try await EtcdRequests(of: lab)
                        guard now.others == before.others, now.revision == before.revision else {
                            throw SystemTestError("\(before) has become \(now)")
                        }
                    }
                    return before
                } catch let error as SystemTestError {
                    let hasReported = try await self.reports(lab) != reports
                    guard hasReported, attempt <= Lab.hosts.count else { throw error }
                }
            }
            preconditionFailure("attempts end by returning or throwing")
        }

        /// What each node says of its host that no guest changes.
        private func reports(_ lab: Lab) async throws -> [HostID: [String]] {
            try await lab.store.load().hosts.mapValues { host in
                ["\(host.value.storage)"] + host.value.networks + host.value.interfaces
            }
        }
    }
}

/// etcd's own count of what it was asked, read over plain HTTP, which is no request itself.
private struct EtcdRequests: CustomStringConvertible {
    /// Calls begun, by method, without ``keepAlives``.
    var others: [String: Int] = [:]
    var keepAlives = 0
    /// Of the whole store.
    var revision = ""

    var description: String { "\(others.sorted { $0.key < $1.key }) at \(revision)" }

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
