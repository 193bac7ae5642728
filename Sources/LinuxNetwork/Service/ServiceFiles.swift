import Foundation

/// Where the files of one network's services are, while it is here.
struct ServiceFiles: Sendable, Hashable {
    let directory: String

    init(_ directory: String, _ names: NetworkNames) {
        self.directory = "\(directory)/\(names.suffix)"
    }

    init(directory: String) { self.directory = directory }

    /// The network namespace, as a mount.
    var namespace: String { "\(directory)/namespace" }
    var configuration: String { "\(directory)/dnsmasq.conf" }
    /// Which MAC gets which addresses.
    var leases: String { "\(directory)/leases" }
    /// Which name has which addresses.
    var names: String { "\(directory)/names" }
    /// dnsmasq's process.
    var process: String { "\(directory)/dnsmasq.pid" }
    /// What is translated.
    var translator: String { "\(directory)/tayga.conf" }
    /// The translator's process.
    var translatorProcess: String { "\(directory)/tayga.pid" }

    /// What answers the network's guests.
    var dnsmasq: Daemon {
        Daemon(
            program: "dnsmasq", arguments: ["--conf-file=\(configuration)"],
            mark: "--conf-file=\(configuration)", file: process)
    }

    /// Those of all networks that are below a directory.
    static func all(in directory: String) -> [ServiceFiles] {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return found.filter { $0.count == 12 && $0.allSatisfy(\.isHexDigit) }.sorted().map {
            ServiceFiles(directory: "\(directory)/\($0)")
        }
    }

    // MARK: Writing

    func make() throws(NetworkPlaneError) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw NetworkPlaneError(.file, "cannot make \(directory): \(error)")
        }
    }

    static func remove(_ path: String) throws(NetworkPlaneError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw NetworkPlaneError(.file, "cannot remove \(path): \(error)")
        }
    }

    /// - Returns: whether the file had another content.
    @discardableResult
    func write(_ text: String, to path: String) throws(NetworkPlaneError) -> Bool {
        let data = Data(text.utf8)
        if FileManager.default.contents(atPath: path) == data { return false }
        do {
            try data.write(to: URL(filePath: path))
        } catch {
            throw NetworkPlaneError(.file, "cannot write \(path): \(error)")
        }
        return true
    }
}
