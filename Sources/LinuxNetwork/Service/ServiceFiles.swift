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

    /// Those of all networks that are below a directory.
    static func all(in directory: String) -> [ServiceFiles] {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return found.filter { $0.count == 12 && $0.allSatisfy(\.isHexDigit) }.sorted().map {
            ServiceFiles(directory: "\(directory)/\($0)")
        }
    }
}
