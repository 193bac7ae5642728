import Etcd
import Foundation
import Testing

@Suite(.timeLimit(.minutes(3))) struct WatchTests {
    @Test func goesOnAcrossARestartWithoutLossOrRepetition() async throws {
        try await withEtcd { cluster, etcd in
            let first = try await etcd.put(Key("w/0"), Data("0"))
            let watch = etcd.watch(.children(of: Key("w")), from: first)
            async let seen = events(20, of: watch)
            for number in 1..<10 { try await etcd.put(Key("w/\(number)"), Data("\(number)")) }
            cluster.server.kill()
            try cluster.restart(cluster.server)
            try await cluster.ready(etcd)
            for number in 10..<20 { try await etcd.put(Key("w/\(number)"), Data("\(number)")) }
            let names = try await seen.map(\.key.lastComponent)
            #expect(names == (0..<20).map(String.init))
        }
    }

    @Test func reportsACompactedRevision() async throws {
        try await withEtcd { _, etcd in
            let old = try await etcd.put(Key("a"), Data("1"))
            let new = try await etcd.put(Key("a"), Data("2"))
            try await etcd.compact(before: new)
            var iterator = etcd.watch(.all, from: old).makeAsyncIterator()
            let error = await expect(.compacted) { _ = try await iterator.next() }
            #expect(error?.compactRevision == new)
            await expect(.compacted) { _ = try await etcd.list(.all, at: old) }
        }
    }

    @Test func reportsACompactionThatHappenedWhileItWasCutOff() async throws {
        try await withEtcd { cluster, etcd in
            let first = try await etcd.put(Key("a"), Data("1"))
            var iterator = etcd.watch(.all, from: first).makeAsyncIterator()
            #expect(try await iterator.next()?.events.count == 1)
            cluster.server.kill()
            try cluster.restart(cluster.server)
            try await cluster.ready(etcd)
            let last = try await etcd.put(Key("a"), Data("2"))
            try await etcd.compact(before: try await etcd.put(Key("a"), Data("3")))
            #expect(last > first)
            await expect(.compacted) { while try await iterator.next() != nil {} }
        }
    }

    @Test func leavesOutWhatIsFilteredAndShowsWhatWasBefore() async throws {
        try await withEtcd { _, etcd in
            let first = try await etcd.put(Key("a"), Data("1"))
            try await etcd.put(Key("a"), Data("2"))
            try await etcd.delete(.key(Key("a")))
            let all = try await events(
                3, of: etcd.watch(.all, from: first, previousValues: true))
            guard case .put(_, nil) = all[0], case .put(_, let before?) = all[1],
                case .delete(_, _, let last?) = all[2]
            else {
                Issue.record("other events than put, put, delete: \(all)")
                return
            }
            #expect(before.value.text == "1" && last.value.text == "2")
            let deletes = try await events(1, of: etcd.watch(.all, from: first, filters: [.puts]))
            #expect(deletes.map(\.revision) == [first.next.next])
        }
    }

    @Test func beginsNowWithoutARevision() async throws {
        try await withEtcd { _, etcd in
            try await etcd.put(Key("a"), Data("before"))
            // Its start cannot be seen from outside: write until something is seen.
            let writer = Task {
                while !Task.isCancelled { try await etcd.put(Key("a"), Data("after")) }
            }
            let seen = try await events(1, of: etcd.watch(.all))
            writer.cancel()
            _ = await writer.result
            guard case .put(let keyValue, _) = seen.first else {
                Issue.record("no put was seen")
                return
            }
            #expect(keyValue.value.text == "after")
        }
    }

    @Test func neverTearsTheEventsOfOneRevisionApart() async throws {
        try await withEtcd { _, etcd in
            var first: Revision?
            // More than the thousand revisions that etcd puts into one batch of a late watch.
            for round in 0..<1200 {
                let puts = (0..<3).map { Operation.put(Key("t/\($0)"), Data("\(round)")) }
                let revision = try await etcd.transact(Transaction(if: [], then: puts)).revision
                first = first ?? revision
            }
            var count = 0
            for try await batch in etcd.watch(.all, from: first) {
                let last = batch.events.filter { $0.revision == batch.revision }
                #expect(last.count == 3)
                count += batch.events.count
                if count == 3600 { break }
            }
        }
    }

    @Test func deliversAnEventWithinMilliseconds() async throws {
        try await withEtcd { _, etcd in
            let start = try await etcd.put(Key("a"), Data())
            var iterator = etcd.watch(.all, from: start).makeAsyncIterator()
            _ = try await iterator.next()
            var delays: [Duration] = []
            for _ in 0..<50 {
                let began = ContinuousClock.now
                try await etcd.put(Key("a"), Data())
                _ = try await iterator.next()
                delays.append(ContinuousClock.now - began)
            }
            let median = delays.sorted()[25]
            #expect(median < .milliseconds(50), "a put and its event take \(median)")
        }
    }

    @Test func endsAtOnceWhenItsTaskIsCancelled() async throws {
        try await withEtcd { _, etcd in
            let start = try await etcd.put(Key("a"), Data())
            let (started, signal) = AsyncStream<Void>.makeStream()
            let reader = Task {
                for try await _ in etcd.watch(.all, from: start) { signal.yield() }
            }
            for await _ in started { break }
            let began = ContinuousClock.now
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await reader.value }
            #expect(ContinuousClock.now - began < .seconds(5))
        }
    }
}
