import Foundation

/// An authority, and certificates that it signed for a server on 127.0.0.1 and for a client.
struct Certificates {
    let directory: String

    init(in directory: String) throws {
        self.directory = directory
        try "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
            .write(toFile: path("extensions"), atomically: true, encoding: .utf8)
        try authority("ca")
        try authority("stranger")
        try sign("server", by: "ca")
        try sign("client", by: "ca")
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func authority(_ name: String) throws {
        try run("openssl", newKey(name) + ["-x509", "-out", path("\(name).pem"), "-days", "2"])
    }

    private func sign(_ name: String, by authority: String) throws {
        try run("openssl", newKey(name) + ["-out", path("\(name).csr")])
        try run(
            "openssl",
            [
                "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).pem"),
                "-CAkey", path("\(authority).key"), "-CAcreateserial", "-days", "2",
                "-extfile", path("extensions"), "-out", path("\(name).pem"),
            ])
    }

    private func newKey(_ name: String) -> [String] {
        [
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", path("\(name).key"), "-subj", "/CN=\(name)",
        ]
    }
}
