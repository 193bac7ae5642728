import Foundation
import MetaStackModel

/// One record of each kind with every field set, as JSON.
enum RecordExamples {
    static let all: [(any Record.Type, String)] = [
        (GlobalConfig.self, #"{"syslog_server": "10.0.0.1", "deep": {"list": [1, 2.5, null]}}"#),
        (Image.self, image), (Flavour.self, flavour), (DesiredVM.self, desiredVM),
        (ActualVM.self, actualVM), (MetaStackModel.Host.self, host),
        (DesiredHost.self, desiredHost),
        (Volume.self, volume), (VMHistory.self, history), (Decline.self, decline),
        (ActualImage.self, actualImage), (Arrival.self, arrival),
        (MoveLimits.self, #"{"per_host": 3, "per_cluster": 9}"#),
        (RebalancePolicy.self, rebalance), (SSHKey.self, sshKey),
        (Network.self, vlan), (Network.self, vxlan), (Network.self, six),
        (HeldAddress.self, address), (SecurityGroup.self, securityGroup),
    ]

    private static let vlan = """
        {"name": "blue", "kind": "vlan", "uplink": "eth1", "vlan": 7, "mtu": 9000,
         "subnets": [{"prefix": "10.7.0.0/24", "gateway": "10.7.0.1", "gateway_mode": "node",
          "nat": true, "dns": ["10.7.0.2", "9.9.9.9"], "ranges": ["10.7.0.10-10.7.0.99"],
          "routes": [{"to": "10.0.0.0/8", "via": "10.7.0.3"}]}, {"prefix": "2001:db8::/64"}],
         "domain": "example.org", "search": ["example.org", "test"], "labels": {"a": "b"}}
        """
    private static let vxlan = """
        {"name": "red", "kind": "vxlan", "vni": 70, "group": "ff05::100", "port": 8472}
        """
    private static let six = """
        {"name": "six", "kind": "vxlan", "vni": 6, "subnets": [{"prefix": "fd00:6::/64",
         "gateway": "fd00:6::1", "gateway_mode": "node"}],
         "nat64": {"ipv4": "10.64.0.0/24", "prefix": "fd00:64::/96"}}
        """
    private static let address = """
        {"vm": "web", "vm_create_revision": 5, "nic": 1, "mac": "02:00:5e:10:00:01",
         "since": "2026-11-21T10:00:00.000Z"}
        """
    private static let securityGroup = """
        {"name": "web", "labels": {"a": "b"}, "rules": [
          {"direction": "ingress", "protocol": "tcp", "ports": "8000-8100", "remote": "::/0"},
          {"direction": "egress", "group": "db"}, {"direction": "ingress", "protocol": "47"}]}
        """
    private static let sshKey =
        #"{"public_key": "\#(ed25519)", "comment": "alice", "labels": {"team": "a"}}"#

    private static let image = """
        {"name": "debian", "url": "https://images.test/d.qcow2", "format": "qcow2", "checksum":
        "sha256:\(String(repeating: "0a", count: 32))"}
        """
    private static let flavour = #"{"name": "small", "vcpus": 2, "ram": 512, "disk": 10240}"#
    private static let desiredVM = """
        {"name": "web", "flavour": "tiny", "image": "tiny", "state": "stop", "host": "a",
         "nics": [{"bridge": "later"}, {}, {"network": "blue", "mac": "02:00:5e:10:00:01",
          "addresses": ["10.7.0.5", "2001:db8::5"], "security_groups": ["web"],
          "limits": {"inbound_kbit": 1000, "outbound_kbit": 2000}}], "priority": -3, "required_labels": {"rack": "7"},
         "preferred_labels": {"disk": "fast"}, "groups": {"db": "anti-affinity"},
         "move": {"id": "m1", "from": "a", "to": "b", "offline": true}, "offline_moves": true,
         "goes_back": true, "cloud_init": {"host_name": "www", "ssh_keys": ["alice", "bob"],
         "user_data": "#!/bin/sh\\necho 1\\n", "network_config": "version: 2"}}
        """
    private static let desiredHost = """
        {"state": "maintenance", "reason": "new memory", "labels": {"rack": "7"},
         "vcpu_overcommit": 4, "ram_overcommit": 1.25}
        """
    private static let actualVM = """
        {"host": "a", "state": "running", "incarnation": 77,
         "vm_uuid": "0b0e7e9c-6f4f-8f6a-9d3c-1c9d0a4c2b11", "desired_revision": 70,
         "desired_create_revision": 60, "ram": 256, "vcpus": 2,
         "since": "2026-11-21T10:00:00.123Z", "message": "all is well",
         "clients": ["10.0.0.1:0/1"], "console": "/var/log/c.log", "macs": ["02:00:5e:10:00:01"],
         "nics": [{"network": "blue", "mac": "02:00:5e:10:00:01", "addresses": ["10.7.0.5"],
          "interface": "ms7-0"}],
         "move": {"id": "9f", "to": "b", "live": true, "reason": "asked for", "order": "m1",
                  "drains": false, "since": "2026-11-21T10:00:00.123Z", "progress": 40},
         "came_from": "c", "booted_on": "d"}
        """
    private static let arrival =
        #"{"host": "b", "answers": "9f", "uri": "qemu+tls://b/system", "refusal": "no room"}"#
    private static let rebalance = """
        {"state": "on", "threshold_percent": 15, "interval_s": 60, "cool_down_s": 600,
         "at_most": 2}
        """
    private static let host = """
        {"name": "a", "total_ram": 4096, "used_ram": 256, "reserved_ram": 1024, "total_vcpu": 8,
         "used_vcpu": 1, "lease": "7f", "machine": "m", "addresses": ["10.0.0.1"],
         "labels": {"rack": "a"}, "version": "1.0.0", "hypervisor": "QEMU",
         "domain_type": "kvm", "architecture": "x86_64",
         "cpu": {"model": "Skylake-Server-IBRS", "vendor": "Intel", "features": ["aes", "avx"]},
         "pools": ["vms"], "networks": ["br0"], "interfaces": ["eth0", "eth1"],
         "plane": {"driver": "openvswitch", "no_vxlans": "there are none", "no_nat64": "nor this"},
         "storage": {"errors": ["OSD_FULL"], "warnings": ["MON_DOWN"],
                     "unknown_images": ["vms/x.1"], "unknown_evictions": ["10.0.0.1:0/1"]},
         "message": "the storage is away",
         "since": "2026-11-21T10:00:00.000Z"}
        """
    private static let volume = """
        {"pool": "vms", "image": "web.root.1", "size": 48, "vm": "web", "vm_create_revision": 5,
         "source": "tiny", "provisioned": true, "discarded": ["web.root.0"],
         "content": "00ff"}
        """
    private static let history = """
        {"vm_create_revision": 5, "host": "a", "incarnation": 7, "clients": ["10.0.0.1:0/1"],
         "evicted": [{"client": "10.0.0.2:0/2", "host": "b", "at": "2026-11-21T10:00:00.000Z"}],
         "boots": 2, "last_exit": "stopped as wanted", "moved_for": "m1", "asked_to_end": true}
        """
    private static let decline =
        #"{"reason": "no disk", "at": "2026-11-21T10:00:00.000Z"}"#
    private static let actualImage = """
        {"host": "a", "lease": "7f", "state": "failed", "retry": true, "desired_revision": 3,
         "done": 1, "total": 2, "pool": "images", "rbd_image": "tiny.1", "discarded": ["tiny.0"],
         "snapshot": "base", "size": 48, "message": "cannot fetch", "checksum":
         "sha256:\(String(repeating: "0a", count: 32))"}
        """
}

extension Record {
    /// Reads the text, and writes it again.
    static func rewritten(_ text: String) throws -> [String: JSONValue] {
        let json = try Self(json: Data(text.utf8), path: "x/y").json()
        return try JSONDecoder().decode([String: JSONValue].self, from: json)
    }

    /// What reading the text says is wrong.
    static func problem(in text: String) -> String? {
        do throws(MalformedRecord) {
            _ = try Self(json: Data(text.utf8), path: "x/y")
            return nil
        } catch {
            return error.problem
        }
    }
}
