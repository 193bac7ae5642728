import FoundationEssentials
import Libvirt
import Testing

/// What goes into XML comes out of it, or is refused before.
@Suite struct XMLRoundTripTests {
    @Test func anyTextSurvivesOrIsRefused() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var strings = StringGenerator(seed: seed)
        var (survived, refused) = (0, 0)
        for _ in 0..<3000 {
            var description = DomainDescription.example()
            description.title = strings.string()
            let (attribute, text) = (strings.string(), strings.string())
            description.metadata = [.example(["value": attribute], text: text)]
            do {
                let reading = try DomainReading(xml: description.xml())
                survived += 1
                #expect(bytes(reading.title) == bytes(description.title), "seed \(seed)")
                let element = reading.metadata.first
                #expect(bytes(element?.text) == bytes(text), "seed \(seed)")
                #expect(bytes(element?.attributes["value"]) == bytes(attribute), "seed \(seed)")
            } catch let error as LibvirtError {
                refused += 1
                #expect(error.code == .invalidValue, "seed \(seed)")
                let isBad =
                    description.title.unicodeScalars.contains {
                        $0.properties.generalCategory == .control || $0.value & ~1 == 0xFFFE
                    }
                    || (attribute + text).unicodeScalars.contains {
                        $0.value & ~1 == 0xFFFE
                            || ($0.value < 0x20 && ![0x9, 0xA, 0xD].contains($0.value))
                    }
                #expect(isBad, "seed \(seed): refused without reason: \(error)")
            }
        }
        #expect(survived > 100 && refused > 100)
    }

    /// Swift compares strings by what they look like; here each byte counts.
    private func bytes(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }

    @Test func textSurvivesLibvirtToo() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var strings = StringGenerator(seed: seed)
        let connection = try await LibvirtConnection.open(uri: "test:///default")
        for _ in 0..<100 {
            var description = DomainDescription.example("text")
            description.title = strings.string()
            description.metadata = [
                .example(["value": strings.string()], text: strings.string())
            ]
            guard (try? description.xml()) != nil else { continue }  // refused, as tested above
            let domain = try await connection.define(description)
            let reading = try await domain.reading()
            #expect(reading.title == description.title, "seed \(seed)")
            #expect(reading.metadata == description.metadata, "seed \(seed)")
            try await domain.undefine()
        }
        await connection.close()
    }

    @Test func aNetworkCardIsReadAsItWasWritten() throws {
        var description = DomainDescription.example()
        description.nics = [
            NIC(
                bridge: "br0", mac: "52:54:00:00:00:01", targetDevice: "mt0123456789n0", mtu: 1450,
                limits: NIC.Limits(inbound: 125, outbound: 250)),
            NIC(bridge: "br1", mac: "52:54:00:00:00:02", limits: NIC.Limits(outbound: 1)),
            NIC(bridge: "br2", mac: "52:54:00:00:00:03"),
        ]
        description.nics[2].isOnOpenVSwitch = true
        #expect(try DomainReading(xml: description.xml()).nics == description.nics)
    }

    @Test func anRBDDiskIsReadAsItWasWritten() throws {
        var description = DomainDescription.example()
        description.disks = [
            Disk(
                source: .rbd(
                    RBDImage(
                        pool: "vms", image: "vm-1.root",
                        monitors: [
                            .init(host: "10.0.0.1", port: 3300), .init(host: "fd00::1", port: 6789),
                        ], authentication: .init(user: "metastack", secret: .init()),
                        configurationPath: "/etc/ceph/ceph.conf")), target: "vda")
        ]
        let reading = try DomainReading(xml: description.xml())
        #expect(reading.disks.map(\.source) == description.disks.map(\.source))
    }

    @Test(arguments: ["", "<domain", "<domain/>", "<domain><name>a</name></domain>", "<other/>"])
    func whatIsNoDomainIsRefused(xml: String) {
        #expect { try DomainReading(xml: xml) } throws: {
            ($0 as? LibvirtError)?.code == .malformedXML
        }
    }

    @Test func entitiesAreNotFetched() throws {
        let xml = """
            <!DOCTYPE domain [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
            <domain type='qemu'><name>a</name><title>[&secret;]</title><memory>1</memory>\
            <uuid>00000000-0000-0000-0000-000000000001</uuid></domain>
            """
        #expect(try DomainReading(xml: xml).title == "[]")
    }
}
