import Logging
import MetaStackModel
import ServiceLifecycle

/// Looks at the storage now and then: a host whose pools are missing takes no VMs and says so.
///
/// Ends by cancellation, at once.
struct StorageService: Service {
    private static let interval = Duration.seconds(10)

    let storage: any BlockStorage
    let settings: StorageSettings
    let host: HostRecord
    let router: ChangeRouter
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await look()
                try await clock.sleep(for: Self.interval)
            }
        }
    }

    private func look() async {
        let message: String?
        let asked = clock.now
        var isAway = false
        do {
            let missing = try await storage.missingPools()
            host.setPools([settings.vmPool, settings.imagePool].filter { !missing.contains($0) })
            message =
                missing.isEmpty
                ? nil
                : "the storage has no pool "
                    + missing.map(\.text).joined(separator: " and no pool ") + ": create it"
        } catch {
            message = "the storage is away: \(error)"
            isAway = true
        }
        leaveGuestsToOthers(awaySince: isAway ? asked : nil)
        guard host.setMessage(message, from: .storage) else { return }
        if let message {
            logger.error("storage is out of order", metadata: ["error": "\(message)"])
        } else {
            logger.info("storage is in order")
        }
        router.host.mark(router.view.me)
    }

    /// Guests whose disks cannot be reached for long are another host's, where one can.
    private func leaveGuestsToOthers(awaySince: ContinuousClock.Instant?) {
        let mine = router.view.change { state -> [VMID] in
            state.storageAwaySince = awaySince.map { state.storageAwaySince ?? $0 }
            return awaySince == nil ? [] : Array(state.domains.keys)
        }
        router.guests.mark(mine)
    }
}
