import Foundation
import HTTPTypes
import Hummingbird
import MetaStackModel
import NIOCore

/// How an answer is written, as the request's `Accept` wants it (RFC 9110, 12.5.1).
enum MediaType: String, Sendable, CaseIterable {
    case json = "application/json"
    case messagePack = "application/msgpack"
    case html = "text/html"

    /// The first in the order of their weights that is known; JSON where nothing is said.
    ///
    /// - Throws: `Problem` (406) where none is.
    init(_ request: Request) throws {
        let text = request.headers[values: .accept].joined(separator: ",")
        guard !text.trimmingCharacters(in: .whitespaces).isEmpty else {
            self = .json
            return
        }
        let ranges = text.split(separator: ",").map { part in
            let pieces = part.split(separator: ";").map {
                $0.trimmingCharacters(in: .whitespaces).lowercased()
            }
            let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }
                .flatMap { Double($0.dropFirst(2)) }
            return (range: pieces.first ?? "", weight: weight ?? 1)
        }
        let wanted = ranges.enumerated().filter { $0.element.weight > 0 }
            .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
        let refused = ranges.filter { $0.weight == 0 }.map(\.range)
        for (_, (range, _)) in wanted {
            if let found = Self.allCases.first(where: {
                $0.matches(range) && !refused.contains($0.rawValue)
            }) {
                self = found
                return
            }
        }
        let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
        throw Problem(.notAcceptable, "answers are \(known)")
    }

    private func matches(_ range: String) -> Bool {
        let family = rawValue.prefix { $0 != "/" }
        return range == rawValue || range == "*/*" || range == "\(family)/*"
            || self == .messagePack
                && ["application/x-msgpack", "application/vnd.msgpack"]
                    .contains(range)
    }
}

extension Response {
    /// A document in the form that the request wants.
    static func document(
        _ value: JSONValue, for request: Request, status: HTTPResponse.Status = .ok,
        headers: HTTPFields = HTTPFields()
    ) throws -> Response {
        let type = try MediaType(request)
        var headers = headers
        let bytes: ByteBuffer
        switch type {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            bytes = ByteBuffer(bytes: try encoder.encode(value))
        case .messagePack: bytes = ByteBuffer(bytes: MessagePack.encode(value))
        case .html:
            bytes = ByteBuffer(string: try DocumentHTML.page(value, title: request.uri.path))
        }
        headers[.contentType] = type == .html ? "text/html; charset=utf-8" : type.rawValue
        headers[.vary] = "Accept"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }
}

/// A document of the API for people who look at it with a browser.
enum DocumentHTML {
    static func page(_ value: JSONValue, title: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(value), as: UTF8.self)
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(title.escapedForHTML)</title></head>
            <body><main><h1>\(title.escapedForHTML)</h1>
            <pre>\(text.escapedForHTML)</pre></main></body></html>

            """
    }
}

extension String {
    /// The text where HTML expects text or a quoted attribute.
    var escapedForHTML: String {
        guard utf8.contains(where: Self.isSpecial) else { return self }
        var result = ""
        result.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""),
            UInt8(ascii: "'"):
            true
        default: false
        }
    }

    /// The text as one segment of a path (RFC 3986, 3.3), with nothing in it that means more.
    var pathSegment: String { addingPercentEncoding(withAllowedCharacters: .unreserved) ?? self }
}

extension CharacterSet {
    /// RFC 3986, 2.3.
    static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
