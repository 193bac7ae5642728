import MetaStackModel
import Testing

/// Prometheus's text, as its readers take it.
struct PrometheusTextTests {
    @Test func aFamilyIsItsHelpItsTypeAndItsSamples() {
        var text = PrometheusText()
        text.add(
            "a_total", .counter, "What is counted.",
            [.init([("b", "c"), ("d", "")], 3), .init([], 0.5)])
        text.add("e", .gauge, "Nothing.", [])
        #expect(
            text.text == """
                # HELP a_total What is counted.
                # TYPE a_total counter
                a_total{b="c",d=""} 3
                a_total 0.5
                # HELP e Nothing.
                # TYPE e gauge

                """)
    }

    @Test func labelsAreEscaped() {
        var text = PrometheusText()
        text.add("a", .gauge, "b", [.init([("c", "x\\y\"z\n")], 1)])
        #expect(text.text.hasSuffix("a{c=\"x\\\\y\\\"z\\n\"} 1\n"))
    }
}
