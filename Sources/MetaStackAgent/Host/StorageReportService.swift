import Logging
import MetaStackDecisions
import MetaStackModel
import ServiceLifecycle

/// Says in the host's record what is wrong in the storage and what was left there, for `metastack doctor`.
///
/// Looks every minute, and through the pools every tenth time. What all nodes see alike is said by one of
/// them. Ends by cancellation, at once.
struct StorageReportService: Service {
    private static let interval = Duration.seconds(60)
    private static let looksBetweenLists = 10

    let storage: any BlockStorage
    let settings: StorageSettings
    let host: HostRecord
    let router: ChangeRouter
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var looks = Looks()
            while !Task.isCancelled {
                try await clock.sleep(for: Self.interval)
                await look(&looks)
            }
        }
    }

    /// What is known of former looks.
    private struct Looks {
        var survey = StorageSurvey()
        var count = 0
        var report = StorageReport()
    }

    private func look(_ looks: inout Looks) async {
        let view = router.view
        // What is known without a session may be long out of date.
        guard view.provenLease(at: clock.now) != nil else { return }
        do {
            try await lookAtEvictions(&looks)
            if StorageSurvey.isSpeaker(view.me, in: view.cluster) {
                try await lookAtAll(&looks)
            } else {
                looks.report.errors = []
                looks.report.warnings = []
                looks.report.unknownImages = []
            }
        } catch {
            // That the storage is away is the storage service's to say.
            logger.debug("cannot look through the storage", metadata: ["error": "\(error)"])
            return
        }
        guard host.setStorage(looks.report) else { return }
        logger.info(
            "storage report changed",
            metadata: [
                "checks": "\(looks.report.errors + looks.report.warnings)",
                "images": "\(looks.report.unknownImages.count)",
                "evictions": "\(looks.report.unknownEvictions.count)",
            ])
        router.host.mark(view.me)
    }

    private func lookAtEvictions(_ looks: inout Looks) async throws {
        let evicted = try await storage.localEvictions()
        let unknown = looks.survey.observe(evictions: evicted, in: router.view.cluster)
        looks.report.unknownEvictions = Array(unknown.prefix(StorageReport.mostOfAKind))
    }

    private func lookAtAll(_ looks: inout Looks) async throws {
        let health = try await storage.health()
        looks.report.errors = Array(health.errors.prefix(StorageReport.mostOfAKind))
        looks.report.warnings = Array(health.warnings.prefix(StorageReport.mostOfAKind))
        defer { looks.count += 1 }
        guard looks.count % Self.looksBetweenLists == 0 else { return }
        var images: [PoolName: [String]] = [:]
        for pool in Set([settings.vmPool, settings.imagePool]) {
            images[pool] = try await storage.images(in: pool)
        }
        let unknown = looks.survey.observe(images: images, in: router.view.cluster)
        looks.report.unknownImages = Array(unknown.prefix(StorageReport.mostOfAKind))
    }
}
