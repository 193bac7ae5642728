import Curl
import Foundation
import MetaStackManagement
import MetaStackModel

/// Requests to a `metastack serve`, with what it refuses as `CommandFailure`.
struct RemoteAPI: Sendable {
    /// A server that answers nothing for so long is away.
    private static let deadline = Duration.seconds(30)

    private let curl: Curl
    private let url: String
    private let token: String
    private let tls: CurlTLS?

    /// - Throws: `CommandFailure` where there is no token.
    init(_ settings: ServerSettings, curl: Curl) throws {
        self.curl = curl
        url = settings.url
        tls = settings.ca.map { CurlTLS(certificateAuthority: $0) }
        if let token = settings.token {
            self.token = token
        } else if let file = settings.tokenFile {
            let text = try TextFile.read(file, as: "server.token-file")
            token = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        } else {
            throw CommandFailure(
                .usage,
                "a token is needed for \(url): give --token, or 'metastack login \(url)' once")
        }
    }

    func get(_ path: String) async throws -> Data { try await send(request(path, .get)) }

    func post(_ path: String, _ body: Data) async throws -> Data {
        var request = request(path, .post(body))
        request.headers["Content-Type"] = "application/json"
        request.mayBeSentTwice = false
        return try await send(request)
    }

    func stream(_ path: String) async throws -> CurlStream {
        var request = request(path, .get)
        request.deadline = nil
        request.headTimeout = Self.deadline
        request.admission = .atOnce
        do {
            let stream = try await curl.stream(request)
            guard stream.head.isSuccess else {
                var body = Data()
                for try await piece in stream { body += piece }
                throw refusal(stream.head.status, body)
            }
            return stream
        } catch let error as CurlError {
            throw failure(error, isWrite: false)
        }
    }

    private func request(_ path: String, _ method: CurlRequest.Method) -> CurlRequest {
        var request = CurlRequest(url + path, method: method)
        request.headers["Authorization"] = "Bearer \(token)"
        request.headers["Accept"] = "application/json"
        request.deadline = Self.deadline
        request.tls = tls
        request.proxy = .environment
        return request
    }

    private func send(_ request: CurlRequest) async throws -> Data {
        do {
            let response = try await curl.perform(request)
            guard response.head.isSuccess else {
                throw refusal(response.head.status, response.body)
            }
            return response.body
        } catch let error as CurlError {
            throw failure(error, isWrite: !request.mayBeSentTwice)
        }
    }

    private func failure(_ error: CurlError, isWrite: Bool) -> CommandFailure {
        if isWrite, error.wasSent {
            return CommandFailure(
                .failed,
                "\(url) gave no answer (\(error.message)); the change may have happened, look before "
                    + "you try again")
        }
        return CommandFailure(
            .unreachable,
            "cannot reach \(url): \(error.message); check --server and that 'metastack serve' runs there"
        )
    }

    /// What a problem (RFC 9457) says, under the status that the same thing has without a server.
    private func refusal(_ status: Int, _ body: Data) -> CommandFailure {
        // None where it is not metastack that answered.
        let problem = try? JSONDecoder().decode(Problem.self, from: body)
        let detail = problem?.detail ?? "it answered with HTTP status \(status)"
        let fields = (problem?.errors ?? []).map {
            FieldProblem(path: $0.field, problem: $0.problem)
        }
        switch status {
        case 401:
            return CommandFailure(
                .failed, "\(url) does not let you in: \(detail); try 'metastack login \(url)'")
        case 403: return CommandFailure(.failed, "\(url) refuses: \(detail)")
        case 404:
            return CommandFailure(
                .notFound, problem == nil ? "\(url) is no metastack: \(detail)" : detail)
        case 409, 412: return CommandFailure(.conflict, detail)
        case 400, 413, 415, 422: return CommandFailure(.usage, detail, fields: fields)
        case 502, 503: return CommandFailure(.unreachable, "\(url): \(detail)")
        default: return CommandFailure(.failed, "\(url): \(detail)")
        }
    }

    private struct Problem: Decodable {
        struct Field: Decodable {
            let field: String
            let problem: String
        }

        let detail: String
        let errors: [Field]?
    }
}
