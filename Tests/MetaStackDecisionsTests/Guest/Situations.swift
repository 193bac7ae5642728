import MetaStackDecisions
import MetaStackModel

let web = VMID(unchecked: "web")
let thisHost = HostID(unchecked: "a")
let other = HostID(unchecked: "b")
let myLease = LeaseNumber(7)
let myClient = StorageClient(address: "10.0.0.1:0/1")

/// Situations are built up from nothing, one record at a time, so that a test shows all that its
/// decision rests on. The VM's record was made at revision 10, its claim at 20.
extension GuestSituation {
    static var empty: GuestSituation {
        GuestSituation(vm: web, me: thisHost, lease: myLease, in: Cluster(), domain: nil)
    }

    func wanted(
        _ state: DesiredVM.State = .start, created: Int64 = 10, written: Int64 = 10
    ) -> Self {
        var copy = self
        copy.desired = Stored(
            DesiredVM(
                name: ResourceName(unchecked: "web"), flavour: "tiny", image: "tiny", state: state),
            revision: Revision(written), createRevision: Revision(created))
        return copy
    }

    func claimed(
        by host: HostID = thisHost, _ state: ActualVM.State = .claimed,
        lease: LeaseNumber = myLease,
        incarnation: Int64? = nil, clients: [StorageClient] = [], message: String? = nil,
        wantedAt: Int64 = 10, wantedSince: Int64 = 10
    ) -> Self {
        var copy = self
        copy.claim = Stored(
            ActualVM(
                host: host, state: state, incarnation: incarnation.map { Incarnation($0) },
                desiredRevision: Revision(wantedAt), desiredCreateRevision: Revision(wantedSince),
                since: Timestamp(milliseconds: 0), message: message, clients: clients),
            revision: Revision(21), createRevision: Revision(20), lease: lease)
        return copy
    }

    func holding(provisioned: Bool = true, of created: Int64 = 10) -> Self {
        var copy = self
        copy.volumes[VolumeID(vm: web)] = Stored(
            Volume(
                pool: PoolName(unchecked: "vms"), image: "web.root.1", vm: web,
                vmCreateRevision: Revision(created), provisioned: provisioned),
            revision: Revision(20), createRevision: Revision(20))
        return copy
    }

    func holdingSeed(_ content: String, provisioned: Bool = true) -> Self {
        var copy = self
        copy.volumes[.seed(of: web)] = Stored(
            Volume(
                pool: PoolName(unchecked: "vms"), image: "web.seed.1", vm: web,
                vmCreateRevision: Revision(10), provisioned: provisioned, content: content),
            revision: Revision(20), createRevision: Revision(20))
        return copy
    }

    func remembering(
        _ host: HostID = thisHost, incarnation: Int64 = 20, clients: [StorageClient] = [myClient],
        evicted: [EvictedClient] = [], endedFor: Int64? = nil, of created: Int64 = 10
    ) -> Self {
        var copy = self
        copy.history = Stored(
            VMHistory(
                vmCreateRevision: Revision(created), host: host,
                incarnation: Incarnation(incarnation), clients: clients, evicted: evicted,
                endedFor: endedFor.map { Revision($0) }),
            revision: Revision(22), createRevision: Revision(22))
        return copy
    }

    func here(
        _ state: LocalDomain.State, incarnation: Int64 = 20, of created: Int64 = 10
    ) -> Self {
        var copy = self
        copy.domain = LocalDomain(
            vm: web, incarnation: Incarnation(incarnation), vmCreateRevision: Revision(created),
            state: state)
        return copy
    }

    /// The guest was recorded and the claim says that it runs.
    static var running: GuestSituation {
        empty.wanted().holding().remembering()
            .claimed(.running, incarnation: 20, clients: [myClient]).here(.running)
    }

    var next: GuestStep { GuestRules.next(self) }
}

extension GuestStep {
    /// Ends the domain on this host, for whichever reason.
    var destroys: Bool {
        switch self {
        case .destroy, .destroyStray: true
        case .none, .handsOff, .claimToRun, .claimToCleanUp, .claimInPlace, .liftEvictions,
            .carryOver, .provision, .describeSeed, .makeSeed, .start, .resume, .changeNICs, .report,
            .noteExit,
            .shutDown,
            .removeVolumes, .forget, .release, .holdBack, .examineWriteError, .giveUp,
            .removeOrphans, .beginMove, .goOnWithMove, .handOver, .endMove, .answerMove,
            .withdrawAnswer:
            false
        }
    }
}

func evicted(_ client: StorageClient, on host: HostID) -> EvictedClient {
    EvictedClient(client: client, host: host, at: Timestamp(milliseconds: 1))
}
