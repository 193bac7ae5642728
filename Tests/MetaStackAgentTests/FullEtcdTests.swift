import Etcd
import Foundation
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Subprocess
import Testing

extension AgentTests {
    struct FullEtcdTests {
        @Test func aFullEtcdStopsNoGuestAndEverythingGoesOnOnceThereIsSpace() async throws {
            try await TestFleet.run(etcdQuota: 8 << 20) { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                try await fill(fleet)
                // Not even the word that it ended fits in; it starts again when there is space.
                await host.hypervisor.end(web, .crashed(reason: "its QEMU process ended"))
                try await fleet.eventually("the agent says why") {
                    fleet.log.tail.contains("database space exceeded")
                }
                // Longer than the lease lasts, which is renewed all the same.
                try await Task.sleep(for: .seconds(3))
                let during = try await fleet.store.load()
                #expect(during.hosts[host.id]?.lease == before.hosts[host.id]?.lease)
                #expect(during.claim("web")?.createRevision == before.claim("web")?.createRevision)
                #expect(host.hypervisor.calls.count(of: .suspend) == 0)
                try await makeSpace(fleet)
                try await fleet.until("web runs again", within: .seconds(40)) {
                    $0.isRunning("web") && $0.history("web")?.boots == 2
                }
            }
        }

        /// Writes until etcd refuses.
        private func fill(_ fleet: TestFleet) async throws {
            let value = Data(repeating: 0x20, count: 1 << 20)
            let end = try await #require(throws: EtcdError.self) {
                for _ in 1...20 { try await fleet.store.client.put(Key("/filler"), value) }
            }
            #expect(end.code == .noSpace)
        }

        /// What an operator does: compact, defragment, disarm the alarm.
        private func makeSpace(_ fleet: TestFleet) async throws {
            try await fleet.store.client.delete(.key(Key("/filler")))
            let revision = try await fleet.store.client.list(.key(Key("/filler"))).header.revision
            try await fleet.store.client.compact(before: revision)
            for words in [["defrag"], ["alarm", "disarm"]] {
                let result = try await Subprocess.run(
                    .name("etcdctl"),
                    arguments: .init(["--endpoints", fleet.server.clientURL] + words),
                    output: .discarded, error: .string(limit: 4096))
                #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
            }
        }
    }
}
