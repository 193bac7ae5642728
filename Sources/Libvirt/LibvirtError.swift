import BlockingCalls
import CLibvirt

/// What was tried, and on what: the beginning of every error's sentence.
struct Attempt: Sendable {
    let action: String
    let subject: String

    /// - Parameters:
    ///   - action: a verb with its object, such as `create domain`.
    ///   - subject: the name of what it was done to.
    init(_ action: String, _ subject: String) {
        self.action = action
        self.subject = subject
    }
}

/// Why libvirt, or this module on its behalf, could not do something.
///
/// libvirt keeps its last error per thread; it is read on the thread of the call, right after it.
public struct LibvirtError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The part of libvirt that failed (`virErrorDomain`).
    public let domain: ErrorDomain
    /// What failed (`virErrorNumber`, or one of this module's own below 0).
    public let code: Code
    /// How bad libvirt takes it for.
    public let level: Level
    /// libvirt's own words.
    public let message: String
    /// What was tried, such as `create domain`.
    public let action: String
    /// The name of what it was tried on, such as the domain's.
    public let subject: String

    /// `virErrorLevel`.
    public enum Level: UInt32, Sendable {
        case none, warning, error
    }

    init(
        domain: ErrorDomain = .wrapper, code: Code, level: Level = .error, message: String,
        attempt: Attempt
    ) {
        self.domain = domain
        self.code = code
        self.level = level
        self.message = message
        self.action = attempt.action
        self.subject = attempt.subject
    }

    /// The calling thread's last error (`virGetLastError`); call it right after the call that failed.
    static func last(_ attempt: Attempt) -> LibvirtError {
        guard let error = virGetLastError() else {
            return LibvirtError(
                code: .internalError, message: "libvirt gave no reason", attempt: attempt)
        }
        return LibvirtError(
            domain: ErrorDomain(rawValue: error.pointee.domain),
            code: Code(rawValue: error.pointee.code),
            level: Level(rawValue: error.pointee.level.rawValue) ?? .error,
            message: error.pointee.message.map { String(cString: $0) } ?? "no message",
            attempt: attempt)
    }

    /// The sentence for logs and records.
    public var description: String { "cannot \(action) \(subject): \(message)" }
}

extension LibvirtError {
    /// The domain, network, … with that name or UUID is not there.
    public var isNoDomain: Bool { code == .noDomain }

    /// The domain is not in a state that allows the operation, such as resuming what runs.
    public var isOperationInvalid: Bool { code == .operationInvalid }

    /// A domain of that name or UUID exists already.
    ///
    /// The QEMU driver gives `VIR_ERR_OPERATION_FAILED` for it, the others
    /// `VIR_ERR_DOM_EXIST`, hence the look at the message.
    public var isDuplicate: Bool {
        code == .domainExists || (code == .operationFailed && message.contains("already exists"))
            || (code == .operationInvalid && message.contains("already active"))
    }

    /// The connection is broken or closed: open a new one, and list again.
    public var isConnectionLost: Bool {
        switch code {
        case .closed, .invalidConnection, .noConnection: true
        case .internalError, .systemError, .rpc: domain == .rpc || domain == .remote
        default: false
        }
    }

    /// The same call may succeed later, with nothing changed by whoever asks.
    ///
    /// After `.deadlineExceeded` it is unknown whether libvirt did the work: look before asking again.
    public var isRetriable: Bool {
        switch code {
        case .deadlineExceeded, .tooBusy, .operationTimedOut, .resourceBusy, .noMemory: true
        default: isConnectionLost
        }
    }

    /// Puts what the call's thread or its deadline said into this module's terms.
    static func wrapping(_ error: any Error, _ attempt: Attempt) -> LibvirtError {
        if let error = error as? LibvirtError { return error }
        let code: Code =
            switch error as? BlockingCallError {
            case .deadlineExceeded, .noProgress: .deadlineExceeded
            case .tooManyAbandoned, .tooManyWaiting: .tooBusy
            case nil: .internalError
            }
        return LibvirtError(code: code, message: String(describing: error), attempt: attempt)
    }
}
