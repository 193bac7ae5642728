/// What the resident memory of a process consists of, by `/proc/<pid>/smaps` (proc(5)), in KiB.
public struct MemoryParts: Sendable, Equatable {
    /// The allocator's: the heap, its other arenas, and large blocks, which are mappings of their own.
    public private(set) var allocator = 0
    public private(set) var stacks = 0
    /// Pages of programs and libraries that were written to: addresses that the loader put in, and
    /// variables.
    public private(set) var written = 0
    /// Pages of programs and libraries as they are in their files, which the kernel shares between
    /// processes; by the file's name.
    public private(set) var clean: [String: Int] = [:]

    /// What nobody else has (`Anonymous`).
    public var own: Int { allocator + stacks + written }
    public var resident: Int { own + clean.values.reduce(0, +) }

    public init(smaps text: String) {
        var before: Mapping?
        var mapping: Mapping?
        for line in text.split(separator: "\n") {
            if let next = Mapping(line) {
                add(mapping, after: before)
                (before, mapping) = (mapping, next)
            } else if let count = Self.count(line, "Rss:") {
                mapping?.resident = count
            } else if let count = Self.count(line, "Anonymous:") {
                mapping?.own = count
            }
        }
        add(mapping, after: before)
    }

    private static func count(_ line: Substring, _ field: String) -> Int? {
        guard line.hasPrefix(field) else { return nil }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    private mutating func add(_ mapping: Mapping?, after before: Mapping?) {
        guard let mapping else { return }
        let shared = mapping.resident - mapping.own
        if shared > 0 { clean[mapping.file ?? "kernel", default: 0] += shared }
        if mapping.isStack(after: before) {
            stacks += mapping.own
        } else if mapping.file != nil || mapping.isVariables(after: before) {
            written += mapping.own
        } else {
            allocator += mapping.own
        }
    }
}

private struct Mapping {
    let start: UInt64
    let end: UInt64
    let access: Substring
    /// A file's path, or what the kernel calls it in brackets; empty for memory alone.
    let name: String
    var resident = 0
    var own = 0

    /// The first line of a mapping: `55e0-55f0 r-xp 00001000 fe:00 1234 /usr/bin/x`.
    init?(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 5)
        let bounds = words.first?.split(separator: "-").compactMap { UInt64($0, radix: 16) } ?? []
        guard bounds.count == 2, words.count >= 5 else { return nil }
        (start, end, access) = (bounds[0], bounds[1], words[1])
        name = words.count > 5 ? words[5].drop { $0 == " " }.description : ""
    }

    /// The last part of the file's path.
    var file: String? {
        name.hasPrefix("/") ? name.split(separator: "/").last.map(String.init) : nil
    }

    /// The main thread's has a name; below each other one is a page that nobody may touch.
    func isStack(after before: Mapping?) -> Bool {
        guard let before, name.isEmpty else { return name == "[stack]" }
        return before.access.hasPrefix("---") && before.end == start
            && before.end - before.start == 4096
    }

    /// Whether it goes on where a library's file ends: variables that begin as zeros.
    func isVariables(after before: Mapping?) -> Bool {
        guard let before, name.isEmpty else { return false }
        return before.file != nil && before.end == start && before.access.hasPrefix("rw")
    }
}
