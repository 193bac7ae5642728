import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Guests on networks, with addresses of their own.
    @Suite struct Networks {
        @Test func aGuestsNICsHangOnTheirBridgesAndKeepTheirAddressesThroughATakeover() async throws
        {
            try await Fixture.run { test in
                let lab = test.lab
                for host in Lab.hosts {
                    _ = try await lab.execute(
                        host, "ip", "link", "add", "br-blue", "type", "bridge", "mcast_snooping",
                        "0"
                    ).checked("ip link add")
                    test.later {
                        _ = try await lab.execute(host, "ip", "link", "del", "br-blue")
                    }
                    _ = try await lab.execute(host, "ip", "link", "set", "br-blue", "up")
                        .checked("ip link set")
                }
                let (blue, red) = (test.name("blue"), test.name("red"))
                try await test.put(
                    "networks/\(blue)",
                    """
                    {"name": "\(blue)", "kind": "bridge", "bridge": "br-blue", "mtu": 1400,
                     "subnets": [{"prefix": "10.7.0.0/28", "gateway": "10.7.0.1"}]}
                    """)
                try await test.put(
                    "networks/\(red)",
                    """
                    {"name": "\(red)", "kind": "bridge",
                     "subnets": [{"prefix": "10.8.0.0/24"}, {"prefix": "2001:db8:8::/64"}]}
                    """)
                try await eventually("all hosts say that they have the bridge") {
                    let hosts = try await lab.store.load().hosts.values
                    return hosts.count == Lab.hosts.count
                        && hosts.allSatisfy { $0.value.networks.contains("br-blue") }
                }
                let vm = test.guest("networked")
                try await lab.etcdctl(
                    "put", "/metastack/desired_vms/\(vm.id)",
                    """
                    {"name": "\(vm.id)", "flavour": "tiny", "image": "tiny", "state": "start",
                     "nics": [{"network": "\(blue)", "addresses": ["10.7.0.5"],
                               "mac": "02:00:5e:10:00:05"},
                              {"network": "\(red)"}, {}]}
                    """)
                let old = try await vm.counting()
                #expect(old.value.nics.map(\.network?.text) == [blue, red, nil])
                #expect(old.value.nics[0].addresses.map(\.description) == ["10.7.0.5"])
                #expect(old.value.nics[1].addresses.map(\.family) == [.ipv4, .ipv6])
                let held = try await lab.store.load().addresses.held(by: vm.id).map(\.id)
                #expect(Set(held.map(\.address)) == Set(old.value.nics.flatMap(\.addresses)))
                try await expectNICs(of: vm, old.value, lab)

                test.later { try await lab.boot(old.value.host) }
                try await lab.tool("kill", old.value.host.text)
                let new = try await vm.claimed(after: old)
                try await vm.counting(past: 0)
                #expect(new.value.host != old.value.host)
                #expect(new.value.nics == old.value.nics)
                #expect(try await lab.store.load().addresses.held(by: vm.id).map(\.id) == held)
                try await expectNICs(of: vm, new.value, lab)

                try await lab.etcdctl("del", "/metastack/desired_vms/\(vm.id)")
                try await eventually("its addresses go with it") {
                    let cluster = try await lab.store.load()
                    return cluster.actualVMs[vm.id] == nil
                        && cluster.addresses.held(by: vm.id).isEmpty
                }
            }
        }

        /// The guest's own kernel finds the card, and lets it go.
        @Test func aNICComesToAGuestThatRunsAndGoesAgain() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let blue = test.name("hot")
                try await test.put(
                    "networks/\(blue)",
                    """
                    {"name": "\(blue)", "kind": "vxlan", "vni": 79,
                     "subnets": [{"prefix": "10.79.0.0/28"}]}
                    """)
                let vm = test.guest("plugged")
                func want(_ nics: String) async throws {
                    try await lab.etcdctl(
                        "put", "/metastack/desired_vms/\(vm.id)",
                        """
                        {"name": "\(vm.id)", "flavour": "tiny", "image": "tiny", "state": "start",
                         "nics": \(nics)}
                        """)
                }
                try await want("[{}]")
                let old = try await vm.counting()
                let host = old.value.host
                let before = try await inventory(of: host, lab)
                func ends() async throws -> Int {
                    try await lab.execute(host, "virsh", "-q", "dumpxml", vm.domain)
                        .checked("virsh dumpxml").components(separatedBy: "<interface ").count - 1
                }
                try await want(#"[{}, {"network": "\#(blue)"}]"#)
                let nic: ActualNIC = try await eventually("the guest has two NICs") {
                    guard try await ends() == 2, let nics = try await vm.claim()?.value.nics,
                        nics.count == 2
                    else { return nil }
                    return nics[1]
                }
                let end = try #require(nic.interface)
                #expect(nic.addresses.count == 1)
                #expect(
                    try await lab.store.load().addresses.held(by: vm.id).map(\.id.address)
                        == nic.addresses)
                let rules = try await lab.execute(
                    host, "nft", "list", "map", "bridge", "metastack", "guests_from"
                ).checked("nft list map")
                #expect(rules.contains(end.text), "\(rules)")
                let during = try await inventory(of: host, lab)
                for part in ["--conf-file=", "/namespace"] {
                    #expect(during.contains(part), "\(during)")
                }

                try await want("[{}]")
                var after = ""
                try await eventually(
                    "all is as it was before", within: .seconds(90),
                    seen: { "\(before)\n\(after)" }
                ) {
                    guard try await ends() == 1 else { return nil as Bool? }
                    after = try await inventory(of: host, lab)
                    let cluster = try await lab.store.load()
                    return cluster.addresses.held(by: vm.id).isEmpty
                        && cluster.actualVMs[vm.id]?.value.macs == old.value.macs
                        && after == before ? true : nil
                }
                let new = try #require(try await vm.claim())
                #expect(new.incarnation == old.incarnation)
                #expect(try await lab.store.load().histories[vm.id]?.value.boots == 1)
                try await vm.counting(past: 0)
            }
        }

        /// A host's links, rules, routes, and the services of its networks, with their files.
        private func inventory(of host: HostID, _ lab: Lab) async throws -> String {
            let folder = "/run/metastack/\(host).networks"
            let words = """
                ip -o link | sed 's/^[0-9]*: //; s/[@:].*//' | sort; nft list ruleset
                ip route; ip -6 route | sed 's/ expires [0-9]*sec//' | sort
                sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding
                for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/cmdline; done 2>/dev/null \\
                | grep '^--.*\(folder)/'
                find \(folder) -mindepth 1 2>/dev/null; true
                """
            return try await lab.execute(host, "sh", "-c", words).checked("sh")
        }

        /// What libvirt and the kernel say.
        private func expectNICs(of vm: Guest, _ claim: ActualVM, _ lab: Lab) async throws {
            let host = claim.host
            let domain = try await lab.execute(host, "virsh", "-q", "dumpxml", vm.domain)
                .checked("virsh dumpxml")
            let nics = domain.components(separatedBy: "<interface ").dropFirst()
            #expect(nics.count == 3)
            #expect(nics.first?.contains("02:00:5e:10:00:05") == true, "\(domain)")
            #expect(nics.first?.contains("<mtu size='1400'/>") == true, "\(domain)")
            for (place, bridge) in ["br-blue", "br0", "br0"].enumerated() {
                let tap = try #require(claim.nics[place].interface)
                let link = try await lab.execute(host, "ip", "-o", "link", "show", tap.text)
                    .checked("ip link show")
                #expect(link.contains("master \(bridge) "), "\(link)")
            }
        }
    }
}
