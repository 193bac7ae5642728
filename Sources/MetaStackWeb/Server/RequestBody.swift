import Foundation
import HTTPTypes
import Hummingbird
import MetaStackModel
import NIOCore

/// What a request carries, read with limits.
enum RequestBody {
    /// etcd takes no larger request either.
    static let limit = 1 << 20
    static let limitText = "1 MiB"

    static func bytes(_ request: Request) async throws -> Data {
        var request = request
        let buffer = try await request.collectBody(upTo: limit)
        return Data(buffer.readableBytesView)
    }

    /// - Parameter types: the media types that are understood, without parameters.
    /// - Throws: `Problem`: 415 for another type, 400 for what is no JSON.
    static func json(
        _ request: Request, types: [String] = ["application/json"]
    ) async throws -> JSONValue {
        let type = request.headers[.contentType]?.split(separator: ";").first.map {
            $0.trimmingCharacters(in: .whitespaces).lowercased()
        }
        guard let type, types.contains(type) else {
            throw Problem(
                .unsupportedMediaType, "send \(types.joined(separator: " or ")) as content type")
        }
        let data = try await bytes(request)
        do {
            return try JSONDecoder().decode(JSONValue.self, from: data)
        } catch {
            throw Problem(.badRequest, "the body is no JSON that can be read")
        }
    }

    /// The fields of a form that a browser sent.
    static func form(_ request: Request) async throws -> [String: String] {
        let type = request.headers[.contentType] ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded") else {
            throw Problem(.unsupportedMediaType, "a form is application/x-www-form-urlencoded")
        }
        return fields(of: String(decoding: try await bytes(request), as: UTF8.self))
    }

    /// Fields as a form has them, in its body or in the query of its address. Of two of one name the
    /// last one counts.
    static func fields(of text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map {
                $0.replacing("+", with: " ").removingPercentEncoding ?? ""
            }
            fields[decoded[0]] = decoded.count > 1 ? decoded[1] : ""
        }
        return fields
    }
}
