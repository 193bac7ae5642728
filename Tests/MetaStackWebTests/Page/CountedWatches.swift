import Etcd
import MetaStackTesting
import Synchronization

/// Counts how often a watch is begun.
final class CountedWatches: EtcdDecorator {
    let etcd: any EtcdCalls
    private let count = Mutex(0)

    var begun: Int { count.withLock(\.self) }

    init(etcd: any EtcdCalls) { self.etcd = etcd }

    func reader(_ range: KeyRange, from revision: Revision?) -> any WatchReader {
        count.withLock { $0 += 1 }
        return etcd.reader(range, from: revision)
    }
}
