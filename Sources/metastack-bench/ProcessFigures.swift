import Foundation

/// What the kernel says of a process.
struct ProcessFigures {
    let id: Int

    /// By the process's own clock: the ticks of `/proc` are 10 ms, and a second at rest takes less
    /// than one.
    func cpuMilliseconds() throws -> Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(pid_t(id), &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw BenchmarkError(description: "process \(id) has no clock")
        }
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    /// - Parameter field: of `/proc/<pid>/status`.
    func residentMB(_ field: String = "VmRSS") throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(field + ":") } ?? ""
        return Double(line.filter(\.isNumber)).map { $0 * 1024 / 1e6 } ?? 0
    }
}
