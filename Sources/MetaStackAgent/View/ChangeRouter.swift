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
    /// Is told the deployment's syslog server whenever it may have changed; nil where it has none.
    let syslog: @Sendable (LogSettings.Syslog?) -> Void
    let clock: any NodeClock
    let logger: Logger

    func everythingChanged() {
        let (vms, images) = view.read { state in
            let cluster = state.cluster
            var vms = Set(cluster.desiredVMs.keys)
            vms.formUnion(cluster.actualVMs.keys)
            vms.formUnion(cluster.volumes.keys)
            vms.formUnion(cluster.histories.keys)
            vms.formUnion(cluster.arrivals.keys)
            vms.formUnion(cluster.addresses.holders)
            vms.formUnion(state.domains.keys)
            vms.formUnion(state.made.keys)
            vms = vms.filter { state.concerns($0, view.me) }
            return (vms, Set(cluster.images.keys).union(cluster.actualImages.keys))
        }
        guests.mark(vms)
        self.images.mark(images)
        host.mark(view.me)
        tellSyslog()
        view.networkBell.ring()
    }

    func changed(_ keys: Set<RecordKey>) {
        // Before anything is taken over: do too many hosts vanish at once?
        for case .host(let id) in keys where id != view.me { noteHost(id) }
        let share = view.share
        markShare(share, among: keys)
        let own = Set(share)
        for key in keys {
            switch key {
            case .desiredVM(let vm): if !own.contains(vm) { guests.mark(vm) }
            case .history(let vm), .decline(let vm, _): markConcerned(vm)
            case .volume(let id):
                markConcerned(id.vm)
                markImagesWithoutRecord()
            case .arrival(let vm): guests.mark(vm)
            case .actualVM(let vm):
                claimChanged(vm)
                host.mark(view.me)
                // A move that ended lets the next one begin.
                guests.mark(view.read(\.waitingToMove))
            case .host(let id): hostChanged(id)
            case .image(let id), .actualImage(let id): images.mark(id)
            case .desiredHost: markOwn()
            case MoveLimits.key: guests.mark(view.read(\.waitingToMove))
            case TakeoverSwitch.key: switchChanged()
            case SyslogServer.key: tellSyslog()
            case .sshKey: markOwn()
            case .address(let id): addressChanged(id)
            case .flavour, .globalConfig, .token, .network, .securityGroup: break
            }
        }
        if keys.contains(where: concernsNetworks) { view.networkBell.ring() }
        if keys.contains(where: givesAddresses) { markWaitingForAddresses() }
        if view.change({ state in state.look { $0.takeShift() } }) {
            markPending()
            guests.mark(view.read(\.waitingToMove))
        }
    }

    /// Its holder may be gone, and left it.
    private func addressChanged(_ id: AddressID) {
        if let vm = view.read({ $0.cluster.addresses[id]?.value.vm }) { markConcerned(vm) }
    }

    /// Whether guests' networks may have to be others: hardly any record has to do with them where there
    /// are none.
    private func concernsNetworks(_ key: RecordKey) -> Bool {
        switch key {
        case .network, .securityGroup: true
        case .actualVM, .desiredVM, .host: view.read { !$0.cluster.networks.isEmpty }
        default: false
        }
    }

    /// Whether a network may have an address by now that it had not.
    private func givesAddresses(_ key: RecordKey) -> Bool {
        switch key {
        case .network: true
        case .address(let id): view.read { $0.cluster.addresses[id] == nil }
        default: false
        }
    }

    private func markWaitingForAddresses() {
        guests.mark(
            view.read { state in
                state.ledger.unowned.filter { vm in
                    state.cluster.desiredVMs[vm]?.value.nics.contains { $0.network != nil } == true
                }.union(state.waitingForNICs)
            })
    }

    private func tellSyslog() { syslog(view.cluster.syslogServer?.value.server) }

    /// A host's maintenance began or ended: VMs go or come back. Or a key is there that one waited for.
    private func markOwn() {
        guests.mark(
            view.read { state in
                state.cluster.actualVMs.filter { $0.value.value.host == view.me }.map(\.key)
            })
    }

    /// In their order, in which they are to be claimed.
    private func markShare(_ share: [VMID], among keys: Set<RecordKey>) {
        guests.mark(share.filter { keys.contains(.desiredVM($0)) })
    }

    /// Of most VMs others have the work.
    private func markConcerned(_ vm: VMID) {
        if view.read({ $0.concerns(vm, view.me) }) { guests.mark(vm) }
    }

    /// A claim that is new or gone ends or begins everybody's waiting.
    private func claimChanged(_ vm: VMID) {
        let mark = view.read { state in
            guard let claim = state.cluster.actualVMs[vm] else { return true }
            return claim.revision == claim.createRevision || state.concerns(vm, view.me)
        }
        if mark { guests.mark(vm) }
    }

    /// The sight of the own host record's deletion ends the session at once, whatever a keepalive
    /// says: etcd before 3.5.23 can renew a lease that is revoked already.
    private func hostChanged(_ id: HostID) {
        if id == view.me {
            // A bridge may be there by now that a NIC waits for.
            guests.mark(view.read(\.waitingForNICs))
            // What was to be published may have met an older copy of the record, or none.
            host.mark(id)
            let ended = view.read { state -> LeaseNumber? in
                guard state.cluster.hosts[id] == nil, state.cluster.revision > state.publishedAt
                else { return nil }
                return state.session.heldLease
            }
            if let ended {
                view.observeSession(.ended(ended), clock: clock)
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

    /// VMs that nobody owns and that somebody wants, or left behind: this node's own share first.
    func markPending() {
        let share = view.share
        guests.mark(share)
        guests.mark(view.read { $0.ledger.unowned }.subtracting(share))
    }
}
