import FoundationEssentials
import Libvirt
import Testing

/// What is left of a connection when its daemon dies.
@Suite(.privateLibvirtd, .timeLimit(.minutes(2))) struct ConnectionLossTests {
    @Test func aKilledDaemonIsNoticedAndGuestsAreFoundAgain() async throws {
        let server = try #require(PrivateLibvirtd.current)
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let events = connection.events()
        let description = DomainDescription(
            name: "survivor", uuid: .init(), type: .qemu, memoryBytes: 32 << 20, vcpus: 1)
        let domain = try await connection.create(description, paused: true)
        let number = try await domain.id()
        #expect(await connection.isAlive)

        async let reason = connection.closed()
        try server.kill()
        #expect(await reason == .endOfFile)
        #expect(await !connection.isAlive)
        // The stream ends with the connection: a test that hangs here has found a defect.
        for await _ in events {}
        await #expect { try await domain.state() } throws: { error in
            (error as? LibvirtError)?.isConnectionLost == true
                && (error as? LibvirtError)?.isRetriable == true
        }
        await connection.close()

        try await server.startAgain()
        let second = try await LibvirtConnection.open(uri: server.uri)
        let found = try #require(try await second.domain(uuid: domain.uuid))
        #expect(try await found.id() == number)
        #expect(try await found.state() == .paused(.user))
        do {
            try await found.destroy()
        } catch let error as LibvirtError where error.isNoDomain {
            // The daemon, still getting to know its guests, saw QEMU end before its own call did.
        }
        #expect(try await second.domain(uuid: domain.uuid) == nil)
        await second.close()
    }
}
