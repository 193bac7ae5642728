import Ceph
import Foundation
import Testing

@Suite struct ClientAddressTests {
    @Test(arguments: ["10.0.0.2:0/1234567", "[fd00::1]:0/77", "127.0.0.1:6800/4294967295"])
    func readsAndWritesCephsNotation(text: String) throws {
        let address = try ClientAddress(text)
        #expect(address.description == text)
        let json = try JSONEncoder().encode([address])
        #expect(try JSONDecoder().decode([String].self, from: json) == [text])
        #expect(try JSONDecoder().decode([ClientAddress].self, from: json) == [address])
    }

    @Test func dropsTheProtocol() throws {
        #expect(try ClientAddress("v1:10.0.0.2:0/5") == ClientAddress("10.0.0.2:0/5"))
        #expect(try ClientAddress("v2:[fd00::1]:0/5").host == "fd00::1")
    }

    @Test(arguments: [
        "", "10.0.0.2", "10.0.0.2:0", "10.0.0.2/5", "10.0.0.256:0/5", "10.0.0.2:0/-5",
        "10.0.0.2:0/+5", "10.0.0.2:0/5 ", "10.0.0.2:0/4294967296", "10.0.0.2:65536/5",
        "fd00::1:0/5", "[10.0.0.2]:0/5", "[fd00::1:0/5", "host:0/5", "10.0.0.2:0/5/6",
        "10.0.0.0:0/32,x", "10.0.0.2\0:0/5",
    ])
    func refusesWhatIsNoAddress(text: String) {
        #expect(throws: CephError.self) { try ClientAddress(text) }
        let json = try? JSONEncoder().encode([text])
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([ClientAddress].self, from: json ?? Data())
        }
    }
}
