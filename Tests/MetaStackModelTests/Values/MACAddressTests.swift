import Foundation
import MetaStackModel
import Testing

struct MACAddressTests {
    @Test func isTheSameOnEveryHostAndInEveryVersion() {
        let web = VMID(unchecked: "web")
        #expect(MACAddress(vm: web, nic: 0).description == "02:2b:fa:ce:cf:a3")
        #expect(MACAddress(vm: web, nic: 1).description == "06:2b:fa:ce:cf:a3")
        #expect(MACAddress(vm: web, nic: 63).description == "fe:2b:fa:ce:cf:a3")
    }

    @Test(arguments: 0..<64)
    func isLocallyAdministeredAndUnicast(nic: Int) {
        for number in 0..<100 {
            let mac = MACAddress(vm: VMID(unchecked: "vm-\(number)"), nic: nic)
            #expect(mac.bits >> 48 == 0)
            #expect((mac.bits >> 40) & 0b11 == 0b10)
        }
    }

    @Test func noTwoOfAFleetAreAlike() {
        var seen: Set<UInt64> = []
        let vms = 200_000
        let nics = 4
        seen.reserveCapacity(vms * nics)
        for number in 0..<vms {
            let vm = VMID(unchecked: "vm-\(number)")
            for nic in 0..<nics { seen.insert(MACAddress(vm: vm, nic: nic).bits) }
        }
        #expect(seen.count == vms * nics)
    }

    @Test func comesBackFromJSON() throws {
        let macs = [MACAddress(vm: VMID(unchecked: "web"), nic: 2)]
        let json = try JSONEncoder().encode(macs)
        #expect(try JSONDecoder().decode([MACAddress].self, from: json) == macs)
    }

    @Test(arguments: ["", "02:00:5e:10:00", "02:00:5e:10:00:01:02", "02:00:5e:10:00:zz", "2:0:0:0:0:1", "+2:00:5e:10:00:01"])
    func refusesWhatIsNoAddress(_ text: String) {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([MACAddress].self, from: JSONEncoder().encode([text]))
        }
    }
}
