import MetaStackModel

/// A limit of what a NIC sends or gets, as OpenFlow's meters: what is too much is dropped, which is how a
/// sender hears of it.
struct SwitchMeter: Sendable, Hashable {
    var number: Int
    /// In kbit/s.
    var rate: Int

    /// Two of the largest frames that a guest hands over at once, in kbit.
    private static let least = 1_049

    static func outbound(_ guest: Int) -> Int { guest * 2 }
    static func inbound(_ guest: Int) -> Int { guest * 2 + 1 }

    static func all(_ port: GuestPort, number: Int) -> [SwitchMeter] {
        [
            port.limits?.outbound.map { SwitchMeter(number: outbound(number), rate: $0) },
            port.limits?.inbound.map { SwitchMeter(number: inbound(number), rate: $0) },
        ].compactMap(\.self)
    }

    /// As `ovs-ofctl` takes it. It saves up for a second, as the kernel's do.
    var text: String {
        "meter=\(number),kbps,burst,bands=type=drop,rate=\(rate),burst_size=\(rate + Self.least)"
    }

    /// Reads what `ovs-ofctl dump-meters` writes: a line for each, and one for its band.
    static func read(_ answer: String) -> [Int: SwitchMeter] {
        var found: [Int: SwitchMeter] = [:]
        for part in answer.split(separator: "meter=").dropFirst() {
            guard let number = Int(part.prefix { $0.isNumber }) else { continue }
            // One of another kind has no rate that is ours, and is made anew.
            let rate = part.firstMatch(of: #/kbps burst(?:.|\n)*?rate=(\d+) burst_size=(\d+)/#)
            let meter = SwitchMeter(number: number, rate: rate.flatMap { Int($0.1) } ?? 0)
            let burst = rate.flatMap { Int($0.2) } ?? 0
            found[number] = SwitchMeter(
                number: number, rate: burst == meter.rate + least ? meter.rate : 0)
        }
        return found
    }
}
