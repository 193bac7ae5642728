import MetaStackModel
import MetaStackManagement
import MetaStackStore
import Testing

@testable import MetaStackWeb

/// What pages show, as plain values.
@Suite struct ViewTests {
    private let now = Timestamp(milliseconds: 1_700_000_060_000)

    private func cluster(_ change: (inout Cluster) throws -> Void = { _ in }) throws -> Cluster {
        var cluster = Cluster(revision: Revision(9))
        cluster.flavours[FlavourID(unchecked: "f1")] = Stored(
            try .tiny(), revision: Revision(1), createRevision: Revision(1))
        cluster.hosts[HostID(unchecked: "a")] = Stored(
            try .sample("a"), revision: Revision(2), createRevision: Revision(2))
        cluster.desiredVMs[VMID(unchecked: "v1")] = Stored(
            DesiredVM(
                name: try ResourceName("web"), flavour: "f1", image: "i1", state: .start),
            revision: Revision(3), createRevision: Revision(3))
        cluster.actualVMs[VMID(unchecked: "v1")] = Stored(
            try .sample(on: "a"), revision: Revision(4), createRevision: Revision(4))
        try change(&cluster)
        return cluster
    }

    @Test func theOverviewCountsVMsAndLinksToThem() throws {
        let view = OverviewView(try cluster(), at: now, canWrite: true)
        #expect(view.vmStates.map(\.count) == [1])
        #expect(view.vmStates.map(\.href) == ["/vms?state=running"])
        #expect(view.vmStates.map(\.state.tone) == ["good"])
        let cells = try #require(view.hosts.rows.first).cells
        #expect(cells.first?.href == "/hosts/a")
        #expect(cells.compactMap(\.meter).map(\.amount) == [1, 64])
        #expect(view.wrongHeading == "What to know" && view.findings.isEmpty)
    }

    @Test func whatIsWrongLeadsToItsPage() throws {
        let cluster = try cluster {
            $0.hosts[HostID(unchecked: "a")]?.value.message = "no Ceph"
            $0.actualVMs[VMID(unchecked: "v1")]?.value.state = .failed
        }
        let view = OverviewView(cluster, at: now, canWrite: false)
        #expect(view.findings.map(\.href) == ["/hosts/a", "/vms/v1"])
        #expect(view.findings.allSatisfy { $0.tone == "bad" && $0.remedy != nil })
        #expect(view.wrongHeading == "What is wrong")
    }

    @Test func aHostInMaintenanceMayBeLetTakeVMsAgainAlone() throws {
        let id = HostID(unchecked: "a")
        let view = HostView(id, in: try cluster(), at: now)
        #expect(view.state == StateView(.ready))
        #expect(view.vms.rows.map { $0.cells.first?.text } == ["web"])
        let drained = try cluster {
            $0.desiredHosts[id] = Stored(
                DesiredHost(state: .maintenance, reason: "fans"), revision: Revision(5),
                createRevision: Revision(5))
        }
        let maintained = HostView(id, in: drained, at: now)
        #expect(maintained.state.word == "maintenance" && maintained.message == "fans")
    }

