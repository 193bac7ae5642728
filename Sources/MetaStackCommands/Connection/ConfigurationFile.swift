import Foundation
import MetaStackManagement
import MetaStackModel

/// Finds and reads files that a person wrote.
enum TextFile {
    /// - Throws: `CommandFailure` that names the file and the reason.
    static func read(_ path: String, as purpose: String) throws -> String {
        do {
            return try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch let error as CocoaError {
            let reason =
                switch error.code {
                case .fileReadNoSuchFile, .fileNoSuchFile: "there is no such file"
                case .fileReadNoPermission: "it may not be read by this user"
                case .fileReadInapplicableStringEncoding: "it is no UTF-8 text"
                default: error.localizedDescription
                }
            throw CommandFailure(.usage, "cannot read \(path) (\(purpose)): \(reason)")
        }
    }
}

extension ManagementConfiguration {
    static let defaultFile = "/etc/metastack/metastack.yaml"

    /// Reads what the flags, the environment and the file say; no file is needed.
    ///
    /// - Parameter mayBeLoggedIn: whether `metastack login` counts where nothing else is said.
    /// - Throws: `ConfigurationError`, or `CommandFailure` where a named file cannot be read.
    init(
        _ options: GlobalOptions, flags: [ConfigurationFlag] = [], mayBeLoggedIn: Bool = true,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let named =
            options.config ?? environment["METASTACK_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        let saysEtcd =
            options.endpoints != nil
            || !environment["METASTACK_ETCD_ENDPOINTS", default: ""].isEmpty
        let login = mayBeLoggedIn && !saysEtcd ? LoginFile(environment)?.existing : nil
        let file = named ?? login ?? Self.defaultFile
        let isThere = named != nil || FileManager.default.fileExists(atPath: file)
        try self.init(
            yaml: isThere ? TextFile.read(file, as: "the configuration") : "", file: file,
            environment: environment, flags: options.flags + flags)
    }
}
