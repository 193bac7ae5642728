import Etcd
import Foundation
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    struct ProofTests {
        @Test func anAgentWithoutEtcdGoesByWhatTheOneBeforeItKnew() async throws {
            let folder = try TemporaryDirectory(prefix: "metastack-proofs")
            defer { folder.remove() }
            let proofs = ProofFile(of: HostID(unchecked: "a"), in: folder.path)
            #expect(proofs.read() == nil)
            let ttl = Duration.seconds(30)
            try await TestFleet.run(leaseTTL: ttl) { fleet in
                try await fleet.addTinyFlavourAndImage()
                let host = try fleet.host("a", number: 1)
                let agent = fleet.start(host, adjust: { $0.proofs = proofs })
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                let left = ContinuousClock.now.duration(to: try #require(proofs.read()))
                #expect(left > .seconds(10) && left <= ttl)
                await agent.kill()
                // Its lease was nearly over, whatever a third of the time to live would allow.
                let margin = SessionMachine(ttl: ttl).margin
                proofs.write(.now + margin + .milliseconds(300))
                let started = ContinuousClock.now
                fleet.start(
                    host, etcd: { AbsentEtcd(etcd: $0) }, adjust: { $0.proofs = proofs })
                try await fleet.eventually("its guest stands still") {
                    await host.hypervisor.localDomain(web)?.state == .paused
                }
                #expect(started.duration(to: .now) < ttl / 3)
            }
        }

        @Test func aFileThatMakesNoSenseTellsNothing() throws {
            let folder = try TemporaryDirectory(prefix: "metastack-proofs")
            defer { folder.remove() }
            let one = ProofFile(of: HostID(unchecked: "a"), in: folder.path)
            let instant = ContinuousClock.now + .seconds(3)
            one.write(instant)
            #expect(one.read() == instant)
            let other = ProofFile(of: HostID(unchecked: "b"), in: folder.path)
            #expect(other.read() == nil)
            try "soon".write(toFile: "\(folder.path)/b.proof", atomically: true, encoding: .utf8)
            #expect(other.read() == nil)
        }
    }
}

/// An etcd that nobody can reach.
private struct AbsentEtcd: EtcdDecorator {
    let etcd: any EtcdCalls

    private var failure: EtcdError { EtcdError(.unavailable, "connection refused") }

    func list(_ range: KeyRange) async throws -> Listing { throw failure }

    func grantLease(ttl: Duration, deadline: Duration?) async throws -> Lease { throw failure }

    func members(deadline: Duration?) async throws -> [Member] { throw failure }

    func status(endpoint: String, deadline: Duration) async throws -> EndpointStatus {
        throw failure
    }
}
