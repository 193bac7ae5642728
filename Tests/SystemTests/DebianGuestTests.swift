import Foundation
import MetaStackModel
import MetaStackStore
import Testing

/// A real operating system, started from nothing but `metastack vm create`. By itself, since it takes minutes
/// under software emulation.
@Suite(.serialized) struct DebianGuestTests {
    /// Whoever logs in to it from outside of all hosts.
    struct Login {
        let key: String
        let folder: URL

        /// Runs a command in the guest; nil where it cannot be reached or lets nobody in.
        ///
        /// - Parameter host: from where; nil for outside of all hosts.
        func run(
            _ command: String, at address: String, from host: (id: HostID, lab: Lab)? = nil
        ) async throws -> String? {
            let known = folder.appending(path: "known_hosts").path
            let words = [
                "ssh", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o",
                "ConnectTimeout=5", "-o", "UserKnownHostsFile=\(known)", "-o",
                "StrictHostKeyChecking=accept-new", "-o", "HashKnownHosts=no",
                "debian@\(address)", command,
            ]
            let output =
                if let host {
                    try await host.lab.execute(host.id, words)
                } else {
                    try await Command(words, timeout: .seconds(60)).run()
                }
            return output.status == 0 ? output.text : nil
        }
    }

    /// Its image and flavour, under one name, and a key that its guests let in.
    struct Debian {
        let name: String
        let key: String
        let login: Login

        init(_ test: Fixture) async throws {
            let lab = test.lab
            let image = try await lab.tool("build-debian", timeout: .seconds(1500))
                .trimmingCharacters(in: .newlines)
            let (name, key) = (test.name("debian"), test.name("alice"))
            test.delete(image: name)
            try await lab.succeed("image", "add", name, image, "--wait")
            try await lab.succeed("flavour", "add", name, "--vcpus", "1", "--ram", "512MiB")
            test.later { try await lab.succeed("flavour", "delete", name, "--yes") }
            login = Login(key: try await test.key(), folder: try test.folder())
            try await lab.succeed("ssh-key", "create", key, login.key + ".pub")
            test.later { try await lab.succeed("ssh-key", "delete", key, "--yes") }
            (self.name, self.key) = (name, key)
        }

        /// The image once more; its cloud-init asks its node by EC2's rules, and knows no seed.
        ///
        /// - Returns: its name.
        static func imageOfEC2(_ test: Fixture) async throws -> String {
            let (lab, name) = (test.lab, test.name("ec2"))
            let file = try test.folder().appending(path: "ec2.raw").path
            try await lab.tool("build-debian", "--ec2", file, timeout: .seconds(1500))
            test.delete(image: name)
            try await lab.succeed("image", "add", name, file, "--wait")
            try FileManager.default.removeItem(atPath: file)
            return name
        }
    }

    /// A network and a group of rules, under names of the test's own, for as long as the test runs.
    struct Surroundings {
        let network: String
        let group: String

        /// - Parameters:
        ///   - network: what is said of the network behind its name.
        ///   - rules: the group's.
        init(_ test: Fixture, network words: [String], rules: [String]) async throws {
            let lab = test.lab
            let (network, group) = (test.name("net"), test.name("ssh"))
            test.later { try await lab.succeed("network", "delete", network, "--yes") }
            try await lab.succeed(["network", "create", network] + words)
            test.later { try await lab.succeed("security-group", "delete", group, "--yes") }
            try await lab.succeed(
                ["security-group", "create", group] + rules.flatMap { ["--rule", $0] })
            (self.network, self.group) = (network, group)
        }

