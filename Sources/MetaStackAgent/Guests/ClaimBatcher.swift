import MetaStackModel
import MetaStackStore
import Synchronization

/// Puts claims that are wanted at the same time into common transactions.
///
/// The first claim goes at once. Those that come while a transaction is under way wait for its end
/// and then go together, so that one VM alone waits for nobody and a thousand need few calls. A
/// conflict is looked for claim by claim, and so costs only the VM that it is about.
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
        var continuation: CheckedContinuation<Turn, any Error>
    }

    /// What one that has waited is told.
    private enum Turn: Sendable {
        case done(WriteResult)
        /// The one before has finished: send these, your own first.
        case send([ClaimOrder], for: [CheckedContinuation<Turn, any Error>])
    }

    private struct State {
        var isSending = false
        var waiting: [Waiting] = []
        var counts = Counts()
    }

    private let transactions: VMTransactions
    private let state = Mutex(State())

    init(_ transactions: VMTransactions) { self.transactions = transactions }

    var counts: Counts { state.withLock(\.counts) }

    /// - Throws: what a transaction throws; all claims of one transaction then throw it.
    func claim(_ order: ClaimOrder, lease: LeaseNumber) async throws -> WriteResult {
        var batch = [order]
        var others: [CheckedContinuation<Turn, any Error>] = []
        let isFirst = state.withLock { state in
            defer { state.isSending = true }
            return !state.isSending
        }
        if !isFirst {
            switch try await turn(order, lease) {
            case .done(let result): return result
            case .send(let orders, let continuations): (batch, others) = (orders, continuations)
            }
        }
        defer { handOver() }
        do {
            let results = try await send(batch, lease)
            for (other, result) in zip(others, results.dropFirst()) {
                other.resume(returning: .done(result))
            }
            return results[0]
        } catch {
            for other in others { other.resume(throwing: error) }
            throw error
        }
    }

    private func turn(_ order: ClaimOrder, _ lease: LeaseNumber) async throws -> Turn {
        try await withCheckedThrowingContinuation { continuation in
            let goesFirst = state.withLock { state in
                // The one before may have finished in between.
                guard state.isSending else {
                    state.isSending = true
                    return true
                }
                state.waiting.append(
                    Waiting(order: order, lease: lease, continuation: continuation))
                return false
            }
            if goesFirst { continuation.resume(returning: .send([order], for: [])) }
        }
    }

    /// One of those that wait sends for all that stand under its lease.
    private func handOver() {
        let next = state.withLock { state -> [Waiting] in
            guard let first = state.waiting.first else {
                state.isSending = false
                return []
            }
            let batch = state.waiting.filter { $0.lease == first.lease }
                .prefix(VMTransactions.claimsAtOnce)
            let taken = Set(batch.map(\.order.vm))
            state.waiting.removeAll { taken.contains($0.order.vm) && $0.lease == first.lease }
            return Array(batch)
        }
        guard let first = next.first else { return }
        first.continuation.resume(
            returning: .send(next.map(\.order), for: next.dropFirst().map(\.continuation)))
    }

    /// - Returns: one result an order.
    private func send(_ orders: [ClaimOrder], _ lease: LeaseNumber) async throws -> [WriteResult] {
        let result = try await transactions.claim(orders, lease: lease)
        count(result, of: orders.count)
        guard result == .conflict, orders.count > 1 else {
            return orders.map { _ in result }
        }
        var results: [WriteResult] = []
        for order in orders {
            let result = try await transactions.claim([order], lease: lease)
            count(result, of: 1)
            results.append(result)
        }
        return results
    }

    private func count(_ result: WriteResult, of orders: Int) {
        state.withLock { state in
            state.counts.transactions += 1
            if case .written = result { state.counts.won += orders }
            // Those of a larger one are looked for one by one.
            if case .conflict = result, orders == 1 { state.counts.lost += 1 }
        }
    }
}
