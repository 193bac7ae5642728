import Glibc

/// The wall clock's time of a record.
struct LogTime: Sendable {
    private let seconds: time_t
    private let nanoseconds: Int

    /// Seconds since 1970, and nanoseconds.
    init(seconds: Int, nanoseconds: Int) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Now (`clock_gettime`).
    static var now: LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-21T10:00:00.123Z`.
    var rfc3339: String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let milliseconds = String(1000 + nanoseconds / 1_000_000).dropFirst()
        return formatted(parts, "%Y-%m-%dT%H:%M:%S.") + milliseconds + "Z"
    }

    /// RFC 3164 in local time, which is what local daemons expect: `Nov 21 10:00:00`.
    var rfc3164: String {
        var seconds = seconds
        var parts = tm()
        localtime_r(&seconds, &parts)
        return formatted(parts, "%b %e %H:%M:%S")
    }
}

private func formatted(_ parts: tm, _ format: String) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
        var parts = parts
        let count = strftime(buffer.baseAddress, 64, format, &parts)
        return String(
            decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
