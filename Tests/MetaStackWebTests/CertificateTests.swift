import Foundation
import Logging
import MetaStackTesting
import Subprocess
import Testing

@testable import MetaStackWeb

@Suite struct CertificateTests {
    /// A certificate for 127.0.0.1 that signs itself, as files `NAME.pem` and `NAME.key`.
    private static func make(_ name: String, in folder: String) async throws {
        let made = try await Subprocess.run(
            .name("openssl"),
            arguments: [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout", "\(folder)/\(name).key", "-out",
                "\(folder)/\(name).pem",
            ], output: .discarded, error: .string(limit: 10_000))
        guard made.terminationStatus.isSuccess else {
            throw TestingError("openssl: \(made.standardError)")
        }
    }

    /// As a tool that renews certificates does: each file at once.
    private static func install(_ name: String, in folder: String) throws {
        for end in ["key", "pem"] {
            let new = "\(folder)/new.\(end)"
            try FileManager.default.copyItem(atPath: "\(folder)/\(name).\(end)", toPath: new)
            guard rename(new, "\(folder)/server.\(end)") == 0 else {
                throw TestingError("cannot rename \(new)")
            }
        }
    }

    @Test func aRenewedCertificateIsServedWithoutARestart() async throws {
        let folder = try TemporaryDirectory(prefix: "certificates")
        defer { folder.remove() }
        for name in ["first", "second"] { try await Self.make(name, in: folder.path) }
        try Self.install("first", in: folder.path)
        try await LiveServer.run(
            certificates: (
                "\(folder.path)/server.pem", "\(folder.path)/server.key",
                "\(folder.path)/first.pem"
            )
        ) { server in
            #expect(try await server.send("GET", "/livez").status == 200)
            try Self.install("second", in: folder.path)
            var renewed = server
            renewed.authority = "\(folder.path)/second.pem"
            let end = ContinuousClock.now + .seconds(20)
            while (try? await renewed.send("GET", "/livez").status) != 200 {
                try #require(ContinuousClock.now < end, "the new one was never served")
                try await Task.sleep(for: .milliseconds(50))
            }
            await #expect(throws: (any Error).self) {
                try await server.send("GET", "/livez")
            }
        }
    }

    @Test func aKeyThatIsNotTheCertificatesIsRefused() async throws {
        let folder = try TemporaryDirectory(prefix: "certificates")
        defer { folder.remove() }
        let path = folder.path
        for name in ["one", "other"] { try await Self.make(name, in: path) }
        _ = try Certificates(
            certificate: "\(path)/one.pem", key: "\(path)/one.key", logger: quiet)
        #expect(throws: (any Error).self) {
            try Certificates(
                certificate: "\(path)/one.pem", key: "\(path)/other.key", logger: quiet)
        }
    }
}
