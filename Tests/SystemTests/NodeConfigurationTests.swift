import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Nodes whose configuration asks for what is not there.
    @Suite struct NodeConfigurations {
        @Test(arguments: [
            ("vm-pool: vms", "vm-pool: nowhere", "nowhere"),
            (
                "ceph.client.metastack.keyring", "ceph.client.nobody.keyring",
                "ceph.client.nobody.keyring"
            ),
            ("qemu:///system", "qemu+unix:///system?socket=/no/libvirt", "/no/libvirt"),
            (":2379", ":9", ":9"),
        ])
        func aNodeSaysWhatItMissesAndTakesNothing(
            _ good: String, _ bad: String, _ named: String
        ) async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let yaml = try await lab.execute("host3", "cat", "/etc/metastack/node.yaml")
                    .checked("reading node.yaml")
                #expect(yaml.contains(good))
                let name = test.name("node")
                let path = try test.folder().appending(path: "node.yaml")
                let changed = yaml.replacing(good, with: bad)
                    .replacing("name: host3", with: "name: \(name)")
                try Data(changed.utf8).write(to: path)

                let output = try await lab.execute(
                    "host3", "timeout", "4",
                    lab.binaries.appending(path: "metastack-node").path, "--config", path.path)
                let complaints = output.errors.split(separator: "\n").filter {
                    $0.lowercased().contains("error") || $0.lowercased().contains("warning")
                }
                #expect(
                    complaints.contains { $0.contains(named) },
                    "no line of the log names \(named): \(output.errors)")
                let claims = try await lab.store.load().actualVMs.values
                #expect(!claims.contains { $0.value.host.text == name })
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
