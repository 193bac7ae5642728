/// What happened, line by line; empty unless somebody wants to read it.
public final class Trace: @unchecked Sendable {
    public let isOn: Bool
    private let print: ((String) -> Void)?
    public private(set) var lines: [String] = []
    private let kept: Int

    /// - Parameters:
    ///   - kept: how many of the last lines are remembered; none switches it off.
    ///   - print: gets every line at once.
    public init(kept: Int = 0, print: ((String) -> Void)? = nil) {
        isOn = kept > 0 || print != nil
        self.kept = kept
        self.print = print
    }

    func add(_ moment: Moment, _ words: String) {
        let line = "\(moment) \(words)"
        print?(line)
        guard kept > 0 else { return }
        lines.append(line)
        if lines.count > 2 * kept { lines.removeFirst(lines.count - kept) }
    }
}
