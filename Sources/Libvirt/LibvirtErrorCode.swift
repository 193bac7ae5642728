import CLibvirt

extension LibvirtError {
    /// A `virErrorNumber`, or one of this module's own, which are negative.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        private init(_ number: virErrorNumber) { rawValue = Int32(number.rawValue) }

        public static let internalError = Code(VIR_ERR_INTERNAL_ERROR)
        public static let noMemory = Code(VIR_ERR_NO_MEMORY)
        public static let notSupported = Code(VIR_ERR_NO_SUPPORT)
        public static let noConnection = Code(VIR_ERR_NO_CONNECT)
        public static let invalidConnection = Code(VIR_ERR_INVALID_CONN)
        public static let invalidArgument = Code(VIR_ERR_INVALID_ARG)
        public static let operationFailed = Code(VIR_ERR_OPERATION_FAILED)
        public static let malformedXML = Code(VIR_ERR_XML_ERROR)
        public static let domainExists = Code(VIR_ERR_DOM_EXIST)
        public static let systemError = Code(VIR_ERR_SYSTEM_ERROR)
        public static let rpc = Code(VIR_ERR_RPC)
        public static let noDomain = Code(VIR_ERR_NO_DOMAIN)
        public static let authenticationFailed = Code(VIR_ERR_AUTH_FAILED)
        public static let operationInvalid = Code(VIR_ERR_OPERATION_INVALID)
        public static let noSecret = Code(VIR_ERR_NO_SECRET)
        public static let unsupportedConfiguration = Code(VIR_ERR_CONFIG_UNSUPPORTED)
        public static let operationTimedOut = Code(VIR_ERR_OPERATION_TIMEOUT)
        public static let noMetadata = Code(VIR_ERR_NO_DOMAIN_METADATA)
        public static let resourceBusy = Code(VIR_ERR_RESOURCE_BUSY)

        /// The call outlived its deadline; whether libvirt did the work is unknown.
        public static let deadlineExceeded = Code(rawValue: -1)
        /// Too many calls hang or wait: the call was not tried.
        public static let tooBusy = Code(rawValue: -2)
        /// The connection was closed by its owner: the call was not tried.
        public static let closed = Code(rawValue: -3)
        /// A value that must not reach libvirt: the call was not tried.
        public static let invalidValue = Code(rawValue: -4)
    }

    /// A `virErrorDomain`, or this module itself.
    public struct ErrorDomain: RawRepresentable, Sendable, Hashable {
        public let rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        private init(_ domain: virErrorDomain) { rawValue = Int32(domain.rawValue) }

        public static let xml = ErrorDomain(VIR_FROM_XML)
        public static let rpc = ErrorDomain(VIR_FROM_RPC)
        public static let qemu = ErrorDomain(VIR_FROM_QEMU)
        public static let test = ErrorDomain(VIR_FROM_TEST)
        public static let remote = ErrorDomain(VIR_FROM_REMOTE)
        public static let domain = ErrorDomain(VIR_FROM_DOMAIN)
        public static let secret = ErrorDomain(VIR_FROM_SECRET)

        /// Not from libvirt: a deadline, a limit, a value that was refused.
        public static let wrapper = ErrorDomain(rawValue: -1)
    }
}
