extension RuleSet {
    /// Whether `nft list table` shows all of it: the mark of its content, and of every chain, set and map as
    /// many rules or elements as there are to be.
    ///
    /// How nft writes a rule is its own affair, and so is not compared.
    func isWhole(in listing: String) -> Bool {
        var counts = Counts()
        for line in listing.utf8.split(separator: UInt8(ascii: "\n")) { counts.read(line) }
        guard counts.found[mark] == 0, counts.found.count == chains.count + collections.count + 1
        else { return false }
        return chains.allSatisfy { counts.found[$0.key] == $0.value.rules.count }
            && collections.allSatisfy { name, collection in
                // What is added while packets pass is not counted.
                counts.found[name] == collection.elements.count
                    || collection.details.contains("dynamic") && counts.found[name] != nil
            }
    }

    /// Reads a listing, a line at a time.
    private struct Counts {
        /// Rules or elements, by the name of their chain, set or map.
        var found: [String: Int] = [:]
        private var name: String?
        private var isChain = false
        private var isElements = false

        private static let quote = UInt8(ascii: "\"")
        private static let comma = UInt8(ascii: ",")

        mutating func read(_ line: Substring.UTF8View) {
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard let first = words.first.map({ String(Substring($0)) }) else { return }
            guard let name else {
                guard words.count == 3, ["chain", "set", "map"].contains(first) else { return }
                isChain = first == "chain"
                self.name = String(Substring(words[1]))
                found[String(Substring(words[1]))] = 0
                return
            }
            if isElements {
                count(line, of: name)
            } else if first == "}" {
                self.name = nil
            } else if isChain {
                // The first line of a chain with a hook is the hook.
                let isHook =
                    first == "type" && words.count > 2 && words[2].elementsEqual("hook".utf8)
                if !isHook { found[name, default: 0] += 1 }
            } else if first == "elements" {
                isElements = true
                // An element before the first comma.
                found[name, default: 0] += 1
                count(line, of: name)
            }
        }

        /// Each comma outside of quotes has an element behind it.
        private mutating func count(_ line: Substring.UTF8View, of name: String) {
            var isQuoted = false
            var commas = 0
            for byte in line {
                if byte == Self.quote { isQuoted.toggle() }
                if byte == Self.comma, !isQuoted { commas += 1 }
            }
            found[name, default: 0] += commas
            if line.last(where: { $0 != UInt8(ascii: " ") }) == UInt8(ascii: "}") {
                isElements = false
            }
        }
    }
}
