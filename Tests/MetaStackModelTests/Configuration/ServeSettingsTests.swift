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
}
