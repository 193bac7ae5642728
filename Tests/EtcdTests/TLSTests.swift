import Foundation
import Testing

@testable import Etcd

@Suite(.timeLimit(.minutes(3))) struct TLSTests {
    @Test func trustsItsAuthorityAndShowsItsOwnCertificate() async throws {
        try await withTLS { _, cluster, etcd in
            let start = try await etcd.put(Key("a"), Data("1"))
            #expect(try await events(1, of: etcd.watch(.all, from: start)).count == 1)
            let status = try await etcd.status(
                endpoint: cluster.server.clientURL, deadline: .seconds(2))
            #expect(status.revision == start)
            #expect(await etcd.rangeByGRPC(RangeRequest(.all))?.keyValues.count == 1)
        }
    }

    @Test func refusesAServerThatAStrangerSigned() async throws {
        try await withTLS { certificates, cluster, _ in
            var configuration = cluster.configuration
            configuration.tls?.ca = certificates.path("stranger.pem")
            try await withClient(configuration) { etcd in
                let error = await expect(.tls) { try await etcd.put(Key("a"), Data()) }
                #expect(error?.message.contains("certificate") == true)
            }
        }
    }

    @Test func saysThatTheServerWantsACertificate() async throws {
        try await withTLS { _, cluster, _ in
            var configuration = cluster.configuration
            configuration.tls?.certificate = nil
            configuration.tls?.key = nil
            try await withClient(configuration) { etcd in
                await expect(.tls) { try await etcd.put(Key("a"), Data()) }
            }
        }
    }
}

/// An etcd that takes only clients with a certificate, and such a client.
private func withTLS(
    _ body: (Certificates, EtcdCluster, EtcdClient) async throws -> Void
) async throws {
    let directory = try temporaryDirectory()
    defer { removeDirectory(directory) }
    let certificates = try Certificates(in: directory)
    try await withEtcd(
        scheme: "https",
        tls: .init(
            ca: certificates.path("ca.pem"), certificate: certificates.path("client.pem"),
            key: certificates.path("client.key")),
        arguments: [
            "--cert-file", certificates.path("server.pem"),
            "--key-file", certificates.path("server.key"),
            "--trusted-ca-file", certificates.path("ca.pem"), "--client-cert-auth",
        ]
    ) { cluster, etcd in
        try await body(certificates, cluster, etcd)
    }
}
