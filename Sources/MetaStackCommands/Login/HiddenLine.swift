import Dispatch
import Glibc

/// A line of standard input that a terminal does not show while it is typed (termios(3)).
enum HiddenLine {
    /// nil at the input's end.
    static func read() -> String? {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return readLine() }
        let shown = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        // Whoever gives up gets back a terminal that shows what is typed.
        let formerAction = signal(SIGINT, SIG_IGN)
        let interrupt = DispatchSource.makeSignalSource(
            signal: SIGINT, queue: DispatchQueue(label: "metastack.interrupt"))
        interrupt.setEventHandler {
            show(shown)
            _exit(128 + SIGINT)
        }
        // Until it watches, an interrupt is nobody's, and would be lost. This thread waits, so the queue
        // is one with another: on a machine with one processor all others share it.
        let isWatching = DispatchSemaphore(value: 0)
        interrupt.setRegistrationHandler { isWatching.signal() }
        interrupt.resume()
        isWatching.wait()
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        defer {
            show(shown)
            interrupt.cancel()
            signal(SIGINT, formerAction)
        }
        return readLine()
    }

    private static func show(_ settings: termios) {
        var settings = settings
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
    }
}
