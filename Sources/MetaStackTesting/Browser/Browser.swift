import Foundation
import Glibc
public import MetaStackModel

/// A real Chromium without a screen, its profile in a directory that goes with it.
public struct Browser: Sendable {
    private let driver: WebDriver
    private let session: String

    /// Starts one, hands it to `body`, and ends it, whether that returned or threw.
    ///
    /// - Throws: `TestingError` where Chromium cannot be started; what `body` throws.
    public static func run<Value: Sendable>(
        _ body: @escaping @Sendable (Browser) async throws -> Value
    ) async throws -> Value {
        let profile = try TemporaryDirectory(prefix: "metastack-browser")
        defer { profile.remove() }
        return try await WebDriver.run { driver in
            let made = try await driver.send("POST", "/session", capabilities(profile.path))
            guard let session = made.field("sessionId")?.text else {
                throw TestingError("chromedriver has made no session")
            }
            let process = made.field("capabilities")?.field("goog:processID")?.double
            let browser = Browser(driver: driver, session: session)
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(browser))
            } catch {
                result = .failure(error)
            }
            // One that does not end by itself is ended by its id.
            if (try? await driver.send("DELETE", "/session/\(session)", nil)) == nil,
                let process
            {
                kill(pid_t(process), SIGKILL)
            }
            return try result.get()
        }
    }

    private static func capabilities(_ profile: String) -> JSONValue {
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--user-data-dir=\(profile)", "--window-size=1280,900",
            "--hide-scrollbars", "--disable-background-networking",
        ]
        return .object([
            "capabilities": .object([
                "alwaysMatch": .object([
                    "browserName": .string("chrome"),
                    // An element that is looked for may come with the next page.
                    "timeouts": .object(["implicit": .integer(10_000)]),
                    "goog:chromeOptions": .object([
                        "args": .array(arguments.map { .string($0) })
                    ]),
                    "goog:loggingPrefs": .object(["browser": .string("ALL")]),
                ])
            ])
        ])
    }

    private func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil
    ) async throws -> JSONValue {
        try await driver.send(method, "/session/\(session)\(path)", body)
    }

    // MARK: Pages

    /// Opens a page and waits until it is loaded.
    public func open(_ url: String) async throws {
        _ = try await send("POST", "/url", .object(["url": .string(url)]))
    }

    /// The address that is shown.
    public var url: String {
        get async throws { try await send("GET", "/url").text ?? "" }
    }

    /// Waits until an address is shown, also where pages may run no scripts.
    public func wait(forURL url: String, limit: Duration = .seconds(20)) async throws {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if try await self.url == url { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestingError("\(url) has not come within \(limit), \(try await self.url) is shown")
    }

    /// Runs a function's body in the page; `arguments` has what is given.
    public func script(_ body: String, _ arguments: JSONValue...) async throws -> JSONValue {
        try await send(
            "POST", "/execute/sync",
            .object(["script": .string(body), "args": .array(arguments)]))
    }

    /// Runs a function's body in the page, whose result is a promise's.
    public func asyncScript(_ body: String) async throws -> JSONValue {
        let wrapped = "const done = arguments[0]; (async () => { \(body) })().then(done)"
        return try await send(
            "POST", "/execute/async", .object(["script": .string(wrapped), "args": .array([])]))
    }

    /// Waits until a script's result is true.
    ///
    /// - Throws: `TestingError` after `limit`, with what the page says then.
    public func wait(
        _ what: String, limit: Duration = .seconds(20), _ body: String,
        _ arguments: JSONValue...
    ) async throws {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            let command = JSONValue.object([
                "script": .string(body), "args": .array(arguments),
            ])
            // A page that is being replaced answers nothing.
            if await (try? send("POST", "/execute/sync", command)) == .bool(true) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        let text = try await script("return location.href + ': ' + document.body.innerText")
        throw TestingError("\(what) has not come within \(limit); \(text.text ?? "")")
    }

    // MARK: What a person does

    /// Clicks on the first element of a CSS selector.
    public func click(_ selector: String) async throws {
        _ = try await send("POST", "/element/\(try await element(selector))/click", .object([:]))
    }

    /// Types into the first element of a CSS selector.
    public func type(_ text: String, into selector: String) async throws {
        _ = try await send(
            "POST", "/element/\(try await element(selector))/value",
            .object(["text": .string(text)]))
    }

    /// Presses a key with nothing in particular in mind, such as `\u{e004}` for Tab.
    public func press(_ key: String) async throws {
        let actions = ["keyDown", "keyUp"].map {
            JSONValue.object(["type": .string($0), "value": .string(key)])
        }
        _ = try await send(
            "POST", "/actions",
            .object([
                "actions": .array([
                    .object([
                        "type": .string("key"), "id": .string("keyboard"),
                        "actions": .array(actions),
                    ])
                ])
            ]))
    }

    private func element(_ selector: String) async throws -> String {
        let found = try await send(
            "POST", "/element",
            .object(["using": .string("css selector"), "value": .string(selector)]))
        guard case .object(let fields) = found, let id = fields.values.first?.text else {
            throw TestingError("there is no \(selector)")
        }
        return id
    }

    // MARK: What it looks like

    /// A window of another size, as wide as a phone where it is narrow.
    public func resize(width: Int, height: Int) async throws {
        _ = try await command(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .integer(Int64(width)), "height": .integer(Int64(height)),
                "deviceScaleFactor": .integer(1), "mobile": .bool(width < 600),
            ])
    }

    /// `dark` or `light`, as a person's system has it.
    public func prefer(colorScheme: String) async throws {
        let feature = JSONValue.object([
            "name": .string("prefers-color-scheme"), "value": .string(colorScheme),
        ])
        _ = try await command("Emulation.setEmulatedMedia", ["features": .array([feature])])
    }

    /// Whether pages may run scripts.
    public func allowScripts(_ isAllowed: Bool) async throws {
        _ = try await command(
            "Emulation.setScriptExecutionDisabled", ["value": .bool(!isAllowed)])
    }

    private func command(
        _ name: String, _ parameters: [String: JSONValue]
    ) async throws -> JSONValue {
        try await send(
            "POST", "/goog/cdp/execute",
            .object(["cmd": .string(name), "params": .object(parameters)]))
    }

    /// A picture of what is shown, as a PNG file.
    public func screenshot(to path: String) async throws {
        let text = try await send("GET", "/screenshot").text ?? ""
        guard let data = Data(base64Encoded: text) else {
            throw TestingError("the screenshot is no base64")
        }
        try data.write(to: URL(filePath: path))
    }

    /// What the console has said since it was asked last, with the level.
    public func console() async throws -> [String] {
        let log = try await send("POST", "/se/log", .object(["type": .string("browser")]))
        guard case .array(let entries) = log else { return [] }
        return entries.map {
            "\($0.field("level")?.text ?? "") \($0.field("message")?.text ?? "")"
        }
    }
}
