import Glibc

/// Calls a C function that fills a text buffer; grows it for as long as it says `ERANGE`.
///
/// `body` gets the buffer and its capacity, which the C function may set to what it needs.
func text(
    capacity: Int,
    _ body: (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int>) throws -> Void
) throws -> String {
    let filled = try elements(capacity: capacity, of: CChar(0)) { buffer, count in
        try body(buffer, count)
        count.pointee = strnlen(buffer, count.pointee)
    }
    return String(decoding: filled.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Calls a C function that fills an array and sets its count; grows it on `ERANGE`.
///
/// Between the call and its repetition the list may grow again, so this repeats, at most
/// 16 times.
func elements<Element>(
    capacity: Int, of blank: Element,
    _ body: (UnsafeMutablePointer<Element>, UnsafeMutablePointer<Int>) throws -> Void
) throws -> [Element] {
    var capacity = capacity
    for attempt in 1... {
        do {
            return try [Element](unsafeUninitializedCapacity: capacity) { buffer, filled in
                guard let base = buffer.baseAddress else { return }
                base.initialize(repeating: blank, count: capacity)
                var count = capacity
                defer { if count > capacity { capacity = count } }
                try body(base, &count)
                filled = min(count, capacity)
            }
        } catch let error as CephError where error.code.rawValue == ERANGE && attempt < 16 {
            capacity *= 2
        }
    }
    return []
}

/// The strings of a list with a NUL behind each and an empty one at its end.
func strings(in bytes: [CChar]) -> [String] {
    bytes.split(separator: 0, omittingEmptySubsequences: false)
        .prefix { !$0.isEmpty }
        .map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}
