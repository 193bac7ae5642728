import Etcd
import Testing

struct KnownDefectsTests {
    @Test(arguments: [
        ("3.4.23", 6), ("3.4.38", 0), ("3.4.37", 1), ("3.5.2", 7), ("3.5.22", 1), ("3.5.23", 0),
        ("3.6.4", 1), ("3.6.5", 0), ("3.5.0-rc.1", 7), ("3.7.0", 0), ("4.0.0", 0), ("", 0),
        ("what", 0),
    ])
    func namesWhatALaterVersionMended(_ version: String, _ count: Int) {
        #expect(EtcdDefect.known(in: version).count == count)
    }

    @Test func namesTheRenewalOfARevokedLeaseBeforeItWasMended() {
        let words = "a lease that is revoked can be renewed"
        #expect(EtcdDefect.known(in: "3.5.22").map(\.summary) == [words])
    }
}
