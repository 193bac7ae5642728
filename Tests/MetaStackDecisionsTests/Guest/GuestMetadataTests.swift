import MetaStackDecisions
import MetaStackModel
import Testing

/// What a guest is told that asks its node about itself.
@Suite struct GuestMetadataTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ"

    private func stored<Value: Record>(_ value: Value) -> Stored<Value> {
        Stored(value, revision: Revision(15), createRevision: Revision(10))
    }

    private func cluster(_ cloudInit: CloudInit?) throws -> Cluster {
        let (blue, a) = (NetworkID(unchecked: "blue"), HostID(unchecked: "a"))
        var cluster = Cluster()
        cluster.networks[blue] = stored(
            try Network(
                name: ResourceName(unchecked: "blue"),
                kind: .vxlan(vni: 7, group: nil, port: 4789),
                subnets: [
                    Subnet(prefix: try IPPrefix("10.7.0.0/24")),
                    Subnet(prefix: try IPPrefix("fd00:7::/64")),
                ]))
        for name in ["alice", "bob"] {
            cluster.sshKeys[SSHKeyID(unchecked: name)] = stored(
                try SSHKey(publicKey: try SSHPublicKey(Self.key), comment: name))
        }
        cluster.desiredVMs[web] = stored(
            DesiredVM(
                name: ResourceName(unchecked: "Web_1"), flavour: "small", image: "debian",
                state: .start, cloudInit: cloudInit))
        cluster.actualVMs[web] = stored(
            ActualVM(
                host: a, state: .running, since: Timestamp(milliseconds: 0),
                macs: [MACAddress(vm: web, nic: 0)],
                nics: [
                    ActualNIC(
                        network: blue, mac: try MACAddress("02:00:00:00:00:0a"),
                        addresses: [try IPAddress("10.7.0.5"), try IPAddress("fd00:7::5")])
                ]))
        cluster.desiredHosts[a] = stored(DesiredHost(labels: ["zone": "north-1"]))
        return cluster
    }

    private func metadata(_ cloudInit: CloudInit?) throws -> GuestMetadata {
        try #require(GuestMetadata(of: web, in: try cluster(cloudInit)))
    }

    private static let whole = CloudInit(
        sshKeys: ["alice", "nobody", "bob"].map { SSHKeyID(unchecked: $0) },
        userData: try? UserData("#!/bin/sh\nid\n"))

    @Test func theFilesOfNoCloudAreThoseOfTheSeed() throws {
        let wanted = CloudInit(
            sshKeys: [SSHKeyID(unchecked: "alice")], userData: try UserData("#!/bin/sh\nid\n"))
        let cluster = try cluster(wanted)
        let desired = try #require(cluster.desiredVMs[web])
        guard case .seed(let seed) = Seed.wish(of: web, desired, in: cluster, hasOne: false) else {
            Issue.record("it has no seed")
            return
        }
        let metadata = try metadata(wanted)
        #expect(seed.files.count == 3)
        for (name, text) in seed.files {
            #expect(metadata.text(at: "/\(name)") == text, "\(name)")
        }
        #expect(metadata.text(at: "/vendor-data") == "")
    }

    @Test func anAddressThatIsTranslatedIsNotItsOwn() throws {
        var cluster = try cluster(nil)
        let id = NetworkID(unchecked: "blue")
        cluster.networks[id]?.value.subnets.removeFirst()
        cluster.networks[id]?.value.nat64 = try NAT64(
            ipv4: IPPrefix("10.7.0.0/24"), prefix: IPPrefix("fd00:64::/96"))
        let metadata = try #require(GuestMetadata(of: web, in: cluster))
        let nic = "/latest/meta-data/network/interfaces/macs/02%3a00:00:00:00:0a"
        #expect(metadata.text(at: "/latest/meta-data/local-ipv4") == nil)
        #expect(metadata.text(at: "/latest/meta-data/public-ipv4") == "10.7.0.5")
        #expect(metadata.text(at: nic + "/local-ipv4s") == nil)
        #expect(metadata.text(at: nic + "/public-ipv4s") == "10.7.0.5")
    }

    @Test(arguments: ["latest", "2009-04-04", "2021-03-23"])
    func theTreeIsAsEC2HasIt(version: String) throws {
        let metadata = try metadata(Self.whole)
        let base = "/\(version)/meta-data"
        let expected = [
            "": """
            ami-id
            hostname
            instance-id
            instance-type
            ipv6
            local-hostname
            local-ipv4
            mac
            network/
            placement/
            public-keys/
            """,
            "/instance-id": "web-10", "/hostname": "Web-1", "/local-hostname": "Web-1",
            "/ami-id": "debian", "/instance-type": "small", "/local-ipv4": "10.7.0.5",
            "/ipv6": "fd00:7::5", "/mac": "02:00:00:00:00:0a",
            "/placement/": "availability-zone", "/placement/availability-zone": "north-1",
            "/public-keys/": "0=alice\n1=bob", "/public-keys/0/": "openssh-key",
            "/public-keys/0/openssh-key": "\(Self.key) alice",
            "/public-keys/1/openssh-key": "\(Self.key) bob", "/network/": "interfaces/",
            "/network/interfaces/macs/": "02:00:00:00:00:0a/",
            "/network/interfaces/macs/02%3a00:00:00:00:0a/local-ipv4s": "10.7.0.5",
            "/network/interfaces/macs/02:00:00:00:00:0a/ipv6s": "fd00:7::5",
            "/network/interfaces/macs/02:00:00:00:00:0a/device-number": "0",
            "/network/interfaces/macs/02:00:00:00:00:0a/subnet-ipv4-cidr-block": "10.7.0.0/24",
        ]
        for (path, text) in expected {
            #expect(metadata.text(at: base + path) == text, "\(path)")
        }
        #expect(metadata.text(at: base + "/") == metadata.text(at: base))
        #expect(metadata.text(at: "/\(version)/user-data") == "#!/bin/sh\nid\n")
        #expect(metadata.text(at: "/\(version)") == "meta-data/\nuser-data")
    }

    @Test func theTopSaysWhichVersionsThereAre() throws {
        #expect(try metadata(nil).text(at: "/") == "2009-04-04\n2021-03-23\nlatest")
    }

    @Test func whatAGuestHasNotIsNotThere() throws {
        let metadata = try metadata(nil)
        for path in [
            "/latest/user-data", "/latest/meta-data/public-keys/", "/latest/meta-data/iam/", "/x",
            "/latest/meta-data/hostname/x", "/../etc/passwd", "/latest/meta-data/public-keys/7",
            "/latest/dynamic",
        ] {
            #expect(metadata.text(at: path) == nil, "\(path)")
        }
        // NoCloud asks for it all the same.
        #expect(metadata.text(at: "/user-data") == "#cloud-config\n{}\n")
        #expect(metadata.text(at: "/latest/meta-data/hostname") == "Web-1")
        #expect(GuestMetadata(of: VMID(unchecked: "gone"), in: try cluster(nil)) == nil)
    }

    @Test func aHostWithoutAZoneIsInTheDefaultOne() throws {
        var cluster = try cluster(nil)
        cluster.desiredHosts = [:]
        let metadata = try #require(GuestMetadata(of: web, in: cluster))
        #expect(metadata.text(at: "/latest/meta-data/placement/availability-zone") == "default")
    }
}
