import Foundation
import Testing

@testable import Etcd

struct ErrorAnswerTests {
    /// The same error as etcd 3.4, a stream, and etcd 3.6 write it.
    @Test(arguments: [
        #"{"error":"etcdserver: requested lease not found","message":"etcdserver: requested lease not found","code":5}"#,
        #"{"error":{"grpc_code":5,"message":"etcdserver: requested lease not found"}}"#,
        #"{"code":5,"message":"etcdserver: requested lease not found","details":[]}"#,
    ])
    func readsEveryFormOfAnError(body: String) {
        let error = EtcdError(status: 404, body: Data(body.utf8), endpoint: "http://h:1")
        #expect(error.grpcCode == 5)
        #expect(error.code == .leaseNotFound)
    }

    @Test(arguments: [
        ("etcdserver: request timed out", 14, EtcdError.Code.outcomeUnknown),
        ("etcdserver: server stopped", 14, .outcomeUnknown),
        ("transport is closing", 14, .outcomeUnknown),
        ("context canceled", 1, .outcomeUnknown),
        ("etcdserver: no leader", 14, .unavailable),
        ("etcdserver: too many requests", 8, .tooManyRequests),
        ("etcdserver: mvcc: database space exceeded", 8, .noSpace),
    ])
    func tellsWhatAChangeMayHaveDone(message: String, grpcCode: Int, code: EtcdError.Code) {
        let error = EtcdError(message: message, grpcCode: grpcCode, endpoint: "http://h:1")
        #expect(error.afterChange().code == code)
    }
}
