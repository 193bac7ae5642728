import FoundationEssentials
import Libvirt
import Testing

/// The module against libvirt's hypervisor in memory, `test:///default`.
///
/// All connections to that URI in one process share its domains, hence the random names.
@Suite(.timeLimit(.minutes(2))) struct TestDriverTests {
    private let uri = "test:///default"

    @Test func aDomainGoesThroughItsWholeLife() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let domain = try await connection.define(.example("life"))
        #expect(try await domain.isPersistent)
        #expect(try await domain.id() == nil)
        #expect(try await domain.state() == .shutoff(.unknown))
        try await domain.start()
        #expect(try await domain.state() == .running)
        #expect(try await domain.id() != nil)
        try await domain.suspend()
        #expect(try await domain.state() == .paused(.user))
        try await domain.resume()
        #expect(try await domain.state() == .running)
        try await domain.shutdown()
        #expect(try await domain.state() == .shutoff(.shutdown))
        try await domain.start()
        try await domain.destroy(graceful: true)
        #expect(try await domain.state() == .shutoff(.destroyed))
        try await domain.undefine()
        #expect(try await connection.domain(uuid: domain.uuid) == nil)
        await connection.close()
    }

    @Test func aTransientDomainVanishesWhenDestroyed() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let description = DomainDescription.example("transient")
        let domain = try await connection.create(description, paused: false)
        #expect(try await !domain.isPersistent)
        #expect(domain.name == description.name)
        #expect(domain.uuid == description.uuid)
        #expect(try await connection.domain(named: description.name)?.uuid == description.uuid)
        try await domain.destroy()
        #expect(try await connection.domain(named: description.name) == nil)
        await connection.close()
    }

    @Test func aNetworkCardHasCounts() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        var description = DomainDescription.example("counts")
        description.nics = [
            NIC(bridge: "br0", mac: "52:54:00:00:00:01", targetDevice: "counted")
        ]
        let domain = try await connection.create(description, paused: false)
        let counts = try await domain.nicStatistics(of: "counted")
        #expect(counts.device == "counted")
        // The driver makes them up from the time of day.
        #expect(counts.received.bytes > 0 && counts.sent.packets > 0)
        await #expect(throws: LibvirtError.self) { try await domain.nicStatistics(of: "nobody") }
        try await domain.destroy()
        await connection.close()
    }

    @Test func libvirtTakesWhatACardMayHave() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        var description = DomainDescription.example("limits")
        description.nics = [
            NIC(
                bridge: "br0", mac: "52:54:00:00:00:01", targetDevice: "mt0123456789n0", mtu: 1450,
                limits: NIC.Limits(inbound: 125, outbound: 250))
        ]
        let domain = try await connection.create(description, paused: false)
        #expect(try await domain.nics() == description.nics)
        try await domain.destroy()
        await connection.close()
    }

    @Test func limitsOfACardAreChanged() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        var description = DomainDescription.example("changed")
        description.nics = [NIC(bridge: "br0", mac: "52:54:00:00:00:01", targetDevice: "limited")]
        let domain = try await connection.create(description, paused: false)
        for limits in [NIC.Limits(inbound: 500, outbound: 7), NIC.Limits()] {
            try await domain.setLimits(limits, of: "limited")
            #expect(try await domain.nics().first?.limits == limits)
        }
        try await domain.destroy()
        await connection.close()
    }

    @Test func aBadCardIsNotAttachedAndOneThatIsNotThereNotDetached() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let domain = try await connection.create(.example("cards"), paused: false)
        let bad = NIC(bridge: "br/0", mac: "52:54:00:00:00:01")
        await #expect {
            try await domain.attach(bad)
        } throws: {
            ($0 as? LibvirtError)?.code == .invalidValue
        }
        try await domain.detach("nobody")
        #expect(try await domain.nics() == [])
        try await domain.destroy()
        await connection.close()
    }

    @Test func listsActiveAndInactiveDomains() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let off = try await connection.define(.example("off"))
        let on = try await connection.create(.example("on"), paused: false)
        let listed = Set(try await connection.domains().map(\.uuid))
        #expect(listed.isSuperset(of: [off.uuid, on.uuid]))
        try await off.undefine()
        try await on.destroy()
        await connection.close()
    }

    @Test func everySubscriberHearsTheLifecycle() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let streams = [connection.events(), connection.events()]
        let domain = try await connection.define(.example("events"))
        try await domain.start()
        try await domain.suspend()
        try await domain.resume()
        try await domain.destroy()
        try await domain.undefine()
        for stream in streams {
            var seen: [LifecycleChange] = []
            for await case .lifecycle(let who, let change) in stream where who.uuid == domain.uuid {
                #expect(who.name == domain.name)
                seen.append(change)
                if change == .undefined { break }
            }
            #expect(
                seen == [
                    .defined, .started(.booted), .suspended(.paused), .resumed,
                    .stopped(.destroyed), .undefined,
                ])
        }
        await connection.close()
    }

    @Test func aSlowReaderIsToldThatEventsWereDropped() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let slow = connection.events(capacity: 2)
        let swift = connection.events()
        let domain = try await connection.define(.example("slow"))
        for _ in 0..<4 {
            try await domain.start()
            try await domain.destroy()
        }
        try await domain.undefine()
        for await case .lifecycle(let who, .undefined) in swift where who.uuid == domain.uuid {
            break
        }
        await connection.close()
        var seen: [DomainEvent] = []
        for await event in slow { seen.append(event) }
        #expect(seen.contains(.overflowed))
        #expect(seen.count == 2)
    }

    @Test func errorsCarryLibvirtsCodeAndWhatWasTried() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let domain = try await connection.define(.example("errors"))
        let error = await #expect(throws: LibvirtError.self) { try await domain.suspend() }
        #expect(error?.domain == .test)
        #expect(error?.code == .internalError)
        #expect(error?.isConnectionLost == false)
        #expect(error?.level == .error)
        #expect(error?.isRetriable == false)
        #expect(error?.description.hasPrefix("cannot suspend domain \(domain.name): ") == true)
        try await domain.undefine()
        let gone = await #expect(throws: LibvirtError.self) { try await domain.start() }
        #expect(gone?.isNoDomain == true)
        #expect(try await connection.domain(uuid: UUID()) == nil)
        await connection.close()
    }

    @Test func failuresOnManyThreadsKeepTheirOwnReasons() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let domain = try await connection.define(.example("threads"))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    if number % 2 == 0 {
                        let error = await #expect(throws: LibvirtError.self) {
                            try await domain.resume()
                        }
                        #expect(error?.message.contains("not paused") == true)
                    } else {
                        _ = try? await connection.domain(uuid: UUID())  // only there to fail beside
                    }
                }
            }
        }
        try await domain.undefine()
        await connection.close()
    }

    @Test func metadataIsWrittenReadAndRemoved() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        let domain = try await connection.create(.example("metadata"), paused: false)
        let element = MetadataElement.example(["vm": "<1>", "incarnation": "7"], text: "a & b")
        #expect(try await domain.metadata(namespace: element.namespace) == nil)
        try await domain.setMetadata(element)
        #expect(try await domain.metadata(namespace: element.namespace)?.contains("&lt;1") == true)
        #expect(try await domain.reading().metadata(namespace: element.namespace) == element)
        try await domain.removeMetadata(namespace: element.namespace)
        #expect(try await domain.metadata(namespace: element.namespace) == nil)
        try await domain.destroy()
        await connection.close()
    }

    @Test func statisticsTellMemoryAndProcessors() async throws {
        let connection = try await LibvirtConnection.open(uri: uri)
        var description = DomainDescription.example("statistics")
        description.vcpus = 2
        let domain = try await connection.create(description, paused: false)
        let statistics = try await domain.statistics()
        #expect(statistics.state == .running)
        #expect(statistics.maximumMemoryBytes == 64 << 20)
        #expect(statistics.vcpus == 2)
        #expect(try await connection.statistics().contains { $0.uuid == domain.uuid })
        try await domain.destroy()
        await connection.close()
    }
}
