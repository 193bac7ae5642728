import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    /// The disk that a guest's cloud-init reads: made before the first start, with the VM for as long as it
    /// is there.
    struct SeedTests {
        private static let key =
            #"{"public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ"}"#

        private static func wanted(_ cloudInit: String, _ state: String = "start") -> String {
            """
            {"name": "web", "flavour": "tiny", "image": "tiny", "state": "\(state)",
             "cloud_init": \(cloudInit)}
            """
        }

        private func seed(of vm: VMID, _ fleet: TestFleet) async throws -> (
            volume: Volume, seed: Seed
        ) {
            let volume = try await fleet.store.load().volumes[vm]?[.seed(of: vm)]?.value
            guard let volume else { throw TestingError("VM \(vm) has no record of a seed") }
            let path = FakeDiskPath(pool: volume.pool, image: volume.image)
            guard let seed = await fleet.storage.disks[path]?.seed else {
                throw TestingError("there is no seed \(path)")
            }
            return (volume, seed)
        }

        private func restart(_ cloudInit: String, _ fleet: TestFleet) async throws {
            try await fleet.put("desired_vms/web", Self.wanted(cloudInit, "stop"))
            try await fleet.until("web is released") { $0.claim("web") == nil }
            try await fleet.put("desired_vms/web", Self.wanted(cloudInit))
            try await fleet.until("web runs again") { $0.isRunning("web") }
        }

        @Test func aGuestStartsWithItsSeedBesideItsDiskAndMayOnlyReadIt() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.put("ssh_keys/alice", Self.key)
                try await fleet.put(
                    "desired_vms/web",
                    Self.wanted(##"{"ssh_keys": ["alice"], "user_data": "#!/bin/sh\nid\n"}"##))
                try await fleet.until("web runs", within: .seconds(2)) { $0.isRunning("web") }
                let (volume, seed) = try await seed(of: web, fleet)
                #expect(seed.files["user-data"] == "#!/bin/sh\nid\n")
                #expect(
                    seed.files["meta-data"]?.contains(
                        "AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ")
                        == true)
                #expect(volume.provisioned && volume.content == seed.fingerprint)
                let disks = try #require(await host.hypervisor.specification(of: web)).disks
                let opened = disks.map { disk in
                    switch disk {
                    case .rbd(let rbd): (rbd.image, rbd.isReadOnly)
                    }
                }
                #expect(
                    opened.map(\.0) == [try await fleet.disk(of: web).path.image, volume.image])
                #expect(opened.map(\.1) == [false, true])
                // Who only reads is no writer, and nobody's business.
                let claim = try #require(try await fleet.store.load().claim("web"))
                #expect(claim.value.clients.count == 1)
            }
        }

        @Test func itTellsOfTheNICsAsTheClaimGaveThem() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts()
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.put(
                    "desired_vms/web",
                    """
                    {"name": "web", "flavour": "tiny", "image": "tiny", "state": "start",
                     "nics": [{"network": "blue"}], "cloud_init": {}}
                    """)
                let cluster = try await fleet.until("web runs") { $0.isRunning("web") }
                let nic = try #require(cluster.claim("web")?.value.nics.first)
                let address = try #require(nic.addresses.first)
                let config = try #require(
                    try await seed(of: web, fleet).seed.files["network-config"])
                #expect(config.hasPrefix("version: 2\n"))
                #expect(config.contains("macaddress: \"\(nic.mac)\""))
                #expect(config.contains("- \"\(address)/28\""))
            }
        }

        @Test func theSameSeedIsThereAfterARestartAndATakeover() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.put("desired_vms/web", Self.wanted("{}"))
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let first = try await seed(of: web, fleet)
                let made = fleet.storage.calls.count(of: .store)
                try await restart("{}", fleet)
                let claim = try await fleet.store.load().claim("web")
                let (owner, others) = try hosts.split(by: claim?.value.host)
                await owner.agent.kill()
                try await owner.hypervisor.destroy(web)
                try await fleet.until("the other host runs web") {
                    $0.isRunning("web", on: others[0].id)
                }
                let last = try await seed(of: web, fleet)
                #expect(last.volume == first.volume && last.seed == first.seed)
                #expect(fleet.storage.calls.count(of: .store) == made)
                #expect(before.claim("web")?.value.vmUUID == claim?.value.vmUUID)
            }
        }

        @Test func anotherContentIsMadeAtTheNextStartAndTheOldImageIsGone() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts()
                try await fleet.put("desired_vms/web", Self.wanted(#"{"host_name": "one"}"#))
                try await fleet.until("web runs") { $0.isRunning("web") }
                let first = try await seed(of: web, fleet)
                try await restart(#"{"host_name": "two"}"#, fleet)
                let second = try await seed(of: web, fleet)
                #expect(second.volume.image != first.volume.image)
                #expect(second.seed.files["meta-data"]?.contains("two") == true)
                let old = FakeDiskPath(pool: first.volume.pool, image: first.volume.image)
                #expect(await fleet.storage.disks[old] == nil)
                // A field that is gone leaves a seed with the VM's name alone.
                try await fleet.put("desired_vms/web", Self.wanted("null", "stop"))
                try await fleet.until("web is released") { $0.claim("web") == nil }
                try await fleet.put("desired_vms/web", Self.wanted("null"))
                try await fleet.until("web runs again") { $0.isRunning("web") }
                let third = try await seed(of: web, fleet).seed
                #expect(third.files["meta-data"]?.contains(#"local-hostname: "web""#) == true)
            }
        }

        /// The dead host's QEMU is a watcher of the seed for half a minute.
        @Test func anHeirMakesTheSeedAnewThoughTheDeadHostHasItOpen() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.put("desired_vms/web", Self.wanted(#"{"host_name": "one"}"#))
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let first = try await seed(of: web, fleet)
                try await fleet.put("desired_vms/web", Self.wanted(#"{"host_name": "two"}"#))
                let (owner, others) = try hosts.split(by: before.claim("web")?.value.host)
                // Its guest stays where it is, with both of its disks open.
                await owner.agent.kill()
                let after = try await fleet.until("the other host runs web") {
                    $0.isRunning("web", on: others[0].id)
                }
                #expect(after.declines.isEmpty)
                let second = try await seed(of: web, fleet)
                #expect(second.seed.files["meta-data"]?.contains("two") == true)
                let old = FakeDiskPath(pool: first.volume.pool, image: first.volume.image)
                #expect(await fleet.storage.disks[old] == nil)
            }
        }

        @Test func aDeletedVMsSeedIsGoneAsWell() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts()
                let before = Set(await fleet.storage.disks.keys)
                try await fleet.put("desired_vms/web", Self.wanted("{}"))
                try await fleet.until("web runs") { $0.isRunning("web") }
                #expect(await fleet.storage.disks.count == before.count + 2)
                try await fleet.delete("desired_vms/web")
                try await fleet.until("nothing is left of web", within: .seconds(2)) {
                    $0.knowsNothing(of: "web")
                }
                #expect(Set(await fleet.storage.disks.keys) == before)
            }
        }

        @Test func aVMThatNamesAKeyThatIsNotThereWaitsForIt() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts()
                try await fleet.put("desired_vms/web", Self.wanted(#"{"ssh_keys": ["alice"]}"#))
                try await fleet.put(
                    "desired_vms/other",
                    #"{"name": "other", "flavour": "tiny", "image": "tiny"}"#)
                try await fleet.until("the other one runs") { $0.isRunning("other") }
                #expect(try await fleet.store.load().claim("web") == nil)
                try await fleet.put("ssh_keys/alice", Self.key)
                try await fleet.until("web runs") { $0.isRunning("web") }
                // It has its seed, so that it outlives somebody's mistake with the key.
                try await fleet.delete("ssh_keys/alice")
                try await restart(#"{"ssh_keys": ["alice"]}"#, fleet)
            }
        }

        /// The claim was made before the key went.
        @Test func anOwnerThatCannotMakeTheSeedSaysWhyAndGoesOnOnceItCan() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts()
                try await fleet.put("ssh_keys/alice", Self.key)
                fleet.storage.calls.before(.clone, times: 1) {
                    try await fleet.delete("ssh_keys/alice")
                    try await fleet.until("the key is gone") { $0.sshKeys.isEmpty }
                }
                try await fleet.put("desired_vms/web", Self.wanted(#"{"ssh_keys": ["alice"]}"#))
                try await fleet.until("web says why") {
                    $0.claim("web")?.value.state == .failed
                        && $0.claim("web")?.value.message == #"there is no ssh-key "alice""#
                }
                try await fleet.put("ssh_keys/alice", Self.key)
                try await fleet.until("web runs") { $0.isRunning("web") }
            }
        }
    }
}
