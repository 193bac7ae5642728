import MetaStackModel
import Testing

struct NetworkValueTests {
    @Test(arguments: ["", "a/b", "a b", "eth0:1", "sixteen-letters1", ".", "..", "é"])
    func refusesNamesThatTheKernelRefuses(_ text: String) {
        #expect(throws: ValidationError.self) { try InterfaceName(text) }
    }

    @Test func takesInterfacesAsTheKernelNamesThem() throws {
        for text in ["br0", "enp3s0f1np1", "eth0.100", "bond-1_x"] {
            #expect(try InterfaceName(text).text == text)
        }
    }

    @Test func aDomainHasOneSpelling() throws {
        #expect(try DomainName("Example.ORG.").text == "example.org")
        for text in ["", ".", "a..b", "-a.b", "a_b", "a.b-", String(repeating: "a", count: 64)] {
            #expect(throws: ValidationError.self, "\(text)") { try DomainName(text) }
        }
    }

    @Test func aProtocolIsAWordOrANumber() throws {
        #expect(try IPProtocol("TCP") == .tcp)
        #expect(try IPProtocol("6") == .tcp)
        #expect(try IPProtocol("47") == .number(47))
        #expect(try IPProtocol("any").number == nil)
        for text in ["", "0", "256", "-1", "tpc"] {
            #expect(throws: ValidationError.self, "\(text)") { try IPProtocol(text) }
        }
    }

    @Test func portsAreOneOrARange() throws {
        #expect(try PortRange("80").description == "80")
        #expect(try PortRange("8000-8100").last == 8100)
        for text in ["", "0", "65536", "80-", "-80", "90-80", "1-2-3", "http"] {
            #expect(throws: ValidationError.self, "\(text)") { try PortRange(text) }
        }
    }
}
