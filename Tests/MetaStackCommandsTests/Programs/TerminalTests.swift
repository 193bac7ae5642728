import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

/// What a real terminal is left like.
@Suite struct TerminalTests {
    /// Runs a program on a terminal of its own, presses a key once its question stands there and the
    /// terminal shows nothing that is typed, and says how it ended and whether it shows it again.
    private static let script = """
        import os, pty, sys, termios, time
        child, terminal = pty.fork()
        if child == 0:
            os.execvp(sys.argv[2], sys.argv[2:])
        def shows():
            return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
        said, end = b"", time.monotonic() + 50
        while b"Token: " not in said:
            said += os.read(terminal, 1024)
        while shows():
            assert time.monotonic() < end, "what is typed is shown"
            time.sleep(0.01)
        os.write(terminal, bytes.fromhex(sys.argv[1]))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, "shows" if shows() else "hides")
        """

    @Test(arguments: [("03", "130 shows\n"), ("0a", "2 shows\n"), ("04", "2 shows\n")])
    func loginGivesBackATerminalThatShowsWhatIsTyped(key: String, end: String) async throws {
        let home = try TemporaryDirectory(prefix: "metastack-login")
        defer { home.remove() }
        // Control-C, an empty line, and the end of the input.
        let said = try await Program.run(
            ["python3", "-c", Self.script, key, "metastack", "login", "http://127.0.0.1:9"],
            ["HOME": home.path, "XDG_CONFIG_HOME": home.path])
        #expect(said == end)
    }

    /// Runs a program on a terminal of its own and prints whether it coloured anything.
    private static let look = """
        import os, pty, sys
        child, terminal = pty.fork()
        if child == 0:
            os.execvp(sys.argv[1], sys.argv[1:])
        said = b""
        while True:
            try:
                said += os.read(terminal, 4096)
            except OSError:
                break
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, said
        assert b"host1" in said, said
        print("coloured" if b"\\x1b[" in said else "plain")
        """

    @Test func statesAreColouredOnATerminalUnlessSomebodyWantsNoColours() async throws {
        try await EtcdServer.run { etcd in
            try await etcd.withClient { client in
                let store = ClusterStore(client: client, prefix: "/metastack")
                let host = RecordKey.desiredHost(HostID(unchecked: "host1"))
                _ = try await store.write([.put(host, DesiredHost(state: .maintenance))], if: [])
            }
            let words = ["metastack", "host", "list", "--endpoints", etcd.clientURL]
            for (environment, expected) in [
                (["TERM": "xterm", "NO_COLOR": ""], "coloured\n"),
                (["TERM": "xterm", "NO_COLOR": "1"], "plain\n"),
            ] {
                let said = try await Program.run(
                    ["python3", "-c", Self.look] + words,
                    environment.merging(["METASTACK_CONFIG": ""]) { $1 })
                #expect(said == expected, "\(environment)")
            }
            // What is no terminal gets none.
            let piped = try await Program.run(
                words, ["TERM": "xterm", "NO_COLOR": "", "METASTACK_CONFIG": ""])
            #expect(piped.contains("host1") && !piped.contains("\u{1b}"))
        }
    }
}
