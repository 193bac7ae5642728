import CLibvirt
public import FoundationEssentials
import Glibc

/// A domain that libvirt knows, or knew when it was looked up.
///
/// Holds no state of its own but its name and UUID: every question goes to libvirt, and throws an
/// error whose `isNoDomain` is true once the domain has gone.
public final class Domain: Sendable {
    public let uuid: UUID
    public let name: String
    private let handle: DomainHandle
    private let connection: LibvirtConnection

    init(_ identity: DomainIdentity, handle: DomainHandle, connection: LibvirtConnection) {
        uuid = identity.uuid
        name = identity.name
        self.handle = handle
        self.connection = connection
    }

    /// Runs `body` with the domain's pointer on a thread that may block.
    @discardableResult
    func call<Value: Sendable>(
        _ action: String, deadline: Duration? = nil,
        _ body: @escaping @Sendable (OpaquePointer, Attempt) throws -> Value
    ) async throws -> Value {
        let attempt = Attempt(action, name)
        return try await connection.call(attempt, deadline: deadline) { [handle] _ in
            try body(handle.pointer, attempt)
        }
    }

    /// The same for what takes long: see `LibvirtConnection.callAlone`.
    func callAlone(
        _ action: String, deadline: Duration? = nil,
        _ body: @escaping @Sendable (OpaquePointer, Attempt) throws -> Void
    ) async throws {
        let attempt = Attempt(action, name)
        try await connection.callAlone(attempt, deadline: deadline) { [handle, uuid] connection in
            guard connection !== handle.connection else { return try body(handle.pointer, attempt) }
            guard let found = lookUp(uuid, in: connection.pointer) else {
                throw LibvirtError.last(attempt)
            }
            defer { virDomainFree(found) }
            try body(found, attempt)
        }
    }

    /// The number of its run on this host (`virDomainGetID`), nil while it is not active.
    ///
    /// Looks the domain up again, since a pointer keeps the number it was made with.
    public func id() async throws -> Int? {
        try await connection.domain(uuid: uuid)?.numberWhenLookedUp
    }

    private var numberWhenLookedUp: Int? {
        let number = virDomainGetID(handle.pointer)
        return number == UInt32.max ? nil : Int(number)
    }

    /// Whether it has a definition that outlives its run (`virDomainIsPersistent`).
    public var isPersistent: Bool {
        get async throws {
            try await call("look at domain") { domain, attempt in
                try checked(virDomainIsPersistent(domain), attempt) == 1
            }
        }
    }

    /// What it is doing (`virDomainGetState`).
    public func state() async throws -> DomainState {
        try await call("get state of domain") { domain, attempt in
            try DomainState(of: domain, attempt)
        }
    }

    /// What it is doing and what it holds (`virDomainGetInfo`).
    ///
    /// For many domains ask the connection's `statistics()` once instead.
    public func statistics() async throws -> DomainStatistics {
        let identity = DomainIdentity(uuid: uuid, name: name)
        return try await call("get statistics of domain") { domain, attempt in
            var info = virDomainInfo()
            try checked(virDomainGetInfo(domain, &info), attempt)
            return DomainStatistics(identity, try DomainState(of: domain, attempt), info)
        }
    }

    /// Its description as libvirt has it now (`virDomainGetXMLDesc`), without secrets.
    ///
    /// - Parameter inactive: the persistent definition instead of the running state.
    public func xml(inactive: Bool = false) async throws -> String {
        let flags = inactive ? VIR_DOMAIN_XML_INACTIVE.rawValue : 0
        return try await call("describe domain") { domain, attempt in
            guard let text = virDomainGetXMLDesc(domain, flags) else {
                throw LibvirtError.last(attempt)
            }
            defer { free(text) }
            return String(cString: text)
        }
    }

    /// What its description says, in values.
    public func reading() async throws -> DomainReading { try DomainReading(xml: try await xml()) }
}

/// A new `virDomainPtr` (`virDomainLookupByUUID`), nil where that fails.
func lookUp(_ uuid: UUID, in connection: OpaquePointer) -> OpaquePointer? {
    withUnsafeBytes(of: uuid.uuid) { bytes in
        virDomainLookupByUUID(connection, bytes.bindMemory(to: UInt8.self).baseAddress)
    }
}

/// Owns one `virDomainPtr`.
///
/// `@unchecked Sendable`: libvirt lets any thread use a domain at any time, and the pointer is
/// never changed. Holds the connection, so that freeing the domain never closes it, which might
/// block.
final class DomainHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let connection: ConnectionHandle

    init(_ pointer: OpaquePointer, of connection: ConnectionHandle) {
        self.pointer = pointer
        self.connection = connection
    }

    deinit { virDomainFree(pointer) }
}

extension DomainState {
    /// Asks libvirt; blocks.
    init(of domain: OpaquePointer, _ attempt: Attempt) throws {
        var state: Int32 = 0
        var reason: Int32 = 0
        try checked(virDomainGetState(domain, &state, &reason, 0), attempt)
        self.init(state: state, reason: reason)
    }
}
