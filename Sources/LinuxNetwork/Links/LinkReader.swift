/// Asks a host's kernel for its links, with as few programs as that takes.
struct LinkReader: Sendable {
    let commands: HostCommands
    let settings: KernelSettings

    init(_ commands: HostCommands) {
        self.commands = commands
        settings = KernelSettings(namespace: commands.namespace)
    }

    /// What is asked of `ip` in one go; each answer is a line. In table `all` routes of both families are.
    private static let questions = [
        "address show", "route show table all proto \(LinkPlan.routeProtocol)",
    ]

    func read() async throws(NetworkPlaneError) -> LinkReading {
        // Both take the time of a process each, mostly.
        async let asked = asked()
        async let forwarding = forwarded()
        let (links, fdb) = await (asked, forwarding)
        let answers = try links.get().split(separator: "\n").map(String.init)
        guard answers.count == Self.questions.count else {
            throw NetworkPlaneError(
                .answer, "ip gave \(answers.count) answers to \(Self.questions.count) questions")
        }
        var reading = try LinkReading(
            links: answers[0], forwarding: try fdb.get(), routes: [answers[1]])
        reading.hearing = try await hearing(reading.links)
        return reading
    }

    private func asked() async -> Result<String, NetworkPlaneError> {
        let input = Self.questions.joined(separator: "\n") + "\n"
        return await Result.of { () async throws(NetworkPlaneError) in
            try await commands.run("ip", ["-j", "-d", "-batch", "-"], input: input)
        }
    }

    private func forwarded() async -> Result<String, NetworkPlaneError> {
        await Result.of { () async throws(NetworkPlaneError) in
            try await commands.run("bridge", ["-j", "fdb", "show"])
        }
    }

    /// Those of our links that hear router advertisements.
    private func hearing(
        _ links: [String: LinkReading.Link]
    ) async throws(NetworkPlaneError) -> Set<String> {
        let ours = links.filter { NetworkNames.isOurs($0.key, alias: $0.value.alias) }.keys
        let names = ours.map { LinkReading.setting("accept_ra", of: $0) }
        let found = try await settings.read(names)
        return Set(zip(ours, names).filter { found[$0.1].map { $0 != "0" } ?? false }.map(\.0))
    }
}

extension Result where Success: Sendable, Failure == NetworkPlaneError {
    /// What came of something that several wait for together.
    static func of(
        _ body: () async throws(NetworkPlaneError) -> Success
    ) async -> Result {
        do throws(NetworkPlaneError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
