import Foundation
import HTTPTypes
import Hummingbird
import MetaStackModel
import NIOCore

/// What the API is, for programs and for people. Open to everybody: it says nothing of the cluster.
struct DescriptionRoutes {
    let described: [APIRoute]

    var routes: [APIRoute] {
        [
            APIRoute(
                method: .get, path: "/api/openapi.json", role: nil, id: "describe", tag: "about",
                summary: "This description (OpenAPI 3.1).",
                answers: [
                    APIAnswer(
                        status: 200, summary: "It.",
                        content: [("application/json", .object(["type": .string("object")]))])
                ]
            ) { [described] _, _ in
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                return .json(try encoder.encode(OpenAPI.document(described)))
            },
            APIRoute(
                method: .get, path: "/api", role: nil, id: "browse", tag: "about",
                summary: "This description, for people.",
                answers: [
                    APIAnswer(
                        status: 200, summary: "It.", content: [("text/html", .object([:]))])
                ]
            ) { [described] _, _ in
                var headers = HTTPFields()
                headers[.contentType] = "text/html; charset=utf-8"
                return Response(
                    status: .ok, headers: headers,
                    body: ResponseBody(byteBuffer: ByteBuffer(string: Self.page(described))))
            },
        ]
    }

    private static func page(_ routes: [APIRoute]) -> String {
        let tags = routes.reduce(into: [String]()) { tags, route in
            if !tags.contains(route.tag) { tags.append(route.tag) }
        }
        let sections = tags.map { tag in
            let items = routes.filter { $0.tag == tag }.map(section).joined(separator: "\n")
            return "<section><h2>\(tag.escapedForHTML)</h2>\n\(items)\n</section>"
        }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>MetaStack's API</title></head>
            <body><main><h1>MetaStack's API</h1>
            <p>For programs: <a href="/api/openapi.json">OpenAPI 3.1</a>. Requests carry
            <code>Authorization: Bearer TOKEN</code>; <code>metastack token create</code> makes
            one.</p>
            \(sections.joined(separator: "\n"))
            </main></body></html>

            """
    }

    private static func section(_ route: APIRoute) -> String {
        let parameters = route.parameters.map {
            "<li><code>\($0.name.escapedForHTML)</code> (\($0.place.rawValue)): "
                + "\($0.summary.escapedForHTML)</li>"
        }.joined()
        let answers = route.answers.map {
            "<li><code>\($0.status)</code>: \($0.summary.escapedForHTML)</li>"
        }.joined()
        let role = route.role.map { "role \($0.rawValue)" } ?? "everybody"
        return """
            <details><summary><code>\(route.method.rawValue) \(route.path.escapedForHTML)</code>
            \(route.summary.escapedForHTML)</summary>
            <p>For \(role).</p><ul>\(parameters)</ul><ul>\(answers)</ul></details>
            """
    }
}
