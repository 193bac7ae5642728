import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore

/// Does the work on one image: claim, fetch, check, convert, store; or remove.
struct ImageImporter: Sendable {
    let view: NodeView
    let store: ClusterStore
    let storage: any BlockStorage
    let files: any ImageFiles
    let pool: PoolName
    let clock: any NodeClock
    let random: any NodeRandom
    let logger: Logger

    /// Claims the image and imports it. A failure is written down for whoever asked.
    ///
    /// - Throws: where the records could not be written.
    func importImage(_ id: ImageID, lease: LeaseNumber) async throws {
        guard let wanted = view.cluster.images[id] else { return }
        let known = view.cluster.actualImages[id]
        let claim = ActualImage(
            host: view.me, lease: lease.description, state: .importing,
            desiredRevision: wanted.revision, pool: pool,
            rbdImage: random.freshName(after: id.text),
            discarded: known?.value.attempts ?? [])
        let result = try await store.write(
            [.put(.actualImage(id), claim)],
            if: [
                .unchanged(.image(id), since: wanted.revision),
                known.map { .unchanged(.actualImage(id), since: $0.revision) }
                    ?? .absent(.actualImage(id)),
                .underLease(.host(view.me), lease),
            ])
        guard case .written(let revision) = result else { return }
        log(id).info("image claimed", metadata: ["url": "\(wanted.value.url)"])
        let record = ImageRecord(id: id, value: claim, revision: revision, store: store)
        do {
            try await work(wanted.value, record)
        } catch is CancellationError {
            throw CancellationError()
        } catch ImageFileError.lost {
            // Another node took it over, under a name of its own.
            if let target = claim.rbdImage { try await storage.removeImage(target, in: pool) }
            throw ImageFileError.lost(id)
        } catch {
            log(id).error("cannot import image", metadata: ["error": "\(error)"])
            let isFinal = (error as? ImageFileError)?.isFinal ?? false
            try await record.update { image in
                image.state = .failed
                image.retry = !isFinal
                image.message = "\(error)"
                image.discarded = image.allImages
                image.rbdImage = nil
            }
        }
    }

    private func work(_ wanted: Image, _ record: ImageRecord) async throws {
        let claim = await record.value
        for image in claim.discarded { try await storage.removeImage(image, in: pool) }
        guard let target = claim.rbdImage else { return }
        let file = try await files.fetch(wanted, as: record.id) { done, total in
            await record.report("fetching", done: done, total: total)
        }
        defer { file.discard() }
        let imported = try await importFile(file, as: target, record)
        try await record.update { image in
            image.state = .ready
            image.done = nil
            image.total = nil
            image.message = nil
            image.snapshot = imported.snapshot
            image.size = imported.size
            image.checksum = file.checksum
        }
        log(record.id).info("image ready", metadata: ["size": "\(imported.size)"])
    }

    private func importFile(
        _ file: FetchedFile, as target: String, _ record: ImageRecord
    ) async throws -> ImportedImage {
        let (progress, reporter) = AsyncStream<(Int64, Int64)>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        async let reported: Void = {
            for await (done, total) in progress {
                await record.report("storing", done: done, total: total)
            }
        }()
        defer { reporter.finish() }
        let imported = try await storage.importImage(from: file.rawPath, as: target, in: pool) {
            reporter.yield(($0, $1))
        }
        reporter.finish()
        await reported
        return imported
    }

    /// Claims the image's end and removes it, unless a disk came to depend on it meanwhile.
    func remove(_ id: ImageID, lease: LeaseNumber) async throws {
        guard let known = view.cluster.actualImages[id] else { return }
        var claim = known.value
        claim.host = view.me
        claim.lease = lease.description
        claim.state = .deleting
        let result = try await store.write(
            [.put(.actualImage(id), claim)],
            if: [
                .unchanged(.actualImage(id), since: known.revision),
                .underLease(.host(view.me), lease),
            ])
        guard case .written(let revision) = result else { return }
        // A VM's claim compares this record, so from here on no new disk can come of the image; one
        // that was just made is found in etcd itself, past the view.
        if ImageRules.isInUse(id, in: try await store.load()) {
            var image = known.value
            image.message = "it goes when the last disk that was made from it is gone"
            _ = try await store.write(
                [.put(.actualImage(id), image)],
                if: [.unchanged(.actualImage(id), since: revision)])
            return
        }
        for image in claim.allImages { try await storage.removeImage(image, in: pool) }
        _ = try await store.write(
            [.delete(.actualImage(id))], if: [.unchanged(.actualImage(id), since: revision)])
        log(id).info("image removed")
    }

    private func log(_ id: ImageID) -> Logger {
        var logger = logger
        logger[metadataKey: "image"] = "\(id)"
        return logger
    }
}

/// The record of the image that this node works on, as it last wrote it.
actor ImageRecord {
    nonisolated let id: ImageID
    private(set) var value: ActualImage
    private var revision: Revision
    private let store: ClusterStore
    private var reportedPercent: Int64 = -5

    init(id: ImageID, value: ActualImage, revision: Revision, store: ClusterStore) {
        self.id = id
        self.value = value
        self.revision = revision
        self.store = store
    }

    /// Writes a change.
    ///
    /// - Throws: `ImageFileError.lost` where another node has taken the image over.
    func update(_ change: @Sendable (inout ActualImage) -> Void) async throws {
        var changed = value
        change(&changed)
        let result = try await store.write(
            [.put(.actualImage(id), changed)],
            if: [.unchanged(.actualImage(id), since: revision)])
        guard case .written(let revision) = result else { throw ImageFileError.lost(id) }
        self.revision = revision
        value = changed
    }

    /// Publishes progress in steps of 5 %; losing one is nothing.
    func report(_ what: String, done: Int64, total: Int64?) async {
        let percent = total.map { $0 > 0 ? done * 100 / $0 : 0 } ?? 0
        let isNew = value.message != what || abs(percent - reportedPercent) >= 5
        guard isNew, value.state == .importing else { return }
        reportedPercent = percent
        try? await update { image in  // The next one, or the end, says more.
            image.message = what
            image.done = done
            image.total = total
        }
    }
}
