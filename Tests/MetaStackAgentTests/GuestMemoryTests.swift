import Foundation
import MetaStackDecisions
import MetaStackModel
import Synchronization
import Testing

@testable import MetaStackAgent

/// What an agent remembers of VMs while they are there.
struct GuestMemoryTests {
    /// The other's claim may be gone again by the time the call arrives.
    @Test func aClaimOnItsWayKeepsItsRoomWhoeverOwnsTheVMMeanwhile() throws {
        let memory = GuestMemory()
        let lease = LeaseNumber(1)
        let claim = ClaimUnderway(
            request: PlacementRequest(vm: web, ram: try Mebibytes(64), vcpus: 1), lease: lease,
            revision: Revision(2))
        memory.state.withLock { $0.underway[web] = claim }
        func keepsRoom(in cluster: Cluster, under lease: LeaseNumber = lease) -> Bool {
            memory.state.withLock { $0.underway[web]?.isOpen(in: cluster, under: lease) } ?? false
        }
        func record(_ path: String, _ json: String, at revision: Int64) -> RawRecord {
            RawRecord(
                path: path, json: Data(json.utf8), revision: Revision(revision),
                createRevision: Revision(2), lease: nil)
        }
        let wanted = #"{"name": "web", "flavour": "tiny", "image": "tiny", "state": "start"}"#
        var cluster = Cluster()
        cluster.apply(record("desired_vms/web", wanted, at: 2))
        #expect(keepsRoom(in: cluster))
        cluster.apply(record("actual_vms/web", #"{"host": "b", "state": "claimed"}"#, at: 3))
        #expect(!keepsRoom(in: cluster), "it waits, and will not be sent")
        #expect(memory.sendClaim(of: web))
        #expect(keepsRoom(in: cluster))
        #expect(!keepsRoom(in: cluster, under: LeaseNumber(2)), "it can never be made")
        cluster.apply(record("desired_vms/web", wanted, at: 4))
        #expect(!keepsRoom(in: cluster), "nor can one that rests on what was wanted before")
        #expect(!memory.sendClaim(of: try VMID("other")))
    }

    @Test func nothingIsRememberedOfAVMThatIsGoneAndAllOfAnother() throws {
        let memory = GuestMemory()
        let other = try VMID("other")
        let now = ContinuousClock.now
        memory.state.withLock { state in
            for vm in [web, other] {
                state.pendingSince[vm] = now
                state.reasons[vm] = "no room"
                state.removedSince[vm] = now
                state.unusedNames[VolumeID(vm: vm)] = "name"
                state.unusedNames[.seed(of: vm)] = "seed"
                state.conflicts[vm] = 1
                state.declines[vm] = 1
                state.shutdowns[vm] = Shutdown(since: now)
                state.startedAt[vm] = now
                state.startNotBefore[vm] = now
                state.triedAgainAt[vm] = now
                state.goneSince[vm] = [:]
                state.moves[vm] = MoveUnderway(id: "1", since: now)
                state.nicTries[vm] = [:]
            }
        }
        func remembered() -> [[VMID]] {
            memory.state.withLock { state in
                [
                    Array(state.pendingSince.keys), Array(state.reasons.keys),
                    Array(state.removedSince.keys), state.unusedNames.keys.map(\.vm),
                    Array(state.conflicts.keys), Array(state.declines.keys),
                    Array(state.shutdowns.keys), Array(state.startedAt.keys),
                    Array(state.startNotBefore.keys), Array(state.triedAgainAt.keys),
                    Array(state.goneSince.keys), Array(state.moves.keys),
                    Array(state.nicTries.keys),
                ]
            }
        }
        #expect(remembered().allSatisfy { $0.contains(web) && $0.contains(other) })
        memory.forget(web)
        #expect(remembered().allSatisfy { Set($0) == [other] })
    }
}
