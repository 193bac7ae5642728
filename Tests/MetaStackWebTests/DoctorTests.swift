import Etcd
import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackCommands
@testable import MetaStackWeb

/// `metastack doctor` on a real etcd, straight and through a server.
@Suite struct DoctorTests {
    @Test func findsARecordThatCannotBeReadTheSameBothWays() async throws {
        try await LiveServer.run { live in
            let key = Key("/metastack/actual_vms/bad")
            _ = try await live.store.client.put(key, Data("nonsense".utf8))
            let now = Timestamp(Date())
            let direct = try await live.store.diagnosis(at: now)
            let findings = direct.checks.flatMap(\.findings)
            let bad = findings.first { $0.ids == ["bad"] }
            #expect(bad?.text.contains("(key /metastack/actual_vms/bad)") == true)
            #expect(bad?.remedy?.hasSuffix(" del /metastack/actual_vms/bad") == true)
            #expect(findings.contains { $0.text.hasPrefix("etcd asks nobody for a name") })
            #expect(direct.hasProblems)
            let settings = ServerSettings(url: live.url, token: live.secrets[.admin])
            let remote = RemoteAccess(api: try RemoteAPI(settings, curl: live.curl))
            let through = try await remote.diagnosis(at: now)
            #expect(through == direct)
        }
    }

    @Test func tokensAreForThoseWhoMakeThem() async throws {
        try await LiveServer.run { live in
            let old = AccessToken(
                name: try ResourceName("old"), hash: try Checksum(TokenSecret().hash),
                role: .viewer, expiresAt: Timestamp(milliseconds: 1))
            _ = try await live.store.write([.put(.token(TokenSecret().id), old)], if: [])
            for (role, sees) in [(AccessToken.Role.viewer, false), (.admin, true)] {
                let reply = try await live.send("GET", "/api/v1/doctor", as: role)
                let text = String(decoding: reply.body, as: UTF8.self)
                #expect(reply.status == 200)
                #expect(text.contains("token old holds no more") == sees, "\(role)")
            }
        }
    }
}
