import MetaStackManagement

/// Two texts' differences as `diff -u` shows them.
struct UnifiedDiff: Sendable, Equatable {
    private static let context = 3

    private enum Line: Equatable {
        case same(Substring)
        case old(Substring)
        case new(Substring)

        var text: String {
            switch self {
            case .same(let line): " \(line)"
            case .old(let line): "-\(line)"
            case .new(let line): "+\(line)"
            }
        }

        var isSame: Bool { if case .same = self { true } else { false } }
    }

    private let lines: [Line]

    init(_ old: String, _ new: String) {
        let before = old.split(separator: "\n", omittingEmptySubsequences: true)
        let after = new.split(separator: "\n", omittingEmptySubsequences: true)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in after.difference(from: before) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines: [Line] = []
        var (left, right) = (0, 0)
        while left < before.count || right < after.count {
            if left < before.count, removed.contains(left) {
                lines.append(.old(before[left]))
                left += 1
            } else if right < after.count, inserted.contains(right) {
                lines.append(.new(after[right]))
                right += 1
            } else {
                lines.append(.same(before[left]))
                (left, right) = (left + 1, right + 1)
            }
        }
        self.lines = lines
    }

    var isEmpty: Bool { lines.allSatisfy(\.isSame) }

    /// The changes with what stands around them; empty where there are none.
    func text(hasColours: Bool = false) -> String {
        hunks.map { hunk in
            header(hunk) + lines[hunk].map { Self.paint($0, hasColours) + "\n" }.joined()
        }.joined()
    }

    private static func paint(_ line: Line, _ hasColours: Bool) -> String {
        guard hasColours else { return line.text }
        switch line {
        case .same: return line.text
        case .old: return StateColour.bad.paint(line.text)
        case .new: return StateColour.good.paint(line.text)
        }
    }

    /// Changes that are near each other are one.
    private var hunks: [Range<Int>] {
        var hunks: [Range<Int>] = []
        for place in lines.indices where !lines[place].isSame {
            let around =
                max(0, place - Self.context)..<min(lines.count, place + Self.context + 1)
            if let last = hunks.last, last.upperBound >= around.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<around.upperBound
            } else {
                hunks.append(around)
            }
        }
        return hunks
    }

    /// Such as `@@ -1,4 +1,5 @@`.
    private func header(_ hunk: Range<Int>) -> String {
        func span(_ isOurs: (Line) -> Bool) -> String {
            let before = lines[..<hunk.lowerBound].count(where: isOurs)
            let count = lines[hunk].count(where: isOurs)
            return "\(count == 0 ? before : before + 1),\(count)"
        }
        let old = span { if case .new = $0 { false } else { true } }
        let new = span { if case .old = $0 { false } else { true } }
        return "@@ -\(old) +\(new) @@\n"
    }
}
