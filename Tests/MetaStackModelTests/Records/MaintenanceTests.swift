import MetaStackModel
import Testing

/// What is noted of a host's maintenance.
struct MaintenanceTests {
    private let now = Timestamp(milliseconds: 5_000)
    private let earlier = Timestamp(milliseconds: 1_000)

    @Test func itsBeginningAndWhoAskedForItAreNoted() {
        let wanted = DesiredHost(state: .maintenance, reason: "fans")
        for former in [nil, DesiredHost()] {
            let noted = wanted.noted(after: former, at: now, by: "ops")
            #expect(
                noted == DesiredHost(state: .maintenance, reason: "fans", since: now, by: "ops"))
        }
    }

    @Test func bothStayWhileItLasts() {
        let former = DesiredHost(state: .maintenance, since: earlier, by: "ops")
        let changed = DesiredHost(state: .maintenance, reason: "disks")
        let noted = changed.noted(after: former, at: now, by: "another")
        #expect(
            noted == DesiredHost(state: .maintenance, reason: "disks", since: earlier, by: "ops"))
    }

    @Test func whatWasNeverNotedDoesNotBeginNow() {
        let former = DesiredHost(state: .maintenance)
        #expect(former.noted(after: former, at: now, by: "ops") == former)
    }

    @Test func itsEndForgetsThem() {
        let former = DesiredHost(state: .maintenance, since: earlier, by: "ops")
        let ready = DesiredHost(since: earlier, by: "ops")
        #expect(ready.noted(after: former, at: now, by: "ops") == DesiredHost())
    }
}
