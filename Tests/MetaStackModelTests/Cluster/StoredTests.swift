import MetaStackModel
import Testing

struct StoredTests {
    private func stored() throws -> Stored<DesiredVM> {
        Stored(
            DesiredVM(
                name: try ResourceName("web"), flavour: "f", image: "i", state: .start),
            revision: Revision(4), createRevision: Revision(3), lease: LeaseNumber(7))
    }

    @Test func aCopyThatChangesLeavesTheOthersAsTheyWere() throws {
        let one = try stored()
        var other = one
        other.value.state = .stop
        #expect(one.value.state == .start)
        #expect(other.value.state == .stop)
        #expect(other.revision == Revision(4))
        #expect(other.createRevision == Revision(3))
        #expect(other.lease == LeaseNumber(7))
        other = one
        other.lease = nil
        other.revision = Revision(5)
        other.createRevision = Revision(2)
        #expect(one == (try stored()))
        #expect(other.value == one.value)
        #expect(other.revision == Revision(5))
        #expect(other.createRevision == Revision(2))
        #expect(other.lease == nil)
    }

    @Test func areEqualByWhatTheyHold() throws {
        let one = try stored()
        #expect(one == (try stored()))
        var other = one
        other.value.flavour = "g"
        #expect(other != one)
        other = one
        other.revision = Revision(5)
        #expect(other != one)
        other = one
        other.createRevision = Revision(5)
        #expect(other != one)
        other = one
        other.lease = nil
        #expect(other != one)
    }

    /// What 100,000 VMs' tables are made of.
    @Test func takesOnePointerOfATablesPlace() {
        #expect(MemoryLayout<Stored<ActualVM>>.size == MemoryLayout<Int>.size)
        #expect(MemoryLayout<Rare<GuestMove>>.size == MemoryLayout<Int>.size)
    }
}
