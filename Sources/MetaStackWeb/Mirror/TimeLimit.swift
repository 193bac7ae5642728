/// Waits for something that comes, for so long at most: whoever waits then goes by what there is.
func wait(
    atMost limit: Duration, for something: @escaping @Sendable () async -> Void
) async {
    await withTaskGroup { group in
        group.addTask { await something() }
        group.addTask {
            // Cancelled once it is there.
            try? await Task.sleep(for: limit)
        }
        await group.next()
        group.cancelAll()
    }
}
