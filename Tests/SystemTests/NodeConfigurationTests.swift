import Foundation
import MetaStackModel
import MetaStackStore
import Testing

/// The lab's, as its hosts' configuration names it.
private let keyring = "ceph.client.metastack.keyring"

extension SystemTests {
    /// Nodes whose configuration asks for what is not there.
    @Suite struct NodeConfigurations {
        @Test(arguments: [
            ("vm-pool: vms", "vm-pool: nowhere", "nowhere"),
            (keyring, "ceph.client.nobody.keyring", "ceph.client.nobody.keyring"),
            ("qemu:///system", "qemu+unix:///system?socket=/no/libvirt", "/no/libvirt"),
            (":2379", ":9", ":9"),
        ])
        func aNodeSaysWhatItMissesAndTakesNothing(
            _ good: String, _ bad: String, _ named: String
        ) async throws {
            try await Fixture.run { test in
                let said = try await complaints(test, of: good, as: bad)
                #expect(said.contains { $0.contains(named) }, "nothing names \(named): \(said)")
            }
        }

        @Test func aNodeThatMayNotReadItsKeyringSaysSo() async throws {
            try await Fixture.run { test in
                let file = try test.folder().appending(path: "unreadable.keyring")
                try Data().write(to: file)
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0], ofItemAtPath: file.path)
                // Without these even root has to be allowed to read a file.
                let said = try await complaints(
                    test, of: "/etc/ceph/\(keyring)", as: file.path,
                    by: "setpriv", "--bounding-set=-dac_override,-dac_read_search")
                #expect(
                    said.contains { $0.contains(file.path) && $0.contains("may not read it") },
                    "nothing says that \(file.path) may not be read: \(said)")
            }
        }

        /// What a node on host3 complains of, whose configuration says something else; it claims nothing.
        private func complaints(
            _ test: Fixture, of good: String, as bad: String, by wrapper: String...
        ) async throws -> [Substring] {
            let lab = test.lab
            let yaml = try await lab.execute("host3", "cat", "/etc/metastack/node.yaml")
                .checked("reading node.yaml")
            #expect(yaml.contains(good), "\(yaml)")
            let name = test.name("node")
            let path = try test.folder().appending(path: "node.yaml")
            let changed = yaml.replacing(good, with: bad)
                .replacing("name: host3", with: "name: \(name)")
            try Data(changed.utf8).write(to: path)

            let node = lab.binaries.appending(path: "metastack-node").path
            let output = try await lab.execute(
                "host3", wrapper + ["timeout", "4", node, "--config", path.path])
            let claims = try await lab.store.load().actualVMs.values
            #expect(!claims.contains { $0.value.host.text == name })
            return output.errors.split(separator: "\n").filter {
                $0.lowercased().contains("error") || $0.lowercased().contains("warning")
            }
        }

        @Test func anUnknownKeyIsRefusedWithItsLine() async throws {
            try await Fixture.run { test in
                let path = try test.folder().appending(path: "node.yaml")
                try Data("etcd:\n  endpoint: [\"http://127.0.0.1:2379\"]\n".utf8).write(to: path)
                let output = try await Command([
                    test.lab.binaries.appending(path: "metastack-node").path, "--config",
                    path.path,
                ]).run()
                #expect(output.status != 0)
                #expect(output.errors.contains("node.yaml:2"), "\(output.errors)")
                #expect(output.errors.contains("endpoint"))
            }
        }
    }
}
