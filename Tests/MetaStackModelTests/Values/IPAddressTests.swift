import Foundation
import MetaStackModel
import MetaStackTesting
import Testing

struct IPAddressTests {
    @Test(arguments: [
        ("10.7.0.5", "10.7.0.5"), ("255.255.255.255", "255.255.255.255"), ("0.0.0.0", "0.0.0.0"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("::", "::"), ("fe80::1", "fe80::1"),
        ("2001:db8::ffff:0:0:1", "2001:db8::ffff:0:0:1"),
    ])
    func hasOneTextHoweverItIsWritten(_ text: String, _ canonical: String) throws {
        let address = try IPAddress(text)
        #expect(address.description == canonical)
        #expect(address.family == (text.contains(":") ? .ipv6 : .ipv4))
        #expect(try IPAddress(canonical) == address)
        let json = try JSONEncoder().encode([address])
        #expect(json == Data("[\"\(canonical)\"]".utf8))
        #expect(try JSONDecoder().decode([IPAddress].self, from: json) == [address])
    }

    @Test(arguments: [
        ("", "write it like"), ("10.0.0", "write it like"), ("10.0.0.256", "write it like"),
        ("010.0.0.1", "write it like"), ("10.0.0.0/24", "it is a prefix"),
        ("fe80::1%eth0", "leave out the zone"), ("::ffff:10.0.0.1", "IPv4 address 10.0.0.1"),
        ("10.0.0.1\u{0}", "write it like"), (String(repeating: "1", count: 5000), "write it like"),
        (" 10.0.0.1", "write it like"), ("::1::", "write it like"),
    ])
    func refusesWhatIsNone(_ text: String, _ reason: String) {
        let error = #expect(throws: ValidationError.self) { try IPAddress(text) }
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }

    @Test func countsOnWithinItsFamily() throws {
        let v4 = try IPAddress("10.0.0.255")
        #expect(v4.advanced(by: 1)?.description == "10.0.1.0")
        #expect(try IPAddress("255.255.255.255").advanced(by: 1) == nil)
        #expect(try IPAddress("::fffe:ffff:ffff").advanced(by: 1) == nil)
        let last = try IPAddress("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        #expect(last.advanced(by: 1) == nil)
        #expect(try IPAddress("2001:db8::ffff").advanced(by: 1)?.description == "2001:db8::1:0")
        #expect(v4.octets == [10, 0, 0, 255])
        #expect(
            try IPAddress("ff02::1").octets == [0xff, 2] + Array(repeating: 0, count: 13) + [1])
    }

    @Test func sortsByNumberIPv4First() throws {
        let texts = ["9.0.0.1", "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::a"]
        let addresses = try texts.map { try IPAddress($0) }
        #expect(addresses.reversed().sorted() == addresses)
    }

    @Test func knowsWhatOneHostCanHave() throws {
        for text in ["10.0.0.1", "fe80::1", "2001:db8::", "169.254.1.1", "fd00::2"] {
            #expect(try IPAddress(text).isHost, "\(text)")
        }
        for text in [
            "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1",
        ] {
            #expect(try !IPAddress(text).isHost, "\(text)")
        }
        #expect(try IPAddress("febf::1").isLinkLocal && !IPAddress("fec0::1").isLinkLocal)
        #expect(try IPAddress("169.254.0.1").isLinkLocal && !IPAddress("169.253.0.1").isLinkLocal)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func everyNumberComesBackFromItsText(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let high = UInt128(UInt64.random(in: .min ... .max, using: &random))
            let low = UInt128(UInt64.random(in: .min ... .max, using: &random))
            for address in [IPAddress(.ipv6, high << 64 | low), IPAddress(.ipv4, low)] {
                #expect(try IPAddress(address.description) == address)
            }
        }
    }
}

