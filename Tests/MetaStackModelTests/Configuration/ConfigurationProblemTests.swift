import MetaStackModel
import Testing

@testable import MetaStackModel

@Suite struct ConfigurationProblemTests {
    @Test func namesTheLineOfAnUnknownKeyAndTheNearestOne() {
        #expect(
            problems("etcd:\n  prefix: /a\n  endpoint: [\"http://a:1\"]") == [
                "node.yaml:3: there is no key \"endpoint\" in etcd, did you mean endpoints?"
            ])
        #expect(
            problems("node:\n  lease_ttl: 5s") == [
                "node.yaml:2: there is no key \"lease_ttl\" in node, did you mean lease-ttl?"
            ])
        #expect(
            problems("network: {mtu: 9000}") == [
                "node.yaml:1: there is no key \"mtu\" in network; its keys are bridge, driver, underlay"
            ])
    }

    @Test func saysWhereAKeyOfAnotherSectionBelongs() {
        #expect(
            problems("network:\n  lease-ttl: 5s") == [
                "node.yaml:2: there is no key \"lease-ttl\" in network, did you mean node.lease-ttl?"
            ])
        #expect(
            problems("endpoints: [a]").contains {
                $0.hasPrefix("node.yaml:1: \"endpoints\" is no section, write it below 'etcd:'")
            })
    }

    @Test func namesAnUnknownSection() {
        #expect(
            problems("\n\nstorag: {}") == [
                "node.yaml:3: there is no section \"storag\", did you mean storage?"
            ])
    }

    @Test func refusesUnknownVariablesOfKnownSections() {
        #expect(
            problems("", environment: ["METASTACK_STORAGE_VMPOOL": "a"]) == [
                "METASTACK_STORAGE_VMPOOL: there is no such setting, "
                    + "did you mean METASTACK_STORAGE_VM_POOL?"
            ])
    }

    @Test func reportsAllProblemsInTheOrderOfTheLines() {
        let found = problems(
            """
            network: {bridge: "a/b"}
            etcd:
              prefixx: /a
              endpoints: ["ftp://a", "http://b:1", "nonsense"]
            node:
              lease-ttl: 1s
            """,
            environment: ["METASTACK_LOG_LEVEL": "loud", "METASTACK_ETCD_WHAT": "1"])
        #expect(
            found.map { String($0.prefix { $0 != " " }) } == [
                "node.yaml:1:", "node.yaml:3:", "node.yaml:4:", "node.yaml:4:", "node.yaml:6:",
                "METASTACK_LOG_LEVEL:", "METASTACK_ETCD_WHAT:",
            ])
    }

    @Test(arguments: [
        ("etcd: {endpoints: \"http://a:1\"}", "it must be a list"),
        ("etcd: {endpoints: []}", "the list is empty"),
        ("etcd: {endpoints: [[a]]}", "each item must be one value"),
        ("etcd: {endpoints: [\"http://u:p@a:1\"]}", "etcd.username"),
        ("etcd: {endpoints: [\"http://a:1/v3\"]}", "it must have no path"),
        ("etcd: {endpoints: [\"http://:1\"]}", "it names no host and port"),
        ("etcd: {endpoints: [\"http://a:99999\"]}", "it names no host and port"),
        ("etcd: {endpoints: [\"http://a b:1\"]}", "it names no host and port"),
        ("etcd: {prefix: metastack}", "it begins with '/'"),
        ("etcd: {prefix: /a/}", "it begins with '/'"),
        ("etcd: {prefix: [/a]}", "one value, not a list"),
        ("etcd: {prefix: }", "it has no value"),
        ("etcd: {prefix: ~}", "it has no value"),
        ("etcd: {username: a}", "it needs etcd.password-file"),
        ("etcd: {key: /a}", "it needs etcd.cert"),
        ("etcd: {ca: ca.pem}", "write an absolute path"),
        ("etcd: [a]", "it must be a section"),
        ("etcd: 5", "it must be a section"),
        ("- a", "it must be sections"),
        ("node: {name: ../etc}", "it must begin with a letter"),
        ("node: {name: \"a b\"}", "is not allowed"),
        ("node: {lease-ttl: 5}", "write it like"),
        ("node: {lease-ttl: -5s}", "write it like"),
        ("node: {lease-ttl: 2500ms}", "whole seconds"),
        ("node: {lease-ttl: 999999999h}", "between 2s and 600s"),
        ("node: {lease-ttl: 99999999999999999999s}", "write it like"),
        ("node: {labels: [a]}", "it must be a mapping"),
        ("node: {labels: {a: [b]}}", "each entry must be"),
        ("node: {labels: {\"a/b\": c}}", "is not allowed"),
        ("node: {reserved-ram: much}", "write it like"),
        ("node: {reserved-ram: 99999999999TiB}", "between"),
        ("libvirt: {uri: system}", "qemu:///system"),
        ("libvirt: {domain-type: xen}", "one of auto, kvm, qemu"),
        ("storage: {driver: zfs}", "one of rbd"),
        ("storage: {user: client.admin}", "leave out 'client.'"),
        ("storage: {vm-pool: \"a b\"}", "is not allowed"),
        ("network: {driver: vxlan}", "one of linux, openvswitch"),
        ("network: {bridge: abcdefghijklmnop}", "1 to 15"),
        ("network: {bridge: \"\"}", "1 to 15"),
        ("network: {bridge: ..}", "1 to 15"),
        ("log: {level: Info}", "one of trace, debug, info"),
        ("log: {syslog: \"udp://host\"}", "udp://host:port"),
        ("log: {syslog: \"udp://host:0\"}", "udp://host:port"),
    ])
    func refusesWithTheLineTheKeyAndWhatToDo(yaml: String, words: String) {
        let found = problems(yaml)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("node.yaml:1: ") == true)
        #expect(found.first?.contains(words) == true, "\(found)")
    }

    @Test(arguments: [
        ("etcd: {prefix: /a", 2), ("a: b: c", 1), ("\tetcd: {}", 1), ("etcd:\n  a: 1\n  a: 2", 2),
        ("a: {}\n---\nb: {}", 2), ("etcd:\n  prefix: \"\u{1}\"", 2), ("etcd: *nothing", 1),
        ("&a [*a]", 1), ("? [a]\n: b", 1), ("etcd: {[x]: y}", 1),
    ])
    func hostileYAMLGetsALine(yaml: String, line: Int) {
        let found = problems(yaml)
        #expect(
            found.allSatisfy { $0.hasPrefix("node.yaml:\(line):") || $0.hasPrefix("node.yaml:") })
        #expect(found.first?.hasPrefix("node.yaml:\(line)") == true, "\(found)")
    }

    @Test func survivesDepthSizeAndBombs() {
        _ = problems(String(repeating: "[", count: 5000))
        _ = problems(String(repeating: "a: ", count: 5000))
        #expect(problems(String(repeating: "#", count: 2 << 20)).count == 1)
        let bomb = (1...30).map { level in
            "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]"
        }
        #expect(problems("a0: &a0 [x]\n" + bomb.joined(separator: "\n")).count == 31)
    }

    @Test func noTextAtAllCrashesTheReader() throws {
        var generator = SystemRandomNumberGenerator()
        let pieces = [
            "etcd:", "node:", "log:", "\n", "  ", " ", "endpoints", "labels", "level", ":", "[",
            "]",
            "{", "}", "\"", "'", "&a", "*a", "- ", "|", ">", "#", "!!int", "%", "~", "é", "\u{0}",
            "\u{feff}", "5s", "name", ",", "?", "\t", "---",
        ]
        for _ in 0..<2000 {
            let yaml = (0..<Int.random(in: 0...12, using: &generator))
                .compactMap { _ in pieces.randomElement(using: &generator) }.joined()
            do throws(ConfigurationError) {
                _ = try readNode(yaml)
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { !$0.description.contains("\n") })
            }
        }
    }

    @Test func theNearestNameIsNearAndItself() {
        let names = ["endpoints", "prefix", "username"]
        for name in names {
            #expect(names.nearest(to: name) == name)
            #expect(names.nearest(to: String(name.dropLast())) == name)
            #expect(names.nearest(to: name.uppercased()) == name)
            #expect(names.nearest(to: "x" + name) == name)
        }
        #expect(names.nearest(to: "perfix") == "prefix")
        #expect(names.nearest(to: "zzzzzz") == nil)
        #expect([String]().nearest(to: "a") == nil)
    }
}
