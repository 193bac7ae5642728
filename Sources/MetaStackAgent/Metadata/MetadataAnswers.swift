import LinuxNetwork
import MetaStackDecisions
import MetaStackModel

/// Answers what guests ask about themselves from the records as they are, so that a changed key counts
/// at once.
///
/// Who asks is known by the port. Questions and answers are in no log: user data may hold secrets.
struct MetadataAnswers: Sendable {
    let view: NodeView
    let clock: any NodeClock
    private let tokens = MetadataTokens()

    private static let tokenHeader = "x-aws-ec2-metadata-token"
    private static let secondsHeader = "x-aws-ec2-metadata-token-ttl-seconds"

    init(view: NodeView, clock: any NodeClock) {
        self.view = view
        self.clock = clock
    }

    func answer(_ request: MetadataRequest) -> MetadataAnswer {
        guard let vm = request.port.vm else { return .notFound }
        let path = String(request.target.prefix { $0 != "?" && $0 != "#" })
        switch request.method {
        case "GET", "HEAD": return text(at: path, for: vm, request)
        case "PUT": return Self.isToken(path) ? token(for: vm, request) : .notFound
        default:
            return MetadataAnswer(
                status: 405, text: "only GET and HEAD are possible here\n",
                headers: ["Allow": "GET, HEAD"])
        }
    }

    private func text(
        at path: String, for vm: VMID, _ request: MetadataRequest
    ) -> MetadataAnswer {
        // Who shows none is answered, too: what is told is the guest's own.
        if let token = request.headers[Self.tokenHeader],
            !tokens.isGood(token, for: vm, at: clock.timestamp)
        {
            return MetadataAnswer(
                status: 401, text: "the token has run out or is another one's\n")
        }
        let found = view.read { state in GuestMetadata(of: vm, in: state.cluster) }
        return found?.text(at: path).map { MetadataAnswer(text: $0) } ?? .notFound
    }

    // MARK: Tokens

    /// `/latest/api/token`, and the same of other versions.
    private static func isToken(_ path: String) -> Bool {
        let names = path.split(separator: "/")
        return names.count == 3 && names[1...] == ["api", "token"]
    }

    private func token(for vm: VMID, _ request: MetadataRequest) -> MetadataAnswer {
        // A proxy in the guest that was talked into asking has this (as EC2 has it).
        guard request.headers["x-forwarded-for"] == nil else {
            return MetadataAnswer(status: 403, text: "tokens are not given through proxies\n")
        }
        guard let text = request.headers[Self.secondsHeader], let seconds = Int(text),
            (1...MetadataTokens.longest).contains(seconds)
        else {
            return MetadataAnswer(
                status: 400,
                text: "say in \(Self.secondsHeader) how long it shall be good: 1 to "
                    + "\(MetadataTokens.longest) seconds\n")
        }
        return MetadataAnswer(
            text: tokens.token(for: vm, at: clock.timestamp, seconds: seconds),
            headers: [Self.secondsHeader: "\(seconds)"])
    }
}

extension MetadataAnswer {
    fileprivate static let notFound = MetadataAnswer(status: 404, text: "there is nothing here\n")
}
