import Etcd
import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import NIOCore

/// Why a request was refused, as `application/problem+json` (RFC 9457).
struct Problem: Error, HTTPResponseError, Equatable {
    let status: HTTPResponse.Status
    /// A sentence for people.
    let detail: String
    /// The fields of what was sent that are to blame.
    var errors: [FieldProblem] = []
    var headers = HTTPFields()

    init(_ status: HTTPResponse.Status, _ detail: String, errors: [FieldProblem] = []) {
        self.status = status
        self.detail = detail
        self.errors = errors
    }

    init(_ failure: CommandFailure) {
        let status: HTTPResponse.Status =
            switch failure.status {
            case .done: .ok
            case .failed: .unprocessableContent
            case .usage: failure.fields.isEmpty ? .badRequest : .unprocessableContent
            case .notFound: .notFound
            case .conflict: .conflict
            case .unreachable: .serviceUnavailable
            case .timedOut: .gatewayTimeout
            }
        self.init(status, failure.description, errors: failure.fields)
    }

    /// Any error in the words of whoever asked; what nobody foresaw is told without its inside.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let failure as CommandFailure: self.init(failure)
        case let error as MetaStackModel.ValidationError:
            self.init(.badRequest, error.description)
        case let error as EtcdError where error.code == .outcomeUnknown:
            self.init(
                .gatewayTimeout, "etcd gave no answer: the change may have happened, look at it")
        case let error as EtcdError where error.isRetriable:
            self.init(.serviceUnavailable, "etcd cannot be reached: \(error)")
            headers[.retryAfter] = "1"
        case let error as EtcdError where error.code == .requestTooLarge:
            self.init(.contentTooLarge, "etcd refuses it: \(error)")
        case let error as EtcdError: self.init(.badGateway, "etcd refuses it: \(error)")
        case let error as HTTPError:
            self.init(error.status, error.body ?? error.status.reasonPhrase)
        case is NIOTooManyBytesError:
            self.init(.contentTooLarge, "the body is larger than \(RequestBody.limitText)")
        default:
            self.init(.internalServerError, "it failed for a reason that the server's log has")
        }
    }

    var json: JSONValue {
        var fields: [String: JSONValue] = [
            "type": .string("about:blank"), "title": .string(status.reasonPhrase),
            "status": .integer(Int64(status.code)), "detail": .string(detail),
        ]
        if !errors.isEmpty {
            fields["errors"] = .array(
                errors.map {
                    .object(["field": .string($0.path), "problem": .string($0.problem)])
                })
        }
        return .object(fields)
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        response
    }

    var response: Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        // The values are texts and numbers.
        let text = (try? JSONEncoder().encode(json)) ?? Data()
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
    }
}
