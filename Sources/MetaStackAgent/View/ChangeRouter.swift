import Logging
import MetaStackDecisions
import MetaStackModel

/// Tells from what changed which VMs and images have to be looked at. It marks and decides
/// nothing.
struct ChangeRouter: Sendable {
    let view: NodeView
    let guests: WorkQueue<VMID>
    let images: WorkQueue<ImageID>
    let host: WorkQueue<HostID>
    let clock: any NodeClock
    let logger: Logger

    func everythingChanged() {
        let (vms, images) = view.read { state in
            let cluster = state.cluster
            var vms = Set(cluster.desiredVMs.keys)
            vms.formUnion(cluster.actualVMs.keys)
            vms.formUnion(cluster.volumes.keys)
            vms.formUnion(cluster.histories.keys)
            vms.formUnion(state.domains.keys)
            vms.formUnion(state.made.keys)
            return (vms, Set(cluster.images.keys).union(cluster.actualImages.keys))
        }
        guests.mark(vms)
        self.images.mark(images)
        host.mark(view.me)
    }

    func changed(_ keys: Set<RecordKey>) {
        var placementChanged = false
        // Before anything is taken over: do too many hosts vanish at once?
        for case .host(let id) in keys where id != view.me { noteHost(id) }
        for key in keys {
            switch key {
            case .desiredVM(let vm), .history(let vm), .decline(let vm, _): guests.mark(vm)
            case .volume(let id):
                guests.mark(id.vm)
                markImagesWithoutRecord()
            case .arrival(let vm): guests.mark(vm)
            case .actualVM(let vm):
                guests.mark(vm)
                host.mark(view.me)
                // A move that ended lets the next one begin.
                guests.mark(view.read(\.waitingToMove))
                // A claim that went may have made room for somebody.
                placementChanged =
                    placementChanged || !view.read { $0.cluster.actualVMs[vm] != nil }
            case .host(let id):
                hostChanged(id)
                placementChanged = true
            case .image(let id), .actualImage(let id):
                images.mark(id)
                placementChanged = true
            case .desiredHost:
                placementChanged = true
                markOwn()
            case .flavour: placementChanged = true
            case MoveLimits.key: guests.mark(view.read(\.waitingToMove))
            case TakeoverSwitch.key: switchChanged()
            case .globalConfig: break
            }
        }
        if placementChanged {
            markPending()
            guests.mark(view.read(\.waitingToMove))
        }
    }

    /// A host's maintenance began or ended: VMs go or come back.
    private func markOwn() {
        guests.mark(
            view.read { state in
                state.cluster.actualVMs.filter { $0.value.value.host == view.me }.map(\.key)
            })
    }

    /// The sight of the own host record's deletion ends the session at once, whatever a keepalive
    /// says: etcd before 3.5.23 can renew a lease that is revoked already.
    private func hostChanged(_ id: HostID) {
        if id == view.me {
            let ended = view.read { state -> LeaseNumber? in
                guard state.cluster.hosts[id] == nil, state.cluster.revision > state.publishedAt
                else { return nil }
                return state.session.heldLease
            }
            if let ended {
                view.observeSession(.ended(ended), at: clock.now)
                logger.error("session ended: host record is gone", metadata: ["lease": "\(ended)"])
            }
        }
        // Work of a node that died is free.
        images.mark(
            view.read { state in
                state.cluster.actualImages.filter { $0.value.value.host == id }.map(\.key)
            })
    }

    private func noteHost(_ id: HostID) {
        let now = clock.now
        let held = view.change { state -> TakeoverHold? in
            let isThere = state.cluster.hosts[id] != nil
            state.takeovers.observe(
                isThere ? .hostAppeared(id) : .hostVanished(id, left: state.cluster.hosts.count),
                at: now)
            return state.takeovers.hold(at: now, wanted: nil)
        }
        if let held { saysWhatIsHeld(held) }
    }

    /// The host's record says what is held back, and stops saying it.
    func saysWhatIsHeld(_ hold: TakeoverHold) {
        host.mark(view.me)
        if let until = hold.until {
            host.mark(view.me, after: max(.zero, clock.now.duration(to: until)))
        }
    }

    /// Whoever writes the switch wants what it says from now on.
    private func switchChanged() {
        let now = clock.now
        view.change { $0.takeovers.observe(.toldToGoOn, at: now) }
        host.mark(view.me)
        markPending()
    }

    private func markImagesWithoutRecord() {
        images.mark(
            view.read { state in
                state.cluster.actualImages.keys.filter { state.cluster.images[$0] == nil }
            })
    }

    /// VMs that nobody owns and that somebody wants, or left behind.
    func markPending() {
        guests.mark(
            view.read { state in
                let cluster = state.cluster
                return Set(cluster.desiredVMs.keys).union(cluster.volumes.keys)
                    .union(cluster.histories.keys).filter { cluster.actualVMs[$0] == nil }
            })
    }
}
