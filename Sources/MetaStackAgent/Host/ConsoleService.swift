import Foundation
import Logging
import MetaStackModel
import ServiceLifecycle

/// The serial consoles of the guests on this host: one file a guest, called as its VM, and the
/// older ones that libvirt's virtlogd keeps beside it (`VM.log.0`).
public struct ConsoleLogs: Sendable {
    private let directory: URL

    /// - Parameter directory: need not exist.
    public init(directory: String) {
        self.directory = URL(filePath: directory, directoryHint: .isDirectory)
    }

    /// Removes the consoles of VMs that are gone and that nobody has written to since a time.
    ///
    /// - Parameter isGone: whether nothing is left of a VM.
    /// - Returns: the files that were removed.
    /// - Throws: where the folder or a file cannot be read or removed.
    func removeThose(
        notWrittenSince time: Date, where isGone: (VMID) -> Bool
    ) throws -> [String] {
        guard FileManager.default.fileExists(atPath: directory.path) else { return [] }
        let files = try FileManager.default.contentsOfDirectory(
            at: directory, includingPropertiesForKeys: [.contentModificationDateKey])
        return try files.filter { file in
            guard let vm = Self.vm(of: file.lastPathComponent), isGone(vm),
                let written = try file.resourceValues(forKeys: [.contentModificationDateKey])
                    .contentModificationDate, written < time
            else { return false }
            try FileManager.default.removeItem(at: file)
            return true
        }.map(\.lastPathComponent)
    }

    /// nil for a file that MetaStack did not ask for.
    private static func vm(of name: String) -> VMID? {
        guard let suffix = name.firstRange(of: ".log"),
            name[suffix.upperBound...].allSatisfy({ $0 == "." || $0.isNumber })
        else { return nil }
        return try? VMID(String(name[..<suffix.lowerBound]))  // Else it is no guest's.
    }
}

/// Removes the consoles of deleted VMs a day after their last word, so that a host's disk does not
/// fill with them over the years.
///
/// Ends by cancellation, at once.
struct ConsoleService: Service {
    private static let interval = Duration.seconds(3600)
    private static let keptFor: TimeInterval = 24 * 3600

    let consoles: ConsoleLogs
    let view: NodeView
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await clock.sleep(for: Self.interval)
                removeOld()
            }
        }
    }

    private func removeOld() {
        // What is known without a session may be long out of date.
        guard view.provenLease(at: clock.now) != nil else { return }
        do {
            let limit = Date(
                timeIntervalSince1970: Double(clock.timestamp.milliseconds) / 1000 - Self.keptFor)
            let removed = try consoles.removeThose(notWrittenSince: limit, where: view.isGone)
            guard !removed.isEmpty else { return }
            logger.info("old consoles removed", metadata: ["files": "\(removed.count)"])
        } catch {
            logger.warning("cannot remove old consoles", metadata: ["error": "\(error)"])
        }
    }
}

extension NodeView {
    /// Whether neither the records nor this host know anything of a VM.
    fileprivate func isGone(_ vm: VMID) -> Bool {
        read { state in
            state.knowsDomains && state.domains[vm] == nil && state.cluster.desiredVMs[vm] == nil
                && state.cluster.actualVMs[vm] == nil && state.cluster.volumes[vm] == nil
                && state.cluster.histories[vm] == nil
        }
    }
}
