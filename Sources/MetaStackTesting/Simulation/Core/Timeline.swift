/// What is going to happen, earliest first; of two things at one moment the seed decides.
struct Timeline {
    struct Event {
        var moment: Moment
        /// Random, so that neither the order of scheduling nor anything else is relied on.
        var tie: UInt64
        var action: () -> Void

        func isBefore(_ other: Event) -> Bool {
            (moment.nanoseconds, tie) < (other.moment.nanoseconds, other.tie)
        }
    }

    /// A binary heap: the children of `i` are `2i + 1` and `2i + 2`.
    private var heap: [Event] = []

    var next: Moment? { heap.first?.moment }

    mutating func add(_ event: Event) {
        var child = heap.count
        heap.append(event)
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> Event? {
        guard let last = heap.popLast() else { return nil }
        guard let first = heap.first else { return last }
        heap[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { break }
            let right = left + 1
            let smaller = right < heap.count && heap[right].isBefore(heap[left]) ? right : left
            guard heap[smaller].isBefore(heap[parent]) else { break }
            heap.swapAt(smaller, parent)
            parent = smaller
        }
        return first
    }

    mutating func removeAll() { heap.removeAll() }
}
