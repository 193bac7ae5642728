import MetaStackModel
import Testing

struct AddressBookTests {
    private let blue = NetworkID(unchecked: "blue")

    private func id(_ text: String, in network: String = "blue") throws -> AddressID {
        try AddressID(network: network, address: text)
    }

    private func held(by vm: String) -> Stored<HeldAddress> {
        Stored(
            HeldAddress(
                vm: VMID(unchecked: vm), vmCreateRevision: Revision(1), nic: 0,
                mac: MACAddress(vm: VMID(unchecked: vm), nic: 0), since: Timestamp(milliseconds: 0)),
            revision: Revision(2), createRevision: Revision(2))
    }

    @Test func findsByNetworkAndByVM() throws {
        var book = AddressBook()
        let web = VMID(unchecked: "web")
        let addresses = try [
            id("10.0.0.2"), id("10.0.0.9"), id("fd00::2"), id("10.0.0.2", in: "red"),
        ]
        for address in addresses.reversed() { book[address] = held(by: "web") }
        book[try id("10.0.0.3")] = held(by: "db")
        #expect(book[blue].count == 4)
        #expect(book.held(by: web).map(\.id) == addresses)
        #expect(book.holders == [web, VMID(unchecked: "db")])
        #expect(book.all.count == 5)
    }

    @Test func anAddressHasOneHolder() throws {
        var book = AddressBook()
        book[try id("10.0.0.2")] = held(by: "web")
        book[try id("10.0.0.2")] = held(by: "db")
        #expect(book.held(by: VMID(unchecked: "web")).isEmpty)
        #expect(book.held(by: VMID(unchecked: "db")).count == 1)
        book[try id("10.0.0.2")] = nil
        #expect(book == AddressBook())
    }
}
