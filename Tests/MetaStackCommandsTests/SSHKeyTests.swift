import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

/// Keys, and the VMs that name them.
@Suite struct SSHKeyTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ"
    private static let id = SSHKeyID(unchecked: "alice")

    private static func withKey() -> Cluster {
        var cluster = Cluster.ready
        cluster.put("ssh_keys/alice", #"{"public_key":"\#(key)","comment":"a@b"}"#, at: 6)
        return cluster
    }

    private func vm(_ access: FakeAccess) -> CloudInit? {
        access.cluster.desiredVMs[VMID(unchecked: "new-id")]?.value.cloudInit
    }

    @Test func aKeyComesFromAFileOrFromTheLineItself() async throws {
        let folder = try TemporaryFolder(["id.pub": Self.key + " a@b\n"])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(.ready)
        let screen = try await run(
            "ssh-key", "create", "alice", folder.path + "/id.pub", "--label", "team=a", on: access)
        #expect(screen.output == "created ssh-key alice\n")
        let stored = try #require(access.cluster.sshKeys[Self.id]?.value)
        #expect(stored.line == Self.key + " a@b" && stored.labels == ["team": "a"])
        try await run(
            "ssh-key", "create", "bob", "--public-key", Self.key, "--comment", "x", on: access)
        #expect(access.cluster.sshKeys[SSHKeyID(unchecked: "bob")]?.value.comment == "x")
        let taken = await failure(
            "ssh-key", "create", "alice", "--public-key", Self.key, on: access)
        #expect(taken?.status == .conflict)
        let neither = await failure("ssh-key", "create", "carl", on: access)
        #expect(neither?.status == .usage)
    }

    @Test func aPrivateKeyIsRefusedAndNotRepeated() async throws {
        let folder = try TemporaryFolder([
            "id": "-----BEGIN OPENSSH PRIVATE KEY-----\nxyz\n-----END OPENSSH PRIVATE KEY-----\n"
        ])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(.ready)
        let report = await failure("ssh-key", "create", "alice", folder.path + "/id", on: access)
        #expect(report?.status == .usage)
        #expect(report?.errors.contains("give the .pub file") == true)
        #expect(report?.errors.contains("xyz") == false)
        #expect(access.writeCount == 0)
    }

    @Test func listAndShowNameTheFingerprintThatSSHKeygenPrints() async throws {
        let access = FakeAccess(Self.withKey())
        let list = try await run("ssh-key", "list", on: access)
        #expect(list.output.contains("FINGERPRINT"))
        #expect(
            list.output.contains(
                "alice  ssh-ed25519  SHA256:Q6Gb5eljuY96z2gc7ppc5G8vk0tnY9PGnWUL023vFnw  a@b"))
        let shown = try await run("ssh-key", "show", "alice", on: access)
        #expect(shown.output.contains(Self.key))
        let json = try await run("ssh-key", "show", "alice", "-o", "json", on: access)
        #expect(json.output.contains("SHA256:"))
        #expect(await failure("ssh-key", "show", "nobody", on: access)?.status == .notFound)
    }

    @Test func aVMIsCreatedWithKeysHostNameAndUserData() async throws {
        let folder = try TemporaryFolder([
            "setup": "#cloud-config\npackages: [nginx]\n", "net": "version: 2\n",
        ])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(Self.withKey())
        try await run(
            "vm", "create", "web", "--flavour", "tiny", "--image", "debian", "--ssh-key", "alice",
            "--hostname", "www.example.org", "--user-data", folder.path + "/setup",
            "--network-config", folder.path + "/net", on: access)
        let wanted = try #require(vm(access))
        #expect(wanted.sshKeys == [Self.id])
        #expect(wanted.hostName?.text == "www.example.org")
        #expect(wanted.userData?.text == "#cloud-config\npackages: [nginx]\n")
        #expect(wanted.networkConfig?.text == "version: 2\n")
    }

    @Test func aVMWithoutAnyOfThemHasNoSeed() async throws {
        let access = FakeAccess(.ready)
        try await run(
            "vm", "create", "web", "--flavour", "tiny", "--image", "debian", on: access)
        #expect(access.cluster.desiredVMs.count == 1 && vm(access) == nil)
    }

    @Test func whatAGuestCouldNotUseIsRefusedBeforeItIsWritten() async throws {
        let folder = try TemporaryFolder(["bad": "#cloud-config\n- hunter2\n"])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(Self.withKey())
        let create = ["vm", "create", "web", "--flavour", "tiny", "--image", "debian"]
        let unknown = await failure(create + ["--ssh-key", "alise"], on: access)
        #expect(unknown?.status == .usage)
        #expect(
            unknown?.errors.contains("there is no ssh-key \"alise\", did you mean alice?") == true)
        let bad = await failure(create + ["--user-data", folder.path + "/bad"], on: access)
        #expect(bad?.status == .usage)
        #expect(bad?.errors.contains("a cloud-config is a mapping") == true)
        #expect(bad?.errors.contains("hunter2") == false)
        let host = await failure(create + ["--hostname", "a_b"], on: access)
        #expect(host?.status == .usage)
        #expect(access.writeCount == 0)
    }

    @Test func aKeyGoesOnlyOnceNoVMNamesIt() async throws {
        let access = FakeAccess(Self.withKey())
        try await run(
            "vm", "create", "web", "--flavour", "tiny", "--image", "debian", "--ssh-key", "alice",
            on: access)
        let inUse = await failure("ssh-key", "delete", "alice", "--yes", on: access)
        #expect(inUse?.status == .conflict)
        #expect(inUse?.errors.contains("in use by vm web") == true)
        try await run("vm", "set", "web", "cloud_init.ssh_keys=[]", on: access)
        try await run("ssh-key", "delete", "alice", "--yes", on: access)
        #expect(access.cluster.sshKeys.isEmpty)
    }

    @Test func setReadsAFileBehindAnAt() async throws {
        let folder = try TemporaryFolder(["setup": "#!/bin/sh\nid\n"])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(Self.withKey())
        try await run(
            "vm", "create", "web", "--flavour", "tiny", "--image", "debian", on: access)
        try await run(
            "vm", "set", "web", "cloud_init.user_data=@" + folder.path + "/setup",
            "cloud_init.ssh_keys=[alice]", "cloud_init.host_name=db", on: access)
        let wanted = try #require(vm(access))
        #expect(wanted.userData?.text == "#!/bin/sh\nid\n")
        #expect(wanted.sshKeys == [Self.id] && wanted.hostName?.text == "db")
    }

    @Test func applyWritesKeysBeforeTheVMsThatNameThem() async throws {
        let folder = try TemporaryFolder([
            "wish.yaml": """
            kind: vm
            name: web
            flavour: tiny
            image: debian
            cloud_init:
              ssh_keys: [carol]
              user_data: |
                #!/bin/sh
                id
            ---
            kind: ssh-key
            name: carol
            public_key: \(Self.key)
            """
        ])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(.ready)
        let screen = try await run("apply", "-f", folder.path + "/wish.yaml", on: access)
        #expect(screen.output == "ssh-key carol created\nvm web created\n")
        let again = try await run("apply", "-f", folder.path + "/wish.yaml", on: access)
        #expect(again.output == "ssh-key carol unchanged\nvm web unchanged\n")
        #expect(vm(access) != nil || access.cluster.desiredVMs.count == 1)
    }

    @Test func explainSaysThatAKeyIsMissing() async throws {
        var cluster = Cluster.ready
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"i1","cloud_init":{"ssh_keys":["gone"]}}"#,
            at: 10)
        let access = FakeAccess(cluster)
        let screen = try await run("explain", "web", on: access)
        #expect(screen.output.contains("no host is asked: there is no ssh-key \"gone\""))
        let list = try await run("vm", "list", on: access)
        #expect(list.output.contains("pending") && list.output.contains("no ssh-key"))
    }
}
