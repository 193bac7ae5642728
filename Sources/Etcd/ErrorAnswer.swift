import Curl
import FoundationEssentials
import Glibc

/// An error as the gateway writes it: `{"error": …, "code": 5}`, inside a stream
/// `{"error": {"message": …, "grpc_code": 5}}`, and since etcd 3.6 `{"code": 5, "message": …}`.
struct ErrorAnswer: Decodable {
    /// The error inside a stream: an object, where a plain answer has a string.
    struct Nested: Decodable {
        var message: String?
        var code: Int?
        var grpc_code: Int?
    }
    var message: String
    var code: Int

    private enum Field: String, CodingKey {
        case error, message, code
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        // Where `error` is the string of a plain answer, there is nothing nested to read.
        if let nested = try? fields.decode(Nested.self, forKey: .error) {
            self = ErrorAnswer(nested)
            return
        }
        message =
            try fields.decodeIfPresent(String.self, forKey: .message)
            ?? fields.decode(String.self, forKey: .error)
        code = try fields.decode(Int.self, forKey: .code)
    }

    init(_ nested: Nested) {
        message = nested.message ?? "etcd gives no reason"
        code = nested.grpc_code ?? nested.code ?? GRPCStatus.unknown
    }
}

/// gRPC's status codes, as far as they are told apart here.
private enum GRPCStatus {
    static let cancelled = 1
    static let unknown = 2
    static let invalidArgument = 3
    static let deadlineExceeded = 4
    static let permissionDenied = 7
    static let resourceExhausted = 8
    static let outOfRange = 11
    static let `internal` = 13
    static let unavailable = 14
    static let unauthenticated = 16
}

extension EtcdError {
    /// Reads an answer with a status outside 200…299.
    init(status: Int, body: Data, endpoint: String) {
        // An answer that is no JSON comes from something else; its text says what.
        guard let answer = try? JSONDecoder().decode(ErrorAnswer.self, from: body) else {
            let text = String(decoding: body.prefix(200), as: UTF8.self)
            self.init(
                .malformedAnswer, "HTTP status \(status) without an error of etcd's: \(text)",
                endpoint: endpoint)
            self.status = status
            return
        }
        self.init(message: answer.message, grpcCode: answer.code, endpoint: endpoint)
    }

    init(message: String, grpcCode: Int, endpoint: String) {
        let code = Code(message: message, grpcCode: grpcCode)
        self.init(code, message, endpoint: endpoint, grpcCode: grpcCode)
    }

    /// Whether a new token may cure this, so that the same call is worth another try. etcd refuses
    /// such a call before it does anything.
    var asksForNewToken: Bool {
        grpcCode == GRPCStatus.unauthenticated || message.contains("invalid auth token")
            || message.contains("revision of auth store is old")
            || message.contains("user name is empty")
    }

    /// This error as the answer to a change. etcd gives up waiting for a change that it has
    /// proposed already, and the gateway loses its way to etcd: both may have happened.
    func afterChange() -> EtcdError {
        let isOpen: Bool
        switch code {
        case .deadlineExceeded: isOpen = true
        // The one message of this kind that comes before the change is proposed.
        case .unavailable: isOpen = !message.contains("no leader")
        case .malformedAnswer: isOpen = (status ?? 500) >= 500
        case .other:
            let open = [GRPCStatus.cancelled, GRPCStatus.unknown, GRPCStatus.internal]
            isOpen = grpcCode.map(open.contains) ?? true
        case .outcomeUnknown, .leaseNotFound, .leaseExists, .compacted, .futureRevision,
            .clusterChanged, .unauthenticated, .permissionDenied, .tooManyRequests,
            .requestTooLarge, .noSpace, .invalidRequest, .tls, .badConfiguration, .shutDown:
            isOpen = false
        }
        guard isOpen else { return self }
        var error = self
        error.code = .outcomeUnknown
        return error
    }

    /// The transfer's failure in this module's words. `mutates` is true for a call that must not
    /// happen twice.
    init(_ error: CurlError, endpoint: String, mutates: Bool) {
        if error.wasSent, mutates, error.code != .tls, error.code != .badRequest {
            self.init(
                .outcomeUnknown,
                "the answer is lost, the change may have happened: \(error.message)",
                endpoint: endpoint)
            return
        }
        self.init(Code(error.code), error.message, endpoint: endpoint)
        isConnectionRefused = error.code == .cannotConnect && error.systemError == ECONNREFUSED
    }
}

extension EtcdError.Code {
    fileprivate init(message: String, grpcCode: Int) {
        if let known = Self.byMessage.first(where: { message.contains($0.text) }) {
            self = known.code
            return
        }
        switch grpcCode {
        case GRPCStatus.invalidArgument: self = .invalidRequest
        case GRPCStatus.deadlineExceeded: self = .deadlineExceeded
        case GRPCStatus.permissionDenied: self = .permissionDenied
        case GRPCStatus.resourceExhausted: self = .tooManyRequests
        case GRPCStatus.unavailable: self = .unavailable
        case GRPCStatus.unauthenticated: self = .unauthenticated
        default: self = .other
        }
    }

    /// etcd's messages say more than gRPC's codes: several of these share one.
    private static let byMessage: [(text: String, code: EtcdError.Code)] = [
        ("requested lease not found", .leaseNotFound),
        ("lease already exists", .leaseExists),
        ("required revision has been compacted", .compacted),
        ("required revision is a future revision", .futureRevision),
        ("database space exceeded", .noSpace),
        ("request is too large", .requestTooLarge),
        ("message larger than max", .requestTooLarge),
        ("too many requests", .tooManyRequests),
        ("permission denied", .permissionDenied),
        ("authentication failed", .unauthenticated),
        ("user name is empty", .unauthenticated),
        ("user name not found", .unauthenticated),
        ("invalid auth token", .unauthenticated),
        ("revision of auth store is old", .unauthenticated),
        ("request timed out", .deadlineExceeded),
        ("no leader", .unavailable),
        ("server stopped", .unavailable),
        ("leader changed", .unavailable),
        ("transport is closing", .unavailable),
    ]

    fileprivate init(_ code: CurlError.Code) {
        switch code {
        case .cannotConnect, .connectionLost, .other: self = .unavailable
        case .timedOut: self = .deadlineExceeded
        case .tls: self = .tls
        case .badRequest: self = .invalidRequest
        case .tooManyWaiting: self = .tooManyRequests
        case .shutDown: self = .shutDown
        case .bodyTooLarge, .status, .tooManyRedirects: self = .malformedAnswer
        }
    }
}
