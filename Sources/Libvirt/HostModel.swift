import CLibvirt
import Glibc

/// What the processors of a host offer to its guests.
public struct HostModel: Sendable, Equatable {
    /// The nearest model that libvirt knows.
    public var name: String
    /// nil where libvirt names none.
    public var vendor: String?
    /// All that a guest may use, with those of the model.
    public var features: Set<String>
}

extension LibvirtConnection {
    /// What a guest with the processor mode `host-model` sees here (`virConnectGetDomainCapabilities`,
    /// `virConnectBaselineHypervisorCPU` with all features expanded); nil where there is no such mode.
    public func hostModel(of type: DomainDescription.DomainType) async throws -> HostModel? {
        let attempt = Attempt("look at the processors of", uri)
        return try await call(attempt) { connection in
            guard
                let text = virConnectGetDomainCapabilities(
                    connection, nil, nil, nil, type.rawValue, 0)
            else { throw LibvirtError.last(attempt) }
            defer { free(text) }
            guard let short = try HostModel.processor(in: String(cString: text), attempt) else {
                return nil
            }
            let whole = try short.withCString { short in
                var processors: [UnsafePointer<CChar>?] = [short]
                guard
                    let text = virConnectBaselineHypervisorCPU(
                        connection, nil, nil, nil, type.rawValue, &processors, 1,
                        VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES.rawValue)
                else { throw LibvirtError.last(attempt) }
                defer { free(text) }
                return String(cString: text)
            }
            return try HostModel(processor: whole, attempt)
        }
    }
}

extension HostModel {
    /// The `host-model` of a domain capabilities document as a `<cpu>` of its own.
    static func processor(in capabilities: String, _ attempt: Attempt) throws -> String? {
        let document = try XMLDocument(capabilities, attempt)
        let modes = document.root.first("cpu")?.all("mode") ?? []
        guard
            let mode = modes.first(where: {
                $0.attribute("name") == "host-model" && $0.attribute("supported") == "yes"
            }), let model = mode.first("model")?.text
        else { return nil }
        let writer = try XMLWriter()
        writer.element("cpu") {
            writer.element("model", text: model)
            if let vendor = mode.first("vendor")?.text { writer.element("vendor", text: vendor) }
            for feature in mode.all("feature") {
                writer.element(
                    "feature",
                    ["policy": feature.attribute("policy"), "name": feature.attribute("name")])
            }
        }
        return try writer.finish(attempt)
    }

    /// nil where the `<cpu>` names no model.
    init?(processor: String, _ attempt: Attempt) throws {
        let document = try XMLDocument(processor, attempt)
        guard let name = document.root.first("model")?.text else { return nil }
        self.name = name
        vendor = document.root.first("vendor")?.text
        features = Set(
            document.root.all("feature")
                .filter { $0.attribute("policy") != "disable" }
                .compactMap { $0.attribute("name") })
    }
}
