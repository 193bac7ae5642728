import Foundation
import MetaStackDecisions
import MetaStackModel
import Testing

/// What a guest's seed holds, and when it is made.
@Suite struct SeedTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ"

    private func wanted(_ cloudInit: CloudInit?, created: Int64 = 10) -> Stored<DesiredVM> {
        Stored(
            DesiredVM(
                name: ResourceName(unchecked: "Web_1"), flavour: "tiny", image: "tiny",
                state: .start, cloudInit: cloudInit),
            revision: Revision(created + 5), createRevision: Revision(created))
    }

    private func cluster() throws -> Cluster {
        var cluster = Cluster()
        cluster.sshKeys[SSHKeyID(unchecked: "alice")] = Stored(
            try SSHKey(publicKey: try SSHPublicKey(Self.key), comment: #"alice "the" first"#),
            revision: Revision(1), createRevision: Revision(1))
        return cluster
    }

    private func seed(
        _ cloudInit: CloudInit?, created: Int64 = 10, hasOne: Bool = false
    ) throws -> Seed {
        let wish = Seed.wish(
            of: web, wanted(cloudInit, created: created), in: try cluster(), hasOne: hasOne)
        guard case .seed(let seed) = wish else {
            Issue.record("\(wish)")
            return Seed(files: [:])
        }
        return seed
    }

    @Test func holdsWhatNoCloudAsksFor() throws {
        let files = try seed(
            CloudInit(
                sshKeys: [SSHKeyID(unchecked: "alice")], userData: try UserData("#!/bin/sh\nid\n"),
                networkConfig: try NetworkConfig("version: 2\n"))
        ).files
        #expect(
            files == [
                "meta-data": """
                instance-id: "web-10"
                local-hostname: "Web-1"
                public-keys:
                  - "\(Self.key) alice \\"the\\" first"

                """,
                "user-data": "#!/bin/sh\nid\n", "network-config": "version: 2\n",
            ])
        let least = try seed(CloudInit(hostName: try GuestHostName("db"))).files
        #expect(least["meta-data"] == "instance-id: \"web-10\"\nlocal-hostname: \"db\"\n")
        #expect(least["user-data"] == "#cloud-config\n{}\n")
        #expect(least["network-config"] == nil)
    }

    @Test func aVMWithoutTheFieldHasNoneUnlessItHadOne() throws {
        #expect(
            Seed.wish(of: web, wanted(nil), in: try cluster(), hasOne: false) == .none)
        #expect(try seed(nil, hasOne: true) == seed(CloudInit()))
    }

    @Test func eachContentHasAFingerprintOfItsOwn() throws {
        let seeds = [
            try seed(CloudInit()), try seed(CloudInit(), created: 11),
            try seed(CloudInit(hostName: try GuestHostName("db"))),
            try seed(CloudInit(userData: try UserData("#!/bin/sh\nid\n"))),
            try seed(CloudInit(sshKeys: [SSHKeyID(unchecked: "alice")])),
        ]
        #expect(Set(seeds.map(\.fingerprint)).count == seeds.count)
        #expect(seeds.allSatisfy { $0.fingerprint.count == 32 })
        #expect(try seed(CloudInit()).fingerprint == seeds[0].fingerprint)
    }

    @Test func saysWhyItCannotBeMade() throws {
        let nobody = CloudInit(sshKeys: [SSHKeyID(unchecked: "nobody")])
        let broken = CloudInit(userData: try UserData("#cloud-config\n- a\n"))
        let cases = [
            (nobody, #"there is no ssh-key "nobody""#),
            (
                broken,
                "user data cannot be used: a cloud-config is a mapping: lines of the form 'key: value'"
            ),
        ]
        for (cloudInit, reason) in cases {
            #expect(
                Seed.wish(of: web, wanted(cloudInit), in: try cluster(), hasOne: true)
                    == .impossible(reason))
        }
    }

    // MARK: Rules

    private func owned(_ wish: Seed.Wish) -> GuestSituation {
        var situation = GuestSituation.empty.wanted().holding().claimed()
        situation.seed = wish
        return situation
    }

    @Test func itIsOnRecordThenMadeThenTheGuestStarts() throws {
        let seed = try seed(CloudInit())
        let claimed = owned(.seed(seed))
        #expect(claimed.next == .describeSeed(seed))
        #expect(
            claimed.holdingSeed(seed.fingerprint, provisioned: false).next == .makeSeed(seed))
        #expect(claimed.holdingSeed(seed.fingerprint).next == .start)
    }

    @Test func theRootDiskComesFirst() throws {
        let situation = owned(.seed(try seed(CloudInit()))).holding(provisioned: false)
        #expect(situation.next == .provision(VolumeID(vm: web)))
    }

    @Test func anotherContentIsMadeAnewBeforeTheNextStartAndNotWhileTheGuestRuns() throws {
        let seed = try seed(CloudInit())
        #expect(owned(.seed(seed)).holdingSeed("old").next == .describeSeed(seed))
        var running = GuestSituation.running.holdingSeed("old")
        running.seed = .seed(seed)
        #expect(running.next == .none)
    }

    @Test func aVMThatNeverHadItsSeedStandsStillAndSaysWhy() {
        let wish = Seed.Wish.impossible("there is no ssh-key")
        #expect(owned(wish).next == .report(.failed, message: "there is no ssh-key"))
        #expect(owned(wish).holdingSeed("old").next == .start)
        #expect(
            owned(wish).holdingSeed("old", provisioned: false).next
                == .report(.failed, message: "there is no ssh-key"))
    }

    @Test func aSituationReadsTheWishFromTheRecords() throws {
        var cluster = try cluster()
        cluster.desiredVMs[web] = wanted(CloudInit())
        let claim = GuestSituation.empty.claimed().claim
        cluster.actualVMs[web] = claim
        let situation = GuestSituation(
            vm: web, me: thisHost, lease: myLease, in: cluster, domain: nil)
        #expect(situation.seed == .seed(try seed(CloudInit())))
    }

    @Test func aSeedWhoseRecordCannotBeReadIsLeftAlone() {
        var cluster = Cluster()
        cluster.apply(
            RawRecord(
                path: "volumes/web.seed", json: Data("nonsense".utf8), revision: Revision(1),
                createRevision: Revision(1)))
        let situation = GuestSituation(
            vm: web, me: thisHost, lease: myLease, in: cluster, domain: nil)
        #expect(situation.malformed?.path == "volumes/web.seed")
    }
}

