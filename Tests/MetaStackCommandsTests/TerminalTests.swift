import Foundation
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
}
