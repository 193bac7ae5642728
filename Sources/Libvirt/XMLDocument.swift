import CLibXML2

/// A parsed XML document (`xmlReadMemory`): no network, no entities, nothing on standard error.
///
/// Its nodes are read by the thread that parsed it, and hold it.
final class XMLDocument {
    private let pointer: xmlDocPtr
    private let rootPointer: xmlNodePtr

    /// libxml2 wants to be initialised before threads use it at the same time.
    static let parserIsReady: Void = xmlInitParser()

    init(_ text: String, _ attempt: Attempt) throws {
        _ = Self.parserIsReady
        var text = text
        let options =
            XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
        let document = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                xmlReadMemory(
                    $0.baseAddress, Int32(clamping: $0.count), nil, "UTF-8",
                    Int32(options))
            }
        }
        guard let document else { throw Self.malformed(attempt) }
        guard let root = xmlDocGetRootElement(document) else {
            xmlFreeDoc(document)
            throw Self.malformed(attempt)
        }
        pointer = document
        rootPointer = root
    }

    deinit { xmlFreeDoc(pointer) }

    private static func malformed(_ attempt: Attempt) -> LibvirtError {
        LibvirtError(
            domain: .xml, code: .malformedXML, message: "this is no well-formed XML document",
            attempt: attempt)
    }

    var root: Node { Node(document: self, pointer: rootPointer) }

    /// An element of the document.
    struct Node {
        private let document: XMLDocument
        private let pointer: xmlNodePtr

        fileprivate init(document: XMLDocument, pointer: xmlNodePtr) {
            self.document = document
            self.pointer = pointer
        }

        /// Its name without a prefix.
        var name: String { XMLDocument.string(pointer.pointee.name) ?? "" }
        var namespace: String? { XMLDocument.string(pointer.pointee.ns?.pointee.href) }
        var prefix: String? { XMLDocument.string(pointer.pointee.ns?.pointee.prefix) }

        /// All text in it (`xmlNodeGetContent`).
        var text: String { XMLDocument.taken(xmlNodeGetContent(pointer)) ?? "" }

        var children: [Node] {
            sequence(first: pointer.pointee.children) { $0?.pointee.next }
                .prefix { $0 != nil }
                .compactMap { child -> Node? in
                    guard let child, child.pointee.type == XML_ELEMENT_NODE else { return nil }
                    return Node(document: document, pointer: child)
                }
        }

        func all(_ name: String) -> [Node] { children.filter { $0.name == name } }

        func first(_ name: String) -> Node? { children.first { $0.name == name } }

        /// The value of an attribute that is in no namespace (`xmlGetNoNsProp`).
        func attribute(_ name: String) -> String? {
            XMLDocument.taken(xmlGetNoNsProp(pointer, name))
        }

        /// All its attributes by name.
        var attributes: [String: String] {
            var found: [String: String] = [:]
            var next = pointer.pointee.properties
            while let attribute = next {
                if let name = XMLDocument.string(attribute.pointee.name) {
                    found[name] = self.attribute(name)
                }
                next = attribute.pointee.next
            }
            return found
        }
    }

    private static func string(_ characters: UnsafePointer<xmlChar>?) -> String? {
        characters.map { String(cString: $0) }
    }

    /// Copies what libxml2 allocated, and frees it.
    private static func taken(_ characters: UnsafeMutablePointer<xmlChar>?) -> String? {
        guard let characters else { return nil }
        defer { clibxml2_free(characters) }
        return String(cString: characters)
    }
}
