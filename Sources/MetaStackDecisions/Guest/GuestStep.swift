public import MetaStackModel

/// The next thing to do for one VM on one node. Each is done, then the situation is read afresh.
public enum GuestStep: Sendable, Equatable {
    /// All is as it should be.
    case none
    /// A record of the VM cannot be read: hands off.
    case handsOff(MalformedRecord)

    // Without a claim.

    /// Somebody shall run the VM: claim it when it is this node's turn.
    case claimToRun
    /// The VM waits: its last owner vanished, and takeovers are held back.
    case holdBack(TakeoverHold)
    /// Records of a VM that nobody wants any more are left: claim them to clean up.
    case claimToCleanUp(vmCreateRevision: Revision)
    /// The guest runs here and nobody has owned the VM since: claim it again and go on.
    case claimInPlace(LocalDomain)
    /// A domain without a right to run is ended; no disk is touched.
    case destroyStray(LocalDomain, reason: String)
    /// The domains of these evicted clients are gone from this host: let the clients in again.
    case liftEvictions([EvictedClient])

    /// Images that this node made too late, when the VM was somebody else's or gone.
    case removeOrphans([DiskImage])

    // With this node's claim.

    /// The claim stands under an earlier lease of this node, which will run out: carry it over.
    case carryOver

    /// Make the disk that the record describes.
    case provision(VolumeID)
    /// Put on record that a seed of this content will be made, under a name of its own.
    case describeSeed(Seed)
    /// Make the seed that the record describes.
    case makeSeed(Seed)
    /// Keep former writers from the disks, then create the domain paused, record its clients, and
    /// resume it.
    case start
    /// The domain was created and recorded, and not resumed yet.
    case resume
    /// The guest stopped at a write error: find out whether it was evicted, and do what follows.
    case examineWriteError
    /// End the guest and leave it to a host that reaches the storage.
    case giveUp(reason: String)
    /// Bring the NICs of a guest that runs nearer to what its record asks for.
    case changeNICs(LiveNICs.Step)
    /// Say what is so.
    case report(ActualVM.State, message: String?)
    /// Write down that the guest ended, before it is started again.
    case noteExit(GuestExit)
    case shutDown
    case destroy(reason: String)
    /// Remove all images of the VM's volumes.
    case removeVolumes
    /// The VM is gone: remove its records and the claim.
    case forget
    /// Give the claim back; the VM's disks stay.
    case release

    // Moving a guest to another host.

    /// Say in the claim that the VM goes to another host, which then answers.
    case beginMove(MoveRules.Plan)
    /// The target has answered, or has not yet: hand the guest's memory over, or wait.
    case goOnWithMove(GuestMove, Stored<Arrival>?)
    /// The guest is shut down for its move: the claim goes to the target.
    case handOver(GuestMove, Stored<Arrival>)
    /// Nobody wants the move any more, or it cannot be: the guest stays.
    case endMove(reason: String)

    // For a guest that comes from another host.

    /// Answer the VM's owner, and keep the VM's room where it can come.
    case answerMove(Stored<ActualVM>)
    /// The answer has served, or nobody asks any more.
    case withdrawAnswer
}
