import MetaStackDecisions
import MetaStackModel
import Testing

struct GuestEndTests {
    private func history(_ host: HostID, _ clients: [StorageClient]) -> VMHistory {
        VMHistory(
            vmCreateRevision: Revision(10), host: host, incarnation: Incarnation(20),
            clients: clients)
    }

    @Test func theLastOwnerKnowsThatItsClientsAreGone() {
        let ended = history(thisHost, [myClient]).ended(on: thisHost, "stopped as wanted")
        #expect(ended?.clients == [])
        #expect(ended?.lastExit == "stopped as wanted")
        #expect(history(thisHost, []).ended(on: thisHost, "stopped as wanted") == nil)
    }

    /// An heir that was told to stop the VM before it had evicted anybody.
    @Test func anotherHostsClientsStayOnRecord() {
        #expect(history(other, [myClient]).ended(on: thisHost, "stopped as wanted") == nil)
    }
}
