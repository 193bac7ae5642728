/// Which pages a large range is read in, all at one revision: no I/O.
struct RangePages {
    /// The next page's.
    var request: RangeRequest
    /// Whether a page is left; the first one always is.
    private(set) var hasMore = true
    private let range: KeyRange

    /// - Parameters:
    ///   - pageSize: keys a page, or a twentieth of all of them.
    ///   - at: the revision to read; nil is that of the first page.
    init(_ range: KeyRange, pageSize: Int = 1000, at: Revision? = nil) {
        self.range = range
        request = RangeRequest(range, limit: max(1, pageSize), revision: at)
    }

    /// A page has been read.
    mutating func take(_ page: RangeResponse) {
        request.revision = request.revision ?? page.revision
        // etcd looks at the rest of the range for each page, so many small ones cost by the square.
        let mostAPage = 10_000
        let fewPages = 20
        request.limit = max(request.limit ?? 1, min(mostAPage, Int(page.count) / fewPages))
        guard page.hasMore, let last = page.keyValues.last else {
            hasMore = false
            return
        }
        request.range = range.starting(at: last.key.successor)
    }
}
