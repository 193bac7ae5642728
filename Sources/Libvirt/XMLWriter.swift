import CLibXML2

/// Writes one XML document through libxml2's `xmlTextWriter`, which escapes what must be.
///
/// A write that fails (out of memory) is remembered, and `finish` throws: a half-written document
/// is never handed out. Used by one thread at a time.
final class XMLWriter {
    private let buffer: xmlBufferPtr
    private let writer: xmlTextWriterPtr
    private var hasFailed = false

    init() throws {
        _ = XMLDocument.parserIsReady
        guard let buffer = xmlBufferCreate() else { throw Self.outOfMemory }
        guard let writer = xmlNewTextWriterMemory(buffer, 0) else {
            xmlBufferFree(buffer)
            throw Self.outOfMemory
        }
        self.buffer = buffer
        self.writer = writer
    }

    deinit {
        xmlFreeTextWriter(writer)
        xmlBufferFree(buffer)
    }

    private static var outOfMemory: LibvirtError {
        LibvirtError(
            code: .noMemory, message: "no memory", attempt: Attempt("write", "XML document"))
    }

    /// Writes an element with attributes (those with nil are left out), text, then its content.
    func element(
        _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String? = nil,
        content: () -> Void = {}
    ) {
        note(xmlTextWriterStartElement(writer, name))
        for case (let name, let value?) in attributes { attribute(name, value) }
        if let text { note(xmlTextWriterWriteString(writer, text)) }
        content()
        note(xmlTextWriterEndElement(writer))
    }

    /// Writes an element in a namespace that it declares itself, or, with nil, in none.
    func element(
        _ name: String, prefix: String? = nil, namespace: String? = nil,
        attributes: [String: String], text: String
    ) {
        note(xmlTextWriterStartElementNS(writer, prefix, name, namespace))
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) { attribute(name, value) }
        note(xmlTextWriterWriteString(writer, text))
        note(xmlTextWriterEndElement(writer))
    }

    /// The document so far; nothing may be written after it.
    func finish(_ attempt: Attempt) throws -> String {
        note(xmlTextWriterEndDocument(writer))
        note(xmlTextWriterFlush(writer))
        guard !hasFailed, let content = xmlBufferContent(buffer) else {
            throw LibvirtError(
                code: .noMemory, message: "libxml2 could not write the document", attempt: attempt)
        }
        let length = Int(xmlBufferLength(buffer))
        return String(decoding: UnsafeBufferPointer(start: content, count: length), as: UTF8.self)
    }

    private func attribute(_ name: String, _ value: String) {
        note(xmlTextWriterWriteAttribute(writer, name, value))
    }

    private func note(_ result: Int32) { if result < 0 { hasFailed = true } }
}
