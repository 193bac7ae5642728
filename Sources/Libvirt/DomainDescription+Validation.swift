extension DomainDescription {
    /// Refuses what must not reach libvirt, with the value and the reason.
    func validate() throws {
        try Validation.name(name)
        try Validation.text(title, "domain title")
        try Validation.part(type.rawValue, "domain type")
        try Validation.part(machine, "machine type")
        try Validation.require(memoryBytes > 0, "\(memoryBytes)", "memory", "is not above 0")
        try Validation.require(vcpus > 0, "\(vcpus)", "number of processors", "is not above 0")
        try Validation.require(
            (0...16).contains(spareSlots), "\(spareSlots)", "number of spare slots",
            "is not between 0 and 16")
        for disk in disks { try disk.validate() }
        for nic in nics { try nic.validate() }
        if let path = console?.logPath { try Validation.path(path, "console log") }
        if case .vnc(let address) = graphics { try Validation.text(address, "VNC address") }
        for element in metadata { try element.validate() }
        let namespaces = metadata.map(\.namespace)
        try Validation.require(
            Set(namespaces).count == namespaces.count, namespaces.joined(separator: " "),
            "metadata", "names a namespace twice")
    }
}

extension Disk {
    func validate() throws {
        let isDevice = target.count > 2 && target.utf8.allSatisfy { (0x61...0x7A).contains($0) }
        try Validation.require(isDevice, target, "disk target", "is not of the form vda")
        try Validation.part(bus, "disk bus")
        try Validation.part(cache, "disk cache mode")
        if let serial { try Validation.part(serial, "disk serial number") }
        try Validation.require(
            bootOrder ?? 1 > 0, "\(bootOrder ?? 1)", "boot order", "is not above 0")
        switch source {
        case .file(let path, _): try Validation.path(path, "disk file")
        case .rbd(let image): try image.validate()
        }
    }
}

extension RBDImage {
    func validate() throws {
        try Validation.part(pool, "Ceph pool")
        try Validation.part(image, "Ceph image")
        for monitor in monitors {
            try Validation.text(monitor.host, "Ceph monitor")
            try Validation.require(!monitor.host.isEmpty, "", "Ceph monitor", "is empty")
        }
        if let authentication { try Validation.part(authentication.user, "Ceph user") }
        if let configurationPath { try Validation.path(configurationPath, "Ceph configuration") }
    }
}

extension MetadataElement {
    func validate() throws {
        try Validation.xmlName(prefix, "metadata prefix")
        try Validation.xmlName(name, "metadata name")
        try Validation.text(namespace, "metadata namespace")
        try Validation.require(!namespace.isEmpty, "", "metadata namespace", "is empty")
        for (name, value) in attributes {
            try Validation.xmlName(name, "metadata attribute")
            try Validation.require(
                name.lowercased() != "xmlns", name, "metadata attribute", "is reserved")
            try Validation.expressible(value, "metadata attribute")
        }
        try Validation.expressible(text, "metadata text")
    }
}
