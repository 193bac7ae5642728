extension String {
    /// The text on one line and harmless to a terminal: blanks for line breaks and tabs, other
    /// control and formatting characters by their number.
    ///
    /// Records may hold whatever somebody wrote into etcd.
    package var printable: String {
        if isPlain { return self }
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where "\n\r\t".unicodeScalars.contains(scalar),
                .lineSeparator, .paragraphSeparator:
                result.append(" ")
            case .control, .format, .surrogate, .privateUse, .unassigned:
                let number = String(scalar.value, radix: 16)
                result.append(contentsOf: "\\u{\(number)}".unicodeScalars)
            default:
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// How many columns of a terminal the text takes.
    package var displayWidth: Int {
        isPlain ? utf8.count : reduce(0) { $0 + $1.displayWidth }
    }

    /// Nothing but ASCII that prints, as most names are: a byte, a character and a column are one.
    private var isPlain: Bool { utf8.allSatisfy { (0x20..<0x7f).contains($0) } }

    /// The text, cut with `…` where it is wider.
    package func cut(toWidth width: Int) -> String {
        guard displayWidth > width else { return self }
        var result = ""
        var used = 0
        for character in self {
            used += character.displayWidth
            if used >= width { break }
            result.append(character)
        }
        return result + "…"
    }
}

extension Character {
    /// Two columns for East Asian wide characters and emoji (Unicode TR 11), none for marks that
    /// stand alone, else one.
    package var displayWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        let isWide = unicodeScalars.contains { $0.isWide } || first.properties.isEmojiPresentation
        return isWide ? 2 : 1
    }
}

extension Unicode.Scalar {
    /// The blocks that are wide throughout: Hangul, CJK, kana, full-width forms; and the selector
    /// that asks for an emoji.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
            0xfe30...0xfe4f, 0xff00...0xff60, 0xffe0...0xffe6, 0x20000...0x3fffd, 0xfe0f:
            true
        default: false
        }
    }
}
