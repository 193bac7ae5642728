import MetaStackModel
import Synchronization
import Testing

@testable import MetaStackAgent

/// What an agent remembers of VMs while they are there.
struct GuestMemoryTests {
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
