import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension DebianGuestTests {
    /// A real guest that has IPv6 alone, and a machine that comes to it by IPv4.
    @Test func aGuestOfIPv6AloneIsReachedByIPv4AndAgainAfterALiveMove() async throws {
        try await Fixture.run { test in
            let lab = test.lab
            let hosts = try await lab.store.load().hosts
            func ipv4(_ host: HostID) throws -> String {
                let addresses = try #require(hosts[host]).value.addresses
                return try #require(addresses.first { $0.contains(".") })
            }
            let client = try ipv4("host2")
            let surroundings = try await Surroundings(
                test,
                network: [
                    "--vni", "64", "--subnet", "fd00:6::/64,gateway=fd00:6::1,gateway-mode=node",
                    "--nat64", "10.64.0.0/28,prefix=fd00:64::/96",
                ], rules: ["ingress,protocol=tcp,ports=22,remote=\(client)/32"])
            let debian = try await Debian(test)
            let userData = try test.file(
                "user-data", "#cloud-config\nssh_genkeytypes: [ed25519]\n")
            let (vm, nic) = try await surroundings.guest(
                "six", of: debian, userData: userData, on: "host1", test)
            #expect(nic.addresses.map(\.family) == [.ipv4, .ipv6])
            let address = try #require(nic.addresses.first).description

            // What the network's routers would do.
            test.later { _ = try await lab.execute("host2", "ip", "route", "delete", address) }
            func lead(to host: HostID) async throws {
                _ = try await lab.execute(
                    "host2", "ip", "route", "replace", address, "via", try ipv4(host)
                ).checked("ip route")
            }
            try await lead(to: "host1")
            func inside(_ command: String) async throws -> String? {
                try await debian.login.run(command, at: address, from: ("host2", lab))
            }
            let boot: String = try await eventually(
                "the guest lets alice in by IPv4", within: .seconds(600), every: .seconds(2),
                seen: { vm.lastWords(on: "host1") }
            ) { try await inside("cat /proc/sys/kernel/random/boot_id") }
            #expect(try await inside("ip -4 -o addr show eth0") == "")
            // libvirt of a host listens for moves.
            let word = "timeout 5 bash -c '</dev/tcp/fd00:64::\(client)/16509' && echo open"
            #expect(try await inside(word) == "open\n")

            // A connection that is open meanwhile.
            let (opened, goOn) = (
                try test.folder().appending(path: "opened").path,
                try test.folder().appending(path: "go-on").path
            )
            async let held = lab.execute(
                "host2", ["python3", "-c", Self.holding, address, opened, goOn],
                timeout: .seconds(200))
            try await eventually("a connection is open") {
                FileManager.default.fileExists(atPath: opened)
            }
            try await lab.succeed("vm", "set", vm.id.text, "host=host3")
            try await eventually("it has moved", within: .seconds(60)) {
                let claim = try await vm.claim()?.value
                return claim?.host == "host3" && claim?.state == .running
            }
            try await lead(to: "host3")
            let again: String = try await eventually(
                "it is reached there", within: .seconds(30), every: .seconds(1)
            ) { try await inside("cat /proc/sys/kernel/random/boot_id") }
            #expect(again == boot)
            #expect(FileManager.default.createFile(atPath: goOn, contents: nil))
            #expect(try await held.checked("python3") == "40\n")
            try await eventually("host1 is as it was before") {
                let links = try await lab.execute("host1", "ip", "-o", "link").checked("ip link")
                let routes = try await lab.execute("host1", "ip", "route").checked("ip route")
                return !links.contains(": ms") && !routes.contains(address)
            }
        }
    }

    /// Hears an SSH server's greeting, and once a file is there how many bytes it says to its own, of 40.
    private static let holding = """
        import os, socket, sys, time
        address, opened, go_on = sys.argv[1:]
        s = socket.create_connection((address, 22), 10)
        s.recv(200)
        open(opened, "w").close()
        end = time.time() + 150
        while not os.path.exists(go_on) and time.time() < end:
            time.sleep(0.1)
        s.sendall(b"SSH-2.0-test\\r\\n")
        count = 0
        while count < 40:
            more = len(s.recv(40 - count))
            if not more:
                break
            count += more
        print(count)
        """
}
