import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore

/// A guest's seed: on record before it is made, and of one content for as long as it is there.
extension GuestPerformer {
    /// Puts on record what will be made. What was there is discarded, and removed before the next one is
    /// made: no guest of the VM runs.
    func describeSeed(_ seed: Seed, _ situation: GuestSituation) async throws -> Outcome {
        let claim = try ownClaim(situation)
        guard let wanted = situation.desired else { return .settled }
        let id = VolumeID.seed(of: situation.vm)
        let known = situation.volumes[id]
        var volume =
            known?.value
            ?? Volume(
                pool: settings.vmPool, image: "", vm: situation.vm,
                vmCreateRevision: wanted.createRevision)
        volume.discarded = known?.value.attempts ?? []
        volume.image = freshName(of: id)
        volume.size = nil
        volume.provisioned = false
        volume.content = seed.fingerprint
        return outcome(
            try await transactions.update(id, volume, known: known, claim: claim), situation)
    }

    func makeSeed(_ seed: Seed, _ situation: GuestSituation) async throws -> Outcome {
        try await make(.seed(of: situation.vm), situation) { volume in
            try await storage.store(seed, as: volume.image, in: volume.pool)
        }
    }
}

extension GuestSituation {
    /// The disks that a guest writes, and that are fenced therefore.
    var writtenDisks: [Volume] {
        volumes.filter { !$0.key.isReadOnly }.map(\.value.value)
    }
}
