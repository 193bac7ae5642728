import Foundation
import MetaStackModel

/// tayga: a stateless translator behind a TUN device.
///
/// It reads its maps once, and is started anew when a guest has come or gone: that takes
/// milliseconds, and since it has no state no connection ends with it.
struct Tayga: AddressTranslator {
    func problem(_ commands: HostCommands) async throws(NetworkPlaneError) -> String? {
        do {
            try await commands.run("tayga", ["--help"])
        } catch {
            return "tayga is not installed, which translates addresses"
        }
        let device = ["--net", "ip", "tuntap", "add", "dev", Translation.link, "mode", "tun"]
        let isMade = try await commands.attempt("unshare", device).complaint == nil
        return isMade ? nil : "the kernel has no TUN devices (tun)"
    }

    func daemon(_ files: ServiceFiles) -> Daemon? {
        Daemon(
            program: "tayga",
            arguments: [
                Self.config(files), "--pidfile=\(files.translatorProcess)", "--user=nobody",
                "--group=nogroup",
            ], mark: Self.config(files), file: files.translatorProcess)
    }

    private static func config(_ files: ServiceFiles) -> String { "--config=\(files.translator)" }

    func keep(
        _ wanted: Translation, _ files: ServiceFiles, _ inside: HostCommands
    ) async throws(NetworkPlaneError) {
        guard let daemon = daemon(files) else { return }
        let isOther = try files.write(Self.configuration(wanted), to: files.translator)
        if isOther { try await daemon.end() }
        let flush = isOther ? ["route flush dev \(Translation.link)"] : []
        let lines = (flush + Self.links(wanted)).joined(separator: "\n") + "\n"
        if daemon.process != nil {
            let links = try await inside.attempt("ip", ["-batch", "-"], input: lines)
            if links.complaint == nil { return }
            // Somebody deleted its link.
            try await daemon.end()
        }
        // The link stays when the program ends, with its routes.
        try await inside.run("tayga", [Self.config(files), "--mktun"])
        try await inside.run("ip", ["-batch", "-"], input: lines)
        // The program reads the link's MTU when it starts.
        try await daemon.start(inside)
    }

    func remove(_ files: ServiceFiles, _ inside: HostCommands) async throws(NetworkPlaneError) {
        guard FileManager.default.fileExists(atPath: files.translator) else { return }
        try await daemon(files)?.end()
        // It may be gone already.
        _ = try await inside.attempt("ip", ["link", "delete", "dev", Translation.link])
        try ServiceFiles.remove(files.translator)
    }

    // MARK: Texts

    /// `tayga.conf(5)`.
    static func configuration(_ wanted: Translation) -> String {
        let lines =
            [
                "tun-device \(Translation.link)", "ipv4-addr \(Translation.errors)",
                "prefix \(wanted.rule.prefix)", "# mtu \(wanted.mtu)",
            ] + wanted.pairs.map { "map \($0.ipv4) \($0.ipv6)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The lines of `ip -batch`, which may be carried out again and again.
    static func links(_ wanted: Translation) -> [String] {
        let link = Translation.link
        return [
            "link set dev \(link) addrgenmode none", "link set dev \(link) mtu \(wanted.mtu)",
            "link set dev \(link) up", "route replace \(wanted.rule.prefix) dev \(link)",
            "route replace \(Translation.errors) dev \(link)",
        ] + wanted.pairs.map { "route replace \($0.ipv4) dev \(link)" }
    }
}