    @Test func theButtonsAreThoseThatDoSomething() throws {
        func verbs(_ change: (inout Cluster) throws -> Void = { _ in }) throws -> [String] {
            let cluster = try cluster(change)
            let id = VMID(unchecked: "v1")
            var view = VMView(id, in: cluster, at: now, canWrite: true)
            VMForms(id: id, cluster: cluster, proof: "p").add(to: &view)
            return view.buttons.map(\.formID) + (view.move == nil ? [] : ["move"])
                + (view.delete == nil ? [] : ["delete"])
        }
        let id = VMID(unchecked: "v1")
        #expect(try verbs() == ["stop", "move", "delete"])
        #expect(try verbs { $0.desiredVMs[id]?.value.state = .stop } == ["start", "delete"])
        #expect(
            try verbs { $0.actualVMs[id]?.value.state = .failed }
                == ["start", "stop", "move", "delete"])
        #expect(try verbs { $0.desiredVMs[id] = nil } == [])
    }

    @Test func eventsAreShownTheNewestFirstAndLeadToWhatIsThere() throws {
        let cluster = try cluster()
        let events = [
            ClusterEvent(.created, .vm, id: "v1", name: "web", at: now),
            ClusterEvent(.deleted, .vm, id: "v9", name: "gone<b>"),
            ClusterEvent(.troubled, .host, id: "a", "no Ceph", hosts: [HostID(unchecked: "a")]),
        ]
        let log = EventLog(events: events, revision: Revision(9))
        func view(_ fields: [String: String]) -> EventsView {
            EventsView(log, EventQuery(fields), in: cluster, at: now)
        }
        let all = view([:])
        #expect(all.changes.rows.map { $0.cells[1].text } == ["host a", "vm gone<b>", "vm web"])
        #expect(all.changes.rows.map { $0.cells[1].href } == ["/hosts/a", nil, "/vms/v1"])
        #expect(all.changes.rows.last?.cells[0].moment?.iso == now.description)
        #expect(all.alert == nil)
        #expect(view(["vm": "web"]).changes.rows.count == 1)
        // Of one that is gone there is still what happened to it.
        #expect(view(["vm": " v9 "]).changes.rows.map { $0.cells[2].text } == ["deleted"])
        #expect(view(["host": "a"]).changes.rows.map { $0.cells[3].text } == ["no Ceph"])
        let wrong = view(["vm": "wob"])
        #expect(wrong.changes.rows.isEmpty)
        #expect(wrong.alert == #"There is no vm "wob", did you mean web?"#)
        let unread = EventsView(nil, EventQuery([:]), in: cluster, at: now)
        #expect(unread.alert?.contains("could not be read") == true)
    }

    @Test func onlyTheNewestEventsAreShown() throws {
        let events = (1...600).map {
            ClusterEvent(.changed, .vm, id: "v1", name: "web", "number \($0)")
        }
        let view = EventsView(
            EventLog(events: events, revision: Revision(9)), EventQuery([:]), in: try cluster(),
            at: now)
        #expect(view.changes.rows.count == 500)
        #expect(view.changes.rows.first?.cells[3].text == "number 600")
    }

    @Test func theSwitchOffersWhatItCanBeTurnedTo() throws {
        func verbs(_ change: (inout Cluster) throws -> Void = { _ in }) throws -> [String] {
            TakeoverView.forms(try cluster(change), proof: "p").map(\.form.formID)
        }
        let stored = Stored(
            TakeoverSwitch(state: .disarmed, reason: "<b>", at: now), revision: Revision(5),
            createRevision: Revision(5))
        #expect(try verbs() == ["disarm"])
        #expect(try verbs { $0.takeoverSwitch = stored } == ["arm"])
        // A host that holds back is told to go on.
        #expect(
            try verbs { $0.hosts[HostID(unchecked: "a")]?.value.takeoversHeld = "a storm" }
                == ["arm", "disarm"])
        let view = TakeoverView(try cluster { $0.takeoverSwitch = stored }, at: now)
        #expect(view.state == StateView("Takeovers are disarmed for 0s: <b>.", .bad))
    }

    @Test func whatIsTypedBecomesAPatchOfThoseFieldsThatAFormHas() throws {
        let fields = ResourceKind.host.fields
        let patch = try fields.patch(
            ["labels": "rack=7", "vcpu_overcommit": " 2.5 ", "ram_overcommit": "", "proof": "x"],
            over: ["rack": "6", "old": "x"])
        #expect(
            patch
                == .object([
                    "labels": .object(["rack": .string("7"), "old": .null]),
                    "vcpu_overcommit": .number(2.5), "ram_overcommit": .null,
                ]))
        for word in ["many", "nan", "inf", "1,5"] {
            #expect(throws: Problem.self) { try fields.patch(["vcpu_overcommit": word]) }
        }
    }

    @Test func theHeadingsTurnTheOrderRound() throws {
        let query = VMListQuery(["q": "web zz", "sort": "-age"])
        let view = VMListView(try cluster(), query, at: now, canWrite: false)
        let age = try #require(view.columns.first { $0.name == "age" })
        #expect(age.direction == "descending" && age.href == "/vms?q=web%20zz&sort=age")
        #expect(view.columns.compactMap(\.direction).count == 1)
        #expect(view.count == "0 of 1 VMs")
    }
}
