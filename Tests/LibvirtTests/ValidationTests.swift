import Libvirt
import Testing

/// What must not reach libvirt is refused with the value and the reason.
@Suite struct ValidationTests {
    private func refusal(_ change: (inout DomainDescription) -> Void) -> LibvirtError? {
        var description = DomainDescription.example()
        change(&description)
        do {
            _ = try description.xml()
            return nil
        } catch {
            return error as? LibvirtError
        }
    }

    @Test(arguments: [
        "", " ", "a/b", "..", ".hidden", "line\nbreak", "nul\u{0}", "bell\u{7}",
        String(repeating: "x", count: 300),
    ])
    func aBadNameIsRefused(name: String) {
        #expect(refusal { $0.name = name }?.code == .invalidValue)
    }

    @Test(arguments: ["web-1", "Ünïcode 🙂", "it's \"quoted\" <&>", "a.b"])
    func aGoodNameIsTaken(name: String) {
        #expect(refusal { $0.name = name } == nil)
    }

    @Test(arguments: ["", "a/b", "a@b", "a:b", "a b", "a\u{1}"])
    func aBadPoolOrImageIsRefused(part: String) {
        for image in [RBDImage(pool: part, image: "i"), RBDImage(pool: "p", image: part)] {
            #expect(
                refusal { $0.disks = [Disk(source: .rbd(image), target: "vda")] }?.code
                    == .invalidValue)
        }
    }

    @Test(arguments: [
        "", "52:54:00:00:00", "52-54-00-00-00-00", "zz:54:00:00:00:00",
        "01:00:5e:00:00:01", "+1:54:00:00:00:00",
    ])
    func aBadNetworkAddressIsRefused(mac: String) {
        #expect(refusal { $0.nics = [NIC(bridge: "br0", mac: mac)] }?.code == .invalidValue)
    }

    @Test(arguments: ["", "sixteen-letters-", "a b", "br/0", "..", "br\u{0}"])
    func aBadBridgeIsRefused(bridge: String) {
        #expect(
            refusal { $0.nics = [NIC(bridge: bridge, mac: "52:54:00:00:00:01")] }?.code
                == .invalidValue)
    }

    @Test(arguments: [-1, 0, 67, 65536])
    func aBadMTUIsRefused(mtu: Int) {
        let nic = NIC(bridge: "br0", mac: "52:54:00:00:00:01", mtu: mtu)
        #expect(refusal { $0.nics = [nic] }?.code == .invalidValue)
    }

    @Test(arguments: [
        NIC.Limits(inbound: 0), NIC.Limits(outbound: -1), NIC.Limits(inbound: 4_000_001),
    ])
    func aBadBandwidthIsRefused(limits: NIC.Limits) {
        let nic = NIC(bridge: "br0", mac: "52:54:00:00:00:01", limits: limits)
        #expect(refusal { $0.nics = [nic] }?.code == .invalidValue)
    }

    @Test(arguments: ["", "vd", "../vda", "vda1", "VDA"])
    func aBadDiskTargetIsRefused(target: String) {
        let source = Disk.Source.file(path: "/a", format: .raw)
        #expect(
            refusal { $0.disks = [Disk(source: source, target: target)] }?.code == .invalidValue)
    }

    @Test func pathsMustBeAbsolute() {
        let source = Disk.Source.file(path: "a", format: .raw)
        #expect(refusal { $0.disks = [Disk(source: source, target: "vda")] } != nil)
        #expect(refusal { $0.console = .init(logPath: "log") } != nil)
    }

    @Test func sizesMustBePositive() {
        #expect(refusal { $0.memoryBytes = 0 } != nil)
        #expect(refusal { $0.vcpus = 0 } != nil)
        #expect(refusal { $0.vcpus = -1 } != nil)
    }

    @Test(arguments: ["", "1a", "a:b", "a b", "xmlns"])
    func aBadAttributeNameIsRefused(name: String) {
        #expect(refusal { $0.metadata = [.example([name: "x"])] } != nil)
    }

    @Test func aNamespaceMayHoldOneElementOnly() {
        #expect(refusal { $0.metadata = [.example(), .example()] } != nil)
    }

    @Test func theErrorNamesTheValueAndTheReason() {
        let error = refusal { $0.name = "a/b" }
        #expect(
            error.map(String.init(describing:))
                == "cannot accept domain name: the value \"a/b\" contains a /")
        #expect(error?.isRetriable == false)
    }
}
