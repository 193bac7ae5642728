import CLibvirt

/// `virConnectDomainEventCallback`: the result is ignored by libvirt.
func lifecycleChanged(
    _: OpaquePointer?, domain: OpaquePointer?, event: Int32, detail: Int32,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let domain, let identity = DomainIdentity(domain) else { return 0 }
    listeners(context)?.send(
        .lifecycle(identity, LifecycleChange(event: event, detail: detail)))
    return 0
}

/// `virConnectDomainEventGenericCallback` for `VIR_DOMAIN_EVENT_ID_REBOOT`.
func guestRebooted(
    _: OpaquePointer?, domain: OpaquePointer?, _ context: UnsafeMutableRawPointer?
) {
    guard let domain, let identity = DomainIdentity(domain) else { return }
    listeners(context)?.send(.rebooted(identity))
}

/// `virConnectDomainEventDeviceRemovedCallback`.
func deviceRemoved(
    _: OpaquePointer?, domain: OpaquePointer?, device: UnsafePointer<CChar>?,
    _ context: UnsafeMutableRawPointer?
) {
    guard let domain, let identity = DomainIdentity(domain) else { return }
    let alias = device.map { String(cString: $0) } ?? ""
    listeners(context)?.send(.deviceRemoved(identity, alias: alias))
}

/// `virConnectDomainEventIOErrorReasonCallback`.
func diskFailed(
    _: OpaquePointer?, domain: OpaquePointer?, source: UnsafePointer<CChar>?,
    device: UnsafePointer<CChar>?, action: Int32, reason: UnsafePointer<CChar>?,
    _ context: UnsafeMutableRawPointer?
) {
    guard let domain, let identity = DomainIdentity(domain) else { return }
    let error = DiskError(
        source: source.map { String(cString: $0) } ?? "",
        device: device.map { String(cString: $0) } ?? "",
        reason: reason.map { String(cString: $0) } ?? "",
        action: DiskError.Action(rawValue: action) ?? .none)
    listeners(context)?.send(.ioError(identity, error))
}
