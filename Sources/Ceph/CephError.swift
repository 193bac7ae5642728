import Glibc

/// What Ceph, or the way to it, refused: one sentence for people, one code for programs.
public struct CephError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An `errno` value as librados and librbd return it, without the minus sign.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The number, such as 2 for `ENOENT`.
        public let rawValue: Int32

        /// Any `errno` value.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// `ENOENT`: no such pool, image, snapshot or file.
        public static let notFound = Code(rawValue: ENOENT)
        /// `EEXIST`: the name is taken.
        public static let exists = Code(rawValue: EEXIST)
        /// `EBUSY`: in use, by a watcher, a clone or a lock.
        public static let busy = Code(rawValue: EBUSY)
        /// `ENOTEMPTY`: an image that has snapshots.
        public static let notEmpty = Code(rawValue: ENOTEMPTY)
        /// `ETIMEDOUT`: no answer within the time-out.
        public static let timedOut = Code(rawValue: ETIMEDOUT)
        /// `ESHUTDOWN`, which Ceph calls `EBLOCKLISTED`: this client was evicted.
        public static let evicted = Code(rawValue: ESHUTDOWN)
        /// `EINVAL`: a name, size or address that Ceph or this module does not accept.
        public static let invalid = Code(rawValue: EINVAL)
        /// `EPERM`: the user's capabilities do not cover it.
        public static let notPermitted = Code(rawValue: EPERM)
        /// `EACCES`: the key was refused, or a file is not readable.
        public static let accessDenied = Code(rawValue: EACCES)
        /// `ECANCELED`: the caller's task was cancelled.
        public static let cancelled = Code(rawValue: ECANCELED)
        /// `ENOTCONN`: the connection was closed by us.
        public static let notConnected = Code(rawValue: ENOTCONN)
        /// `EAGAIN`: too many calls hang or wait.
        public static let tryAgain = Code(rawValue: EAGAIN)
        /// `EBADMSG`: an answer or a file that does not read as what it should be.
        public static let malformed = Code(rawValue: EBADMSG)
    }

    /// What kind of failure.
    public let code: Code
    /// What was tried, such as `remove image`.
    public let attempt: String
    /// On what, such as `vms/web-1`.
    public let subject: String
    /// What was found, in lower case, with what to do where there is one thing to do.
    public let message: String

    init(_ code: Code, _ attempt: String, _ subject: String, _ message: String? = nil) {
        self.code = code
        self.attempt = attempt
        self.subject = subject
        self.message = message ?? code.sentence
    }

    /// `cannot remove image vms/web-1: it is in use`.
    public var description: String { "cannot \(attempt) \(subject): \(message)" }

    /// The same call may succeed later without anybody's doing.
    public var isRetriable: Bool {
        [.busy, .timedOut, .tryAgain].contains(code) || code.rawValue == EINTR
    }
    /// The pool, image or snapshot is not there.
    public var isNotFound: Bool { code == .notFound }
    /// Somebody uses it: a watcher, a clone, a lock's owner.
    public var isBusy: Bool { code == .busy }
    /// The OSDs refuse this client (`EBLOCKLISTED`): it was evicted and may write nothing more.
    public var isEvicted: Bool { code == .evicted }
}

extension CephError.Code {
    /// What the code means where nothing closer is known.
    var sentence: String {
        switch self {
        case .notFound: "it does not exist"
        case .exists: "it exists already"
        case .busy: "it is in use"
        case .notEmpty: "it has snapshots; remove them first"
        case .timedOut: "Ceph gave no answer in time"
        case .evicted: "this client was evicted (blocklisted) and may write nothing more"
        case .notPermitted: "the user's capabilities do not allow it; give it 'profile rbd'"
        case .notConnected: "the connection is closed"
        default: String(cString: strerror(rawValue)) + " (errno \(rawValue))"
        }
    }
}

/// Turns a C result into an error: what is negative is an `errno` with a minus sign.
func checked(
    _ result: CInt, _ attempt: String, _ subject: String, _ message: String? = nil
) throws(CephError) {
    guard result < 0 else { return }
    throw CephError(CephError.Code(rawValue: -result), attempt, subject, message)
}
