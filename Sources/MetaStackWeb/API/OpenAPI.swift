import HTTPTypes
import MetaStackManagement
import MetaStackModel

/// The API's description (OpenAPI 3.1), made from the table of routes and the records' fields.
enum OpenAPI {
    static func reference(_ name: String) -> JSONValue {
        .object(["$ref": .string("#/components/schemas/\(name)")])
    }

    static func schemaName(_ kind: ResourceKind) -> String {
        "Desired"
            + kind.word.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }
            .joined()
    }

    static func document(_ routes: [APIRoute]) -> JSONValue {
        var paths: [String: JSONValue] = [:]
        for route in routes {
            let operation = JSONValue.object([route.method.rawValue.lowercased(): operation(route)])
            paths[route.path] = (paths[route.path] ?? .object([:])).merged(with: operation)
        }
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object([
                "title": .string("MetaStack"), "version": .string(Version.current),
                "description": .string(
                    "What is wanted of virtual machines, and what is so. Writes are wishes: 202 "
                        + "says that one is stored; nodes make it so."),
                "license": .object([
                    "name": .string("Apache-2.0"), "identifier": .string("Apache-2.0"),
                ]),
            ]),
            "servers": .array([.object(["url": .string("/")])]),
            "security": .array([.object(["token": .array([])])]),
            "paths": .object(paths),
            "components": .object([
                "schemas": .object(schemas),
                "securitySchemes": .object([
                    "token": .object([
                        "type": .string("http"), "scheme": .string("bearer"),
                    ])
                ]),
            ]),
        ])
    }

    private static func operation(_ route: APIRoute) -> JSONValue {
        var fields: [String: JSONValue] = [
            "operationId": .string(route.id), "summary": .string(route.summary),
            "tags": .array([.string(route.tag)]),
            "parameters": .array(route.parameters.map(parameter)),
            "responses": .object(answers(route)),
        ]
        if !route.body.isEmpty {
            fields["requestBody"] = .object([
                "required": .bool(true), "content": content(route.body),
            ])
        }
        if route.role == nil { fields["security"] = .array([]) }
        if let role = route.role {
            fields["description"] = .string("For tokens of the role \(role.rawValue) and above.")
        }
        return .object(fields)
    }

    private static func parameter(_ parameter: APIRoute.Parameter) -> JSONValue {
        .object([
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
            "description": .string(parameter.summary), "schema": parameter.schema,
            "required": .bool(parameter.isRequired),
        ])
    }

    private static func answers(_ route: APIRoute) -> [String: JSONValue] {
        var answers = route.answers
        if route.role != nil {
            answers += [
                .problem(401, "There is no token, or none that holds."),
                .problem(403, "The token's role is too weak."),
                .problem(429, "Too many wrong tokens came from this address."),
                .problem(503, "etcd cannot be reached."),
                .problem(504, "etcd gave no answer: the change may have happened."),
            ]
            if !answers.contains(where: { $0.status == 400 }) {
                answers.append(.problem(400, "It cannot be read."))
            }
            answers.append(.problem(406, "No form of answer that is wanted is known."))
        }
        return Dictionary(answers.map { ("\($0.status)", answer($0)) }) { first, _ in first }
    }

    private static func answer(_ answer: APIAnswer) -> JSONValue {
        var fields: [String: JSONValue] = ["description": .string(answer.summary)]
        if !answer.content.isEmpty { fields["content"] = content(answer.content) }
        return .object(fields)
    }

    private static func content(_ content: [(type: String, schema: JSONValue)]) -> JSONValue {
        .object(
            Dictionary(content.map { ($0.type, JSONValue.object(["schema": $0.schema])) }) { $1 })
    }
}
