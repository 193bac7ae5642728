import FoundationEssentials
import Testing

@testable import Etcd

@Suite struct InspectionTests {
    @Test func aClockIsOffOnlyByWhatWholeSecondsCannotExplain() {
        func offset(_ second: Int, _ asked: Double, _ answered: Double) -> Duration {
            HTTPClock.offset(
                second, between: Date(timeIntervalSince1970: asked),
                and: Date(timeIntervalSince1970: answered))
        }
        #expect(offset(100, 100.2, 100.4) == .zero)
        #expect(offset(100, 100.9, 101.2) == .zero)
        #expect(offset(110, 100.0, 100.5) == .seconds(9.5))
        #expect(offset(90, 100.0, 100.5) == .seconds(-9))
    }

    @Test func theQuotaIsReadFromTheMetrics() {
        let text = """
            # TYPE etcd_server_quota_backend_bytes gauge
            etcd_server_quota_backend_bytes 2.147483648e+09
            """
        #expect(EtcdMetrics.quota(in: text) == 2 << 30)
        #expect(EtcdMetrics.quota(in: "etcd_server_quota_backend_bytes NaN") == nil)
        #expect(EtcdMetrics.quota(in: "") == nil)
    }
}
