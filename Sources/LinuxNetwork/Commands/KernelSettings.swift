import Foundation

/// The kernel's settings of one network namespace, by the names that sysctl(8) gives them.
///
/// Read and written as files of `/proc/sys`, without a program: there each thread finds those of the
/// namespace that it is in.
struct KernelSettings: Sendable {
    /// As a path; nil for the process's own.
    let namespace: String?

    /// What settings are now; those that there are not are left out.
    func read(_ names: [String]) async throws(NetworkPlaneError) -> [String: String] {
        if names.isEmpty { return [:] }
        return try await Namespaces.inside(namespace) { () throws(NetworkPlaneError) in
            var found: [String: String] = [:]
            for name in names {
                guard let data = FileManager.default.contents(atPath: Self.path(name)) else {
                    continue
                }
                found[name] = String(decoding: data, as: UTF8.self)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
            }
            return found
        }
    }

    /// Sets them in their order.
    ///
    /// - Parameters:
    ///   - lines: each of the form `name=value`.
    ///   - isNeeded: whether one that there is not is an error.
    func write(_ lines: [String], isNeeded: Bool = true) async throws(NetworkPlaneError) {
        if lines.isEmpty { return }
        try await Namespaces.inside(namespace) { () throws(NetworkPlaneError) in
            for line in lines {
                let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else {
                    throw NetworkPlaneError(.answer, "\(line) is not of the form name=value")
                }
                try Self.set(parts[0], to: parts[1], isNeeded: isNeeded)
            }
        }
    }

    private static func set(
        _ name: String, to value: String, isNeeded: Bool
    ) throws(NetworkPlaneError) {
        let file = open(path(name), O_WRONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT, !isNeeded { return }
            throw failed(name)
        }
        defer { close(file) }
        let bytes = Array(value.utf8)
        guard Foundation.write(file, bytes, bytes.count) == bytes.count else { throw failed(name) }
    }

    private static func failed(_ name: String) -> NetworkPlaneError {
        NetworkPlaneError(.file, "cannot set \(name): \(String(cString: strerror(errno)))")
    }

    /// Dots are slashes there, and a link's dot is written as a slash in a name.
    private static func path(_ name: String) -> String {
        "/proc/sys/" + String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 })
    }
}
