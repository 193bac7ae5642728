import MetaStackModel
import Testing

@Suite struct ServeSettingsTests {
    @Test(arguments: [
        ("127.0.0.1:1", true), ("127.1.2.3:1", true), ("[::1]:1", true), ("localhost:1", true),
        ("127.example.org:1", false), ("127.0.0.1.example.org:1", false), ("0.0.0.0:1", false),
        ("[::]:1", false), ("127.0.0.256:1", false),
    ])
    func onlyLoopbackAddressesAreReachedFromThisMachineAlone(
        _ text: String, _ isLoopback: Bool
    ) throws {
        #expect(try ServeSettings.listen(text).isLoopback == isLoopback)
    }

    @Test(arguments: ["0.0.0.0:8480", "[::]:8480", "metastack.example:8480", "192.0.2.1:8480"])
    func otherMachinesAreServedByTLSUnlessSomebodySaysOtherwise(_ listen: String) throws {
        func read(_ more: String) throws -> ServeSettings {
            try ManagementConfiguration(
                yaml: "serve: {listen: \"\(listen)\"\(more)}", file: "m", environment: [:]
            ).serve
        }
        let error = #expect(throws: ConfigurationError.self) { try read("") }
        #expect(error?.description.contains("\(listen) is no loopback address") == true)
        #expect(try read(", plain-http: true").listen.description == listen)
        #expect(try read(", tls-cert: /c.pem, tls-key: /k.pem").cert == "/c.pem")
        // One without the other encrypts nothing.
        #expect(throws: ConfigurationError.self) { try read(", tls-cert: /c.pem") }
    }
}
