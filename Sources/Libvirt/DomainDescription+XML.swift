import FoundationEssentials

extension DomainDescription {
    /// libvirt's domain XML, written by libxml2.
    ///
    /// - Throws: `LibvirtError` with `.invalidValue` and the value that must not reach libvirt.
    public func xml() throws -> String {
        try validate()
        let writer = try XMLWriter()
        writer.element("domain", ["type": type.rawValue]) {
            writer.element("name", text: name)
            writer.element("uuid", text: uuid.uuidString.lowercased())
            if !title.isEmpty { writer.element("title", text: title) }
            if !metadata.isEmpty {
                writer.element("metadata") {
                    for element in metadata { element.write(to: writer) }
                }
            }
            writer.element("memory", ["unit": "b"], text: "\(memoryBytes)")
            writer.element("vcpu", text: "\(vcpus)")
            writeMachine(to: writer)
            writer.element("on_poweroff", text: "destroy")
            writer.element("on_reboot", text: "restart")
            writer.element("on_crash", text: "destroy")
            writer.element("devices") { writeDevices(to: writer) }
        }
        return try writer.finish(Attempt("describe domain", name))
    }

    private func writeMachine(to writer: XMLWriter) {
        writer.element("os") {
            let machine = type == .test ? nil : machine
            writer.element("type", ["arch": "x86_64", "machine": machine], text: "hvm")
            // A boot order of the disks' own excludes the one for all of them.
            if disks.allSatisfy({ $0.bootOrder == nil }) { writer.element("boot", ["dev": "hd"]) }
        }
        writer.element("features") {
            writer.element("acpi")
            writer.element("apic")
        }
        switch cpu {
        case .hostPassthrough: writer.element("cpu", ["mode": "host-passthrough"])
        case .hostModel: writer.element("cpu", ["mode": "host-model"])
        case .hypervisorDefault: break
        }
        writer.element("clock", ["offset": "utc"])
    }

    private func writeDevices(to writer: XMLWriter) {
        for disk in disks { disk.write(to: writer) }
        // Nothing here uses USB, and a controller less is a faster start.
        writer.element("controller", ["type": "usb", "model": "none"])
        writeSpareSlots(to: writer)
        for nic in nics { nic.write(to: writer) }
        console?.write(to: writer)
        if case .vnc(let address) = graphics {
            writer.element("graphics", ["type": "vnc", "autoport": "yes", "listen": address])
            writer.element("video") { writer.element("model", ["type": "vga"]) }
        }
        writer.element("memballoon", ["model": hasMemoryBalloon ? "virtio" : "none"])
        if hasRandomSource {
            writer.element("rng", ["model": "virtio"]) {
                writer.element("backend", ["model": "random"], text: "/dev/urandom")
            }
        }
    }
}

extension DomainDescription {
    /// Ports count together with those that the domain's own devices take.
    private func writeSpareSlots(to writer: XMLWriter) {
        guard spareSlots > 1, machine == "q35", type != .test else { return }
        let taken =
            disks.count + nics.count + (hasMemoryBalloon ? 1 : 0) + (hasRandomSource ? 1 : 0)
        writer.element("controller", ["type": "pci", "model": "pcie-root"])
        for _ in 0..<(taken + spareSlots) {
            writer.element("controller", ["type": "pci", "model": "pcie-root-port"])
        }
    }
}

extension Disk {
    /// Writes libvirt's `<disk>`. `error_policy='stop'` is what freezes an evicted guest.
    func write(to writer: XMLWriter) {
        let (type, format) =
            switch source {
            case .rbd: ("network", Format.raw)
            case .file(_, let format): ("file", format)
            }
        writer.element("disk", ["type": type, "device": "disk"]) {
            writer.element(
                "driver",
                [
                    "name": "qemu", "type": format.rawValue, "cache": cache,
                    "error_policy": "stop", "rerror_policy": "stop",
                    "discard": unmapsDiscards ? "unmap" : nil,
                ])
            switch source {
            case .rbd(let image): image.write(to: writer)
            case .file(let path, _): writer.element("source", ["file": path])
            }
            writer.element("target", ["dev": target, "bus": bus])
            if isReadOnly { writer.element("readonly") }
            if let serial { writer.element("serial", text: serial) }
            if let bootOrder { writer.element("boot", ["order": "\(bootOrder)"]) }
        }
    }
}

extension RBDImage {
    func write(to writer: XMLWriter) {
        if let authentication {
            let secret = authentication.secret.uuidString.lowercased()
            writer.element("auth", ["username": authentication.user]) {
                writer.element("secret", ["type": "ceph", "uuid": secret])
            }
        }
        writer.element("source", ["protocol": "rbd", "name": "\(pool)/\(image)"]) {
            for monitor in monitors {
                writer.element("host", ["name": monitor.host, "port": "\(monitor.port)"])
            }
            if let configurationPath { writer.element("config", ["file": configurationPath]) }
        }
    }
}

extension DomainDescription.SerialConsole {
    func write(to writer: XMLWriter) {
        writer.element("serial", ["type": "pty"]) {
            if let logPath { writer.element("log", ["file": logPath, "append": "on"]) }
            writer.element("target", ["port": "0"])
        }
        writer.element("console", ["type": "pty"]) {
            writer.element("target", ["type": "serial", "port": "0"])
        }
    }
}

extension MetadataElement {
    func write(to writer: XMLWriter) {
        writer.element(
            name, prefix: prefix, namespace: namespace, attributes: attributes, text: text)
    }

    /// The element alone, as `virDomainSetMetadata` wants it.
    func xmlWithoutNamespace() throws -> String {
        try validate()
        let writer = try XMLWriter()
        writer.element(name, attributes: attributes, text: text)
        return try writer.finish(Attempt("describe metadata", name))
    }
}
