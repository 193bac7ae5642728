extension Sequence<String> {
    /// The name that somebody probably meant, for "did you mean"; nil where none is near.
    ///
    /// Near is at most one slip in three characters: one inserted, left out, replaced, or two
    /// neighbours swapped (the restricted Damerau-Levenshtein distance). Case, and `_` for `-`,
    /// are no slip at all. Of equally near names the first in alphabetical order is taken.
    public func nearest(to name: String) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars.prefix(80)).map(dashed)
        let limit = Swift.max(1, wanted.count / 3)
        return map { ($0, slips(from: wanted, to: $0.lowercased().unicodeScalars.map(dashed))) }
            .filter { $0.1 <= limit }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }
}

private func dashed(_ scalar: Unicode.Scalar) -> Unicode.Scalar { scalar == "_" ? "-" : scalar }

private func slips(from left: [Unicode.Scalar], to right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, scalar) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            var best = min(
                last[column] + (scalar == other ? 0 : 1), last[column + 1] + 1,
                current[column] + 1)
            let swapped =
                row > 0 && column > 0 && scalar == right[column - 1] && left[row - 1] == other
            if swapped { best = min(best, beforeLast[column - 1] + 1) }
            current.append(best)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}
