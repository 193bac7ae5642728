import Curl
import Foundation
public import MetaStackModel
import Subprocess

/// chromedriver on loopback: the W3C's WebDriver protocol, by HTTP.
///
/// The process lives as long as `run`'s body and is ended by its id, as is the browser that it
/// started.
struct WebDriver: Sendable {
    let url: String
    let curl: Curl

    static func run<Value: Sendable>(
        _ body: @Sendable (WebDriver) async throws -> Value
    ) async throws -> Value {
        let port = try LoopbackPort.free()
        let curl = try Curl(name: "webdriver")
        let outcome: ExecutionResult<Result<Value, any Error>, DiscardedOutput, DiscardedOutput>
        do {
            outcome = try await Subprocess.run(
                .name("chromedriver"), arguments: ["--port=\(port)", "--log-level=OFF"],
                input: .none, output: .discarded, error: .discarded
            ) { process in
                let driver = WebDriver(url: "http://127.0.0.1:\(port)", curl: curl)
                let result: Result<Value, any Error>
                do {
                    try await driver.ready()
                    result = .success(try await body(driver))
                } catch {
                    result = .failure(error)
                }
                // It may have ended by itself, and then there is nobody to signal.
                try? process.send(signal: .kill)
                return result
            }
        } catch let error as SubprocessError {
            await curl.shutdown()
            throw TestingError(
                "cannot run chromedriver: \(error); install it with apt-get install chromium-driver"
            )
        }
        await curl.shutdown()
        return try outcome.closureResult.get()
    }

    private func ready() async throws {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            if case .object(let status)? = try? await send("GET", "/status", nil),
                status["ready"] == .bool(true)
            {
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw TestingError("chromedriver was not ready within 20 s")
    }

    /// A command and its value.
    ///
    /// - Throws: `TestingError` with the browser's words.
    func send(_ method: String, _ path: String, _ body: JSONValue?) async throws -> JSONValue {
        let data = try body.map { try JSONEncoder().encode($0) }
        var request = CurlRequest(url + path, method: .custom(method, data))
        request.headers = ["Content-Type": "application/json; charset=utf-8"]
        request.deadline = .seconds(60)
        request.mayBeSentTwice = false
        let response = try await curl.perform(request)
        guard
            case .object(let answer) = try JSONDecoder().decode(
                JSONValue.self, from: response.body), let value = answer["value"]
        else { throw TestingError("\(method) \(path): the answer has no value") }
        guard response.head.isSuccess else {
            let said = value.field("message") ?? .string("status \(response.head.status)")
            throw TestingError("\(method) \(path): \(said.text ?? "\(said)")")
        }
        return value
    }
}

extension JSONValue {
    /// A field of an object; nil for all else.
    public func field(_ name: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields[name]
    }

    /// The text; nil for all else.
    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The number; nil for all else.
    public var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        case .null, .bool, .string, .array, .object: nil
        }
    }
}
