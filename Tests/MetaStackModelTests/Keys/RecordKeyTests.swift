import MetaStackModel
import MetaStackTesting
import Testing

struct RecordKeyTests {
    private static let vm = VMID(unchecked: "web.example-1")
    private static let host = HostID(unchecked: "a_1")

    private static func address(_ text: String) -> RecordKey {
        do throws(ValidationError) {
            return .address(try AddressID(network: "blue", address: text))
        } catch {
            preconditionFailure("\(error)")
        }
    }

    static let all: [(RecordKey, String)] = [
        (.globalConfig("takeover"), "global_config/takeover"),
        (.image(ImageID(unchecked: "i")), "images/i"),
        (.flavour(FlavourID(unchecked: "f")), "vm_flavours/f"),
        (.desiredVM(vm), "desired_vms/web.example-1"),
        (.actualVM(vm), "actual_vms/web.example-1"),
        (.host(host), "hosts/a_1"),
        (.desiredHost(host), "desired_hosts/a_1"),
        (.volume(VolumeID(vm: vm)), "volumes/web.example-1.root"),
        (.history(vm), "vm_history/web.example-1"),
        (.decline(vm, host), "declines/web.example-1/a_1"),
        (.actualImage(ImageID(unchecked: "i")), "actual_images/i"),
        (.arrival(vm), "arrivals/web.example-1"),
        (.token(TokenID(unchecked: "t")), "tokens/t"),
        (.sshKey(SSHKeyID(unchecked: "alice")), "ssh_keys/alice"),
        (.network(NetworkID(unchecked: "blue")), "networks/blue"),
        (address("10.7.0.5"), "addresses/blue/10.7.0.5"),
        (address("2001:db8::5"), "addresses/blue/2001:db8::5"),
        (.securityGroup(SecurityGroupID(unchecked: "web")), "security_groups/web"),
    ]

    @Test(arguments: all)
    func standsWhereThePublishedSchemaSays(_ key: RecordKey, _ path: String) throws {
        #expect(key.path == path)
        #expect(try RecordKey(path: path) == key)
    }

    @Test func knowsAKeyForEveryFolder() {
        #expect(Set(Self.all.map(\.0.folder)) == Set(RecordKey.Folder.allCases))
    }

    @Test(arguments: ["", "elsewhere/x", "desired_vm/x", "DESIRED_VMS/x", "/desired_vms/x"])
    func passesOverFoldersThatAreNotOurs(_ path: String) throws {
        #expect(try RecordKey(path: path) == nil)
    }

    @Test(arguments: [
        "desired_vms", "desired_vms/", "desired_vms/a/b", "desired_vms//a", "desired_vms/..",
        "desired_vms/a\"b", "desired_vms/a\nb", "volumes/web", "declines/web", "declines/web/a/b",
        "declines/we b/a", "hosts/-a",
        "addresses/10.7.0.5", "addresses/blue/x", "addresses/blue/2001:DB8::5", "addresses/b/::/1",
        "desired_vms/" + String(repeating: "x", count: 300),
    ])
    func refusesIdsThatAreNone(_ path: String) {
        #expect(throws: MalformedRecord.self) { try RecordKey(path: path) }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func everyIdComesBackFromItsKey(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let letters = Array("abzAZ059._-")
        for _ in 0..<500 {
            let text = String(
                (0..<Int.random(in: 1...12, using: &random)).compactMap { _ in
                    letters.randomElement(using: &random)
                })
            guard let vm = try? VMID(text) else { continue }  // Most of what comes up is none.
            let host = HostID(unchecked: text)
            for key in [
                RecordKey.desiredVM(vm), .volume(VolumeID(vm: vm)), .decline(vm, host), .host(host),
            ] {
                #expect(try RecordKey(path: key.path) == key)
            }
        }
    }
}
