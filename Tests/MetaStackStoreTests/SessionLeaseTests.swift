import Etcd
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

struct SessionLeaseTests {
    @Test func recordsUnderALeaseGoWithIt() async throws {
        try await withStore { store in
            let (lease, ttl) = try await store.grantLease(ttl: .seconds(2))
            #expect(ttl >= .seconds(2))
            try await store.put(.host(me), Host.example(), lease: lease)
            let listed = try await store.load()
            #expect(listed.hosts[me]?.lease == lease)
            for try await update in store.follow(listed) where update.cluster.hosts.isEmpty {
                #expect(update.changed == [.host(me)])
                break
            }
        }
    }

    @Test func renewsALeaseAndSaysWhereThereIsNone() async throws {
        try await withStore { store in
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            #expect(try await store.keepAlive(lease, deadline: .seconds(5)))
            try await store.client.revoke(LeaseID(rawValue: lease.number))
            #expect(try await store.keepAlive(lease, deadline: .seconds(5)) == false)
        }
    }

    @Test func aConditionOnALeaseHoldsOnlyForThatLease() async throws {
        try await withStore { store in
            let one = try await store.grantLease(ttl: .seconds(60)).lease
            let two = try await store.grantLease(ttl: .seconds(60)).lease
            let write = [RecordWrite.put(.desiredVM(web), DesiredVM.example())]
            let condition = [RecordCondition.underLease(.host(me), one)]
            #expect(try await store.write(write, if: condition) == .conflict, "no such record")
            try await store.put(.host(me), Host.example(), lease: two)
            #expect(try await store.write(write, if: condition) == .conflict)
            try await store.put(.host(me), Host.example(), lease: one)
            #expect(try await store.write(write, if: condition) != .conflict)
            try await store.client.revoke(LeaseID(rawValue: one.number))
            #expect(try await store.write(write, if: condition) == .conflict)
        }
    }
}
