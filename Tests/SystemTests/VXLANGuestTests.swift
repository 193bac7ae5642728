import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension DebianGuestTests {
    /// Two real guests on two hosts, who have nothing but what MetaStack gives them: the one by its seed, the
    /// other by asking its node, as on EC2.
    @Test func guestsOnAVXLANTalkThroughALiveMoveAndAgainAfterATakeover() async throws {
        try await Fixture.run { test in
            let lab = test.lab
            let surroundings = try await Surroundings(
                test,
                network: [
                    "--vni", "70", "--subnet",
                    "10.7.0.0/24,gateway=10.7.0.1,gateway-mode=node,nat=true", "--subnet",
                    "fd00:7::/64,gateway=fd00:7::1,gateway-mode=node",
                ],
                rules: [
                    "ingress,protocol=tcp,ports=22", "ingress,protocol=tcp,ports=\(Arrival.port)",
                    "ingress,protocol=icmpv6",
                ])
            let debian = try await Debian(test)
            let userData = try test.file("user-data", Self.talker)
            let asking = try await Debian.imageOfEC2(test)
            var guests: [(vm: Guest, addresses: [String])] = []
            for (host, image): (HostID, _) in [("host1", debian.name), ("host2", asking)] {
                let (vm, nic) = try await surroundings.guest(
                    "on-\(host)", of: debian, image: image, userData: userData, on: host, test)
                guests.append((vm, nic.addresses.map(\.description)))
            }
            let (mover, talker) = (guests[0], guests[1])
            let inside = { (command: String) in
                try await debian.login.run(command, at: talker.addresses[0], from: ("host2", lab))
            }
            let shown: String = try await eventually(
                "the guest has its addresses", within: .seconds(300), every: .seconds(2),
                seen: { talker.vm.lastWords(on: "host2") }
            ) { try await inside("ip -o addr show eth0") }
            for address in talker.addresses { #expect(shown.contains(" \(address)/"), "\(shown)") }

            // Its name, its keys and its user data are from its node: its cloud-init has not looked at a seed.
            let name = test.name("on-host2")
            let result: String = try await eventually(
                "its cloud-init is done", within: .seconds(300), every: .seconds(2)
            ) { try await inside("cat /run/cloud-init/result.json") }
            #expect(
                result.contains("DataSourceEc2") && result.contains("\"errors\": []"), "\(result)")
            #expect(try await inside("hostname") == "\(name)\n")

            // What its node tells it, in cloud-init's own words and over IPv6.
            var told = ""
            try await eventually(
                "cloud-init understands its metadata", within: .seconds(150), every: .seconds(2),
                seen: { told }
            ) {
                told = try await inside("python3 /usr/local/bin/metadata 2>&1; true") ?? "no login"
                return told.contains("on-host2") ? told : nil
            }
            let id = try #require(try await inside("cat /var/lib/cloud/data/instance-id"))
            #expect(
                told.split(separator: "\n").map(String.init) == [
                    id.trimmingCharacters(in: .newlines), name, debian.key, name,
                ], "\(told)")

            // A connection of each family, one that no rule allows, and both again after the move.
            let words = mover.addresses.joined(separator: " ")
            try await eventually("both ways are open", within: .seconds(300), every: .seconds(2)) {
                try await inside("sh /usr/local/bin/talk \(words)")
            }
            let knocks = "nohup python3 /usr/local/bin/knock \(mover.addresses[1])"
            #expect(try await inside("\(knocks) >/dev/null 2>&1 </dev/null &") == "")
            let ready = try test.folder().appending(path: "ready").path
            let nic = try #require(try await mover.vm.claim()?.value.nics.first)
            async let arrival = Arrival.wait(
                for: mover.vm, nic, on: "host3", of: lab, ready: ready)
            try await eventually("host3 is looked at") {
                FileManager.default.fileExists(atPath: ready)
            }
            try await lab.succeed("vm", "set", mover.vm.id.text, "host=host3")
            try await eventually("it has moved", within: .seconds(60)) {
                let claim = try await mover.vm.claim()?.value
                return claim?.host == "host3" && claim?.state == .running
            }
            let silence = try #require(try await arrival.silence)
            print("a guest that has moved answers \(silence) s after its resume")
            // How soon is for people to judge (docs/benchmarks.md); this tells that nobody waited until
            // what the others knew had run out.
            #expect(silence < 5)
            #expect(try await inside("touch /tmp/go") == "")
            let end: String = try await eventually("it has talked again", every: .seconds(1)) {
                let said = try await inside("cat /tmp/said")
                return said?.contains("end") == true ? said : nil
            }
            #expect(end == "port 80: 124\nbytes: 40 40\nend\n")

            // Where no guest of it is left, nothing of the network is.
            try await eventually("host1 is as it was before") {
                let links = try await lab.execute("host1", "ip", "-o", "link").checked("ip link")
                let tables = try await lab.execute("host1", "nft", "list", "tables").checked("nft")
                return !links.contains(": ms") && !links.contains(": mt") && tables.isEmpty
            }

            // Its addresses go with it, and so do the keys that it has made itself, once they are on its disk.
            let address = mover.addresses[1]
            #expect(try await debian.login.run("sync", at: address, from: ("host3", lab)) == "")
            try await lab.succeed("vm", "set", mover.vm.id.text, "host=null")
            let old = try #require(try await mover.vm.claim())
            test.later { try await lab.boot("host3") }
            try await lab.tool("kill", "host3")
            let new = try await mover.vm.claimed(after: old)
            #expect(new.value.host != "host3" && new.value.nics == old.value.nics)
            try await eventually(
                "both ways are open again", within: .seconds(300), every: .seconds(2),
                seen: { mover.vm.lastWords(on: new.value.host) }
            ) {
                try await inside("sh /usr/local/bin/talk \(words)")
            }
            let back = try await debian.login.run("true", at: address, from: (new.value.host, lab))
            #expect(back == "", "its host key is another one, or it lets nobody in")
        }
    }

    /// Opens connections to the SSH servers of both addresses, and says later whether they still answer.
    private static let talker = """
        #cloud-config
        ssh_genkeytypes: [ed25519]
        write_files:
          - path: /usr/local/bin/knock
            content: |
        \(Arrival.knock.indented(by: 6))
          - path: /usr/local/bin/metadata
            content: |
              import http.client
              from cloudinit import util
              from cloudinit.sources.helpers import ec2
              seed, _, _ = util.read_seeded("http://169.254.169.254/")
              tree = ec2.get_instance_metadata("latest", "http://169.254.169.254")
              print(seed["instance-id"], tree["local-hostname"], *tree["public-keys"], sep="\\n")
              asked = http.client.HTTPConnection("fe80::a9fe:a9fe%eth0", 80, timeout=5)
              asked.request("GET", "/latest/meta-data/hostname")
              print(asked.getresponse().read().decode())
          - path: /usr/local/bin/talk
            content: |
              for a in "$@"; do timeout 3 bash -c "</dev/tcp/$a/22" || exit 1; done
              rm -f /tmp/go /tmp/said
              nohup bash /usr/local/bin/talk-on "$@" >/tmp/said 2>/dev/null </dev/null &
              until grep -q port /tmp/said; do sleep 0.2; done
          - path: /usr/local/bin/talk-on
            content: |
              exec 3<>/dev/tcp/$1/22 4<>/dev/tcp/$2/22
              read -r -t 5 <&3; read -r -t 5 <&4
              timeout 2 bash -c "</dev/tcp/$1/80"; echo "port 80: $?"
              while [ ! -e /tmp/go ]; do sleep 0.2; done
              printf 'SSH-2.0-test\\r\\n' >&3; printf 'SSH-2.0-test\\r\\n' >&4
              echo "bytes: $(timeout 5 head -c 40 <&3 | wc -c) $(timeout 5 head -c 40 <&4 | wc -c)"
              echo end

        """
}

extension String {
    fileprivate func indented(by spaces: Int) -> String {
        split(separator: "\n", omittingEmptySubsequences: false)
            .map { String(repeating: " ", count: spaces) + $0 }.joined(separator: "\n")
    }
}
