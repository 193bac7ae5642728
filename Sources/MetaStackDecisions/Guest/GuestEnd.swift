public import MetaStackModel

extension VMHistory {
    /// What is to be remembered when a guest's domain is known to be gone from its host.
    ///
    /// Only that host can know: where another one owned the VM last, its clients may write still, and
    /// stay on record until they are evicted.
    ///
    /// - Returns: nil where nothing changes.
    public func ended(on host: HostID, _ exit: String) -> VMHistory? {
        guard self.host == host, !clients.isEmpty else { return nil }
        var history = self
        history.clients = []
        history.lastExit = exit
        return history
    }
}