        /// A guest that has nothing but what MetaStack gives it: its VM, which runs, and its only NIC.
        ///
        /// - Parameter image: another one than Debian's own; nil for that.
        func guest(
            _ name: String, of debian: Debian, image: String? = nil, userData: String,
            on host: HostID, _ test: Fixture
        ) async throws -> (vm: Guest, nic: ActualNIC) {
            let created = try await test.lab.json(
                "vm", "create", test.name(name), "--flavour", debian.name, "--image",
                image ?? debian.name, "--ssh-key", debian.key, "--user-data", userData, "--host",
                host.text, "--nic",
                "network=\(network),group=\(group)", "--wait")
            let vm = test.guest(id: VMID(unchecked: try #require(created["id"]?.text)))
            return (vm, try #require(try await vm.claim()?.value.nics.first))
        }
    }

    @Test func aCloudImageTakesNameKeysAddressesAndUserDataFromItsSeedAndKeepsThem() async throws {
        try await Fixture.run { test in
            let lab = test.lab
            let debian = try await Debian(test)
            let (name, key, login) = (debian.name, debian.key, debian.login)

            let (v4, v6) = lab.guestAddresses(200)
            let created = try await lab.json(
                "vm", "create", name, "--flavour", name, "--image", name, "--ssh-key", key,
                "--hostname", "bookworm-guest", "--user-data",
                try test.file("user-data", Self.userData), "--network-config",
                try test.file("network-config", Self.networkConfig(v4, v6)), "--wait")
            let vm = test.guest(id: VMID(unchecked: try #require(created["id"]?.text)))
            let old = try #require(try await vm.claim())

            let began = ContinuousClock.now
            try await eventually(
                "the guest lets alice in over IPv6", within: .seconds(600), every: .seconds(2),
                seen: { vm.lastWords(on: old.value.host) }
            ) {
                try await login.run("true", at: v6)
            }
            print("ssh after \(began.duration(to: .now))")
            let result: String = try await eventually(
                "its cloud-init is done", within: .seconds(300), every: .seconds(2)
            ) {
                try await login.run("cat /run/cloud-init/result.json", at: v4)
            }
            #expect(
                result.contains("DataSourceNoCloud") && result.contains("\"errors\": []"),
                "\(result)")
            #expect(try await login.run("cat /var/lib/done", at: v4) == "by cloud-init\n")
            #expect(try await login.run("hostname", at: v4) == "bookworm-guest\n")
            let id = try await login.run("cat /var/lib/cloud/data/instance-id", at: v6)
            let boot = try await login.run("cat /proc/sys/kernel/random/boot_id", at: v6)
            let stranger = Login(key: try test.file("no-key", ""), folder: login.folder)
            #expect(try await stranger.run("true", at: v6) == nil, "it lets nobody else in")

            // What a guest has not written out is lost with its host's power: files that are still empty on
            // the disk half a minute after cloud-init made them, sshd's keys among them.
            #expect(try await login.run("sync", at: v6) == "")
            test.later { try await lab.boot(old.value.host) }
            try await lab.tool("kill", old.value.host.text)
            let died = ContinuousClock.now
            let new = try await vm.claimed(after: old)
            #expect(new.value.host != old.value.host)
            // The host's keys are known by now, and another one would be refused.
            try await eventually(
                "it is there again with the same keys", within: .seconds(600), every: .seconds(2),
                seen: { vm.lastWords(on: new.value.host) }
            ) {
                let now = try await login.run("cat /proc/sys/kernel/random/boot_id", at: v6)
                return now == boot ? nil : now
            }
            print("ssh again \(died.duration(to: .now)) after its host's death")
            #expect(try await login.run("hostname", at: v4) == "bookworm-guest\n")
            #expect(try await login.run("cat /var/lib/cloud/data/instance-id", at: v6) == id)
        }
    }

    /// One key alone: others take long to be made under software emulation.
    private static let userData = """
        #cloud-config
        ssh_genkeytypes: [ed25519]
        write_files:
          - {path: /var/lib/done, content: "by cloud-init\\n"}

        """

    private static func networkConfig(_ v4: String, _ v6: String) -> String {
        """
        version: 2
        ethernets:
          eth0:
            match: {name: "eth0"}
            addresses: ["\(v4)/24", "\(v6)/64"]

        """
    }
}

extension Lab {
    /// Addresses of the lab's own subnets that no machine of it has.
    func guestAddresses(_ last: Int) -> (v4: String, v6: String) {
        let parts = rootAddress.split(separator: ".").map(String.init)
        let number = Int(parts[2]) ?? 0
        let prefix = number == 0 ? "fd77::" : "fd77:0:0:\(String(number, radix: 16))::"
        return (parts.dropLast().joined(separator: ".") + ".\(last)", "\(prefix)\(last)")
    }
}

extension Guest {
    /// The end of its console, for a test that gives up.
    func lastWords(on host: HostID) -> String {
        let text = lab.file("disk/var/log/metastack/console/\(id).log", of: host) ?? ""
        return String(text.suffix(600))
    }
}
