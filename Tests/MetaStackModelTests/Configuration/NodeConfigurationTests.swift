import Foundation
import MetaStackModel
import Testing

/// Reads a node's configuration with a name given, so that each test says only what it is about.
func readNode(
    _ yaml: String, environment: [String: String] = [:], flags: [ConfigurationFlag] = []
) throws(ConfigurationError) -> NodeConfiguration {
    try NodeConfiguration(
        yaml: yaml, file: "node.yaml", environment: environment, flags: flags, hostName: "n1")
}

/// The problems of a configuration that must not be accepted.
func problems(
    _ yaml: String, environment: [String: String] = [:], flags: [ConfigurationFlag] = []
) -> [String] {
    do throws(ConfigurationError) {
        let configuration = try readNode(yaml, environment: environment, flags: flags)
        Issue.record("this was accepted: \(configuration)")
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

@Suite struct NodeConfigurationTests {
    @Test func anEmptyFileGivesTheDefaults() throws {
        let name = try HostID("n1")
        for yaml in ["", "\n", "# nothing\n", "---\n", "etcd:\nnode:\n", "~"] {
            #expect(try readNode(yaml) == NodeConfiguration(name: name))
        }
        let defaults = NodeConfiguration(name: name)
        #expect(defaults.etcd.endpoints == ["http://127.0.0.1:2379"])
        #expect(defaults.etcd.prefix == "/metastack")
        #expect(defaults.node.leaseTTL == .seconds(5))
        #expect(defaults.node.reservedRAM.description == "1024 MiB")
        #expect(defaults.node.watchdogDevice == nil)
        #expect(defaults.storage.vmPool.text == "vms")
        #expect(defaults.network.bridge == "br0")
        #expect(defaults.network.driver == .linux)
        #expect(defaults.metrics.listen == nil)
    }

    @Test func readsEveryKeyOfTheFile() throws {
        let configuration = try readNode(Self.full)
        #expect(configuration.etcd.endpoints == ["https://10.0.0.1:2379", "http://[::1]:2379"])
        #expect(configuration.etcd.prefix == "/cloud")
        #expect(configuration.etcd.username == "node")
        #expect(configuration.etcd.passwordFile == "/p")
        #expect(configuration.etcd.ca == "/ca")
        #expect(configuration.etcd.cert == "/cert")
        #expect(configuration.etcd.key == "/key")
        #expect(configuration.node.name.text == "alpha")
        #expect(configuration.node.leaseTTL == .seconds(60))
        #expect(configuration.node.labels == ["rack": "a", "row": "3"])
        #expect(configuration.node.reservedRAM.count == 4096)
        #expect(configuration.node.watchdogDevice == "/dev/watchdog1")
        #expect(configuration.libvirt.uri == "test:///default")
        #expect(configuration.libvirt.domainType == .qemu)
        #expect(configuration.node.startConcurrency == 2)
        #expect(configuration.libvirt.consoleDirectory == "/consoles")
        #expect(configuration.libvirt.migrationURI == "qemu+tcp://10.0.0.3/system")
        #expect(configuration.storage.conf == "/c.conf")
        #expect(configuration.storage.user == "u")
        #expect(configuration.storage.keyring == "/k")
        #expect(configuration.storage.vmPool.text == "v")
        #expect(configuration.storage.imagePool.text == "i")
        #expect(configuration.network.bridge == "vmbr1")
        #expect(configuration.network.driver == .openVSwitch)
        #expect(configuration.metrics.listen?.description == "[::1]:9480")
        #expect(configuration.log.level == .debug)
        #expect(configuration.log.format == .rfc5424)
        #expect(configuration.log.syslog == .tcp(host: "::1", port: 601))
    }

    static let full = """
        etcd: {endpoints: ["https://10.0.0.1:2379/", "http://[::1]:2379"], prefix: /cloud,
          username: node, password-file: /p, ca: /ca, cert: /cert, key: /key}
        node: {name: alpha, lease-ttl: 1m, labels: {rack: a, row: 3}, reserved-ram: 4GiB,
          start-concurrency: 2, watchdog-device: /dev/watchdog1}
        libvirt: {uri: "test:///default", domain-type: qemu, console-directory: /consoles,
                  migration-uri: "qemu+tcp://10.0.0.3/system"}
        storage: {driver: rbd, conf: /c.conf, user: u, keyring: /k, vm-pool: v, image-pool: i}
        network: {bridge: vmbr1, driver: openvswitch}
        metrics: {listen: "[::1]:9480"}
        log: {level: debug, format: rfc5424, syslog: "tcp://[::1]:601"}
        """

    @Test func flagsBeatTheEnvironmentAndThatBeatsTheFile() throws {
        let yaml = "etcd: {endpoints: [\"http://file:1\"]}"
        let environment = ["METASTACK_ETCD_ENDPOINTS": "http://one:1, http://two:2"]
        let flag = ConfigurationFlag(
            key: "etcd.endpoints", flag: "--endpoints", value: "http://flag:1")
        #expect(try readNode(yaml).etcd.endpoints == ["http://file:1"])
        #expect(
            try readNode(yaml, environment: environment).etcd.endpoints
                == ["http://one:1", "http://two:2"])
        #expect(
            try readNode(yaml, environment: environment, flags: [flag]).etcd.endpoints
                == ["http://flag:1"])
    }

    @Test func readsDashedKeysAndMappingsFromTheEnvironment() throws {
        let configuration = try readNode(
            "",
            environment: [
                "METASTACK_NODE_LEASE_TTL": "7s", "METASTACK_STORAGE_VM_POOL": "fast",
                "METASTACK_NODE_LABELS": "rack=a, row=3", "METASTACK_LOG_SYSLOG": "udp://h:514",
                "METASTACK_ETCD_PREFIX": "",
            ])
        #expect(configuration.node.leaseTTL == .seconds(7))
        #expect(configuration.storage.vmPool.text == "fast")
        #expect(configuration.node.labels == ["rack": "a", "row": "3"])
        #expect(configuration.log.syslog == .udp(host: "h", port: 514))
        #expect(configuration.etcd.prefix == "/metastack")
    }

    @Test func leavesOtherVariablesAlone() throws {
        let others = [
            "METASTACK_CONFIG": "x", "METASTACK_LAB": "1", "METASTACK_TEST_ETCD": "1",
            "METASTACK_WEB_PORT": "1", "PATH": "/bin", "ETCD_PREFIX": "x",
        ]
        #expect(try readNode("", environment: others) == NodeConfiguration(name: HostID("n1")))
    }

    @Test func takesTheHostNameWhereNoneIsGivenAndSaysWhereItCannot() throws {
        #expect(try readNode("").node.name.text == "n1")
        #expect(try readNode("node: {name: n2}").node.name.text == "n2")
        #expect(throws: ConfigurationError.self) {
            try NodeConfiguration(yaml: "", file: "f", environment: [:])
        }
        do throws(ConfigurationError) {
            _ = try NodeConfiguration(
                yaml: "", file: "f", environment: [:], hostName: "bad name")
            Issue.record("a host name with a blank was accepted")
        } catch {
            #expect(error.description.hasPrefix("f: node.name: it is not set, and the machine's"))
        }
    }

    @Test func managementTakesNoNodeSectionsInTheFileAndIgnoresThemInTheEnvironment() throws {
        let environment = ["METASTACK_NODE_NAME": "n1", "METASTACK_ETCD_PREFIX": "/x"]
        let configuration = try ManagementConfiguration(
            yaml: "log: {level: error}", file: "m", environment: environment)
        #expect(configuration.etcd.prefix == "/x")
        #expect(configuration.log.level == .error)
        let error = #expect(throws: ConfigurationError.self) {
            try ManagementConfiguration(
                yaml: "etcd:\n\nnode:\n  name: a", file: "m", environment: [:])
        }
        #expect(
            error?.description
                == "m:3: there is no section \"node\"; the sections are etcd, log, serve, server")
    }

    @Test func theExampleFileIsAcceptedAndShowsEveryKey() throws {
        let yaml = try Repository.text("deploy/node.example.yaml")
        let configuration = try NodeConfiguration(yaml: yaml, file: "example", environment: [:])
        #expect(configuration.node.name.text == "n1")
        for key in Repository.allKeys {
            let name = try #require(key.split(separator: ".").last)
            #expect(yaml.contains("\(name):"), "the example lacks \(key)")
        }
    }

    @Test func theDocumentationNamesEveryKeyItsVariableAndNoOther() throws {
        let text = try Repository.text("docs/configuration.md")
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") && $0.contains(".") }
        let documented = rows.compactMap {
            $0.split(separator: "`").dropFirst().first.map(String.init)
        }
        #expect(Set(documented) == Set(Repository.allKeys))
        for key in Repository.allKeys {
            let variable =
                "METASTACK_"
                + key.uppercased().replacing(".", with: "_").replacing("-", with: "_")
            let row = try #require(rows.first { $0.hasPrefix("| `\(key)`") })
            #expect(row.contains("`\(variable)`"), "\(key) lacks \(variable)")
        }
    }
}

/// Files of this repository, found from this file's own place.
enum Repository {
    static func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).appending(path: "../../../..").standardized
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static let allKeys = [
        "etcd.endpoints", "etcd.prefix", "etcd.username", "etcd.password-file", "etcd.ca",
        "etcd.cert", "etcd.key", "node.name", "node.lease-ttl", "node.labels",
        "node.reserved-ram", "node.start-concurrency", "node.watchdog-device", "libvirt.uri",
        "libvirt.domain-type",
        "libvirt.console-directory", "libvirt.migration-uri",
        "storage.driver", "storage.conf", "storage.user", "storage.keyring", "storage.vm-pool",
        "storage.image-pool", "network.driver", "network.bridge", "network.underlay",
        "metrics.listen", "log.level", "log.format", "log.syslog",
    ]
}
