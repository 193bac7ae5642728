import MetaStackManagement
import MetaStackModel

extension OpenAPI {
    static var schemas: [String: JSONValue] {
        var schemas = fixed
        for kind in ResourceKind.allCases where kind.isWritable {
            schemas[schemaName(kind)] = object(kind.fields, isOpen: kind.isOpen)
        }
        return schemas
    }

    private static let fixed: [String: JSONValue] = [
        "Document": .object(["type": .string("object")]),
        "List": object(
            required: [
                "kind": text, "revision": integer,
                "items": list(.object(["type": .string("object")])),
                "continue": nullable("string"),
            ]),
        "Accepted": object(
            required: [
                "kind": text, "id": text, "name": text, "revision": integer, "location": text,
                "record": nullable("object"),
            ]),
        "Problem": object(
            required: [
                "type": text, "title": text, "status": integer, "detail": text,
            ],
            optional: ["errors": list(object(required: ["field": text, "problem": text]))]),
        "Move": object(
            optional: ["to": nullable("string"), "offline": .object(["type": .string("boolean")])],
            isOpen: false),
        "NewToken": object(
            required: [
                "name": name,
                "role": .object([
                    "enum": .array(AccessToken.Role.allCases.map { .string($0.rawValue) })
                ]),
            ],
            optional: [
                "expires_in_s": .object([
                    "type": .array([.string("integer"), .string("null")]),
                    "minimum": .integer(1), "maximum": .integer(3_153_600_000),
                ])
            ], isOpen: false),
        "Records": object(required: ["revision": integer, "records": list(record)]),
        "Transaction": object(
            required: [
                "conditions": list(
                    object(
                        required: [
                            "kind": .object([
                                "enum": .array([
                                    .string("unchanged"), .string("absent"), .string("exists"),
                                ])
                            ]), "path": text,
                        ], optional: ["since": integer])),
                "writes": list(
                    object(required: ["path": text], optional: ["record": nullable("object")])),
            ]),
        "Changes": object(
            required: [
                "kind": text, "revision": integer,
                "items": list(
                    object(required: [
                        "time": nullable("string"), "revision": nullable("integer"),
                        "kind": text, "id": text, "name": text, "hosts": list(text),
                        "event": text, "detail": text,
                    ])),
            ]),
        "Diagnosis": object(
            required: [
                "healthy": .object(["type": .string("boolean")]),
                "checks": list(
                    object(required: [
                        "group": text, "name": text,
                        "findings": list(
                            object(required: [
                                "weight": text, "kind": nullable("string"), "ids": list(text),
                                "text": text, "remedy": nullable("string"),
                            ])),
                    ])),
            ]),
        "Outcome": object(optional: ["written": nullable("integer")]),
    ]

    private static let record = object(
        required: ["path": text, "revision": integer, "created": integer],
        optional: ["value": nullable("string"), "lease": nullable("integer")])

    private static let text = JSONValue.object(["type": .string("string")])
    private static let integer = JSONValue.object(["type": .string("integer")])

    /// What the rule for names allows, but for `..` and a dot at the end.
    private static let name = JSONValue.object([
        "type": .string("string"),
        "pattern": .string("^[A-Za-z0-9]([A-Za-z0-9_-]|\\.(?=[A-Za-z0-9_-])){0,63}$"),
        "maxLength": .integer(64),
    ])

    private static func nullable(_ type: String) -> JSONValue {
        .object(["type": .array([.string(type), .string("null")])])
    }

    private static func list(_ items: JSONValue) -> JSONValue {
        .object(["type": .string("array"), "items": items])
    }

    private static func object(
        required: [String: JSONValue] = [:], optional: [String: JSONValue] = [:],
        isOpen: Bool = true
    ) -> JSONValue {
        var fields: [String: JSONValue] = [
            "type": .string("object"),
            "properties": .object(required.merging(optional) { $1 }),
        ]
        if !required.isEmpty {
            fields["required"] = .array(required.keys.sorted().map { .string($0) })
        }
        if !isOpen { fields["additionalProperties"] = .bool(false) }
        return .object(fields)
    }

    private static func object(_ fields: [ResourceField], isOpen: Bool) -> JSONValue {
        func schemas(_ fields: [ResourceField]) -> [String: JSONValue] {
            Dictionary(
                fields.map { field in
                    let described = schema(field.form).merged(
                        with: .object(["description": .string(field.summary)]))
                    return (field.name, described)
                }
            ) { $1 }
        }
        return object(
            required: schemas(fields.filter(\.isRequired)),
            optional: schemas(fields.filter { !$0.isRequired }), isOpen: isOpen)
    }

    private static func schema(_ form: ResourceField.Form) -> JSONValue {
        switch form {
        case .name: name
        case .text: text
        case .boolean: .object(["type": .string("boolean")])
        case .integer(let range):
            .object([
                "type": .string("integer"), "minimum": .integer(Int64(range.lowerBound)),
                "maximum": .integer(Int64(range.upperBound)),
            ])
        case .number(let range):
            .object([
                "type": .string("number"), "minimum": .number(range.lowerBound),
                "maximum": .number(range.upperBound),
            ])
        case .size:
            .object([
                "oneOf": .array([
                    .object([
                        "type": .string("integer"), "minimum": .integer(1),
                        "maximum": .integer(1 << 40),
                    ]),
                    .object([
                        "type": .string("string"), "pattern": .string("^[1-9][0-9]{0,5}(MiB|GiB)$"),
                    ]),
                ])
            ])
        case .choice(let words): .object(["enum": .array(words.map { .string($0) })])
        case .checksum:
            .object(["type": .string("string"), "pattern": .string("^sha256:[0-9a-f]{64}$")])
        case .url:
            .object([
                "type": .string("string"),
                "pattern": .string(
                    "^(https?://[a-z0-9.-]+/[A-Za-z0-9._/-]*|file:///[A-Za-z0-9._/-]+)$"),
            ])
        case .time: .object(["type": .string("string"), "format": .string("date-time")])
        case .publicKey:
            .object([
                "type": .string("string"),
                "pattern": .string(
                    "^(\(SSHPublicKey.types.joined(separator: "|"))) "
                        + "[A-Za-z0-9+/]{40,8000}={0,2}( .*)?$"),
            ])
        case .hostName:
            .object([
                "type": .string("string"), "maxLength": .integer(64),
                "pattern": .string(
                    "^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
                        + "(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$"),
            ])
        case .pattern(let pattern):
            .object(["type": .string("string"), "pattern": .string(pattern)])
        case .document(let most):
            .object(["type": .string("string"), "maxLength": .integer(Int64(most))])
        case .labels:
            .object([
                "type": .string("object"), "propertyNames": name, "additionalProperties": name,
            ])
        case .groups(let words):
            .object([
                "type": .string("object"), "propertyNames": name,
                "additionalProperties": .object(["enum": .array(words.map { .string($0) })]),
            ])
        case .object(let fields): object(fields, isOpen: true)
        case .list(let item, let most):
            .object([
                "type": .string("array"), "items": schema(item), "maxItems": .integer(Int64(most)),
            ])
        case .anything: .object([:])
        }
    }
}
