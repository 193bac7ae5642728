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

    @Test func changesOfStateAreRememberedFromTheSecondLookOn() throws {
        let changes = StateChanges(now: { Timestamp(milliseconds: 1) })
        changes.compare(try cluster(), nil)
        #expect(changes.newestFirst.isEmpty)
        let id = VMID(unchecked: "v1")
        let thing = ChangedThing(kind: .vm, id: "v1")
        let failed = try cluster {
            $0.actualVMs[id]?.value.state = .failed
            $0.actualVMs[id]?.value.message = "no disk"
        }
        changes.compare(failed, [thing])
        changes.compare(failed, [thing])
        changes.compare(Cluster(revision: Revision(10)), nil)
        let seen = changes.newestFirst.filter { $0.thing == thing }
        #expect(seen.map(\.name) == ["web", "web"])
        #expect(seen.map(\.before?.word) == ["failed", "running"])
        #expect(seen.map(\.after?.word) == [nil, "failed"])
        #expect(seen.map(\.message) == [nil, "no disk"])
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
