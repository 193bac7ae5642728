import CLibvirt

extension Domain {
    /// Starts a defined domain that is off (`virDomainCreateWithFlags`).
    ///
    /// - Parameter paused: leaves its processors stopped until `resume`; its disks are open.
    public func start(paused: Bool = false) async throws {
        let flags = paused ? VIR_DOMAIN_START_PAUSED.rawValue : 0
        try await call("start domain") { domain, attempt in
            try checked(virDomainCreateWithFlags(domain, flags), attempt)
        }
    }

    /// Stops its processors and keeps its memory (`virDomainSuspend`). No error where they stand.
    public func suspend() async throws {
        try await call("suspend domain") { domain, attempt in
            try checked(virDomainSuspend(domain), attempt)
        }
    }

    /// Lets its processors go on (`virDomainResume`).
    ///
    /// - Throws: `LibvirtError`; `isOperationInvalid` with some drivers where it runs already.
    public func resume() async throws {
        try await call("resume domain") { domain, attempt in
            try checked(virDomainResume(domain), attempt)
        }
    }

    /// Presses the guest's power button (`virDomainShutdown`, ACPI without a guest agent).
    ///
    /// Returns when the button is pressed; the guest may take its time or ignore it.
    public func shutdown() async throws {
        try await call("shut down domain") { domain, attempt in
            try checked(virDomainShutdown(domain), attempt)
        }
    }

    /// Asks the guest to restart (`virDomainReboot`); returns when it has been asked.
    public func reboot() async throws {
        try await call("reboot domain") { domain, attempt in
            try checked(virDomainReboot(domain, 0), attempt)
        }
    }

    /// Presses the guest's reset button (`virDomainReset`): it restarts at once, in the same run.
    public func reset() async throws {
        try await call("reset domain") { domain, attempt in
            try checked(virDomainReset(domain, 0), attempt)
        }
    }

    /// Ends the guest at once, running or paused (`virDomainDestroyFlags`).
    ///
    /// - Parameter graceful: lets the hypervisor's process flush its caches and end by itself, and
    ///   throws where it does not within some seconds, instead of killing it.
    /// - Throws: `LibvirtError`; `isNoDomain` or `isOperationInvalid` where it was off already, and
    ///   `isNoDomain` also where the daemon saw its process end before the call did, which happens
    ///   right after the daemon's restart: then it is gone as asked.
    public func destroy(graceful: Bool = false) async throws {
        let flags = graceful ? VIR_DOMAIN_DESTROY_GRACEFUL.rawValue : 0
        try await callAlone("destroy domain") { domain, attempt in
            try checked(virDomainDestroyFlags(domain, flags), attempt)
        }
    }

    /// Removes the persistent definition with what libvirt saved of it
    /// (`virDomainUndefineFlags`); one that runs becomes transient.
    public func undefine() async throws {
        let flags =
            VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue
            | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue
        try await call("undefine domain") { domain, attempt in
            try checked(virDomainUndefineFlags(domain, flags), attempt)
        }
    }
}
