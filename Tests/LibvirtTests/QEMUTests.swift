import FoundationEssentials
import Glibc
import Libvirt
import Testing

/// The module against a real libvirtd and QEMU, with a guest that stays in its BIOS.
@Suite(.privateLibvirtd, .timeLimit(.minutes(2))) struct QEMUTests {
    let server: PrivateLibvirtd

    init() throws { server = try #require(PrivateLibvirtd.current) }

    private func description(_ name: String) -> DomainDescription {
        DomainDescription(
            name: "\(name)-\(UUID().uuidString.prefix(8))", uuid: UUID(), type: .qemu,
            memoryBytes: 32 << 20, vcpus: 1)
    }

    @Test func aGuestIsCreatedPausedAndRunsOnlyWhenResumed() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        var events = connection.events().makeAsyncIterator()
        let domain = try await connection.create(description("paused"), paused: true)
        #expect(try await domain.state() == .paused(.user))
        #expect(try await domain.id() != nil)
        #expect(try await !domain.isPersistent)
        try await domain.resume()
        #expect(try await domain.state() == .running)
        try await domain.suspend()
        #expect(try await domain.state() == .paused(.user))
        try await domain.destroy(graceful: true)
        #expect(try await connection.domain(uuid: domain.uuid) == nil)
        await #expect { try await domain.state() } throws: {
            ($0 as? LibvirtError)?.isNoDomain == true
        }

        var seen: [LifecycleChange] = []
        while seen.last != .stopped(.destroyed), let event = await events.next() {
            if case .lifecycle(let who, let change) = event, who.uuid == domain.uuid {
                seen.append(change)
            }
        }
        // Whether the hypervisor's end is announced before it depends on its version.
        seen.removeAll { $0 == .shutDown }
        #expect(
            seen == [
                .started(.booted), .suspended(.paused), .resumed, .suspended(.paused),
                .stopped(.destroyed),
            ])
        await connection.close()
    }

    @Test func aDefinedGuestStartsPausedAndOutlivesItsRun() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let domain = try await connection.define(description("defined"))
        #expect(try await domain.isPersistent)
        #expect(try await domain.id() == nil)
        try await domain.start(paused: true)
        #expect(try await domain.state() == .paused(.user))
        try await domain.destroy()
        #expect(try await domain.state() == .shutoff(.destroyed))
        try await domain.undefine()
        #expect(try await connection.domain(uuid: domain.uuid) == nil)
        await connection.close()
    }

    @Test func aFailedWriteFreezesTheGuestAndTellsWhy() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let events = connection.events()
        var description = description("full")
        var disk = Disk(source: .file(path: server.fullDisk, format: .raw), target: "vda")
        disk.cache = "writeback"  // the full file system is in memory, which knows no O_DIRECT
        description.disks = [disk]
        let domain = try await connection.create(description, paused: false)
        for await case .ioError(let who, let error) in events where who.uuid == domain.uuid {
            #expect(error.source == server.fullDisk)
            #expect(error.device == "virtio-disk0")
            #expect(error.reason == "enospc")
            #expect(error.action == .pause)
            break
        }
        await eventually("the guest stands still") {
            (try? await domain.state()) == .paused(.ioError)
        }
        try await domain.destroy()
        await connection.close()
    }

    @Test func theDomainHoldsWhatItsDescriptionAskedFor() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let disk = "\(server.directory)/disk-\(UUID().uuidString)"
        #expect(FileManager.default.createFile(atPath: disk, contents: Data(count: 1 << 20)))
        var description = description("whole")
        description.title = "a <title> & \"more\""
        description.memoryBytes = 48 << 20
        description.vcpus = 2
        var root = Disk(source: .file(path: disk, format: .raw), target: "vda")
        root.serial = "root"
        root.bootOrder = 1
        description.disks = [root]
        description.nics = [
            NIC(
                bridge: "br-test", mac: "52:54:00:01:02:03", targetDevice: "tap-whole", mtu: 1450)
        ]
        description.console = .init(logPath: "\(disk).log")
        description.metadata = [.example(["vm": "42", "incarnation": "7"])]
        let domain = try await connection.create(description, paused: true)

        let reading = try await domain.reading()
        #expect(reading.name == description.name)
        #expect(reading.uuid == description.uuid)
        #expect(reading.title == description.title)
        #expect(reading.type == .qemu)
        #expect(reading.memoryBytes == 48 << 20)
        #expect(reading.vcpus == 2)
        #expect(reading.disks.map(\.source) == [root.source])
        #expect(reading.disks.map(\.serial) == ["root"])
        #expect(reading.nics == description.nics)
        #expect(reading.consolePath?.hasPrefix("/dev/pts/") == true)
        #expect(reading.consoleLogPath == "\(disk).log")
        #expect(reading.metadata == description.metadata)
        #expect(FileManager.default.fileExists(atPath: "\(disk).log"))
        let xml = try await domain.xml()
        #expect(xml.contains(" error_policy='stop' rerror_policy='stop'"))
        #expect(xml.contains("cache='none'"))
        try await domain.destroy()
        await connection.close()
    }

    @Test func metadataOfARunningGuestIsReplacedReadAndRemoved() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        var description = description("metadata")
        description.metadata = [.example(["incarnation": "1"])]
        let domain = try await connection.create(description, paused: true)
        let second = MetadataElement.example(["incarnation": "2"], text: "a\n\t<b> & 'c' é🙂")
        try await domain.setMetadata(second)
        #expect(try await domain.reading().metadata(namespace: second.namespace) == second)
        let xml = try #require(try await domain.metadata(namespace: second.namespace))
        #expect(xml.contains("incarnation"))
        #expect(try await domain.metadata(namespace: "urn:nobody") == nil)
        try await domain.removeMetadata(namespace: second.namespace)
        try await domain.removeMetadata(namespace: second.namespace)
        #expect(try await domain.reading().metadata.isEmpty)
        try await domain.destroy()
        await connection.close()
    }

    @Test func oneCallTellsTheStatesOfAllGuests() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let paused = try await connection.create(description("one"), paused: true)
        let running = try await connection.create(description("two"), paused: false)
        let statistics = try await connection.statistics()
        let one = try #require(statistics.first { $0.uuid == paused.uuid })
        let two = try #require(statistics.first { $0.uuid == running.uuid })
        #expect(one.state == .paused(.user))
        #expect(two.state == .running)
        #expect(two.maximumMemoryBytes == 32 << 20)
        #expect(two.vcpus == 1)
        try await eventually("the guest uses its processor") {
            try await running.statistics().cpuTime > .zero
        }
        let names = try await connection.domains().map(\.name)
        #expect(names.contains(paused.name) && names.contains(running.name))
        try await paused.destroy()
        try await running.destroy()
        await connection.close()
    }

    @Test func aNetworkCardIsPluggedInWhileTheGuestRuns() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        var description = description("cards")
        description.spareSlots = 3
        let domain = try await connection.create(description, paused: false)
        let cards = (1...3).map {
            NIC(
                bridge: "br-test", mac: "52:54:00:01:03:0\($0)", targetDevice: "tap-hot\($0)",
                mtu: 1400)
        }
        for card in cards { try await domain.attach(card) }
        #expect(try await domain.nics() == cards)
        let all = try await connection.statistics()
        let counts = try #require(all.first { $0.uuid == domain.uuid }).nics
        #expect(counts.map(\.device) == ["tap-hot1", "tap-hot2", "tap-hot3"])
        let alone = try await domain.nicStatistics(of: "tap-hot1")
        #expect(alone.device == "tap-hot1")
        let aliases = try await domain.reading().nicAliases
        #expect(Set(aliases.keys) == ["tap-hot1", "tap-hot2", "tap-hot3"])
        #expect(Set(aliases.values).count == 3)
        // No guest is there that could let one go: it is asked, and nobody waits for five seconds.
        let asked = ContinuousClock.now
        try await domain.detach("tap-hot2")
        #expect(asked.duration(to: .now) < .seconds(4))
        try await domain.destroy()
        await connection.close()
    }

    /// A call that libvirt overlooks waits until something else comes by: a keepalive, after five seconds.
    @Test func shortCallsDoNotWaitForALongOne() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let stuck = try await connection.create(description("stuck"), paused: true)
        let process = try #require(try processes(named: stuck.name).first)
        let quick = try await connection.create(description("quick"), paused: true)
        #expect(kill(process, SIGSTOP) == 0)
        // It waits fifteen seconds for a process that stands still.
        let long = Task { try await stuck.destroy(graceful: true) }
        let began = ContinuousClock.now
        var longest = Duration.zero
        while began.duration(to: .now) < .seconds(8) {
            let asked = ContinuousClock.now
            #expect(try await connection.domain(uuid: quick.uuid) != nil)
            longest = max(longest, asked.duration(to: .now))
        }
        #expect(longest < .seconds(4))
        #expect(kill(process, SIGCONT) == 0)
        try await long.value
        try await quick.destroy()
        await connection.close()
    }

    /// The QEMUs of a guest, by its name.
    private func processes(named name: String) throws -> [pid_t] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.filter
        {
            let command = FileManager.default.contents(atPath: "/proc/\($0)/cmdline") ?? Data()
            return String(decoding: command, as: UTF8.self).contains("guest=\(name),")
        }
    }

    @Test func aTakenNameIsADuplicate() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let first = description("taken")
        var second = first
        second.uuid = UUID()
        let domain = try await connection.create(first, paused: true)
        await #expect { try await connection.create(second, paused: true) } throws: {
            ($0 as? LibvirtError)?.isDuplicate == true
        }
        try await domain.destroy()
        await connection.close()
    }

    @Test func aRestartOfTheGuestIsAnEventAndItRunsOn() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let events = connection.events()
        let domain = try await connection.create(description("reset"), paused: false)
        let number = try await domain.id()
        try await domain.reset()
        for await case .rebooted(let who) in events where who.uuid == domain.uuid { break }
        #expect(try await domain.state() == .running)
        #expect(try await domain.id() == number)
        try await domain.destroy()
        await connection.close()
    }

    @Test func aCephSecretIsSetAndReplaced() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let usage = "client.\(UUID().uuidString)"
        let first = UUID()
        try await connection.setCephSecret(uuid: first, usage: usage, key: [1, 2, 3])
        try await connection.setCephSecret(uuid: first, usage: usage, key: [4, 5])
        // Another UUID for the same usage stands in libvirt's way, and is replaced as well.
        try await connection.setCephSecret(uuid: UUID(), usage: usage, key: [6])
        // And the same UUID under another usage.
        try await connection.setCephSecret(uuid: first, usage: usage + ".b", key: [7])
        try await connection.setCephSecret(uuid: first, usage: usage + ".c", key: [8])
        await connection.close()
    }

    @Test func theNodeSaysWhatItIs() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let node = try await connection.nodeInformation()
        #expect(node.hypervisor == "QEMU")
        #expect(node.hypervisorVersion.major >= 5)
        #expect(node.libvirtVersion.major >= 7)
        #expect(node.cpus > 0 && node.cpus <= 4096)
        #expect(node.memoryBytes > 256 << 20)
        #expect(node.cpuModel == "x86_64")
        #expect(try await connection.supportsDomainType(.qemu))
        #expect(try await !connection.supportsDomainType(.test))
        await connection.close()
    }

    @Test func anRBDDiskThatCannotBeReachedIsAnErrorWithItsReason() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        var description = description("rbd")
        description.disks = [
            Disk(
                source: .rbd(
                    RBDImage(
                        pool: "vms", image: "root",
                        monitors: [.init(host: "127.0.0.1", port: 6789)],
                        authentication: .init(user: "nobody", secret: UUID()))), target: "vda")
        ]
        await #expect { try await connection.create(description, paused: true) } throws: { error in
            (error as? LibvirtError)?.code == .noSecret
        }
        #expect(try await connection.domain(named: description.name) == nil)
        await connection.close()
    }
}
