import Foundation
import MetaStackManagement
import MetaStackModel
import Yams

/// Where `metastack login` keeps what it was told: a configuration of the user's own, which nobody
/// else may read.
struct LoginFile: Sendable {
    let path: String

    /// `$XDG_CONFIG_HOME/metastack/login.yaml`, below `~/.config` without; nil for whoever has no home.
    init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        let own = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 + "/.config" : nil }
        guard let folder = own ?? home else { return nil }
        path = folder + "/metastack/login.yaml"
    }

    /// Its path, where there is one.
    var existing: String? { FileManager.default.fileExists(atPath: path) ? path : nil }

    /// - Throws: where it cannot be written.
    func write(_ server: ServerSettings) throws {
        var settings = ["url": server.url]
        settings["token"] = server.token
        settings["ca"] = server.ca
        let text = try YAMLEncoder().encode(["server": settings])
        let folder = URL(filePath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            // Made anew, so that it is nobody else's to read from its first byte on.
            try remove()
            guard
                FileManager.default.createFile(
                    atPath: path, contents: Data(text.utf8),
                    attributes: [.posixPermissions: 0o600])
            else { throw CocoaError(.fileWriteUnknown) }
        } catch let error as CocoaError {
            throw CommandFailure(.failed, "cannot write \(path): \(error.localizedDescription)")
        }
    }

    /// Whether there was one.
    @discardableResult
    func remove() throws -> Bool {
        guard existing != nil else { return false }
        try FileManager.default.removeItem(atPath: path)
        return true
    }
}
