import Etcd
import Foundation
import Glibc
import MetaStackModel
import MetaStackStore
import Subprocess

extension Fixture {
    /// A folder of the test's own, which the hosts see as well.
    func folder() throws -> URL {
        let folder = lab.folder.appending(path: "tests-\(prefix)")
        guard !FileManager.default.fileExists(atPath: folder.path) else { return folder }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        later { try FileManager.default.removeItem(at: folder) }
        return folder
    }

    /// Deletes an image at the test's end, where there is one, and waits until it is gone.
    func delete(image name: String) {
        later { [lab] in
            guard let id = try await lab.imageID(named: name) else { return }
            try await lab.client.delete(.key(Key("/metastack/images/\(id)")))
            try await eventually("image \(name) is gone") {
                try await lab.store.load().actualImages[id] == nil
            }
        }
    }

    /// Serves a folder by HTTP to the lab's hosts while the body runs.
    ///
    /// - Parameter certificate: a PEM file of a certificate and its key, for HTTPS.
    func serve(
        _ folder: URL, certificate: String? = nil,
        _ body: @Sendable @escaping (_ url: String) async throws -> Void
    ) async throws {
        let port = try freePort(lab.rootAddress)
        let words =
            ["-c", Self.webServer, lab.rootAddress, "\(port)", folder.path]
            + [certificate].compactMap(\.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Ended by its task's cancellation, which signals the child and nobody else.
            group.addTask {
                _ = try await Subprocess.run(
                    .name("python3"), arguments: Arguments(words), output: .discarded,
                    error: .discarded)
            }
            defer { group.cancelAll() }
            let url = "http\(certificate == nil ? "" : "s")://\(lab.rootAddress):\(port)"
            try await eventually("the web server answers") {
                try await Command(["curl", "-skf", "-o", "/dev/null", url + "/"]).run().status == 0
            }
            try await body(url)
        }
    }

    /// Lets all hosts trust a certificate, and nobody else's, until the test's end.
    func trust(_ certificate: String) async throws {
        let trusted = "/etc/ssl/certs/ca-certificates.crt"
        for host in Lab.hosts {
            _ = try await lab.execute(host, "mount", "--bind", certificate, trusted)
                .checked("mount on \(host)")
            later { [lab] in
                _ = try await lab.execute(host, "umount", trusted).checked("umount on \(host)")
            }
        }
    }

    /// Python's own web server: address, port, folder, and a certificate for HTTPS.
    private static let webServer = """
        import functools, http.server, ssl, sys
        address, port, folder, *certificate = sys.argv[1:]
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
        server = http.server.ThreadingHTTPServer((address, int(port)), handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate[0])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.serve_forever()
        """
}

/// A TCP port of an address that nobody listens on.
func freePort(_ address: String) throws -> UInt16 {
    let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(handle) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    inet_pton(AF_INET, address, &name.sin_addr)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(handle, $0, length) | getsockname(handle, $0, &length)
        }
    }
    guard code == 0 else {
        throw SystemTestError("no port of \(address): \(String(cString: strerror(errno)))")
    }
    return UInt16(bigEndian: name.sin_port)
}
