import MetaStackDecisions
import MetaStackModel
import Synchronization

extension GuestMemory.State {
    /// Reserves room for a claim beside all others, where there is enough. Those that are in view
    /// already count twice until they are looked for, which is when they stand in the way.
    mutating func reserve(
        _ claim: ClaimUnderway, _ me: HostID, in view: NodeView.State,
        beside waiting: [PlacementRequest], forGuestHere: Bool
    ) -> Bool {
        guard let offer = view.ledger.placement[me] else { return false }
        let mostUnseen = 32
        if underway.count < mostUnderway,
            take(claim, of: offer, beside: waiting, forGuestHere: forGuestHere)
        {
            return true
        }
        underway = underway.filter { $0.value.isOpen(in: view.cluster, under: claim.lease) }
        mostUnderway = max(mostUnseen, 2 * underway.count)
        return take(claim, of: offer, beside: waiting, forGuestHere: forGuestHere)
    }

    private mutating func take(
        _ claim: ClaimUnderway, of offer: HostOffer, beside waiting: [PlacementRequest],
        forGuestHere: Bool
    ) -> Bool {
        let request = claim.request
        guard
            claim.addresses.isEmpty
                || underway.values.allSatisfy({
                    $0.request.vm == request.vm || $0.addresses.isDisjoint(with: claim.addresses)
                })
        else { return false }
        var left = offer
        for other in underway.values where other.request.vm != request.vm {
            left.take(other.request)
        }
        for other in waiting where underway[other.vm] == nil { left.take(other) }
        guard
            forGuestHere
                ? left.hasRoom(for: request)
                : Admission.refusals(of: request, by: left).isEmpty
        else { return false }
        underway[request.vm] = claim
        return true
    }
}

extension GuestMemory {
    /// Keeps the room of a VM's claim, whoever owns the VM meanwhile, until its call has ended.
    ///
    /// - Returns: whether the room was still kept.
    func sendClaim(of vm: VMID) -> Bool {
        state.withLock { state in
            state.underway[vm]?.isOnItsWay = true
            return state.underway[vm] != nil
        }
    }

    /// The addresses that claims of this node are about to make other VMs'.
    func addressesUnderway(
        except vm: VMID, in view: NodeView, under lease: LeaseNumber
    ) -> Set<AddressID> {
        state.withLock { state in
            view.read { known in
                state.underway.values.reduce(into: []) { taken, claim in
                    guard claim.request.vm != vm, !claim.addresses.isEmpty,
                        claim.isOpen(in: known.cluster, under: lease)
                    else { return }
                    taken.formUnion(claim.addresses)
                }
            }
        }
    }
}

/// What is looked up under the view's lock: a copy of the records that outlives it would make the
/// next change copy them all.
extension NodeView {
    /// What it takes to run a VM.
    ///
    /// - Parameter taken: addresses that other VMs are about to get.
    func plan(
        _ vm: VMID, _ wanted: DesiredVM, taken: Set<AddressID>
    ) throws(VMPlan.Impossible) -> VMPlan {
        let result = read { state in
            Result { () throws(VMPlan.Impossible) in
                try VMPlan(vm, wanted, in: state.cluster, taken: taken)
            }
        }
        return try result.get()
    }

    /// Why this host does not run a VM that waits.
    func reasonHere(_ vm: VMID, _ wanted: DesiredVM) -> String {
        read { state in
            do throws(VMPlan.Impossible) {
                let plan = try VMPlan(vm, wanted, in: state.cluster, checkingAddresses: false)
                let refusals = state.ledger.placement.refusals(of: plan.request, by: me) ?? []
                return refusals.map(\.description).joined(separator: "; ")
            } catch {
                return error.description
            }
        }
    }

    /// What the guests here need that lost their claims: their memory is taken already.
    func guestsWithoutClaim(except vm: VMID) -> [PlacementRequest] {
        read { state in
            state.domains.keys.compactMap { other in
                guard other != vm, state.cluster.actualVMs[other] == nil,
                    let wanted = state.cluster.desiredVMs[other]?.value
                else { return nil }
                // One that nobody could run is about to be destroyed.
                return try? VMPlan(other, wanted, in: state.cluster, checkingAddresses: false)
                    .request
            }
        }
    }
}
