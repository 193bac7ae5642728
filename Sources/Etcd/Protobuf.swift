import FoundationEssentials

/// As much of Protocol Buffers (encoding version 3) and of gRPC's framing as one method of etcd
/// needs: `Range` of rpc.proto, whose numbers of fields stand here.
enum Protobuf {
    /// gRPC's prefix of a message: one byte that says it is not compressed, and its length.
    private static let prefixLength = 5

    // MARK: Writing

    static func framed(_ message: Data) -> Data {
        var frame = Data([0])
        withUnsafeBytes(of: UInt32(message.count).bigEndian) { frame.append(contentsOf: $0) }
        return frame + message
    }

    /// etcd's `RangeRequest`: key 1, range_end 2, limit 3, revision 4, keys_only 8.
    static func message(_ request: RangeRequest) -> Data {
        var message = Data()
        append(1, request.range.first.bytes, to: &message)
        if let end = request.range.wireEnd { append(2, end.bytes, to: &message) }
        if let limit = request.limit { append(3, UInt64(limit), to: &message) }
        if let revision = request.revision {
            append(4, UInt64(bitPattern: revision.rawValue), to: &message)
        }
        if request.keysOnly { append(8, 1, to: &message) }
        return message
    }

    private static func append(_ field: UInt64, _ bytes: [UInt8], to message: inout Data) {
        append(field << 3 | 2, to: &message)
        append(UInt64(bytes.count), to: &message)
        message.append(contentsOf: bytes)
    }

    private static func append(_ field: UInt64, _ number: UInt64, to message: inout Data) {
        append(field << 3, to: &message)
        append(number, to: &message)
    }

    private static func append(_ number: UInt64, to message: inout Data) {
        var number = number
        while number >= 0x80 {
            message.append(UInt8(truncatingIfNeeded: number) | 0x80)
            number >>= 7
        }
        message.append(UInt8(number))
    }

    // MARK: Reading

    /// The one message of an answer; nil where there is none, as after an error.
    static func unframed(_ body: Data) -> Data? {
        let prefix = body.prefix(prefixLength)
        guard prefix.count == prefixLength, prefix.first == 0 else { return nil }
        let length = prefix.dropFirst().reduce(0) { $0 << 8 | Int($1) }
        guard body.count == prefixLength + length else { return nil }
        return body.dropFirst(prefixLength)
    }

    /// etcd's `RangeResponse`: header 1, kvs 2, more 3, count 4. nil where it cannot be read.
    static func rangeResponse(_ message: Data) -> RangeResponse? {
        message.withUnsafeBytes { bytes in
            var response = RangeResponse(
                header: ResponseHeader(
                    clusterID: 0, memberID: 0, revision: Revision(rawValue: 0), raftTerm: 0),
                keyValues: [], count: 0)
            var fields = FieldReader(bytes)
            while let field = fields.next() {
                switch (field.number, field.value) {
                case (1, .bytes(let bytes)): response.header = header(bytes)
                case (2, .bytes(let bytes)): response.keyValues.append(keyValue(bytes))
                case (3, .number(let number)): response.hasMore = number != 0
                case (4, .number(let number)): response.count = Int64(bitPattern: number)
                default: break
                }
            }
            return fields.isComplete ? response : nil
        }
    }

    /// cluster_id 1, member_id 2, revision 3, raft_term 4.
    private static func header(_ bytes: UnsafeRawBufferPointer) -> ResponseHeader {
        var numbers: [Int: UInt64] = [:]
        var fields = FieldReader(bytes)
        while let field = fields.next() {
            if case .number(let number) = field.value { numbers[field.number] = number }
        }
        return ResponseHeader(
            clusterID: numbers[1] ?? 0, memberID: numbers[2] ?? 0,
            revision: Revision(rawValue: Int64(bitPattern: numbers[3] ?? 0)),
            raftTerm: numbers[4] ?? 0)
    }

    /// key 1, create_revision 2, mod_revision 3, version 4, value 5, lease 6.
    private static func keyValue(_ bytes: UnsafeRawBufferPointer) -> KeyValue {
        var result = KeyValue(
            key: Key(bytes: []), value: Data(), createRevision: Revision(rawValue: 0),
            modRevision: Revision(rawValue: 0), version: 0)
        var fields = FieldReader(bytes)
        while let field = fields.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let bytes)): result.key = Key(bytes: Array(bytes))
            case (5, .bytes(let bytes)): result.value = Data(bytes)
            case (2, .number(let number)):
                result.createRevision = Revision(rawValue: Int64(bitPattern: number))
            case (3, .number(let number)):
                result.modRevision = Revision(rawValue: Int64(bitPattern: number))
            case (4, .number(let number)): result.version = Int64(bitPattern: number)
            case (6, .number(let number)) where number != 0:
                result.lease = LeaseID(rawValue: Int64(bitPattern: number))
            default: break
            }
        }
        return result
    }

    /// A message's fields one after the other; those of fixed length are passed over.
    private struct FieldReader {
        enum Value {
            case number(UInt64)
            case bytes(UnsafeRawBufferPointer)
            case other
        }

        private let bytes: UnsafeRawBufferPointer
        private var place = 0
        /// Whether the message was read to its end without a mistake.
        private(set) var isComplete = true

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        mutating func next() -> (number: Int, value: Value)? {
            guard place < bytes.count else { return nil }
            guard let tag = number(), let value = value(kind: tag & 7) else {
                isComplete = false
                place = bytes.count
                return nil
            }
            return (Int(truncatingIfNeeded: tag >> 3), value)
        }

        private mutating func value(kind: UInt64) -> Value? {
            switch kind {
            case 0: return number().map { .number($0) }
            case 1: return skip(8) == nil ? nil : .other
            case 2:
                return number().flatMap { Int(exactly: $0) }.flatMap { skip($0) }.map { .bytes($0) }
            case 5: return skip(4) == nil ? nil : .other
            default: return nil
            }
        }

        private mutating func skip(_ count: Int) -> UnsafeRawBufferPointer? {
            guard count >= 0, count <= bytes.count - place else { return nil }
            defer { place += count }
            return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
        }

        private mutating func number() -> UInt64? {
            var result: UInt64 = 0
            for shift in stride(from: UInt64(0), through: 63, by: 7) {
                guard place < bytes.count else { return nil }
                let byte = bytes[place]
                place += 1
                result |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return result }
            }
            return nil
        }
    }
}
