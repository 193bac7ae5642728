public import FoundationEssentials

/// What a domain's XML says: the part of it that is looked at, in values.
public struct DomainReading: Sendable, Equatable {
    public let name: String
    public let uuid: UUID
    public let title: String
    public let type: DomainDescription.DomainType
    /// The number of its run, nil while it is not active.
    public let id: Int?
    public let memoryBytes: Int
    public let vcpus: Int
    public let disks: [Disk]
    public let nics: [NIC]
    /// libvirt's names of those cards while the domain is active, by the names of their host's ends.
    public let nicAliases: [String: String]
    /// The pseudo terminal behind the serial port, while the domain is active.
    public let consolePath: String?
    public let consoleLogPath: String?
    public let metadata: [MetadataElement]

    /// A disk, as far as this module knows its kind of source.
    public struct Disk: Sendable, Equatable {
        public let target: String
        public let serial: String?
        /// Nil for kinds that this module does not make.
        public let source: Libvirt.Disk.Source?
    }

    /// The metadata element of a namespace, nil where there is none.
    public func metadata(namespace: String) -> MetadataElement? {
        metadata.first { $0.namespace == namespace }
    }

    /// Reads what `Domain.xml` gave.
    ///
    /// - Throws: `LibvirtError` with `.malformedXML` where that is no description of a domain.
    public init(xml: String) throws {
        let attempt = Attempt("read description of", "domain")
        let document = try XMLDocument(xml, attempt)
        let root = document.root
        guard root.name == "domain", let name = root.first("name")?.text,
            let uuid = root.first("uuid").flatMap({ UUID(uuidString: $0.text) }),
            let memoryBytes = root.first("memory").flatMap(byteCount)
        else {
            throw LibvirtError(
                domain: .xml, code: .malformedXML,
                message: "name, uuid or memory is missing or malformed", attempt: attempt)
        }
        self.name = name
        self.uuid = uuid
        self.memoryBytes = memoryBytes
        title = root.first("title")?.text ?? ""
        type = .init(rawValue: root.attribute("type") ?? "")
        id = root.attribute("id").flatMap { Int($0) }
        vcpus = root.first("vcpu").flatMap { Int($0.text) } ?? 1
        let devices = root.first("devices")
        disks = devices?.all("disk").compactMap(Disk.init) ?? []
        let interfaces = devices?.all("interface") ?? []
        nics = interfaces.compactMap(NIC.init)
        nicAliases = interfaces.reduce(into: [:]) { aliases, node in
            guard let device = node.first("target")?.attribute("dev") else { return }
            aliases[device] = node.first("alias")?.attribute("name")
        }
        let serial = devices?.first("serial")
        consolePath = serial?.first("source")?.attribute("path")
        consoleLogPath = serial?.first("log")?.attribute("file")
        metadata = root.first("metadata")?.children.compactMap(MetadataElement.init) ?? []
    }
}

/// The bytes that an element with a `unit` says; libvirt itself writes KiB.
private func byteCount(_ node: XMLDocument.Node) -> Int? {
    guard let number = Int(node.text) else { return nil }
    let factor: Int? =
        switch node.attribute("unit") {
        case "b", "bytes": 1
        case nil, "KiB", "k": 1 << 10
        case "MiB", "M": 1 << 20
        case "GiB", "G": 1 << 30
        default: nil
        }
    guard let factor else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : bytes
}

extension DomainReading.Disk {
    fileprivate init?(_ node: XMLDocument.Node) {
        guard let target = node.first("target")?.attribute("dev") else { return nil }
        self.target = target
        serial = node.first("serial")?.text
        source = Disk.Source(node)
    }
}

extension Disk.Source {
    fileprivate init?(_ node: XMLDocument.Node) {
        guard let source = node.first("source") else { return nil }
        if let path = source.attribute("file") {
            let format = node.first("driver")?.attribute("type").flatMap(Disk.Format.init)
            self = .file(path: path, format: format ?? .raw)
        } else if source.attribute("protocol") == "rbd", let name = source.attribute("name"),
            let slash = name.firstIndex(of: "/")
        {
            // libvirt shows the login beside the source or, in older files, within it.
            let login = node.first("auth") ?? source.first("auth")
            self = .rbd(
                RBDImage(
                    pool: String(name[..<slash]), image: String(name[name.index(after: slash)...]),
                    monitors: source.all("host").compactMap(RBDImage.Monitor.init),
                    authentication: login.flatMap(RBDImage.Authentication.init),
                    configurationPath: source.first("config")?.attribute("file")))
        } else {
            return nil
        }
    }
}

extension RBDImage.Monitor {
    fileprivate init?(_ node: XMLDocument.Node) {
        guard let host = node.attribute("name") else { return nil }
        // 6789 is what libvirt and Ceph take where no port is given.
        self.init(host: host, port: node.attribute("port").flatMap { UInt16($0) } ?? 6789)
    }
}

extension RBDImage.Authentication {
    fileprivate init?(_ node: XMLDocument.Node) {
        guard let user = node.attribute("username"),
            let secret = node.first("secret")?.attribute("uuid").flatMap({ UUID(uuidString: $0) })
        else { return nil }
        self.init(user: user, secret: secret)
    }
}

extension MetadataElement {
    fileprivate init?(_ node: XMLDocument.Node) {
        guard let namespace = node.namespace else { return nil }
        self.init(
            namespace: namespace, prefix: node.prefix ?? "", name: node.name,
            attributes: node.attributes, text: node.text)
    }
}
