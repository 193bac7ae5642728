import Foundation
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// Disks: made from images, and removed where nobody uses them.
extension GuestPerformer {
    func provision(_ id: VolumeID, _ situation: GuestSituation) async throws -> Outcome {
        try await make(id, situation) { volume in
            guard let source = source(of: volume) else {
                throw GuestStepError.imageNotReady(id, volume.source)
            }
            return try await storage.clone(
                source, as: volume.image, in: volume.pool, size: volume.size)
        }
    }

    /// Makes the image that a volume's record describes, under a name that was never tried before.
    ///
    /// - Parameter making: returns the image's size.
    func make(
        _ id: VolumeID, _ situation: GuestSituation,
        by making: (Volume) async throws -> Mebibytes
    ) async throws -> Outcome {
        let claim = try ownClaim(situation)
        guard let known = situation.volumes[id] else { return .settled }
        var volume = known.value
        guard isUnused(volume.image, of: id) else {
            return try await nameAnew(id, known, claim, situation)
        }
        let image = DiskImage(pool: volume.pool, name: volume.image)
        let began = clock.now
        do {
            for name in volume.discarded { try await removeDiscarded(name, of: volume, id) }
            view.noteMaking(image, of: situation.vm)
            volume.size = try await making(volume)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return try await decline(situation, "\(error)")
        }
        volume.provisioned = true
        log(situation).info(
            "disk made",
            metadata: [
                "image": "\(volume.image)", "pool": "\(volume.pool)",
                "duration_ms": milliseconds(since: began),
            ])
        let result = try await transactions.update(id, volume, known: known, claim: claim)
        if case .written = result { view.noteMade(image, of: situation.vm) }
        return outcome(result, situation)
    }

    /// What was discarded of a root disk nobody has open but who tries to make it. A seed may have been
    /// whole, and the QEMU of a host that died watches it for half a minute.
    private func removeDiscarded(
        _ name: String, of volume: Volume, _ id: VolumeID
    ) async throws {
        if id.isReadOnly {
            try await removeDisk(name, of: volume)
        } else {
            try await storage.remove(name, in: volume.pool)
        }
    }

    /// Whether nobody has tried to make the image yet, and nobody but this attempt will.
    private func isUnused(_ name: String, of id: VolumeID) -> Bool {
        memory.state.withLock { state in
            guard state.unusedNames[id] == name else { return false }
            state.unusedNames[id] = nil
            return true
        }
    }

    /// What an earlier attempt asked of the storage, that of an agent which died included, may be done
    /// later than what this one asks. So each has a name of its own.
    private func nameAnew(
        _ id: VolumeID, _ known: Stored<Volume>, _ claim: Stored<ActualVM>,
        _ situation: GuestSituation
    ) async throws -> Outcome {
        var volume = known.value
        volume.discarded = volume.attempts
        volume.image = freshName(of: id)
        return outcome(
            try await transactions.update(id, volume, known: known, claim: claim), situation)
    }

    func removeOrphans(
        _ images: [DiskImage], _ situation: GuestSituation
    ) async throws -> Outcome {
        for image in images {
            try await storage.remove(image.name, in: image.pool)
            view.noteMade(image, of: situation.vm)
            log(situation).info(
                "disk removed that was made too late", metadata: ["image": "\(image.name)"])
        }
        return .settled
    }

    private func source(of volume: Volume) -> VMPlan.ImageSource? {
        volume.source.flatMap { view.cluster.actualImages[$0]?.value }
            .flatMap(VMPlan.ImageSource.init)
    }
}
