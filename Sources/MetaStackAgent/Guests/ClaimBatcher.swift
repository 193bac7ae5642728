import MetaStackModel
import MetaStackStore
import Synchronization

/// Puts claims that are wanted at the same time into common transactions.
///
/// One of those that wait sends for all; those that come meanwhile wait for its end. So one VM alone
/// waits for nobody and a thousand need few calls. The node's own share goes in its order, as every
/// other node foresees it (``Assignment``). A conflict is looked for by halves, and so costs only
/// the VMs that it is about.
final class ClaimBatcher: Sendable {
    /// What became of the claims so far.
    struct Counts: Sendable, Equatable {
        var transactions = 0
        var won = 0
        /// Somebody else was faster, or what the claim rested on had changed.
        var lost = 0
    }

    private struct Waiting {
        var order: ClaimOrder
        var lease: LeaseNumber
        /// nil for the one that sends.
        var continuation: CheckedContinuation<Turn, any Error>?
    }

    /// What one that has waited is told.
    private enum Turn: Sendable {
        case done(WriteResult)
        /// The one before has finished: send now.
        case send
    }

    private struct State {
        var isSending = false
        var waiting: [VMID: Waiting] = [:]
        /// Claims of the share that were made and may not be in view yet.
        var made: Set<VMID> = []
        var counts = Counts()
    }

    private let transactions: VMTransactions
    /// The pending VMs that are for this node, in order.
    private let share: @Sendable () -> [VMID]
    /// Whether a VM's claim may be sent, which begins with this: nobody is known to own the VM, and its
    /// room is still kept. One that has waited here for long may have been another's meanwhile.
    private let setOut: @Sendable (VMID) -> Bool
    /// Whether a VM is about to be looked at.
    private let isComing: @Sendable (VMID) -> Bool
    private let state = Mutex(State())

    init(
        _ transactions: VMTransactions, share: @escaping @Sendable () -> [VMID],
        setOut: @escaping @Sendable (VMID) -> Bool,
        isComing: @escaping @Sendable (VMID) -> Bool
    ) {
        self.transactions = transactions
        self.share = share
        self.setOut = setOut
        self.isComing = isComing
    }

    var counts: Counts { state.withLock(\.counts) }

    /// - Throws: what a transaction throws; all claims of one transaction then throw it.
    func claim(_ order: ClaimOrder, lease: LeaseNumber) async throws -> WriteResult {
        let waiting = Waiting(order: order, lease: lease)
        let isFirst = state.withLock { state in
            guard !state.isSending else { return false }
            state.isSending = true
            state.waiting[order.vm] = waiting
            return true
        }
        if !isFirst, case .done(let result) = try await turn(waiting) { return result }
        defer { handOver() }
        return try await sendUntilDone(order.vm, lease)
    }

    private func turn(_ waiting: Waiting) async throws -> Turn {
        try await withCheckedThrowingContinuation { continuation in
            let goesFirst = state.withLock { state in
                var waiting = waiting
                // The one before may have finished in between.
                let goesFirst = !state.isSending
                state.isSending = true
                waiting.continuation = goesFirst ? nil : continuation
                state.waiting[waiting.order.vm] = waiting
                return goesFirst
            }
            if goesFirst { continuation.resume(returning: .send) }
        }
    }

    /// One of those that wait sends next.
    private func handOver() {
        let next = state.withLock { state -> CheckedContinuation<Turn, any Error>? in
            guard let (vm, next) = state.waiting.first else {
                state.isSending = false
                return nil
            }
            state.waiting[vm]?.continuation = nil
            return next.continuation
        }
        next?.resume(returning: .send)
    }

    /// Sends what waits until one's own claim was among it.
    private func sendUntilDone(_ vm: VMID, _ lease: LeaseNumber) async throws -> WriteResult {
        while true {
            await gather()
            let batch = take(lease)
            do {
                let results = try await send(batch.map(\.order), lease)
                for (one, result) in zip(batch, results) {
                    one.continuation?.resume(returning: .done(result))
                }
                if let own = batch.firstIndex(where: { $0.order.vm == vm }) { return results[own] }
            } catch {
                for one in batch { one.continuation?.resume(throwing: error) }
                if batch.contains(where: { $0.order.vm == vm }) { throw error }
            }
        }
    }

    /// Lets those of the share come that are on their way: each round lets all run that could when it
    /// began. One that is held up on its way is not waited for without end.
    private func gather() async {
        let mostRounds = 1000
        for _ in 0..<mostRounds {
            let share = share()
            let missing = state.withLock { state in
                share.prefix(VMTransactions.claimsAtOnce + state.made.count).filter {
                    state.waiting[$0] == nil && !state.made.contains($0)
                }
            }
            guard missing.contains(where: isComing) else { return }
            await Task.yield()
        }
    }

    /// The next ones of the share without a gap; where the first is missing, those that are there;
    /// where there are none, those of other nodes' shares.
    private func take(_ lease: LeaseNumber) -> [Waiting] {
        let share = share()
        return state.withLock { state in
            state.made.formIntersection(share)
            func waits(_ vm: VMID) -> Bool { state.waiting[vm]?.lease == lease }
            let own = share.filter { !state.made.contains($0) }
            var batch = Array(own.prefix(while: waits))
            if batch.isEmpty { batch = own.filter(waits) }
            if batch.isEmpty { batch = state.waiting.keys.filter(waits).sorted() }
            let most = batch.prefix(VMTransactions.claimsAtOnce)
            let count = VMTransactions.fitting(most.compactMap { state.waiting[$0]?.order })
            return most.prefix(count).compactMap { state.waiting.removeValue(forKey: $0) }
        }
    }

    /// - Returns: one result an order.
    private func send(
        _ orders: [ClaimOrder], _ lease: LeaseNumber
    ) async throws -> [WriteResult] {
        // Those that somebody else was seen to claim meanwhile need not be tried.
        let open = orders.filter { setOut($0.vm) }
        guard open.count == orders.count else {
            var results = try await open.isEmpty ? [] : send(open, lease)
            return orders.map { order in
                open.contains { $0.vm == order.vm } ? results.removeFirst() : .conflict
            }
        }
        let result = try await transactions.claim(orders, lease: lease)
        count(result, of: orders)
        guard result == .conflict, orders.count > 1 else {
            return orders.map { _ in result }
        }
        let half = orders.count / 2
        let first = try await send(Array(orders[..<half]), lease)
        let second = try await send(Array(orders[half...]), lease)
        return first + second
    }

    private func count(_ result: WriteResult, of orders: [ClaimOrder]) {
        state.withLock { state in
            state.counts.transactions += 1
            switch result {
            case .written:
                state.counts.won += orders.count
                state.made.formUnion(orders.map(\.vm))
            case .conflict:
                // Those of a larger one are looked for by halves.
                if orders.count == 1 { state.counts.lost += 1 }
            }
        }
    }
}
