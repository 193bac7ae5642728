import Foundation
import Testing

extension SystemTests {
    /// The lab's own promise: nothing of it outlives `down`.
    @Suite struct LabEnds {
        @Test func downLeavesNoProcessMountNamespaceOrInterface() async throws {
            let folder = try LabGuard.temporaryFolder()
            try LabGuard.watch(over: folder)
            let path = folder.path
            func lab(_ words: String...) async throws {
                _ = try await Command(
                    [Lab.tool, "--dir", path] + words, timeout: .seconds(200)
                ).run().checked("metastack-lab \(words)")
            }
            try await lab("up", "--hosts", "1", "--etcd", "1", "--no-agents")
            let during = try await Traces(of: path)
            #expect(!during.processes.isEmpty && !during.namespaces.isEmpty)
            #expect(!during.interfaces.isEmpty)
            try await lab("down")
            let after = try await Traces(of: path)
            #expect(after.processes.isEmpty)
            #expect(after.mounts.isEmpty)
            #expect(after.interfaces.isEmpty)
            #expect(during.namespaces.isDisjoint(with: try await Traces.allNamespaces()))
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}

/// What this machine shows of a lab.
private struct Traces {
    /// Command lines that name the lab's folder.
    var processes: [String] = []
    /// PID namespaces of its inits.
    var namespaces: Set<String> = []
    var mounts: [String]
    var interfaces: [String] = []

    init(of folder: String) async throws {
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        self.mounts = mounts.split(separator: "\n").map(String.init)
            .filter { $0.contains(folder) }
        let files = FileManager.default
        for pid in try files.contentsOfDirectory(atPath: "/proc") where Int(pid) != nil {
            // A process may end while it is looked at.
            guard let bytes = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline")) else {
                continue
            }
            let line = String(decoding: bytes, as: UTF8.self)
            guard line.contains(folder), line.contains("lab.supervisor") else { continue }
            processes.append(line)
            if let namespace = try? files.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/net") {
                namespaces.insert(namespace)
            }
        }
        namespaces.remove(try files.destinationOfSymbolicLink(atPath: "/proc/self/ns/net"))
        for name in try files.contentsOfDirectory(atPath: "/sys/class/net") {
            let alias = "/sys/class/net/\(name)/ifalias"
            // It may go while it is looked at, and few have an alias.
            guard let text = try? String(contentsOfFile: alias, encoding: .utf8) else { continue }
            if text.trimmingCharacters(in: .newlines) == folder { interfaces.append(name) }
        }
    }

    /// The network namespaces that any process is in.
    static func allNamespaces() async throws -> Set<String> {
        let files = FileManager.default
        return Set(
            try files.contentsOfDirectory(atPath: "/proc").compactMap {
                // A process may end while it is looked at.
                try? files.destinationOfSymbolicLink(atPath: "/proc/\($0)/ns/net")
            })
    }
}
