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
            try await Self.untilServed("second", in: folder.path, by: server)
            await #expect(throws: (any Error).self) {
                try await server.send("GET", "/livez")
            }
        }
    }

    @Test func aPairThatDoesNotFitLeavesTheFormerOneInUseAndIsWarnedOf() async throws {
        let folder = try TemporaryDirectory(prefix: "certificates")
        defer { folder.remove() }
        let path = folder.path
        for name in ["first", "second", "third"] { try await Self.make(name, in: path) }
        try Self.install("first", in: path)
        let certificates = ("\(path)/server.pem", "\(path)/server.key", "\(path)/first.pem")
        let log = TestLog()
        try await LiveServer.run(certificates: certificates, log: log.logger("web")) { server in
            try FileManager.default.removeItem(atPath: "\(path)/second.key")
            try FileManager.default.copyItem(
                atPath: "\(path)/third.key", toPath: "\(path)/second.key")
            try Self.install("second", in: path)
            let end = ContinuousClock.now + .seconds(20)
            while !log.tail.contains("the new certificate cannot be used") {
                try #require(ContinuousClock.now < end, "nobody was warned")
                #expect(try await server.send("GET", "/livez").status == 200)
            }
            #expect(try await server.send("GET", "/livez").status == 200)
            try Self.install("third", in: path)
            try await Self.untilServed("third", in: path, by: server)
        }
    }

    @Test func browsersAreToldToComeByTLSAloneWhereTheServerHasIt() async throws {
        let folder = try TemporaryDirectory(prefix: "certificates")
        defer { folder.remove() }
        try await Self.make("server", in: folder.path)
        let file = "\(folder.path)/server.pem"
        let field = "strict-transport-security: max-age=31536000"
        try await LiveServer.run(certificates: (file, "\(folder.path)/server.key", file)) {
            let told = try await Self.head(of: "\($0.url)/livez", trusting: file)
            #expect(told.contains(field))
        }
        try await LiveServer.run {
            let told = try await Self.head(of: "\($0.url)/livez", trusting: file)
            #expect(told.contains("x-frame-options: deny") && !told.contains("strict-transport"))
        }
    }

    private static func head(of url: String, trusting file: String) async throws -> String {
        let asked = try await Subprocess.run(
            .name("curl"), arguments: ["-sS", "-D", "-", "--cacert", file, url],
            output: .string(limit: 10_000), error: .string(limit: 10_000))
        guard asked.terminationStatus.isSuccess else {
            throw TestingError("curl: \(asked.standardError)")
        }
        return asked.standardOutput.lowercased()
    }

    private static func untilServed(
        _ name: String, in folder: String, by server: LiveServer
    ) async throws {
        var renewed = server
        renewed.authority = "\(folder)/\(name).pem"
        let end = ContinuousClock.now + .seconds(20)
        while (try? await renewed.send("GET", "/livez").status) != 200 {
            try #require(ContinuousClock.now < end, "the new one was never served")
            try await Task.sleep(for: .milliseconds(50))
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