struct IPPrefixTests {
    @Test func knowsItsEndsAndWhatIsInIt() throws {
        let v4 = try IPPrefix("10.7.0.0/22")
        #expect(v4.first.description == "10.7.0.0")
        #expect(v4.last.description == "10.7.3.255")
        #expect(v4.netmask.description == "255.255.252.0")
        #expect(try v4.contains(IPAddress("10.7.3.9")) && !v4.contains(IPAddress("10.7.4.0")))
        let v6 = try IPPrefix("2001:DB8::/64")
        #expect(v6.description == "2001:db8::/64")
        #expect(v6.last.description == "2001:db8::ffff:ffff:ffff:ffff")
        #expect(try !v6.contains(IPAddress("10.7.0.1")))
        let all = try IPPrefix("::/0")
        #expect(try all.contains(IPAddress("2001:db8::1")) && !all.contains(IPAddress("10.0.0.1")))
        #expect(try IPPrefix("0.0.0.0/0").last.description == "255.255.255.255")
    }

    @Test func knowsWhatItOverlaps() throws {
        let prefix = try IPPrefix("10.7.0.0/24")
        for (text, overlaps) in [
            ("10.7.0.0/16", true), ("10.7.0.128/25", true), ("10.7.0.0/24", true),
            ("10.7.1.0/24", false), ("::/0", false), ("0.0.0.0/0", true),
        ] {
            let other = try IPPrefix(text)
            #expect(prefix.overlaps(other) == overlaps, "\(text)")
            #expect(other.overlaps(prefix) == overlaps, "\(text)")
        }
    }

    @Test(arguments: [
        ("10.7.0.5/24", "did you mean 10.7.0.0/24?"),
        ("2001:db8::1/64", "did you mean 2001:db8::/64?"),
        ("10.7.0.0", "write it like"), ("10.7.0.0/33", "between 0 and 32"),
        ("2001:db8::/129", "between 0 and 128"), ("10.7.0.0/-1", "write it like"),
        ("10.7.0.0/+8", "write it like"), ("10.7.0/24", "write it like"), ("/24", "write it like"),
        ("10.0.0.0/8/8", "write it like"), ("10.0.0.0/", "write it like"),
    ])
    func refusesWhatIsNone(_ text: String, _ reason: String) {
        let error = #expect(throws: ValidationError.self) { try IPPrefix(text) }
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }
}

struct IPRangeTests {
    @Test func hasBothItsEnds() throws {
        let range = try IPRange("10.0.0.10 - 10.0.0.99")
        #expect(range.description == "10.0.0.10-10.0.0.99")
        #expect(range.count == 90)
        #expect(
            try range.contains(IPAddress("10.0.0.99")) && !range.contains(IPAddress("10.0.0.9")))
        #expect(try IPRange("10.0.0.1").description == "10.0.0.1")
        #expect(try IPRange("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").count == .max)
    }

    @Test func canLoseAnAddress() throws {
        let range = try IPRange("10.0.0.1-10.0.0.3")
        func left(_ text: String) throws -> [String] {
            range.without(try IPAddress(text)).map(\.description)
        }
        #expect(try left("10.0.0.2") == ["10.0.0.1", "10.0.0.3"])
        #expect(try left("10.0.0.1") == ["10.0.0.2-10.0.0.3"])
        #expect(try left("10.0.0.3") == ["10.0.0.1-10.0.0.2"])
        #expect(try left("10.0.0.4") == ["10.0.0.1-10.0.0.3"])
        #expect(try IPRange("10.0.0.1").without(IPAddress("10.0.0.1")).isEmpty)
    }

    @Test(arguments: [
        ("10.0.0.9-10.0.0.1", "did you mean 10.0.0.1-10.0.0.9?"), ("10.0.0.1-::1", "both ends"),
        ("10.0.0.1-5", "write it like"), ("", "write it like"), ("1-2-3", "write it like"),
    ])
    func refusesWhatIsNone(_ text: String, _ reason: String) {
        let error = #expect(throws: ValidationError.self) { try IPRange(text) }
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }
}
