import MetaStackModel
import Testing

struct ProcessorModelTests {
    private func model(_ features: String..., vendor: String = "Intel") -> ProcessorModel {
        ProcessorModel(model: "Skylake-Server-IBRS", vendor: vendor, features: features)
    }

    @Test func moreIsEnoughAndLessIsNot() {
        #expect(model("aes", "avx").hindrance(on: model("avx", "aes")) == nil)
        #expect(model("aes").hindrance(on: model("aes", "avx")) == nil)
        #expect(
            model("aes", "avx").hindrance(on: model("aes"))
                == "has processors without avx, which the guest was started with")
        #expect(
            model("e", "d", "c", "b", "a").hindrance(on: model("a"))
                == "has processors without b, c, d and 1 more, which the guest was started with")
    }

    @Test func vendorsDoNotMix() {
        let reason = model("aes", vendor: "AMD").hindrance(on: model("aes"))
        #expect(reason == "has processors by Intel, and the guest was started on AMD's")
        #expect(model("aes", vendor: "").hindrance(on: model("aes")) == nil)
    }
}
