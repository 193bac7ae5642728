import Foundation
import MetaStackModel
import Testing

struct SecurityGroupTests {
    @Test(arguments: [
        (#"{"protocol": "tcp"}"#, "rules.0.direction", "the field direction is missing"),
        (#"{"direction": "in"}"#, "rules.0.direction", "use one of ingress, egress"),
        (#"{"direction": "ingress", "ports": "80"}"#, "ports", "only the protocols tcp and udp"),
        (
            #"{"direction": "ingress", "protocol": "icmp", "ports": 80}"#, "ports",
            "only the protocols tcp and udp"
        ),
        (#"{"direction": "ingress", "protocol": "tcp", "ports": "90-80"}"#, "ports", "a range"),
        (#"{"direction": "ingress", "protocol": "tpc"}"#, "protocol", "use any, tcp"),
        (#"{"direction": "ingress", "remote": "10.0.0.1/8"}"#, "remote", "did you mean 10.0.0.0/8"),
        (
            #"{"direction": "ingress", "remote": "10.0.0.0/8", "group": "web"}"#, "group",
            "not both"
        ),
        (
            #"{"direction": "ingress", "protocol": "icmpv6", "remote": "10.0.0.0/8"}"#, "remote",
            "icmpv6 is IPv6's"
        ),
    ])
    func refusesRulesThatNoPacketMatches(_ rule: String, _ path: String, _ reason: String) {
        let error = #expect(throws: FieldProblem.self) {
            try SecurityGroup(proposed: Data(#"{"name": "web", "rules": [\#(rule)]}"#.utf8))
        }
        #expect(error?.path.hasSuffix(path) == true, "\(error?.path ?? "")")
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }

    @Test func aPortMayBeWrittenAsANumber() throws {
        let json =
            #"{"name": "web", "rules": [{"direction": "ingress", "protocol": 6, "ports": 80}]}"#
        let group = try SecurityGroup(json: Data(json.utf8), path: "security_groups/web")
        let rule = try SecurityRule(
            direction: .ingress, protocol: .tcp, ports: PortRange("80"))
        #expect(group.rules == [rule])
    }
}

struct DesiredNICTests {
    @Test(arguments: [
        (#"{"addresses": ["10.7.0.5"]}"#, "nics.0.addresses", "say which in the field network"),
        (#"{"network": "b", "addresses": ["10.7.0"]}"#, "nics.0.addresses.0", "write it like"),
        (#"{"network": "b", "addresses": ["ff02::1"]}"#, "nics.0.addresses", "no guest"),
        (#"{"network": "b", "addresses": ["fe80::7"]}"#, "nics.0.addresses", "no guest"),
        (#"{"network": "b", "addresses": ["fd00::1", "fd00:0::1"]}"#, "nics.0.addresses", "twice"),
        (#"{"mac": "01:00:5e:00:00:01"}"#, "nics.0.mac", "unicast"),
        (#"{"mac": "nonsense"}"#, "nics.0.mac", "write it like"),
        (#"{"security_groups": ["a", "a"]}"#, "nics.0.security_groups", "twice"),
        (#"{"limits": {"inbound_kbit": 1}}"#, "nics.0.limits.inbound_kbit", "kbit/s"),
    ])
    func refusesWhatNoNICCanHave(_ nic: String, _ path: String, _ reason: String) {
        let json = #"{"name": "web", "flavour": "f", "image": "i", "nics": [\#(nic)]}"#
        let error = #expect(throws: FieldProblem.self) { try DesiredVM(proposed: Data(json.utf8)) }
        #expect(error?.path == path)
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }

    @Test func aNICThatAsksForNothingIsSmall() {
        #expect(MemoryLayout<DesiredNIC>.size <= 64)
    }
}
