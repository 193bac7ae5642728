import MetaStackModel
import Testing

@testable import MetaStackWeb

@Suite struct MirrorTests {
    @Test func aReloadSaysNothingOfSingleRecords() {
        let update = MirrorUpdate(revision: Revision(3), changed: [], isReload: true)
        #expect(update.isReload && update.changed.isEmpty)
    }
}
