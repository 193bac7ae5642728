import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackTesting
import Testing

@testable import MetaStackWeb

let quiet = Logger(label: "web") { _ in SwiftLogNoOpLogHandler() }

@Suite struct EventTextTests {
    @Test func anEventNamesTheThingAndWhetherItIsThere() {
        let update = MirrorUpdate(
            revision: Revision(7), changed: [.actualVM(VMID(unchecked: "v1"))], isReload: false)
        let text = EventRoutes.text(of: update, [.vm], in: Cluster())
        #expect(
            text == "id: 7\nevent: vm\n"
                + #"data: {"kind":"vm","id":"v1","revision":7,"change":"deleted"}"# + "\n\n")
    }

    @Test func whatNobodyAskedForIsNoEvent() {
        let update = MirrorUpdate(
            revision: Revision(7), changed: [.host(HostID(unchecked: "h"))], isReload: false)
        #expect(EventRoutes.text(of: update, [.vm], in: Cluster()) == ": \n\n")
    }

    @Test func aReloadSaysThatAnythingMayHaveChanged() {
        let update = MirrorUpdate(revision: Revision(7), changed: [], isReload: true)
        #expect(
            EventRoutes.text(of: update, [.vm], in: Cluster())
                == "id: 7\nevent: reload\ndata: {}\n\n")
    }
}
