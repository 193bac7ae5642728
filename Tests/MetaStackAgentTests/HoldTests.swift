import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    struct HoldTests {
        @Test func aDisarmedSwitchHoldsATakeoverAndArmingLetsItGo() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, others) = try hosts.split(by: before.claim("web")?.value.host)
                try await fleet.put("global_config/takeover", #"{"state": "disarmed"}"#)
                try await fleet.until("the heir says that it holds back") {
                    $0.hosts[others[0].id]?.value.takeoversHeld == "takeovers are disarmed"
                }
                await owner.agent.kill()
                try await fleet.until("its claim has gone") { $0.claim("web") == nil }
                // A VM that never ran starts all the same.
                try await fleet.want("db")
                try await fleet.until("db runs") { $0.isRunning("db", on: others[0].id) }
                #expect(try await fleet.store.load().claim("web") == nil)
                try await fleet.put("global_config/takeover", #"{"state": "armed"}"#)
                try await fleet.until("web runs on the other host") {
                    $0.isRunning("web", on: others[0].id)
                }
            }
        }

        @Test func aTakeoverLeavesItsTimeline() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                #expect(before.history("web")?.takeovers == [])
                let (owner, others) = try hosts.split(by: before.claim("web")?.value.host)
                await owner.agent.kill()
                let after = try await fleet.until("web runs on the other host") {
                    $0.isRunning("web", on: others[0].id)
                }
                let timeline = try #require(after.history("web")?.takeovers.last)
                #expect(timeline.from == owner.id)
                #expect(timeline.to == others[0].id)
                #expect(timeline.incarnation == after.claim("web")?.incarnation)
                let times = try [
                    #require(timeline.lastProven), #require(timeline.expired),
                    #require(timeline.claimed), #require(timeline.evicted),
                    #require(timeline.started),
                ]
                #expect(times == times.sorted())
                #expect(times[1].milliseconds - times[0].milliseconds == 2000)
            }
        }
    }
}
