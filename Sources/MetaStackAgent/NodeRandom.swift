/// The agent's only source of chance, so that a simulation's seed repeats it.
public protocol NodeRandom: Sendable {
    /// 64 random bits.
    func next() -> UInt64
}

extension NodeRandom {
    /// A name for an RBD image: each is used once and never again.
    ///
    /// All are of one length, so that lists of them stay in line and a reader may tell them by it.
    func freshName(after prefix: String) -> String {
        let digits = String(next(), radix: 16)
        return prefix + "." + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A time from zero up to `limit`.
    func jitter(upTo limit: Duration) -> Duration {
        limit * Double(next() >> 11) / Double(1 << 53)
    }
}

/// The machine's own chance.
public struct SystemRandom: NodeRandom {
    public init() {}

    public func next() -> UInt64 { .random(in: .min ... .max) }
}
