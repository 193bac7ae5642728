import Foundation
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// The server's certificate, read again when its files change, so that a renewal needs no restart.
///
/// The files are looked at when a connection begins, at most once a second. A pair that cannot be
/// read leaves the former one in use, and a warning.
final class Certificates: Sendable {
    private struct State {
        var override: NIOSSLContextConfigurationOverride
        var stamp: [Date?]
        var looked: ContinuousClock.Instant
    }

    private static let pause = Duration.seconds(1)

    private let certificateFile: String
    private let keyFile: String
    private let logger: Logger
    private let state: Mutex<State>

    /// - Throws: where the files cannot be read or are none of a certificate and a key.
    init(certificate: String, key: String, logger: Logger) throws {
        certificateFile = certificate
        keyFile = key
        self.logger = logger
        let stamp = Self.stamp([certificate, key])
        state = Mutex(
            State(override: try Self.read(certificate, key), stamp: stamp, looked: .now))
    }

    func configuration() throws -> TLSConfiguration {
        var configuration = try Self.pair(certificateFile, keyFile)
        // Not on the connection's own thread: BoringSSL keeps what is wrong with a pair there, and would
        // take it for the fault of the next handshake.
        configuration.sslContextCallback = { [self] _, promise in
            promise.completeWithTask { self.newest() }
        }
        return configuration
    }

    private func newest() -> NIOSSLContextConfigurationOverride {
        state.withLock { state in
            guard state.looked.duration(to: .now) >= Self.pause else { return state.override }
            state.looked = .now
            let stamp = Self.stamp([certificateFile, keyFile])
            guard stamp != state.stamp else { return state.override }
            do {
                state.override = try Self.read(certificateFile, keyFile)
                state.stamp = stamp
                logger.info(
                    "certificate read again", metadata: ["file": "\(certificateFile)"])
            } catch {
                logger.warning(
                    "the new certificate cannot be used, the former one stays",
                    metadata: ["file": "\(certificateFile)", "error": "\(error)"])
            }
            return state.override
        }
    }

    private static func stamp(_ files: [String]) -> [Date?] {
        files.map { file in
            // A file that is gone has no time, which is another one than before.
            try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
        }
    }

    /// - Throws: also where the key is not the certificate's, which clients would be the first to tell.
    private static func read(
        _ certificate: String, _ key: String
    ) throws -> NIOSSLContextConfigurationOverride {
        let configuration = try pair(certificate, key)
        _ = try NIOSSLContext(configuration: configuration)
        var override = NIOSSLContextConfigurationOverride()
        override.certificateChain = configuration.certificateChain
        override.privateKey = configuration.privateKey
        return override
    }

    private static func pair(_ certificate: String, _ key: String) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate)
                .map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}