struct SeedNetworkTests {
    private func config(_ cluster: Cluster, _ nics: [ActualNIC], _ cloudInit: CloudInit) throws
        -> String?
    {
        var cluster = cluster
        let desired = Stored(
            DesiredVM(
                name: ResourceName(unchecked: "web"), flavour: "tiny", image: "tiny", state: .start,
                cloudInit: cloudInit),
            revision: Revision(10), createRevision: Revision(10))
        cluster.actualVMs[web] = Stored(
            ActualVM(
                host: thisHost, state: .claimed, since: Timestamp(milliseconds: 0),
                macs: nics.map(\.mac), nics: nics),
            revision: Revision(11), createRevision: Revision(11))
        guard
            case .seed(let seed) = Seed.wish(of: web, desired, in: cluster, hasOne: false)
        else { return nil }
        return seed.files["network-config"]
    }

    private func nic(_ place: Int, _ network: String?, _ addresses: [String] = []) throws
        -> ActualNIC
    {
        ActualNIC(
            network: network.map { NetworkID(unchecked: "n-" + $0) },
            mac: MACAddress(vm: web, nic: place), addresses: try addresses.map { try IPAddress($0) }
        )
    }

    @Test func onABridgeAddressesAreWrittenDown() throws {
        var cluster = Cluster()
        try cluster.addNetwork(
            "blue",
            [
                try Subnet(
                    prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                    dns: [IPAddress("10.7.0.2")],
                    routes: [
                        Subnet.Route(to: IPPrefix("10.9.0.0/16"), via: IPAddress("10.7.0.3"))
                    ]), .of("2001:db8::/64"),
            ], kind: .bridge(nil))
        let text = try config(
            cluster, [nic(0, "blue", ["10.7.0.5", "2001:db8::5"]), nic(1, nil)], CloudInit())
        #expect(
            text == """
                version: 2
                ethernets:
                  eth0:
                    match:
                      macaddress: "\(MACAddress(vm: web, nic: 0))"
                    set-name: eth0
                    addresses:
                      - "10.7.0.5/24"
                      - "2001:db8::5/64"
                    routes:
                      - {to: "0.0.0.0/0", via: "10.7.0.1"}
                      - {to: "10.9.0.0/16", via: "10.7.0.3"}
                    nameservers:
                      addresses: ["10.7.0.2"]
                  eth1:
                    match:
                      macaddress: "\(MACAddress(vm: web, nic: 1))"
                    set-name: eth1
                    dhcp4: true
                    optional: true

                """)
        #expect(try NetworkConfig(#require(text)).problem == nil)
    }

    @Test func onANetworkOfItsOwnTheNodeTellsThem() throws {
        var cluster = Cluster()
        try cluster.addNetwork("red", [.of("10.7.0.0/24"), .of("2001:db8::/64")])
        let text = try config(cluster, [nic(0, "red", ["10.7.0.5", "2001:db8::5"])], CloudInit())
        #expect(text?.contains("    dhcp4: true\n    dhcp6: true\n    accept-ra: true\n") == true)
        #expect(text?.contains("10.7.0.5") == false)
        #expect(try NetworkConfig(#require(text)).problem == nil)
    }

    @Test func aTranslatedAddressIsNoneOfTheGuests() throws {
        let subnet = try Subnet(
            prefix: IPPrefix("fd00:6::/64"), gateway: IPAddress("fd00:6::1"), gatewayMode: .node)
        let nat64 = try NAT64(ipv4: IPPrefix("9.64.0.0/24"))
        for kind in [Network.Kind.bridge(nil), .vxlan(vni: 6, group: nil, port: 4789)] {
            var cluster = Cluster()
            try cluster.addNetwork("six", [subnet], kind: kind, nat64: nat64)
            let nics = [try nic(0, "six", ["9.64.0.5", "fd00:6::5"])]
            let text = try #require(try config(cluster, nics, CloudInit()))
            #expect(!text.contains("9.64.0.5") && !text.contains("dhcp4: true"))
        }
    }

    @Test func whatTheRecordSaysGoesBefore() throws {
        var cluster = Cluster()
        try cluster.addNetwork("blue", [.of("10.7.0.0/24")], kind: .bridge(nil))
        var own = CloudInit()
        own.networkConfig = try NetworkConfig("version: 2\n")
        let nics = [try nic(0, "blue", ["10.7.0.5"])]
        #expect(try config(cluster, nics, own) == "version: 2\n")
        #expect(try config(cluster, [nic(0, nil)], CloudInit()) == nil)
    }
}
