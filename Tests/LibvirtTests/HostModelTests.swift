import Testing

@testable import Libvirt

/// What is read of processors. The documents are cut down from libvirt's own.
struct HostModelTests {
    private let attempt = Attempt("read", "a test")

    private static func capabilities(_ supported: String) -> String {
        """
        <domainCapabilities>
          <cpu>
            <mode name='host-passthrough' supported='yes'/>
            <mode name='host-model' supported='\(supported)'>
              <model fallback='forbid'>Skylake-Server-IBRS</model>
              <vendor>Intel</vendor>
              <feature policy='require' name='ss'/>
              <feature policy='disable' name='mpx'/>
            </mode>
            <mode name='custom' supported='yes'><model usable='yes'>qemu64</model></mode>
          </cpu>
        </domainCapabilities>
        """
    }

    @Test func theHostModelIsAProcessorOfItsOwn() throws {
        let text = try #require(
            try HostModel.processor(in: Self.capabilities("yes"), attempt))
        let model = try #require(try HostModel(processor: text, attempt))
        #expect(model.name == "Skylake-Server-IBRS")
        #expect(model.vendor == "Intel")
        #expect(model.features == ["ss"])
    }

    @Test func withoutAHostModelThereIsNone() throws {
        #expect(try HostModel.processor(in: Self.capabilities("no"), attempt) == nil)
        #expect(try HostModel.processor(in: "<domainCapabilities/>", attempt) == nil)
        #expect(try HostModel(processor: "<cpu/>", attempt) == nil)
    }
}

extension QEMUTests {
    @Test func theProcessorsOfEmulationHaveAModelWithAllItsFeatures() async throws {
        let connection = try await LibvirtConnection.open(uri: server.uri)
        let model = try #require(try await connection.hostModel(of: .qemu))
        // Any x86-64 processor has them, and no model's document names them one by one.
        #expect(model.features.isSuperset(of: ["lm", "sse2", "fpu"]))
        await connection.close()
    }
}
