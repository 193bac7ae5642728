import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    struct RestartTests {
        enum Ending: Sendable, CaseIterable {
            case stopped, killed

            func end(_ agent: AgentRun) async {
                switch self {
                case .stopped: await agent.stop()
                case .killed: await agent.kill()
                }
            }
        }

        @Test(arguments: Ending.allCases)
        func theNextAgentTakesItsClaimsOverAndTouchesNoGuest(_ ending: Ending) async throws {
            try await TestFleet.run(leaseTTL: .seconds(20)) { fleet in
                let started = try await fleet.startHosts()[0]
                try await fleet.want("web")
                let running = try await fleet.until("web runs") { $0.isRunning("web") }
                let before = try #require(running.claim("web"))
                await ending.end(started.agent)
                #expect(await started.hypervisor.localDomain(web)?.state == .running)
                fleet.start(started.host)
                let after = try await fleet.until("the claim has another lease") {
                    $0.claim("web")?.lease != before.lease
                }
                let claim = try #require(after.claim("web"))
                #expect(claim.lease == after.hosts[started.id]?.lease)
                #expect(claim.createRevision == before.createRevision)
                #expect(claim.value == before.value)
                let calls = started.hypervisor.calls
                #expect(calls.count(of: .create) == 1)
                #expect(calls.count(of: .suspend) == 0)
                #expect(calls.count(of: .destroy) == 0)
                #expect(await started.hypervisor.write(web))
            }
        }

        @Test func aGuestWhoseClaimRanOutGoesOnInPlace() async throws {
            try await TestFleet.run { fleet in
                let started = try await fleet.startHosts()[0]
                // An agent that looks at the records before it looks at its domains would start anew.
                started.hypervisor.calls.before(.domains) { try await Task.sleep(for: .seconds(1)) }
                try await fleet.want("web")
                let running = try await fleet.until("web runs") { $0.isRunning("web") }
                let before = try #require(running.claim("web"))
                await started.agent.kill()
                try await fleet.until("the claim has run out") { $0.claim("web") == nil }
                fleet.start(started.host)
                let after = try await fleet.until("web is claimed again") { $0.isRunning("web") }
                #expect(after.claim("web")?.incarnation == before.incarnation)
                #expect(after.claim("web")?.createRevision != before.createRevision)
                #expect(await started.hypervisor.created == 1)
                #expect(await started.hypervisor.write(web))
            }
        }

        @Test func aSessionThatEndedSuspendsItsGuestsAndResumesThemInPlace() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                try await fleet.delete("actual_vms/web")
                try await fleet.delete("hosts/a")
                try await fleet.until("web is owned again in another session") { cluster in
                    cluster.isRunning("web")
                        && cluster.claim("web")?.lease != before.claim("web")?.lease
                }
                #expect(host.hypervisor.calls.count(of: .suspend) >= 1)
                #expect(await host.hypervisor.created == 1)
                // The claim is carried over first, and says what it said; the guest follows.
                try await fleet.eventually("the guest goes on") {
                    await host.hypervisor.write(web)
                }
            }
        }

        @Test func aSecondMachineOfTheSameNameIsRefused() async throws {
            try await TestFleet.run { fleet in
                let first = try await fleet.startHosts()[0]
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let second = try fleet.host("a", number: 2)
                fleet.start(second)
                try await fleet.eventually("the second says why it does not begin") {
                    fleet.log.tail.contains("another machine uses this host's name")
                }
                try await fleet.want("db")
                let after = try await fleet.until("db runs") { $0.isRunning("db") }
                #expect(after.hosts[first.id]?.value.machine == "machine-1")
                #expect(after.hosts[first.id]?.lease == before.hosts[first.id]?.lease)
                #expect(await second.hypervisor.created == 0)
                #expect(await first.hypervisor.created == 2)
            }
        }
    }
}
