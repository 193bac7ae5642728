import BlockingCalls
internal import CCeph

/// Calls before there is a connection. They share a bound over all clusters: a process that
/// tries again and again to reach a cluster that is away must not pile up threads.
private let connecting = BlockingCalls(name: "ceph", limit: 8)

/// A connected handle; the caller ends it with `rados_shutdown`.
func connectedHandle(_ configuration: CephConfiguration) async throws -> RadosHandle {
    do {
        return try await connecting.run("connect", deadline: configuration.deadline) {
            try connect(configuration)
        }
    } catch let error as BlockingCallError {
        throw CephError(
            .timedOut, "connect to Ceph with", configuration.configurationFile, error.description)
    }
}

private func connect(_ configuration: CephConfiguration) throws -> RadosHandle {
    // librados calls a missing key, a missing file and a missing user by one and the same code,
    // so the keyring is looked at first.
    if let path = configuration.keyring {
        _ = try Keyring(path: path).key(of: configuration.user)
    }
    var created: rados_t?
    try checked(rados_create(&created, configuration.user), "connect as", configuration.user)
    guard let cluster = created else {
        throw CephError(.invalid, "connect as", configuration.user)
    }
    do {
        try configure(cluster, configuration)
        let result = rados_connect(cluster)
        guard result >= 0 else { throw explained(result, configuration) }
        return RadosHandle(pointer: cluster)
    } catch {
        rados_shutdown(cluster)
        throw error
    }
}

private func configure(_ cluster: rados_t, _ configuration: CephConfiguration) throws {
    let file = configuration.configurationFile
    try checked(rados_conf_read_file(cluster, file), "read Ceph configuration", file)
    let seconds = "\(configuration.timeoutSeconds)"
    var settings = [
        "client_mount_timeout": seconds,
        "rados_mon_op_timeout": seconds,
        "rados_osd_op_timeout": seconds,
        // Acknowledged means on the OSDs, and no cache's memory stays behind in a daemon.
        "rbd_cache": "false",
        // Where librbd breaks a dead owner's lock by itself it evicts it, and the newest expiry
        // counts: its own hour would cut an eviction short that was made for days.
        "rbd_blocklist_expire_seconds": "604800",
        // Errors are returned and reported once, by whom they concern.
        "log_to_stderr": "false",
        "err_to_stderr": "false",
        // The latest 500 debug messages are kept, half a MiB, for a server that dies; nobody asks for them
        // here.
        "log_max_recent": "1",
    ]
    settings["keyring"] = configuration.keyring
    for (name, value) in settings {
        try checked(rados_conf_set(cluster, name, value), "set Ceph's \(name) to", value)
    }
}

/// What a failed `rados_connect` means for the one who has to mend it.
private func explained(_ result: CInt, _ configuration: CephConfiguration) -> CephError {
    let code = CephError.Code(rawValue: -result)
    let user = "client.\(configuration.user)"
    let finding: String? =
        switch code {
        case .timedOut:
            "no monitor answered within \(configuration.timeoutSeconds) s"
        case .accessDenied, .notPermitted:
            "the monitors refuse \(user): its key differs from theirs, or they do not know it"
        case .notFound:
            "no monitor is named in it, or no keyring with \(user) was found"
        default: nil
        }
    return CephError(code, "connect to Ceph with", configuration.configurationFile, finding)
}
