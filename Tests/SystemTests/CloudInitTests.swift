import Etcd
import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Seeds as they lie in Ceph, read back by programs that know nothing of MetaStack.
    @Suite struct CloudInit {
        @Test func theSeedIsInCephWithItsVMThroughATakeoverAndGoneWithIt() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let (name, key) = (test.name("seeded"), test.name("alice"))
                let pub = try await test.key()
                try await lab.succeed("ssh-key", "create", key, pub + ".pub")
                test.later { try await lab.succeed("ssh-key", "delete", key, "--yes") }
                let data = try test.file("setup", "#!/bin/sh\necho hello\n")
                let created = try await lab.json(
                    "vm", "create", name, "--flavour", "tiny", "--image", "tiny", "--ssh-key", key,
                    "--hostname", "www", "--user-data", data, "--wait")
                let vm = test.guest(id: VMID(unchecked: try #require(created["id"]?.text)))
                let old = try await vm.counting(past: 2)
                let first = try await vm.seed()

                let files = try await test.files(of: first)
                let line = try String(contentsOfFile: pub + ".pub", encoding: .utf8)
                    .trimmingCharacters(in: .newlines)
                let cluster = try await lab.store.load()
                let revision = try #require(cluster.desiredVMs[vm.id]?.createRevision)
                #expect(files["user-data"] == "#!/bin/sh\necho hello\n")
                #expect(
                    files["meta-data"] == """
                        instance-id: "\(vm.id)-\(revision)"
                        local-hostname: "www"
                        public-keys:
                          - "\(line)"

                        """)
                let domain = try await lab.execute(
                    old.value.host, "virsh", "-q", "dumpxml", vm.domain
                ).checked("virsh dumpxml")
                let disks = domain.split(separator: "</disk>")
                let seedDisk = disks.first { $0.contains("vms/\(first.image)") }
                #expect(seedDisk?.contains("<readonly/>") == true, "\(domain)")
                #expect(disks.count { $0.contains("<readonly/>") } == 1)
                // Its QEMU has the seed open and is no writer of it: nobody holds its lock.
                #expect(try await lab.rbd("lock", "ls", "vms/\(first.image)").isEmpty)
                #expect(try await !lab.rbd("lock", "ls", "vms/\(vm.image())").isEmpty)
                #expect(old.value.clients.count == 1)

                test.later { try await lab.boot(old.value.host) }
                try await lab.tool("kill", old.value.host.text)
                let new = try await vm.claimed(after: old)
                try await vm.counting(past: 0)
                #expect(new.value.host != old.value.host)
                #expect(try await vm.seed() == first)
                #expect(try await test.files(of: first) == files)

                try await lab.succeed("vm", "delete", name, "--wait", "--yes")
                let left = try await lab.images(in: "vms").filter { $0.hasPrefix(vm.id.text) }
                #expect(left.isEmpty)
            }
        }

        @Test func anotherContentIsInTheSeedAfterTheNextStart() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = test.guest("renamed")
                func want(_ host: String, _ state: String) async throws {
                    try await lab.etcdctl(
                        "put", "/metastack/desired_vms/\(vm.id)",
                        """
                        {"name": "\(vm.id)", "flavour": "tiny", "image": "tiny", "state": "\(state)",
                         "cloud_init": {"host_name": "\(host)"}}
                        """)
                }
                try await want("one", "start")
                try await vm.counting()
                let first = try await vm.seed()
                try await want("two", "stop")
                try await eventually("it is stopped") { try await vm.claim() == nil }
                try await want("two", "start")
                let before = try await vm.counting()
                let second = try await vm.seed()
                #expect(second.image != first.image)
                #expect(try await test.files(of: second)["meta-data"]?.contains("two") == true)
                #expect(try await !lab.images(in: "vms").contains(first.image))

                // A guest goes to another host with its seed, and neither is made anew.
                try await lab.succeed("vm", "move", vm.id.text, "--wait")
                let after = try await vm.counting(past: 0)
                #expect(after.value.host != before.value.host)
                #expect(after.incarnation == before.incarnation)
                #expect(try await vm.seed() == second)
            }
        }

        @Test func aVMWithAnUnknownKeyWaitsAloneAndExplainSaysWhy() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = test.guest("locked")
                let key = test.name("nobody")
                try await test.put(
                    "desired_vms/\(vm.id)",
                    """
                    {"name": "\(vm.id)", "flavour": "tiny", "image": "tiny",
                     "cloud_init": {"ssh_keys": ["\(key)"]}}
                    """)
                _ = try await test.start("other")
                #expect(try await vm.claim() == nil)
                let why = try await lab.succeed("explain", vm.id.text)
                #expect(why.contains("there is no ssh-key \"\(key)\""), "\(why)")
                let pub = try await test.key()
                try await lab.succeed("ssh-key", "create", key, pub + ".pub")
                test.later {
                    try await lab.client.delete(.key(Key("/metastack/ssh_keys/\(key)")))
                }
                try await vm.counting()
            }
        }
    }
}

extension Guest {
    /// The record of its seed.
    func seed() async throws -> Volume {
        guard let volume = try await lab.store.load().volumes[id]?[.seed(of: id)] else {
            throw SystemTestError("VM \(id) has no record of a seed")
        }
        return volume.value
    }
}

extension Fixture {
    /// A file of the test's own.
    func file(_ name: String, _ text: String) throws -> String {
        let path = try folder().appending(path: name).path
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// A fresh key, which needs no passphrase: the private one's path; the public one has `.pub` behind it.
    func key() async throws -> String {
        let path = try folder().appending(path: "key").path
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        _ = try await Command([
            "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "alice@example.org", "-f", path,
        ]).run().checked("ssh-keygen")
        return path
    }

    /// The files of a seed, by name.
    func files(of seed: Volume) async throws -> [String: String] {
        let iso = try folder().appending(path: seed.image).path
        let out = iso + ".files"
        for path in [iso, out] where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
        try await lab.rbd("export", "--no-progress", "vms/\(seed.image)", iso)
        let label = try await Command(["blkid", "-o", "value", "-s", "LABEL", iso]).run()
            .checked("blkid")
        guard label == "CIDATA\n" else { throw SystemTestError("the seed's label is \(label)") }
        _ = try await Command([
            "xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/", out,
        ]).run().checked("xorriso")
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: out) {
            files[name] = try String(contentsOfFile: out + "/" + name, encoding: .utf8)
        }
        return files
    }
}
