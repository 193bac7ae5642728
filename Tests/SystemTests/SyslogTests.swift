import Foundation
import MetaStackModel
import MetaStackStore
import Subprocess
import Testing

extension SystemTests {
    /// What a real rsyslogd receives from three hosts.
    @Suite struct Syslog {
        /// One file, one grep: a VM is wanted, starts, loses its host, is taken over, and goes.
        @Test func oneVMsLifeOnThreeHostsIsReadByOneGrepForItsID() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                try await SyslogServerProcess.run(test) { server in
                    for host in Lab.hosts {
                        try await server.until("\(host) has said where it logs") {
                            $0.contains {
                                $0.contains("syslog-server-chosen") && $0.contains("node=\(host)")
                            }
                        }
                    }
                    let id = try await lab.succeed(
                        "vm", "create", test.name("grep"), "--flavour", "tiny", "--image", "tiny",
                        "--quiet")
                    let vm = test.guest(
                        id: VMID(unchecked: id.trimmingCharacters(in: .newlines)))
                    let old = try await vm.counting(past: 1)
                    test.later { try await lab.boot(old.value.host) }
                    try await lab.tool("kill", old.value.host.text)
                    let new = try await vm.claimed(after: old)
                    try await vm.counting(past: 1)
                    try await lab.succeed("vm", "delete", vm.id.text, "--yes", "--wait")

                    // As an operator reads it: grep in rsyslog's file.
                    let life = try await server.until("the VM's end is told") { lines in
                        ["record deleted", "disks removed"].allSatisfy { end in
                            lines.contains { $0.contains(vm.id.text) && $0.contains(end) }
                        }
                    }.filter { $0.contains(vm.id.text) }
                    // Management's records come by a connection of their own, in no certain order.
                    #expect(life.contains { $0.contains(" record written ") })
                    let steps = [
                        "claimed", "disk made", "guest created paused", "guest resumed", "claimed",
                        "former writers evicted", "guest created paused", "guest resumed",
                        "guest destroyed", "disks removed",
                    ]
                    var rest = life[...]
                    for step in steps {
                        let at = rest.firstIndex { $0.contains(" \(step) ") }
                        #expect(at != nil, "\(step) is missing in \(life)")
                        if let at { rest = rest[(at + 1)...] }
                    }
                    #expect(life.contains { $0.contains("node=\(old.value.host)") })
                    #expect(life.contains { $0.contains("incarnation=\(new.incarnation)") })
                    #expect(life.contains { $0.contains("duration_ms=") })
                }
            }
        }

        /// Each write through a server: who, what, from where, before and after.
        @Test func whatIsWrittenThroughAServerIsAuditedThere() async throws {
            try await Fixture.run { test in
                try await SyslogServerProcess.run(test) { server in
                    try await ManagementServer.run(test) { management in
                        // Until it has heard of that, what is written is told nobody.
                        try await eventually("the server logs there") {
                            let labels = #"{"probe": "\#(UUID())"}"#
                            _ = try await management.curl(
                                "PUT", "flavours/\(test.name("probe"))",
                                #"{"name": "probe", "vcpus": 1, "ram": 64, "labels": \#(labels)}"#)
                            return server.lines.contains { $0.contains("event=audit") }
                        }
                        #expect(
                            try await management.curl("DELETE", "flavours/\(test.name("probe"))")
                                == 202)
                        let path = "flavours/\(test.name("audited"))"
                        for (method, body) in [
                            ("PUT", #"{"name": "audited", "vcpus": 1, "ram": 64}"#),
                            ("PATCH", #"{"vcpus": 2}"#), ("DELETE", nil),
                        ] as [(String, String?)] {
                            #expect(try await management.curl(method, path, body) == 202)
                        }
                        let told = { (line: String) in
                            line.contains("event=audit") && line.contains("flavour audited")
                        }
                        let lines = try await server.until("three writes are told") {
                            $0.count(where: told) == 3
                        }.filter(told)
                        for (line, (action, before, after)) in zip(
                            lines,
                            [
                                ("create", nil, 1), ("change", 1, 2), ("delete", 2, nil),
                            ] as [(String, Int?, Int?)])
                        {
                            #expect(line.contains("action=\(action)"), "\(line)")
                            #expect(line.contains("who=\(test.name("token"))"), "\(line)")
                            #expect(line.contains("from=127.0.0.1"), "\(line)")
                            #expect(Self.processors("before", in: line) == before, "\(line)")
                            #expect(Self.processors("after", in: line) == after, "\(line)")
                        }
                    }
                }
            }
        }

        /// How many processors the record has that an audited write names so; nil where there is none.
        private static func processors(_ name: String, in line: String) -> Int? {
            // The values stand in the order of their names: after comes before before.
            guard let start = line.firstRange(of: " \(name)=") else { return nil }
            let rest = line[start.upperBound...]
            guard rest.first != "-" else { return nil }
            return rest.firstMatch(of: /vcpus[^0-9]*([0-9]+)/).flatMap { Int($0.1) }
        }
    }
}

/// A rsyslogd of the test's own in the foreground, which the lab's hosts reach.
private struct SyslogServerProcess: Sendable {
    private let port: UInt16
    private let folder: URL
    private let address: String

    /// Runs one for the time of a body, with all records of the deployment on their way there.
    static func run(
        _ test: Fixture, _ body: @Sendable @escaping (Self) async throws -> Void
    ) async throws {
        let server = try Self(address: test.lab.rootAddress, in: test.folder())
        try await server.run {
            try await test.put(
                "global_config/syslog_server",
                #"{"server": "tcp://\#(server.address):\#(server.port)"}"#)
            try await body(server)
        }
    }

    private init(address: String, in folder: URL) throws {
        self.address = address
        self.folder = folder
        port = try freePort(address)
    }

    private var file: URL { folder.appending(path: "received") }

    private func run(_ body: @Sendable @escaping () async throws -> Void) async throws {
        let config = folder.appending(path: "rsyslog.conf")
        // rsyslog's own format for files, and the event's name in front.
        let text = """
            global(workDirectory="\(folder.path)")
            module(load="imtcp")
            input(type="imtcp" address="\(address)" port="\(port)")
            template(name="line" type="string"
                string="%timestamp:::date-rfc3339% %msgid% %syslogtag% %msg%\\n")
            action(type="omfile" file="\(file.path)" template="line")

            """
        try Data(text.utf8).write(to: config)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Ended by its task's cancellation, which signals the child and nobody else.
            group.addTask {
                _ = try await Subprocess.run(
                    .name("rsyslogd"),
                    arguments: Arguments([
                        "-n", "-f", config.path, "-i", folder.appending(path: "pid").path,
                    ]), output: .discarded, error: .discarded)
            }
            defer { group.cancelAll() }
            try await body()
        }
    }

    /// What it has received, once that is as expected.
    @discardableResult
    func until(
        _ what: String, _ isSo: @escaping ([String]) -> Bool
    ) async throws -> [String] {
        try await eventually(what, within: .seconds(60)) {
            let lines = lines
            return isSo(lines) ? lines : nil
        }
    }

    /// What it has received so far.
    var lines: [String] {
        // There is no file before the first record.
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}
