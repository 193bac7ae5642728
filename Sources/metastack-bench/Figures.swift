/// Measured times of one thing.
struct Figures {
    let name: String
    private(set) var times: [Duration] = []

    init(_ name: String) { self.name = name }

    mutating func add(_ time: Duration) { times.append(time) }

    /// The time that this share of all stays under: nearest rank.
    func percentile(_ share: Double) -> Duration {
        let sorted = times.sorted()
        guard let last = sorted.last else { return .zero }
        let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return sorted.indices.contains(index) ? sorted[index] : last
    }

    var median: Duration { percentile(0.5) }

    /// One line of the table.
    var row: String {
        "| \(name) | \(median.milliseconds) | \(percentile(0.99).milliseconds) | \(times.count) |"
    }

    static let header = "| what | p50 ms | p99 ms | rounds |\n| --- | --- | --- | --- |"
}

extension Duration {
    /// With two digits behind the point.
    var milliseconds: String {
        let hundredths = Int((self / .microseconds(10)).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// How many times the other one, with two digits behind the point.
    func ratio(to other: Duration) -> String {
        let hundredths = Int((self / other * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
